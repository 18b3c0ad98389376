//! Two sources of one kind of message into one sink.
//!
//! # Role
//! Arbitrates notices and responses on their way to the response writer.
//!
//! # Handshake
//! Purely combinational, no storage: a source's transfer *is* the sink's transfer. That is what keeps a termination response
//! behind the buffer responses its chains had accepted before (`docs/design.md`, rule 5). Round robin; a choice, once offered,
//! is held until taken.
//!
//! # Latency
//! None; no stall of its own.
//!
//! # Invariant
//! `m_out.bits` never changes while `m_out.valid` waits for `m_out.ready`.
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// The input served last.
    last: bool,
    /// An offer stands and must not change.
    held: bool,
}

/// Round-robin merge of `s_in_0` and `s_in_1`.
#[derive(LogicBlock, Default)]
pub struct Merge<T: Symbolic> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// First source.
    pub s_in_0: Sink<T>,
    /// Second source.
    pub s_in_1: Sink<T>,
    /// Either.
    pub m_out: Source<T>,
    state: Register<State>,
}

impl<T: Symbolic> Logic for Merge<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let valid_0 = self.s_in_0.valid.val();
        let valid_1 = self.s_in_1.valid.val();
        // After serving 0 prefer 1 and the other way round; a held offer stands.
        let second = if state.held { state.last } else { valid_1 && (!state.last || !valid_0) };
        let valid = valid_0 || valid_1;
        self.m_out.valid.next = valid;
        self.m_out.bits.next = if second { self.s_in_1.bits.val() } else { self.s_in_0.bits.val() };
        self.s_in_0.ready.next = self.m_out.ready.val() && valid_0 && !second;
        self.s_in_1.ready.next = self.m_out.ready.val() && valid_1 && second;
        let mut next = state;
        if valid {
            next.last = second;
            next.held = !self.m_out.ready.val();
        }
        self.state.d.next = next;
    }
}
