//! Shim: the adapter's packets at the pins of the UltraScale+ PCIe4 block.
//!
//! # Role
//! One block for each pair of pins; nothing here but wires. 256 bits, Dword aligned, without straddle: so the vendor's
//! block must be set up (PG213).
//!
//! # Ports
//! - `s_request`, `s_row`, `m_completion`, `m_row`, `m_register`, `s_answer`, `ordered`: the adapter's packets.
//! - `m_rq`, `s_rc`, `s_cq`, `m_cc`: the beats of the four AXI4-Stream interfaces.
//! - `sequence_0`, `sequence_1` and their valid signals: `pcie_rq_seq_num0`, `pcie_rq_seq_num1`.
//! - `grant`: `pcie_cq_np_req`. `bus_master`: bit 2 of `cfg_function_status`.
//!
//! # Handshake
//! All four streams end in registers, both ways: FIFOs that cross clocks can stand between them and the pins.
//!
//! # Latency
//! That of the blocks.
//!
//! # Invariant
//! The vendor is known in this folder and nowhere else.
use super::completions::Completions;
use super::order::Order;
use super::pins::*;
use super::registers::Registers;
use super::requests::Requests;
use crate::pcie::tlp::*;
use stevedore_hdl::prelude::*;

/// Carries packets; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Shim {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Headers of requests.
    pub s_request: Sink<RequestHeader>,
    /// Their rows.
    pub s_row: Sink<Row>,
    /// Headers of completions.
    pub m_completion: Source<CompletionHeader>,
    /// Their rows.
    pub m_row: Source<Row>,
    /// The host's accesses.
    pub m_register: Source<RegisterRequest>,
    /// Their answers.
    pub s_answer: Sink<RegisterCompletion>,
    /// Posted packets ordered.
    pub ordered: Signal<Out, Bits<16>>,
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
    requests: Requests,
    order: Order,
    completions: Completions,
    registers: Registers,
}

impl Logic for Shim {
    #[kernel]
    fn update(&mut self) {
        setup!(self, requests, order, completions, registers);
        forward!(self.s_request => self.requests.s_request);
        forward!(self.s_row => self.requests.s_row);
        forward!(self.requests.m_pins => self.m_rq);
        self.order.posted.next = self.requests.posted.val();
        self.requests.number.next = self.order.number.val();
        self.requests.room.next = self.order.room.val();
        self.order.returned_0_valid.next = self.sequence_0_valid.val();
        self.order.returned_0.next = self.sequence_0.val();
        self.order.returned_1_valid.next = self.sequence_1_valid.val();
        self.order.returned_1.next = self.sequence_1.val();
        self.order.bus_master.next = self.bus_master.val();
        self.ordered.next = self.order.ordered.val();
        forward!(self.s_rc => self.completions.s_pins);
        forward!(self.completions.m_completion => self.m_completion);
        forward!(self.completions.m_row => self.m_row);
        forward!(self.s_cq => self.registers.s_pins);
        forward!(self.registers.m_register => self.m_register);
        forward!(self.s_answer => self.registers.s_answer);
        forward!(self.registers.m_pins => self.m_cc);
        self.grant.next = self.registers.grant.val();
    }
}
