//! Verilator's opinion of every block of the path, at both widths.
use stevedore_hdl::prelude::*;
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::tx::Transmitter;

fn is_clean<B: Block + Send + 'static>(uut: impl FnOnce() -> B + Send + 'static, name: &'static str) {
    with_big_stack(move || stevedore_verilated::lint(&verilog(&uut(), name), name, &[]).unwrap());
}

#[test]
fn transmitter_verilog_is_clean() {
    is_clean(|| Transmitter::<64>::new(&Geometry::SMALL), "transmitter");
    is_clean(|| Transmitter::<512>::new(&Geometry::WIDE), "transmitter");
}
