//! Register writes: brings the host's writes to the engine's registers and to the MSI-X table.
//!
//! # Role
//! One of the two halves behind the host's accesses; `RegisterReads` is the other. Writes never wait for reads: the
//! host's reads wait for the adapter's own writes on the bus, and a device must take writes whatever its own do.
//!
//! # Ports
//! - `s_request`: `RegisterRequest`: writes, those that are not supported among them.
//! - `m_axil`: the writing half of the engine's `s_axil`.
//! - `table_write`, `table_address`, `table_data`: a write of the MSI-X table.
//! - `done`: writes ever finished, modulo 2^16. `refused`: one was dropped, or the engine did not take it.
//!
//! # Handshake
//! `s_request.ready` is a register: no write is under way.
//!
//! # Latency
//! Two cycles, and those of the engine's registers.
//!
//! # Invariant
//! Writes are done one after the other, in their order.
use super::tlp::RegisterRequest;
use stevedore_hdl::prelude::*;

/// Pages of BAR 0, 4 KB each: the engine's registers.
pub const PAGE_REGISTERS: u64 = 0;
/// The counters of errors.
pub const PAGE_ERRORS: u64 = 1;
/// The MSI-X table.
pub const PAGE_TABLE: u64 = 2;
/// The MSI-X pending bits.
pub const PAGE_PENDING: u64 = 3;

/// The page of an address in BAR 0.
#[kernel_fn]
pub fn page_of(address: Bits<14>) -> Bits<2> {
    bit_cast::<2, 14>(address >> 12)
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    /// The engine is offered the write.
    Offers,
    /// Its response is awaited.
    Waits,
    Ends,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    request: RegisterRequest,
    done: Bits<16>,
    refused: bool,
}

/// The writing half of an AXI4-Lite manager, and of BAR 0.
#[derive(LogicBlock, Default)]
pub struct RegisterWrites {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Writes.
    pub s_request: Sink<RegisterRequest>,
    /// Write address.
    pub awaddr: Signal<Out, Bits<12>>,
    /// Write address and write data valid.
    pub awvalid: Signal<Out, bool>,
    /// Write address and write data taken: the engine takes both in one cycle.
    pub awready: Signal<In, bool>,
    /// Write data.
    pub wdata: Signal<Out, Bits<32>>,
    /// Byte strobes.
    pub wstrb: Signal<Out, Bits<4>>,
    /// Write response.
    pub bresp: Signal<In, Bits<2>>,
    /// Write response valid.
    pub bvalid: Signal<In, bool>,
    /// Write response taken.
    pub bready: Signal<Out, bool>,
    /// Write a dword of the table.
    pub table_write: Signal<Out, bool>,
    /// With `table_write`: where.
    pub table_address: Signal<Out, Bits<12>>,
    /// With `table_write`: what.
    pub table_data: Signal<Out, Bits<32>>,
    /// Writes finished.
    pub done: Signal<Out, Bits<16>>,
    /// A write did nothing.
    pub refused: Signal<Out, bool>,
    state: Register<State>,
}

impl Logic for RegisterWrites {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let request = state.request;
        let whole = request.enables == 15;
        let page = page_of(request.address);
        next.refused = false;
        self.table_write.next = false;
        match state.phase {
            Phase::Idle => {
                next.request = self.s_request.bits.val();
                if self.s_request.valid.val() {
                    let engine = next.request.supported && page_of(next.request.address) == PAGE_REGISTERS;
                    next.phase = if engine { Phase::Offers } else { Phase::Ends };
                }
            }
            Phase::Offers => {
                if self.awready.val() {
                    next.phase = Phase::Waits;
                }
            }
            Phase::Waits => {
                if self.bvalid.val() {
                    next.phase = Phase::Idle;
                    next.done = state.done + 1;
                    next.refused = self.bresp.val().any();
                }
            }
            Phase::Ends => {
                let table = request.supported && page == PAGE_TABLE && whole;
                self.table_write.next = table;
                next.refused = !table;
                next.phase = Phase::Idle;
                next.done = state.done + 1;
            }
        }
        self.s_request.ready.next = state.phase == Phase::Idle;
        self.awvalid.next = state.phase == Phase::Offers;
        self.awaddr.next = bit_cast::<12, 14>(request.address);
        self.wdata.next = request.data;
        self.wstrb.next = request.enables;
        self.bready.next = state.phase == Phase::Waits;
        self.table_address.next = bit_cast::<12, 14>(request.address);
        self.table_data.next = request.data;
        self.done.next = state.done;
        self.refused.next = state.refused;
        self.state.d.next = next;
    }
}
