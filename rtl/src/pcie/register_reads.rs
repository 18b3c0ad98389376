//! Register reads: answers the host's reads of BAR 0.
//!
//! # Role
//! Reads wait behind the host's own writes, and their answers behind the engine's: what a register promises about the
//! memory of the host is there when the answer is.
//!
//! ```text
//! s_request -> [ Fence: writes before it are done ] -> engine or table -> [ packets are ordered ] -> m_completion
//! ```
//!
//! # Ports
//! - `s_request`: `RegisterRequest`: reads, and whatever else waits for an answer.
//! - `writes_taken`, `writes_done`: the host's writes before the request on `s_request`, and those finished.
//! - the reading half of the engine's `s_axil`.
//! - `address`, `table_shown`, `counter_shown`, `pending`: the MSI-X table, the counters of errors, the pending bits.
//! - `accepted`: posted packets that the adapter took from the engine. `ordered`: those that no completion can pass any
//!   more. `bus_master`: packets leave; while none can, answers do not wait for them.
//! - `m_completion`: `RegisterCompletion`: the answers. `quiet`: none is owed. `refused`: one says that the request is
//!   not supported.
//!
//! # Handshake
//! `s_request.ready` and `m_completion.valid` come from registers.
//!
//! # Latency
//! Eight cycles, and those of the engine's registers, when nothing has to be waited for.
//!
//! # Invariant
//! An answer leaves after every packet that was accepted before the register was read. Holes read as zeros: a curious
//! host must not be told of a fault that is none.
use super::register_writes::{page_of, PAGE_ERRORS, PAGE_PENDING, PAGE_REGISTERS, PAGE_TABLE};
use super::tlp::{RegisterCompletion, RegisterRequest};
use crate::stream::Fence;
use stevedore_hdl::prelude::*;

/// Reads that may wait here: the carrier keeps others back.
pub const READS: usize = 4;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    /// The engine is asked.
    Asks,
    /// Its answer is awaited.
    Waits,
    /// The adapter's own pages are looked at.
    Looks,
    /// Packets before the answer are awaited.
    Orders,
    /// The answer is offered.
    Answers,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// Requests taken and not answered.
    owed: Bits<4>,
    request: RegisterRequest,
    data: Bits<32>,
    /// Packets that the answer must not pass.
    number: Bits<16>,
}

/// Answers reads; see the module's text.
#[derive(LogicBlock, Default)]
pub struct RegisterReads {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Reads.
    pub s_request: Sink<RegisterRequest>,
    /// The host's writes before `s_request`.
    pub writes_taken: Signal<In, Bits<16>>,
    /// The host's writes finished.
    pub writes_done: Signal<In, Bits<16>>,
    /// Read address.
    pub araddr: Signal<Out, Bits<12>>,
    /// Read address valid.
    pub arvalid: Signal<Out, bool>,
    /// Read address taken.
    pub arready: Signal<In, bool>,
    /// Read data.
    pub rdata: Signal<In, Bits<32>>,
    /// Read response.
    pub rresp: Signal<In, Bits<2>>,
    /// Read data valid.
    pub rvalid: Signal<In, bool>,
    /// Read data taken.
    pub rready: Signal<Out, bool>,
    /// Address in the page.
    pub address: Signal<Out, Bits<12>>,
    /// The dword of the table there.
    pub table_shown: Signal<In, Bits<32>>,
    /// The counter there.
    pub counter_shown: Signal<In, Bits<32>>,
    /// Pending bits.
    pub pending: Signal<In, Bits<32>>,
    /// Posted packets accepted.
    pub accepted: Signal<In, Bits<16>>,
    /// Posted packets ordered.
    pub ordered: Signal<In, Bits<16>>,
    /// Packets leave.
    pub bus_master: Signal<In, bool>,
    /// Answers.
    pub m_completion: Source<RegisterCompletion>,
    /// Nothing is under way.
    pub quiet: Signal<Out, bool>,
    /// A request was not supported.
    pub refused: Signal<Out, bool>,
    state: Register<State>,
    waiting: Fence<RegisterRequest>,
}

impl RegisterReads {
    /// A block that answers reads.
    pub fn new() -> Self {
        Self { waiting: Fence::new(READS), ..Self::default() }
    }
}

impl Logic for RegisterReads {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, waiting);
        forward!(self.s_request => self.waiting.s_in);
        self.waiting.number.next = self.writes_taken.val();
        self.waiting.reached.next = self.writes_done.val();
        let state = self.state.q.val();
        let mut next = state;
        let address = bit_cast::<12, 14>(state.request.address);
        let page = page_of(state.request.address);
        let answered = self.m_completion.ready.val();
        match state.phase {
            Phase::Idle => {
                next.request = self.waiting.m_out.bits.val();
                let engine = page_of(next.request.address) == PAGE_REGISTERS;
                if self.waiting.m_out.valid.val() {
                    next.phase = if !next.request.supported {
                        Phase::Answers
                    } else if engine {
                        Phase::Asks
                    } else {
                        Phase::Looks
                    };
                }
            }
            Phase::Asks => {
                if self.arready.val() {
                    next.phase = Phase::Waits;
                }
            }
            Phase::Waits => {
                next.data = mux(self.rresp.val().any(), bits::<32>(0), self.rdata.val());
                next.number = self.accepted.val();
                if self.rvalid.val() {
                    next.phase = Phase::Orders;
                }
            }
            Phase::Looks => {
                let first = !address.any();
                let pending = mux(page == PAGE_PENDING && first, self.pending.val(), bits::<32>(0));
                let counter = mux(page == PAGE_ERRORS, self.counter_shown.val(), pending);
                next.data = mux(page == PAGE_TABLE, self.table_shown.val(), counter);
                next.number = self.accepted.val();
                next.phase = Phase::Orders;
            }
            Phase::Orders => {
                if !(self.ordered.val() - state.number).get_bit(15) || !self.bus_master.val() {
                    next.phase = Phase::Answers;
                }
            }
            Phase::Answers => {
                if answered {
                    next.phase = Phase::Idle;
                }
            }
        }
        self.waiting.m_out.ready.next = state.phase == Phase::Idle;
        self.araddr.next = address;
        self.arvalid.next = state.phase == Phase::Asks;
        self.rready.next = state.phase == Phase::Waits;
        self.address.next = address;
        self.m_completion.valid.next = state.phase == Phase::Answers;
        self.m_completion.bits.next =
            RegisterCompletion { supported: state.request.supported, data: state.data, origin: state.request.origin };
        let taken = self.s_request.valid.val() && self.waiting.s_in.ready.val();
        let given = state.phase == Phase::Answers && answered;
        next.owed = state.owed + taken - bit_cast::<4, 1>(from_bool(given));
        self.quiet.next = state.owed == 0;
        self.refused.next = state.phase == Phase::Answers && answered && !state.request.supported;
        self.state.d.next = next;
    }
}
