//! Models of small hand-written modules: building, ports of every storage class, waveforms, the cache.

use std::path::{Path, PathBuf};
use stevedore_verilated::tools::Tools;
use stevedore_verilated::{Model, Source, Window};

const COUNTER: &str = "
module counter(input wire clock, input wire reset, input wire s_axis$valid, input wire [11:0] increment,
               output reg [39:0] count, output wire [39:0] next);
  assign next = count + {28'd0, increment};
  initial count = 7;
  always @(posedge clock) begin
    if (s_axis$valid) count <= next;
    if (reset) count <= 0;
  end
endmodule";

const ADDER: &str = "
module adder(input wire [511:0] a, input wire [511:0] b, output wire [511:0] sum, output wire [32:0] low);
  assign sum = a + b;
  assign low = {1'b0, a[31:0]} + {1'b0, b[31:0]};
endmodule";

/// No initial value and no reset: what it starts with is the builder's choice.
const HOLD: &str = "
module hold(input wire clock, output reg [63:0] held);
  always @(posedge clock) held <= held;
endmodule";

/// A directory of its own for one test.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        std::fs::remove_dir_all(&path).unwrap();
    }
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn counter() -> Source {
    Source::new("counter", COUNTER).cxx_flags(["-O1"])
}

#[test]
fn counter_steps_by_its_clock() {
    let mut model = Model::build(&counter()).unwrap();
    let (valid, increment) = (model.port("s_axis$valid"), model.port("increment"));
    let (count, next) = (model.port("count"), model.port("next"));
    model.set(valid, 1);
    model.set(increment, 0xabc);
    model.eval();
    assert_eq!((model.get(count), model.get(next)), (7, 7 + 0xabc), "before the first edge");
    for cycle in 1..=1000 {
        model.step();
        assert_eq!(model.get(count), 7 + cycle * 0xabc);
        assert_eq!(model.cycle(), cycle);
    }
    model.set(model.port("reset"), 1);
    model.step();
    assert_eq!(model.get(count), 0);
}

#[test]
fn two_instances_share_ports_and_nothing_else() {
    let mut one = Model::build(&counter()).unwrap();
    let mut two = Model::build(&counter()).unwrap();
    let (valid, increment, count) = (one.port("s_axis$valid"), one.port("increment"), one.port("count"));
    for (model, by) in [(&mut one, 1), (&mut two, 2)] {
        model.set(valid, 1);
        model.set(increment, by);
        model.step();
    }
    assert_eq!((one.get(count), two.get(count)), (8, 9));
}

#[test]
fn wide_ports_carry_across_words() {
    let mut model = Model::build(&Source::new("adder", ADDER).cxx_flags(["-O1"])).unwrap();
    let (a, b, sum, low) = (model.port("a"), model.port("b"), model.port("sum"), model.port("low"));
    assert_eq!((a.width(), a.words(), a.is_output(), sum.is_output()), (512, 16, false, true));
    let mut one = [0; 16];
    one[0] = 1;
    let mut all_but_top = [u32::MAX; 16];
    all_but_top[15] = 0;
    model.set_wide(a, &all_but_top);
    model.set_wide(b, &one);
    model.eval();
    let mut result = [u32::MAX; 16];
    model.get_wide(sum, &mut result);
    let mut expected = [0; 16];
    expected[15] = 1;
    assert_eq!(result, expected);
    let mut narrow = [0; 2];
    model.get_wide(low, &mut narrow);
    assert_eq!((narrow, model.get(low)), ([0, 1], 1 << 32));
}

#[test]
fn wrong_accesses_panic() {
    let panics = |access: fn(&mut Model)| {
        let mut model = Model::build(&counter()).unwrap();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| access(&mut model))).is_err()
    };
    assert!(panics(|model| model.set(model.port("increment"), 1 << 12)), "a value that does not fit");
    assert!(panics(|model| model.set(model.port("count"), 0)), "an output");
    assert!(panics(|model| model.set_wide(model.port("increment"), &[0, 0])), "too many words");
    assert!(panics(|model| _ = model.port("nonsense")), "an unknown name");
    assert!(panics(|model| {
        let other = Model::build(&Source::new("adder", ADDER).cxx_flags(["-O1"])).unwrap();
        model.get(other.port("low"));
    }));
}

