//! Verilator and yosys find nothing in the port.
use stevedore_fpga::{ecp5, RgmiiPort};
use stevedore_hdl::prelude::*;
use stevedore_rtl::mac::Mac;
use stevedore_verilated::{lint, yosys};

#[test]
fn verilog_is_clean() {
    let text = with_big_stack(|| verilog(&RgmiiPort::<64>::new(2000), "port"));
    lint(&format!("{text}{}", ecp5::MODELS), "port", &[]).unwrap();
    let text = with_big_stack(|| verilog(&Mac::<64>::default(), "mac"));
    let report = yosys::check(&text, "mac").unwrap();
    assert!(report.is_clean(), "{report}");
    let text = with_big_stack(|| verilog(&Mac::<512>::default(), "mac"));
    lint(&text, "mac", &[]).unwrap();
}
