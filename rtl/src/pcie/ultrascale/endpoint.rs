//! Endpoint: the adapter and the shim as one.
//!
//! # Role
//! What stands between an engine and the vendor's block; `pcie::Card` adds the engine. Nothing here but wires.
//!
//! ```text
//! engine <-> Adapter <-> Shim <-> RQ, RC, CQ, CC
//! ```
//!
//! # Ports
//! - `s_read`, `m_completion`, `s_write`, `m_axil`, `irq`, `halt`, `halted`, `engine_reset`: the engine's, seen from
//!   outside.
//! - `m_rq`, `s_rc`, `s_cq`, `m_cc`, `sequence_0`, `sequence_1`, `grant`: the block's pins, as in `Shim`.
//! - `bus_master`, `message_enable`, `message_mask`, `function_reset`, `function_reset_done`: as in `Adapter`.
//!
//! # Handshake
//! That of its two blocks.
//!
//! # Latency
//! That of its two blocks.
//!
//! # Invariant
//! Everything belongs to one clock: the engine's.
use super::pins::*;
use super::shim::Shim;
use crate::bundles::{ReadCompletion, ReadRequest};
use crate::host::AxiLiteManager;
use crate::pcie::adapter::Adapter;
use crate::pcie::msix::VECTORS;
use crate::pcie::write_packer::PostedBeat;
use stevedore_hdl::prelude::*;

/// Adapter and shim; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Endpoint<const W: usize, const K: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The engine's reads.
    pub s_read: Sink<ReadRequest>,
    /// Their data.
    pub m_completion: Source<ReadCompletion<W>>,
    /// The engine's writes.
    pub s_write: Sink<PostedBeat<W, K>>,
    /// The engine's registers.
    pub m_axil: AxiLiteManager,
    /// Interrupt lines.
    pub irq: Signal<In, Bits<VECTORS>>,
    /// The engine shall stop.
    pub halt: Signal<Out, bool>,
    /// The engine has stopped.
    pub halted: Signal<In, bool>,
    /// The engine's reset.
    pub engine_reset: Signal<Out, bool>,
    /// Requester requests.
    pub m_rq: Source<PinBeat<REQUEST_USER>>,
    /// Requester completions.
    pub s_rc: Sink<PinBeat<COMPLETION_USER>>,
    /// Completer requests.
    pub s_cq: Sink<PinBeat<REGISTER_USER>>,
    /// Completer completions.
    pub m_cc: Source<PinBeat<ANSWER_USER>>,
    /// A sequence number comes back.
    pub sequence_0_valid: Signal<In, bool>,
    /// Which.
    pub sequence_0: Signal<In, Bits<6>>,
    /// Another one in the same cycle.
    pub sequence_1_valid: Signal<In, bool>,
    /// Which.
    pub sequence_1: Signal<In, Bits<6>>,
    /// One more request may wait for an answer.
    pub grant: Signal<Out, bool>,
    /// The function may send requests.
    pub bus_master: Signal<In, bool>,
    /// MSI-X is enabled.
    pub message_enable: Signal<In, bool>,
    /// All vectors are masked.
    pub message_mask: Signal<In, bool>,
    /// The host resets the function.
    pub function_reset: Signal<In, bool>,
    /// The function is reset.
    pub function_reset_done: Signal<Out, bool>,
    adapter: Adapter<W, K>,
    shim: Shim,
}

impl<const W: usize, const K: usize> Endpoint<W, K> {
    /// As for [`Adapter`].
    pub fn new(maximum_read: usize, period: u64) -> Self {
        Self { adapter: Adapter::new(maximum_read, period), ..Self::default() }
    }
}

impl<const W: usize, const K: usize> Logic for Endpoint<W, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, adapter, shim);
        forward!(self.s_read => self.adapter.s_read);
        forward!(self.adapter.m_completion => self.m_completion);
        forward!(self.s_write => self.adapter.s_write);
        self.m_axil.awaddr.next = self.adapter.m_axil.awaddr.val();
        self.m_axil.awvalid.next = self.adapter.m_axil.awvalid.val();
        self.adapter.m_axil.awready.next = self.m_axil.awready.val();
        self.m_axil.wdata.next = self.adapter.m_axil.wdata.val();
        self.m_axil.wstrb.next = self.adapter.m_axil.wstrb.val();
        self.m_axil.wvalid.next = self.adapter.m_axil.wvalid.val();
        self.adapter.m_axil.wready.next = self.m_axil.wready.val();
        self.adapter.m_axil.bresp.next = self.m_axil.bresp.val();
        self.adapter.m_axil.bvalid.next = self.m_axil.bvalid.val();
        self.m_axil.bready.next = self.adapter.m_axil.bready.val();
        self.m_axil.araddr.next = self.adapter.m_axil.araddr.val();
        self.m_axil.arvalid.next = self.adapter.m_axil.arvalid.val();
        self.adapter.m_axil.arready.next = self.m_axil.arready.val();
        self.adapter.m_axil.rdata.next = self.m_axil.rdata.val();
        self.adapter.m_axil.rresp.next = self.m_axil.rresp.val();
        self.adapter.m_axil.rvalid.next = self.m_axil.rvalid.val();
        self.m_axil.rready.next = self.adapter.m_axil.rready.val();
        self.adapter.irq.next = self.irq.val();
        self.halt.next = self.adapter.halt.val();
        self.adapter.halted.next = self.halted.val();
        self.engine_reset.next = self.adapter.engine_reset.val();

        join!(self.adapter.m_request => self.shim.s_request);
        join!(self.adapter.m_row => self.shim.s_row);
        join!(self.shim.m_completion => self.adapter.s_completion);
        join!(self.shim.m_row => self.adapter.s_completion_row);
        join!(self.shim.m_register => self.adapter.s_register);
        join!(self.adapter.m_register => self.shim.s_answer);
        self.adapter.ordered.next = self.shim.ordered.val();

        forward!(self.shim.m_rq => self.m_rq);
        forward!(self.s_rc => self.shim.s_rc);
        forward!(self.s_cq => self.shim.s_cq);
        forward!(self.shim.m_cc => self.m_cc);
        self.shim.sequence_0_valid.next = self.sequence_0_valid.val();
        self.shim.sequence_0.next = self.sequence_0.val();
        self.shim.sequence_1_valid.next = self.sequence_1_valid.val();
        self.shim.sequence_1.next = self.sequence_1.val();
        self.grant.next = self.shim.grant.val();
        self.shim.bus_master.next = self.bus_master.val();
        self.adapter.bus_master.next = self.bus_master.val();
        self.adapter.message_enable.next = self.message_enable.val();
        self.adapter.message_mask.next = self.message_mask.val();
        self.adapter.function_reset.next = self.function_reset.val();
        self.function_reset_done.next = self.adapter.function_reset_done.val();
    }
}
