//! Reads and writes the engine's registers for the host.
//!
//! # Role
//! Behind `LinkDispatcher`; AXI4-Lite towards the engine.
//!
//! # Ports
//! - `s_access`: `LinkAccess`: one access after the other. `m_answer`: `LinkAnswer`: what each read brought.
//! - `awaddr` to `rready`: AXI4-Lite, as the manager. `idle`: no access is under way. `answers`: an answer waits.
//!
//! # Handshake
//! Ordinary channels. An answer that nobody takes holds up all accesses behind it.
//!
//! # Latency
//! That of the engine, and one cycle on either side.
//!
//! # Invariant
//! One access at a time, so they happen in the order of the host. A write that the engine refuses is not reported: the
//! host's writes are posted.
use super::record::{LinkAccess, LinkAnswer};
use stevedore_hdl::prelude::*;

/// What is waited for.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// An access.
    #[default]
    Idle,
    /// The engine takes address and data, and answers.
    Write,
    /// The engine takes the address, and answers.
    Read,
    /// The answer is taken.
    Answer,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// The address, or the data, is not yet taken.
    address: bool,
    data: bool,
    access: LinkAccess,
    answer: LinkAnswer,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct RegisterMaster {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Accesses.
    pub s_access: Sink<LinkAccess>,
    /// Answers to reads.
    pub m_answer: Source<LinkAnswer>,
    /// No access is under way.
    pub idle: Signal<Out, bool>,
    /// An answer waits to be taken.
    pub answers: Signal<Out, bool>,
    /// Write address.
    pub awaddr: Signal<Out, Bits<12>>,
    /// Write address valid.
    pub awvalid: Signal<Out, bool>,
    /// Write address taken.
    pub awready: Signal<In, bool>,
    /// Write data.
    pub wdata: Signal<Out, Bits<32>>,
    /// Write data valid.
    pub wvalid: Signal<Out, bool>,
    /// Write data taken.
    pub wready: Signal<In, bool>,
    /// Write response valid.
    pub bvalid: Signal<In, bool>,
    /// Write response taken.
    pub bready: Signal<Out, bool>,
    /// Read address.
    pub araddr: Signal<Out, Bits<12>>,
    /// Read address valid.
    pub arvalid: Signal<Out, bool>,
    /// Read address taken.
    pub arready: Signal<In, bool>,
    /// Read data.
    pub rdata: Signal<In, Bits<32>>,
    /// Read response: 0 is success.
    pub rresp: Signal<In, Bits<2>>,
    /// Read data valid.
    pub rvalid: Signal<In, bool>,
    /// Read data taken.
    pub rready: Signal<Out, bool>,
    state: Register<State>,
}

impl Logic for RegisterMaster {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let access = self.s_access.bits.val();
        let writes = state.phase == Phase::Write;
        let reads = state.phase == Phase::Read;
        match state.phase {
            Phase::Idle => {
                next.access = access;
                next.address = true;
                next.data = true;
                if self.s_access.valid.val() {
                    next.phase = mux(access.write, Phase::Write, Phase::Read);
                }
            }
            Phase::Write => {
                next.address = state.address && !self.awready.val();
                next.data = state.data && !self.wready.val();
                if self.bvalid.val() {
                    next.phase = Phase::Idle;
                }
            }
            Phase::Read => {
                next.address = state.address && !self.arready.val();
                if self.rvalid.val() {
                    let failed = self.rresp.val().any();
                    next.answer = LinkAnswer { offset: state.access.offset, value: self.rdata.val(), failed: failed };
                    next.phase = Phase::Answer;
                }
            }
            Phase::Answer => {
                if self.m_answer.ready.val() {
                    next.phase = Phase::Idle;
                }
            }
        }
        self.s_access.ready.next = state.phase == Phase::Idle;
        self.m_answer.valid.next = state.phase == Phase::Answer;
        self.m_answer.bits.next = state.answer;
        self.idle.next = state.phase == Phase::Idle;
        self.answers.next = state.phase == Phase::Answer;
        self.awaddr.next = state.access.offset;
        self.awvalid.next = writes && state.address;
        self.wdata.next = state.access.value;
        self.wvalid.next = writes && state.data;
        self.bready.next = writes;
        self.araddr.next = state.access.offset;
        self.arvalid.next = reads && state.address;
        self.rready.next = reads;
        self.state.d.next = next;
    }
}
