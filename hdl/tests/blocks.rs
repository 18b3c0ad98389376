//! The base blocks in rust-hdl's simulator.
use stevedore_hdl::prelude::*;
use stevedore_verilated::lint;

/// A small generator with a fixed seed, so that a failure repeats.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

const SEED: u64 = 0x5eed_0001;

/// Pushes `count` words through a channel block with random stalls; returns the cycles taken.
macro_rules! stream {
    ($bench: ident, $count: expr, $push: expr, $pull: expr) => {{
        let mut random = Random(SEED);
        let (mut sent, mut received, mut offering) = (0u64, 0u64, false);
        let start = $bench.cycle;
        while received < $count {
            assert!($bench.cycle - start < 100 * $count + 100, "seed {SEED:#x}: stuck at word {received}");
            offering = offering || (sent < $count && random.chance($push));
            let take = random.chance($pull);
            $bench.uut.s_in.valid.next = offering;
            $bench.uut.s_in.bits.next = (sent & 0xffff).into();
            $bench.uut.m_out.ready.next = take;
            $bench.settle();
            if $bench.uut.m_out.valid.val() && take {
                assert_eq!($bench.uut.m_out.bits.val(), received & 0xffff, "seed {SEED:#x}, word {received}");
                received += 1;
            }
            if offering && $bench.uut.s_in.ready.val() {
                sent += 1;
                offering = false;
            }
            $bench.step();
        }
        $bench.cycle - start
    }};
}

/// 500 words come out of a new `$block` as they went in, whoever stalls; in `$cycles` cycles if nobody does.
macro_rules! keeps_order {
    ($block:expr, $cycles:expr) => {
        for (push, pull) in [(100, 100), (50, 50), (100, 30), (30, 100)] {
            let mut b = bench!($block);
            b.reset(|u, on| u.reset.next = on);
            let cycles = stream!(b, 500, push, pull);
            if push == 100 && pull == 100 {
                assert_eq!(cycles, $cycles);
            }
        }
    };
}

#[test]
fn skid_buffer_keeps_order_at_full_rate() {
    keeps_order!(SkidBuffer::<Bits<16>>::default(), 501);
}

#[test]
fn ping_pong_keeps_order_at_full_rate() {
    keeps_order!(PingPong::<Bits<16>>::default(), 501);
}

#[test]
fn spare_keeps_order_without_a_cycle_of_its_own() {
    keeps_order!(Spare::<Bits<16>>::default(), 500);
}

#[test]
fn single_ping_pong_keeps_order_every_second_cycle() {
    keeps_order!(PingPong::<Bits<16>>::single(), 1000);
}

#[test]
fn fifo_keeps_order_at_full_rate() {
    for depth in [1, 2, 3, 16, 20] {
        for (push, pull) in [(100, 100), (50, 50), (100, 30), (30, 100)] {
            let mut b = bench!(Fifo::<Bits<16>>::new(depth));
            b.reset(|u, on| u.reset.next = on);
            b.step();
            let cycles = stream!(b, 500, push, pull);
            if push == 100 && pull == 100 && depth > 2 {
                assert_eq!(cycles, 502, "depth {depth}");
            }
        }
    }
}

#[test]
fn fifo_holds_its_depth() {
    let mut b = bench!(Fifo::<Bits<16>>::new(5));
    b.reset(|u, on| u.reset.next = on);
    b.step();
    b.uut.s_in.valid.next = true;
    (0..10).for_each(|_| b.step());
    assert_eq!(b.uut.level.val(), 5);
    assert!(!b.uut.s_in.ready.val());
}

#[test]
fn ram_returns_the_old_word_when_read_while_written() {
    let mut b = bench!(DualPortRam::<Bits<8>>::new(10).with_contents(vec![7.into(), 8.into()]));
    b.uut.read_address.next = 1.into();
    b.uut.write_address.next = 17.into();
    b.uut.write_data.next = 9.into();
    b.uut.write_enable.next = true;
    b.step();
    assert_eq!(b.uut.read_data.val(), 8);
    b.step();
    assert_eq!(b.uut.read_data.val(), 9);
}

#[test]
fn byte_ram_writes_the_enabled_bytes() {
    let mut b = bench!(ByteRam::<32, 4>::new(4));
    b.uut.write_data.next = 0xaabb_ccdd.into();
    b.uut.write_enable.next = 0b0101.into();
    b.step();
    b.uut.write_enable.next = 0.into();
    b.step();
    assert_eq!(b.uut.read_data.val(), 0x00bb_00dd);
}

/// A memory that a loop fills at power-up costs yosys minutes; nothing but given contents is written there.
#[test]
fn no_memory_is_filled_by_a_loop() {
    for text in [
        verilog(&DualPortRam::<Bits<40>>::new(4096), "ram"),
        verilog(&ByteRam::<32, 4>::new(4096), "ram"),
        verilog(&ClearedRam::<Bits<40>>::new(4096), "ram"),
        verilog(&Fifo::<Bits<40>>::new(4096), "fifo"),
    ] {
        assert!(!text.contains("for (") && !text.contains("memory[0] ="), "{text}");
    }
}

/// A Verilated block whose memories hold noise at power-up.
fn noisy(text: String, top: &str) -> stevedore_verilated::Model {
    stevedore_verilated::Model::build(&stevedore_verilated::Source::new(top, text).random_reset(7)).expect("a model")
}

