//! Every host block: `verilator --lint-only -Wall` and yosys find nothing.
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{Beat, DescriptorFields, Event, Notice};
use stevedore_rtl::dma::WriteLedger;
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::host::*;
use stevedore_rtl::stream::{Admission, Gate};
use stevedore_verilated::{lint, yosys};

fn check<B: Block>(name: &str, block: &B) {
    let text = verilog(block, name);
    if let Ok(dir) = std::env::var("STEVEDORE_VERILOG") {
        std::fs::write(format!("{dir}/{name}.v"), &text).expect("a writable directory");
    }
    lint(&text, name, &[]).unwrap_or_else(|findings| panic!("{name}: {findings}"));
    let report = yosys::check(&text, name).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(report.is_clean(), "{name}: {report}");
}

#[test]
fn narrow_blocks_verilog_is_clean() {
    let g = Geometry::SMALL;
    check("registers", &Registers::new(&g));
    check("timebase", &Timebase::default());
    check("soft_reset", &SoftReset::new(10));
    check("admission", &Admission::default());
    check("gate", &Gate::<Beat<64>>::default());
    check("write_ledger", &WriteLedger::default());
    check("statistics", &Statistics::new());
    check("interrupt", &Interrupt::default());
    check("dispatcher", &Dispatcher::new(&g));
    check("notifier", &Notifier::new(g.connections));
    check("merge_event", &Merge::<Event>::default());
    check("merge_notice", &Merge::<Notice>::default());
    check("merge_response", &Merge::<DescriptorFields>::default());
}

#[test]
fn fetcher_verilog_is_clean() {
    check("fetcher_64", &Fetcher::<64>::new(4));
    check("fetcher_512", &Fetcher::<512>::new(4));
}

#[test]
fn response_writer_verilog_is_clean() {
    check("response_writer_64", &ResponseWriter::<64, 8>::new(&Geometry::SMALL));
    check("response_writer_512", &ResponseWriter::<512, 64>::new(&Geometry::WIDE));
}
