//! Lint, structural checks, netlists and resource counts of small hand-written modules.

use stevedore_verilated::yosys::{self, Family};
use stevedore_verilated::{lint, Model, Source, Waiver};

const CLEAN: &str = "
module sum(input wire clock, input wire [7:0] a, input wire [7:0] b, output reg [8:0] s);
  always @(posedge clock) s <= {1'b0, a} + {1'b0, b};
endmodule
module pair(input wire clock, input wire [7:0] a, input wire [7:0] b, output wire [8:0] s, output wire [8:0] d);
  wire [8:0] t;
  sum one(.clock(clock), .a(a), .b(b), .s(t));
  sum two(.clock(clock), .a(t[7:0]), .b(a), .s(d));
  assign s = t;
endmodule";

fn check(module: &str) -> yosys::Report {
    yosys::check(module, "m").unwrap()
}

#[test]
fn clean_text_passes_lint_and_check() {
    lint(CLEAN, "pair", &[]).unwrap();
    let report = yosys::check(CLEAN, "pair").unwrap();
    assert!(report.is_clean(), "{report}");
}

#[test]
fn lint_finds_a_width_fault_unless_waived() {
    let faulty = CLEAN.replace("{1'b0, a} + {1'b0, b}", "a & b");
    let error = lint(&faulty, "pair", &[]).unwrap_err().to_string();
    assert!(error.contains("WIDTHEXPAND"), "{error}");
    let waiver = Waiver { rule: "WIDTHEXPAND", message: "*'s1'*", reason: "names no signal of this text" };
    let error = lint(&faulty, "pair", &[waiver]).unwrap_err().to_string();
    assert!(error.contains("%Warning-WIDTHEXPAND"), "a waiver covers what it matches and no more: {error}");
    let waiver = Waiver { rule: "WIDTHEXPAND", message: "*Operator AND*", reason: "shows that waivers work" };
    lint(&faulty, "pair", &[waiver]).unwrap();
}

#[test]
fn latch_is_found() {
    let report = check("module m(input e, input d, output reg q); always @* if (e) q = d; endmodule");
    assert_eq!(report.latches.len(), 1, "{report}");
}

#[test]
fn undriven_signal_is_found() {
    let report = check("module m(input a, output q); wire w; assign q = a & w; endmodule");
    assert_eq!(report.undriven.len(), 1, "{report}");
}

#[test]
fn two_drivers_are_found() {
    let report =
        check("module m(input a, input b, output q); wire w; assign w = a; assign w = b; assign q = w; endmodule");
    assert_eq!(report.multiply_driven.len(), 1, "{report}");
}

#[test]
fn loop_through_two_modules_is_found() {
    let report = check(
        "module gate(input a, input b, output q); assign q = a & ~b; endmodule
         module m(input a, output q); wire w; gate one(a, w, q); gate two(a, q, w); endmodule",
    );
    assert_eq!(report.loops.len(), 1, "{report}");
}

#[test]
fn undeclared_name_is_an_error() {
    let error = yosys::check("module m(input a, output q); assign q = a & w; endmodule", "m").unwrap_err().to_string();
    assert!(error.contains('w') && error.starts_with("yosys: "), "{error}");
}

#[test]
fn netlist_behaves_as_the_text() {
    let netlist = yosys::netlist(CLEAN, "pair").unwrap();
    assert!(!netlist.contains("module sum"), "flat");
    let mut text = Model::build(&Source::new("pair", CLEAN).cxx_flags(["-O1"])).unwrap();
    let mut gates = Model::build(&Source::new("pair", netlist).cxx_flags(["-O1"])).unwrap();
    for step in 0..500u64 {
        let mut seen = [0; 4];
        for (index, model) in [&mut text, &mut gates].into_iter().enumerate() {
            model.set(model.port("a"), step * 37 % 256);
            model.set(model.port("b"), step * 101 % 256);
            model.step();
            seen[2 * index] = model.get(model.port("s"));
            seen[2 * index + 1] = model.get(model.port("d"));
        }
        assert_eq!(seen[..2], seen[2..], "step {step}");
    }
}

#[test]
fn resources_are_counted_in_total_and_per_block() {
    let synthesis = yosys::synthesize(Family::Ecp5, CLEAN, "pair").unwrap();
    assert_eq!(synthesis.total["TRELLIS_FF"], 18);
    let flip_flops = |block: &str| synthesis.blocks[block]["TRELLIS_FF"];
    assert_eq!((flip_flops("one"), flip_flops("two")), (9, 9), "{synthesis:?}");
}

#[test]
fn resources_are_kept_as_text_and_compared() {
    let before = yosys::synthesize(Family::Ecp5, CLEAN, "pair").unwrap();
    assert_eq!(yosys::Synthesis::from_json(&before.to_json()).unwrap(), before);
    assert!(before.differences(&before).is_empty());
    let mut now = before.clone();
    now.total.insert("TRELLIS_FF".into(), 20);
    now.blocks.remove("two");
    let differences = now.differences(&before);
    assert!(differences.contains(&"total: TRELLIS_FF 20, was 18".to_string()), "{differences:?}");
    assert!(differences.contains(&"two: TRELLIS_FF 0, was 9".to_string()), "{differences:?}");
}
