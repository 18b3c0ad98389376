//! Read arbiter: two readers share the memory port.
//!
//! # Role and neighbours
//! Merges payload reads (`tx`) and descriptor reads (`host::Fetcher`), by a `dma::Reader` and a `dma::Gather` with their own ranges of tags.
//!
//! # Ports
//! - `s_request_0`, `s_request_1`: `ReadRequest`: requests with tags below `split`, and from `split` up.
//! - `m_request`: `ReadRequest`: those of both, taking turns when both wait.
//! - `s_completion`: `ReadCompletion<W>`: the answers.
//! - `m_completion_0`, `m_completion_1`: `ReadCompletion<W>`: the answers, by tag.
//!
//! # Handshake
//! A request input's `ready` depends on `m_request.ready` and on a register: readers offer requests from registers and the port answers from one. A completion's `ready` is that of the reader it belongs to.
//!
//! # Latency and stalls
//! None, because both ends of a read count twice for every byte sent, but a cycle for a request of input 1 when it was idle. One request and one completion beat per cycle.
//!
//! # Invariant
//! Beats of one tag keep their order. A reader that is always ready, as both are, never holds the other up.
use crate::bundles::{ReadCompletion, ReadRequest};
use crate::stream::turn::{following, Offer, Turn};
use stevedore_hdl::prelude::*;

/// Merges two read ports; see the module's text.
#[derive(LogicBlock, Default)]
pub struct ReadArbiter<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Requests with tags below the split.
    pub s_request_0: Sink<ReadRequest>,
    /// Requests with the other tags.
    pub s_request_1: Sink<ReadRequest>,
    /// The requests of both.
    pub m_request: Source<ReadRequest>,
    /// The answers.
    pub s_completion: Sink<ReadCompletion<W>>,
    /// Answers with tags below the split.
    pub m_completion_0: Source<ReadCompletion<W>>,
    /// Answers with the other tags.
    pub m_completion_1: Source<ReadCompletion<W>>,
    turn: Register<Turn>,
    _split: usize,
}

impl<const W: usize> ReadArbiter<W> {
    /// An arbiter where tags below `split` belong to input 0.
    pub fn new(split: usize) -> Self {
        Self { _split: split, ..Default::default() }
    }
}

impl<const W: usize> Logic for ReadArbiter<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, turn);
        let turn = self.turn.q.val();
        let owner = turn.owner;
        let (valid_0, valid_1) = (self.s_request_0.valid.val(), self.s_request_1.valid.val());
        let valid = mux(owner, valid_1, valid_0);
        let ready = self.m_request.ready.val();
        self.m_request.valid.next = valid;
        self.m_request.bits.next = mux(owner, self.s_request_1.bits.val(), self.s_request_0.bits.val());
        self.s_request_0.ready.next = ready && !owner;
        self.s_request_1.ready.next = ready && owner;
        let other = mux(owner, valid_0, valid_1);
        self.turn.d.next = following(turn, Offer { valid, ready, last: true, other });

        let answer = self.s_completion.bits.val();
        let answered = self.s_completion.valid.val();
        let upper = bit_cast::<9, 8>(answer.tag) >= bits::<9>(self._split as u64);
        self.m_completion_0.bits.next = answer;
        self.m_completion_1.bits.next = answer;
        self.m_completion_0.valid.next = answered && !upper;
        self.m_completion_1.valid.next = answered && upper;
        self.s_completion.ready.next = mux(upper, self.m_completion_1.ready.val(), self.m_completion_0.ready.val());
    }
}