/// Soft reset: the contents after a reset are the same whatever came before it, noise at power-up included.
#[test]
fn cleared_ram_is_cleared_by_every_reset() {
    let block = ClearedRam::<Bits<16>>::with_value(20, 0xabcd.into());
    let mut model = noisy(verilog(&block, "ram"), "ram");
    let port = |model: &stevedore_verilated::Model, name: &str| model.port(name);
    for cycles_before_reset in [0, 5, 31, 32, 100] {
        model.set(port(&model, "reset"), 1);
        model.step();
        model.set(port(&model, "reset"), 0);
        // Writes come all the time, and count from the cycle on in which the memory is ready.
        model.set(port(&model, "write_enable"), 1);
        for cycle in 0..cycles_before_reset {
            model.set(port(&model, "write_address"), cycle % 32);
            model.set(port(&model, "write_data"), 1 + cycle);
            model.step();
        }
        model.set(port(&model, "write_enable"), 0);
        model.set(port(&model, "reset"), 1);
        model.step();
        model.set(port(&model, "reset"), 0);
        let mut waited = 0;
        while model.get(port(&model, "ready")) == 0 {
            model.step();
            waited += 1;
        }
        assert_eq!(waited, 32);
        for address in 0..32 {
            model.set(port(&model, "read_address"), address);
            model.step();
            assert_eq!(
                model.get(port(&model, "read_data")),
                0xabcd,
                "word {address} after {cycles_before_reset} cycles"
            );
        }
    }
}

/// Soft reset: every row is in the list once after any reset.
#[test]
fn free_list_is_whole_after_every_reset() {
    let mut b = bench!(Rows::default());
    for taken in [0, 1, 4, 9] {
        b.uut.m_out.ready.next = false;
        b.reset(|u, on| u.reset.next = on);
        while !b.uut.ready.val() {
            b.step();
        }
        b.step();
        assert_eq!(b.uut.level.val(), 9);
        let mut rows: Vec<u64> = vec![];
        b.uut.m_out.ready.next = true;
        while rows.len() < 9 {
            b.settle();
            if b.uut.m_out.valid.val() {
                rows.push(b.uut.m_out.bits.val().index() as u64);
            }
            b.step();
        }
        assert_eq!(rows, (3..12).collect::<Vec<_>>());
        b.uut.m_out.ready.next = false;
        // Some come back before the next reset.
        for row in rows.iter().take(taken) {
            b.uut.s_in.valid.next = true;
            b.uut.s_in.bits.next = (*row).into();
            b.settle();
            assert!(b.uut.s_in.ready.val());
            b.step();
        }
        b.uut.s_in.valid.next = false;
        (0..3).for_each(|_| b.step());
        assert_eq!(b.uut.level.val(), taken as u64);
    }
}

/// A list of the rows 3 to 11.
#[derive(LogicBlock)]
struct Rows {
    clock: Signal<In, Clock>,
    reset: Signal<In, bool>,
    s_in: Sink<Bits<16>>,
    m_out: Source<Bits<16>>,
    level: Signal<Out, Bits<16>>,
    ready: Signal<Out, bool>,
    list: FreeList<Bits<16>>,
}

impl Default for Rows {
    fn default() -> Self {
        Rows {
            clock: Default::default(),
            reset: Default::default(),
            s_in: Default::default(),
            m_out: Default::default(),
            level: Default::default(),
            ready: Default::default(),
            list: FreeList::new(3, 11),
        }
    }
}

impl Logic for Rows {
    #[kernel]
    fn update(&mut self) {
        setup!(self, list);
        forward!(self.s_in => self.list.s_free);
        forward!(self.list.m_free => self.m_out);
        self.list.entry.next = self.list.number.val();
        self.level.next = self.list.level.val();
        self.ready.next = self.list.ready.val();
    }
}

/// Every warning of Verilator on, and yosys's structural check.
fn assert_clean(text: &str, top: &str) {
    if let Err(error) = lint(text, top, &[]) {
        panic!("{top}: {error:#}\n{text}");
    }
    let report = stevedore_verilated::yosys::check(text, top).expect("yosys reads the text");
    assert!(report.is_clean(), "{top}: {report}");
}

#[test]
fn verilog_is_clean() {
    assert_clean(&verilog(&SkidBuffer::<Bits<16>>::default(), "skid"), "skid");
    assert_clean(&verilog(&Spare::<Bits<16>>::default(), "spare"), "spare");
    assert_clean(&verilog(&PingPong::<Bits<16>>::default(), "pair"), "pair");
    assert_clean(&verilog(&PingPong::<Bits<16>>::single(), "pair"), "pair");
    assert_clean(&verilog(&Fifo::<Bits<1>>::new(1), "fifo"), "fifo");
    assert_clean(&verilog(&Fifo::<Bits<72>>::new(20), "fifo"), "fifo");
    assert_clean(&verilog(&ByteRam::<32, 4>::new(4), "ram"), "ram");
    assert_clean(&verilog(&ClearedRam::<Bits<12>>::new(5), "ram"), "ram");
    assert_clean(&verilog(&Rows::default(), "rows"), "rows");
    assert_clean(&verilog(&ByteRam::<8, 1>::new(4), "ram"), "ram");
    assert_clean(&verilog(&DualPortRam::<Bits<8>>::new(10).with_contents(vec![7.into(), 8.into()]), "ram"), "ram");
    assert_clean(&verilog(&DualPortRam::<bool>::new(2), "ram"), "ram");
}
