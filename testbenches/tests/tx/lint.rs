//! Verilator's and yosys's opinion of the blocks of the path.
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::SegmentOut;
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::stream::Queue;
use stevedore_rtl::tx::appender::Appender;
use stevedore_rtl::tx::chains::Chains;
use stevedore_rtl::tx::checksum::Checksum;
use stevedore_rtl::tx::header_builder::HeaderBuilder;
use stevedore_rtl::tx::pool::Pool;
use stevedore_rtl::tx::prepend::Prepend;
use stevedore_rtl::tx::releaser::Releaser;
use stevedore_rtl::tx::returns::Returns;
use stevedore_rtl::tx::segment_buffer::SegmentBuffer;
use stevedore_rtl::tx::send_chain::SendChain;
use stevedore_rtl::tx::walker::Walker;
use stevedore_rtl::tx::Transmitter;
use stevedore_verilated::{lint, yosys};

/// Declares a test for a block: its name, and how to build it at each width.
macro_rules! clean {
    ($($test: ident: $name: literal, $($uut: expr),+;)*) => { $(
        #[test]
        fn $test() {
            with_big_stack(|| {
                $( lint(&verilog(&$uut, $name), $name, &[]).unwrap(); )+
            });
        }
    )* };
}

clean! {
    appender_verilog_is_clean: "appender", Appender::default();
    chains_verilog_is_clean: "chains", Chains::new(64);
    checksum_verilog_is_clean: "checksum", Checksum::<64>::new(), Checksum::<512>::new();
    header_builder_verilog_is_clean: "header_builder", HeaderBuilder::<64>::new(&Geometry::SMALL);
    pool_verilog_is_clean: "pool", Pool::new(256, 64);
    prepend_verilog_is_clean: "prepend", Prepend::<64>::default(), Prepend::<512>::default();
    queue_verilog_is_clean: "queue_of_segments", Queue::<SegmentOut>::new(8);
    releaser_verilog_is_clean: "releaser", Releaser::new();
    returns_verilog_is_clean: "returns", Returns::new(&Geometry::SMALL);
    segment_buffer_verilog_is_clean: "segment_buffer",
        SegmentBuffer::<64>::new(&Geometry::SMALL), SegmentBuffer::<512>::new(&Geometry::WIDE);
    send_chain_verilog_is_clean: "send_chain", SendChain::<64>::new(&Geometry::SMALL);
    transmitter_verilog_is_clean: "transmitter",
        Transmitter::<64>::new(&Geometry::SMALL), Transmitter::<512>::new(&Geometry::WIDE);
    walker_verilog_is_clean: "walker", Walker::default();
}

/// No latch, no loop, no undriven signal, across all blocks.
#[test]
fn transmitter_structure_is_clean() {
    with_big_stack(|| {
        let report =
            yosys::check(&verilog(&Transmitter::<64>::new(&Geometry::SMALL), "transmitter"), "transmitter").unwrap();
        assert!(report.is_clean(), "{report:?}");
    });
}
