//! Two sources of one kind of message into one sink.
//!
//! # Role
//! Arbitrates requests, notices and responses on their way.
//!
//! # Ports
//! - `s_in_0`, `s_in_1`: the messages of the two sources.
//! - `m_out`: the messages of both, for the sink.
//!
//! # Handshake
//! No storage: a source's transfer *is* the sink's transfer. That is what keeps a termination response behind the
//! buffer responses its chains had accepted before (`docs/design.md`, rule 5). A source's `ready` depends on the sink's
//! and on a register. Round robin; a choice, once offered, is held until taken.
//!
//! # Latency
//! None for `s_in_0`, a cycle for `s_in_1` when it was idle.
//!
//! # Invariant
//! `m_out.bits` never changes while `m_out.valid` waits for `m_out.ready`.
use crate::stream::turn::{following, Offer, Turn};
use stevedore_hdl::prelude::*;

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
    turn: Register<Turn>,
}

impl<T: Symbolic> Logic for Merge<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, turn);
        let turn = self.turn.q.val();
        let owner = turn.owner;
        let (valid_0, valid_1) = (self.s_in_0.valid.val(), self.s_in_1.valid.val());
        let valid = mux(owner, valid_1, valid_0);
        let ready = self.m_out.ready.val();
        self.m_out.valid.next = valid;
        self.m_out.bits.next = mux(owner, self.s_in_1.bits.val(), self.s_in_0.bits.val());
        self.s_in_0.ready.next = ready && !owner;
        self.s_in_1.ready.next = ready && owner;
        let other = mux(owner, valid_0, valid_1);
        self.turn.d.next = following(turn, Offer { valid, ready, last: true, other });
    }
}
