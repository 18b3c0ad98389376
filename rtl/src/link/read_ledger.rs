//! Which reads of the engine are under way, and how many words answer them.
//!
//! # Role
//! Beside the link's read requests and completions: knows which completion somebody waits for, and answers all reads
//! with an error when the session ends.
//!
//! # Ports
//! - `asked`, `request`: a read leaves the engine. `tag`: a question; `known`, `wanted` are the answer one cycle later.
//!   `answered`: the read with `tag` is answered.
//! - `failing`: nobody else answers: errors come out of `m_completion`. `empty`: no read is under way.
//!
//! # Handshake
//! `m_completion` is an ordinary channel.
//!
//! # Latency
//! While `failing` one tag per cycle, one more for each answer.
//!
//! # Invariant
//! A tag is under way from its request to its last beat: the engine does not use it twice meanwhile.
use super::record::words_of;
use crate::bundles::{ReadCompletion, ReadRequest};
use stevedore_hdl::prelude::*;

/// Tags there are.
const TAGS: usize = 256;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Reads under way, by tag.
    reads: Bits<TAGS>,
    known: bool,
    /// The next tag to be answered with an error.
    turn: Bits<8>,
    /// It is.
    fails: bool,
    empty: bool,
}

/// See the module.
#[derive(LogicBlock)]
pub struct ReadLedger {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// A read leaves the engine.
    pub asked: Signal<In, bool>,
    /// That read.
    pub request: Signal<In, ReadRequest>,
    /// The tag in question.
    pub tag: Signal<In, Bits<8>>,
    /// It is under way.
    pub known: Signal<Out, bool>,
    /// Its words.
    pub wanted: Signal<Out, Bits<8>>,
    /// It is answered.
    pub answered: Signal<In, bool>,
    /// All reads fail.
    pub failing: Signal<In, bool>,
    /// No read is under way.
    pub empty: Signal<Out, bool>,
    /// Errors.
    pub m_completion: Source<ReadCompletion<64>>,
    state: Register<State>,
    words: DualPortRam<Bits<8>>,
}

impl Default for ReadLedger {
    fn default() -> Self {
        ReadLedger {
            clock: Signal::default(),
            reset: Signal::default(),
            asked: Signal::default(),
            request: Signal::default(),
            tag: Signal::default(),
            known: Signal::default(),
            wanted: Signal::default(),
            answered: Signal::default(),
            failing: Signal::default(),
            empty: Signal::default(),
            m_completion: Source::default(),
            state: Register::default(),
            // The tag in question was asked for long before, or is not known.
            words: DualPortRam::new(TAGS).no_rw_check(),
        }
    }
}

impl Logic for ReadLedger {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, words);
        let state = self.state.q.val();
        let request = self.request.val();
        let mut next = state;
        next.known = state.reads.get_bit(self.tag.val().index());
        next.empty = !state.reads.any();
        if self.answered.val() {
            next.reads = next.reads.replace_bit(self.tag.val().index(), false);
        }
        if state.fails {
            if self.m_completion.ready.val() {
                next.fails = false;
                next.reads = next.reads.replace_bit(state.turn.index(), false);
                next.turn = state.turn + 1;
            }
        } else if self.failing.val() {
            next.fails = state.reads.get_bit(state.turn.index());
            next.turn = mux(next.fails, state.turn, state.turn + 1);
        }
        if self.asked.val() {
            next.reads = next.reads.replace_bit(request.tag.index(), true);
        }
        self.words.write_enable.next = self.asked.val();
        self.words.write_address.next = resize::<16, 8>(request.tag);
        self.words.write_data.next = words_of(request.address, request.length);
        self.words.read_address.next = resize::<16, 8>(self.tag.val());
        self.known.next = state.known;
        self.wanted.next = self.words.read_data.val();
        self.empty.next = state.empty;
        self.m_completion.valid.next = state.fails;
        self.m_completion.bits.next =
            ReadCompletion::<64> { data: bits::<64>(0), tag: state.turn, last: true, error: true };
        self.state.d.next = next;
    }
}
