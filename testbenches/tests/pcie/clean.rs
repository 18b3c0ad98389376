//! Every block of `pcie`: `verilator --lint-only -Wall` and yosys find nothing.
use crate::world::PERIOD;
use stevedore_hdl::prelude::*;
use stevedore_rtl::pcie::ultrascale::Endpoint;
use stevedore_verilated::{lint, yosys};

fn check<B: Block>(name: &str, block: &B) {
    let text = verilog(block, name);
    lint(&text, name, &[]).unwrap_or_else(|findings| panic!("{name}: {findings}"));
    let report = yosys::check(&text, name).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(report.is_clean(), "{name}: {report}");
}

#[test]
fn endpoint_verilog_is_clean() {
    with_big_stack(|| {
        check("endpoint_64", &Endpoint::<64, 8>::new(512, PERIOD));
        check("endpoint_512", &Endpoint::<512, 64>::new(512, PERIOD));
    });
}
