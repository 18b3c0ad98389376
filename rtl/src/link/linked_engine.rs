//! An engine and its host link: nothing but frames at its pins.
//!
//! # Role
//! What a board without PCI Express puts behind its MAC; the outermost module of `demo --attach link`.
//!
//! # Ports
//! - `s_axis_rx`, `m_axis_tx`: as those of the engine; the link's frames are among them.
//! - `open`: there is a host.
//!
//! # Handshake
//! `s_axis_rx_tready` is always 1.
//!
//! # Latency
//! That of the link and of the engine.
//!
//! # Invariant
//! Nothing but blocks and wires.
use super::host_link::{HostLink, LinkParameters};
use crate::bundles::{ReadRequest, WriteBeat};
use crate::engine::Engine;
use crate::geometry::Geometry;
use crate::ports::{beat_of, keep_of, AxisSink, AxisSource};
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock)]
pub struct LinkedEngine {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Frames from the wire, without FCS.
    pub s_axis_rx: AxisSink<64, 8>,
    /// Frames to the wire, without FCS, at least 60 bytes.
    pub m_axis_tx: AxisSource<64, 8>,
    /// There is a host.
    pub open: Signal<Out, bool>,
    link: HostLink,
    engine: Engine<64, 8>,
}

impl LinkedEngine {
    /// An engine of this geometry, which has streams of 64 bits, behind a link.
    pub fn new(geometry: &Geometry, parameters: &LinkParameters) -> Self {
        LinkedEngine {
            clock: Signal::default(),
            reset: Signal::default(),
            s_axis_rx: AxisSink::default(),
            m_axis_tx: AxisSource::default(),
            open: Signal::default(),
            link: HostLink::new(parameters),
            engine: Engine::new(geometry),
        }
    }
}

impl Logic for LinkedEngine {
    #[kernel]
    fn update(&mut self) {
        setup!(self, link);
        self.engine.clock.next = self.clock.val();
        self.engine.reset.next = self.reset.val() || self.link.engine_reset.val();
        self.engine.halt.next = self.link.halt.val();
        self.link.halted.next = self.engine.halted.val();
        self.engine.maximum_read.next = self.link.maximum_read.val();
        self.engine.maximum_write.next = self.link.maximum_write.val();
        self.link.irq.next = self.engine.irq.val();
        self.open.next = self.link.open.val();

        // The wire.
        self.link.s_frame.valid.next = self.s_axis_rx.tvalid.val();
        self.link.s_frame.bits.next = beat_of::<64, 8>(
            self.s_axis_rx.tdata.val(),
            self.s_axis_rx.tkeep.val(),
            self.s_axis_rx.tlast.val(),
            self.s_axis_rx.tuser.val(),
        );
        self.s_axis_rx.tready.next = self.link.s_frame.ready.val();
        let inward = self.link.m_engine.bits.val();
        self.engine.s_axis_rx.tdata.next = inward.data;
        self.engine.s_axis_rx.tkeep.next = keep_of::<8>(inward.count);
        self.engine.s_axis_rx.tlast.next = inward.last;
        self.engine.s_axis_rx.tuser.next = inward.error;
        self.engine.s_axis_rx.tvalid.next = self.link.m_engine.valid.val();
        self.link.m_engine.ready.next = self.engine.s_axis_rx.tready.val();
        self.link.s_engine.valid.next = self.engine.m_axis_tx.tvalid.val();
        self.link.s_engine.bits.next = beat_of::<64, 8>(
            self.engine.m_axis_tx.tdata.val(),
            self.engine.m_axis_tx.tkeep.val(),
            self.engine.m_axis_tx.tlast.val(),
            self.engine.m_axis_tx.tuser.val(),
        );
        self.engine.m_axis_tx.tready.next = self.link.s_engine.ready.val();
        let outward = self.link.m_frame.bits.val();
        self.m_axis_tx.tdata.next = outward.data;
        self.m_axis_tx.tkeep.next = keep_of::<8>(outward.count);
        self.m_axis_tx.tlast.next = outward.last;
        self.m_axis_tx.tuser.next = outward.error;
        self.m_axis_tx.tvalid.next = self.link.m_frame.valid.val();
        self.link.m_frame.ready.next = self.m_axis_tx.tready.val();

        // Memory.
        self.link.s_request.valid.next = self.engine.m_axis_rdreq.tvalid.val();
        self.link.s_request.bits.next = ReadRequest {
            address: self.engine.m_axis_rdreq.address.val(),
            length: self.engine.m_axis_rdreq.length.val(),
            tag: self.engine.m_axis_rdreq.tag.val(),
        };
        self.engine.m_axis_rdreq.tready.next = self.link.s_request.ready.val();
        let completion = self.link.m_completion.bits.val();
        self.engine.s_axis_rdcpl.tdata.next = completion.data;
        self.engine.s_axis_rdcpl.tag.next = completion.tag;
        self.engine.s_axis_rdcpl.tlast.next = completion.last;
        self.engine.s_axis_rdcpl.error.next = completion.error;
        self.engine.s_axis_rdcpl.tvalid.next = self.link.m_completion.valid.val();
        self.link.m_completion.ready.next = self.engine.s_axis_rdcpl.tready.val();
        self.link.s_write.valid.next = self.engine.m_axis_wr.tvalid.val();
        self.link.s_write.bits.next = WriteBeat::<64, 8> {
            address: self.engine.m_axis_wr.address.val(),
            data: self.engine.m_axis_wr.tdata.val(),
            strobe: self.engine.m_axis_wr.tstrb.val(),
            last: self.engine.m_axis_wr.tlast.val(),
            may_pass: self.engine.m_axis_wr.tuser.val(),
            placement_ends: false,
        };
        self.engine.m_axis_wr.tready.next = self.link.s_write.ready.val();

        // Registers.
        self.engine.s_axil.awaddr.next = self.link.awaddr.val();
        self.engine.s_axil.awvalid.next = self.link.awvalid.val();
        self.link.awready.next = self.engine.s_axil.awready.val();
        self.engine.s_axil.wdata.next = self.link.wdata.val();
        self.engine.s_axil.wstrb.next = bits::<4>(15);
        self.engine.s_axil.wvalid.next = self.link.wvalid.val();
        self.link.wready.next = self.engine.s_axil.wready.val();
        self.link.bvalid.next = self.engine.s_axil.bvalid.val();
        self.engine.s_axil.bready.next = self.link.bready.val();
        self.engine.s_axil.araddr.next = self.link.araddr.val();
        self.engine.s_axil.arvalid.next = self.link.arvalid.val();
        self.link.arready.next = self.engine.s_axil.arready.val();
        self.link.rdata.next = self.engine.s_axil.rdata.val();
        self.link.rresp.next = self.engine.s_axil.rresp.val();
        self.link.rvalid.next = self.engine.s_axil.rvalid.val();
        self.engine.s_axil.rready.next = self.link.rready.val();
    }
}