#[test]
fn registers_start_as_zero_or_as_seeded_noise() {
    let start = |source: Source| {
        let mut model = Model::build(&source.cxx_flags(["-O1"])).unwrap();
        model.step();
        model.get(model.port("held"))
    };
    let hold = || Source::new("hold", HOLD);
    assert_eq!(start(hold()), 0);
    let noise = start(hold().random_reset(1));
    assert_ne!(noise, 0);
    assert_eq!(noise, start(hold().random_reset(1)), "the same seed");
    assert_ne!(noise, start(hold().random_reset(2)), "another seed");
}

#[test]
fn waveform_is_written() {
    let wave = directory("waveform").join("deeper").join("counter.fst");
    let mut model = Model::build(&counter().trace(&wave)).unwrap();
    for _ in 0..100 {
        model.step();
    }
    drop(model);
    let bytes = std::fs::read(&wave).unwrap();
    assert!(bytes.len() > 300, "{} bytes", bytes.len());
    assert_eq!(bytes[0], 0, "an FST file begins with a header block");
    assert_eq!(u64::from_be_bytes(bytes[17..25].try_into().unwrap()), 995, "time of the last sample in ns");
}

#[test]
fn waveform_shows_its_window() {
    let wave = directory("window").join("counter.fst");
    let window: Window = "20..50".parse().unwrap();
    let mut model = Model::build(&counter().trace(&wave).window(window)).unwrap();
    (0..100).for_each(|_| model.step());
    drop(model);
    let bytes = std::fs::read(&wave).unwrap();
    let time = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!((time(9), time(17)), (200, 495), "times of the first and the last sample in ns");
    assert!("50..20".parse::<Window>().is_err() && "50".parse::<Window>().is_err());
}

#[test]
fn waveform_that_cannot_be_written_is_an_error() {
    let folder = directory("waveform-fails");
    let error = Model::build(&counter().trace(&folder)).err().expect("a directory is no file");
    assert!(error.to_string().contains("cannot write the waveform"), "{error:#}");
}

#[test]
fn second_build_is_found_in_the_cache() {
    let cache = directory("cache");
    let models = || {
        let entries = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.join("model.so").exists()).map(|path| path.metadata().unwrap().modified().unwrap())
    };
    // Four at once: one builds, the others wait for it.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| Model::build(&counter().cache_in(&cache)).unwrap());
        }
    });
    let first: Vec<_> = models().collect();
    assert_eq!(first.len(), 1);
    Model::build(&counter().cache_in(&cache)).unwrap();
    assert_eq!(models().collect::<Vec<_>>(), first, "nothing was rebuilt");
    Model::build(&Source::new("counter", COUNTER.replace("= 7", "= 8")).cxx_flags(["-O1"]).cache_in(&cache)).unwrap();
    assert_eq!(models().count(), 2, "another text is another model");
}

#[test]
fn broken_text_is_an_error_that_quotes_the_compiler() {
    let broken = COUNTER.replace("s_axis$valid) count", "s_axis$valid) cuont");
    let cache = directory("broken");
    let error = Model::build(&Source::new("counter", broken).cache_in(cache)).err().expect("the text is wrong");
    let text = format!("{error:#}");
    assert!(text.contains("cannot build module counter") && text.contains("cuont"), "{text}");
}

#[test]
fn missing_tool_is_named_with_its_remedy() {
    let nowhere = Tools::in_directory("/nonexistent", "");
    let error = Model::build_with(&counter(), &nowhere).err().expect("no tools");
    assert_eq!(format!("{error:#}"), "verilator is missing: run `cargo xtask setup`");
}
