//! Place and route of a small hand-written design.

use stevedore_verilated::yosys::{self, Stage};

/// Two blocks; the way from `one.total` through the multiplier-free square chain of `two` is by far the longest.
const DESIGN: &str = "
module sum(input wire clock, input wire [31:0] a, input wire [31:0] b, output reg [31:0] total);
  always @(posedge clock) total <= a + b;
endmodule
module slow(input wire clock, input wire [31:0] a, output reg [31:0] folded);
  wire [31:0] x = a + {a[15:0], a[31:16]};
  wire [31:0] y = x + {x[15:0], x[31:16]};
  always @(posedge clock) folded <= y + {y[15:0], y[31:16]};
endmodule
module top(input wire clock, input wire [31:0] a, input wire [31:0] b, output wire [31:0] q);
  wire [31:0] t;
  sum one(.clock(clock), .a(a), .b(b), .total(t));
  slow two(.clock(clock), .a(t), .folded(q));
endmodule";

#[test]
fn critical_path_is_found_and_named_by_the_text() {
    let mut stages = vec![];
    let placement = yosys::place_ecp5(DESIGN, "top", 100, |stage| stages.push(stage)).unwrap();
    assert_eq!(stages, [Stage::Synthesize, Stage::Place]);

    let ends = (&placement.critical[0].through, &placement.critical.last().unwrap().through);
    assert!(ends.0.starts_with("one.total") || ends.0.starts_with("two.a"), "{placement:?}");
    assert!(ends.1.starts_with("two.folded") || ends.1.starts_with("q"), "{placement:?}");
    let (logic, routing) = placement.delays();
    assert!(logic > 0.0 && routing > 0.0, "{placement:?}");
    let period = 1000.0 / placement.achieved;
    assert!((logic + routing - period).abs() < 0.01, "the path is as long as the period: {placement:?}");

    assert_eq!(placement.synthesized["TRELLIS_FF"], 64, "without the registers around the design");
    assert_eq!(placement.sites["TRELLIS_FF"], 64 + 64 + 32, "with them: {placement:?}");
    assert!(placement.sites["TRELLIS_COMB"] >= 2 * placement.synthesized["CCU2C"], "{placement:?}");
}

#[test]
fn report_says_what_matters() {
    let placement = yosys::place_ecp5(DESIGN, "top", 100, |_| ()).unwrap();
    let report: serde_json::Value = serde_json::from_str(&placement.to_json(50)).unwrap();
    assert_eq!(report["target_mhz"], 50);
    let (achieved, margin) = (report["achieved_mhz"].as_f64().unwrap(), report["margin_percent"].as_f64().unwrap());
    assert!((achieved / 50.0 * 100.0 - 100.0 - margin).abs() < 0.1, "{report}");
    let path = &report["critical_path"];
    assert_eq!(path["hops"].as_array().unwrap().len(), placement.critical.len(), "{report}");
    assert_eq!(path["from"], path["hops"][0]["through"], "{report}");
}

#[test]
fn a_design_without_clock_is_refused() {
    let error =
        yosys::place_ecp5("module m(input a, output q); assign q = a; endmodule", "m", 100, |_| ()).unwrap_err();
    assert!(error.to_string().contains("clock"), "{error}");
}
