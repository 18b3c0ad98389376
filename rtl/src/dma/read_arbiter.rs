//! Read arbiter: several readers share the memory port.
//!
//! # Role
//! Merges payload reads (`tx`) and descriptor reads (`host::Fetcher`), by a `dma::Reader` and a `dma::Gather` with
//! their own ranges of tags.
//!
//! # Ports
//! - `s_request`: `ReadRequest`: requests, each input's with tags of its own range.
//! - `m_request`: `ReadRequest`: those of all, taking turns when several wait.
//! - `s_completion`: `ReadCompletion<W>`: the answers.
//! - `m_completion`: `ReadCompletion<W>`: the answers, by tag.
//!
//! # Handshake
//! A request input's `ready` depends on `m_request.ready` and on a register: readers offer requests from registers and
//! the port answers from one. A completion's `ready` is that of the reader it belongs to.
//!
//! # Latency
//! None, because both ends of a read count twice for every byte sent, but a cycle for a request of an input other than
//! 0 when it was idle. One request and one completion beat per cycle.
//!
//! # Invariant
//! Beats of one tag keep their order. A reader that is always ready, as all are, never holds the others up.
use crate::bundles::{ReadCompletion, ReadRequest};
use crate::stream::grants::Grants;
use stevedore_hdl::prelude::*;

/// Merges `N` read ports; see the module's text.
#[derive(LogicBlock)]
pub struct ReadArbiter<const W: usize, const N: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Requests.
    pub s_request: [Sink<ReadRequest>; N],
    /// The requests of all.
    pub m_request: Source<ReadRequest>,
    /// The answers.
    pub s_completion: Sink<ReadCompletion<W>>,
    /// The answers, each to the input that asked.
    pub m_completion: [Source<ReadCompletion<W>>; N],
    grants: Grants<N>,
    _first_tags: [usize; N],
}

impl<const W: usize, const N: usize> ReadArbiter<W, N> {
    /// An arbiter whose input i owns the tags from `first_tags[i]` up to the next input's first; input 0 owns all below
    /// that of input 1.
    pub fn new(first_tags: [usize; N]) -> Self {
        assert!(first_tags.is_sorted() && first_tags[0] == 0 && first_tags[N - 1] < 256, "tags from {first_tags:?}");
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            s_request: std::array::from_fn(|_| Sink::default()),
            m_request: Source::default(),
            s_completion: Sink::default(),
            m_completion: std::array::from_fn(|_| Source::default()),
            grants: Grants::default(),
            _first_tags: first_tags,
        }
    }
}

impl<const W: usize, const N: usize> Logic for ReadArbiter<W, N> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, grants);
        let owner = self.grants.owner.val();
        let ready = self.m_request.ready.val();
        let mut valid = bits::<N>(0);
        let mut request = self.s_request[0].bits.val();
        for i in 0..N {
            valid = valid.replace_bit(i, self.s_request[i].valid.val());
            request = mux(owner.get_bit(i), self.s_request[i].bits.val(), request);
            self.s_request[i].ready.next = ready && owner.get_bit(i);
        }
        self.m_request.valid.next = (valid & owner).any();
        self.m_request.bits.next = request;
        self.grants.valid.next = valid;
        self.grants.ready.next = ready;
        self.grants.last.next = true;

        // The tag belongs to the last input whose range begins at or below it.
        let answer = self.s_completion.bits.val();
        let answered = self.s_completion.valid.val();
        let mut passes_on = true;
        let mut ready = false;
        for back in 0..N {
            let i = N - 1 - back;
            let first = bits::<9>(self._first_tags[i] as u64);
            let mine = passes_on && (i == 0 || bit_cast::<9, 8>(answer.tag) >= first);
            self.m_completion[i].bits.next = answer;
            self.m_completion[i].valid.next = answered && mine;
            ready = ready || (mine && self.m_completion[i].ready.val());
            passes_on = passes_on && !mine;
        }
        self.s_completion.ready.next = ready;
    }
}
