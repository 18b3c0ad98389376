//! Acts on the messages of the host.
//!
//! # Role
//! Between `LinkReceiver` and the engine's ports: completions of reads, accesses to registers.
//!
//! # Ports
//! - `s_word`: `LinkWord`: messages. `m_completion`: `ReadCompletion<64>`. `m_access`: `LinkAccess`.
//! - `tag`: of the completion; `known`, `wanted`: a read with this tag is under way, for so many words: `ReadLedger`
//!   says so one cycle later. `answered`: the read with `tag` is answered.
//! - `stuck`: an answer of a register finds no room.
//! - `idle`: between two messages. `stray`: a pulse for a completion that nobody waits for. `bad`: a pulse for a
//!   message of no known kind, with a wrong length, or behind a read of a register that is not answered and finds no
//!   room.
//!
//! # Handshake
//! Ordinary channels.
//!
//! # Latency
//! A completion takes three cycles and one for each word. An access waits until the one before is done.
//!
//! # Invariant
//! A completion passes only if its length is what the read asked for; a read under way is answered with an error
//! otherwise, so it ends in any case. What a message says of its own length cannot lead beyond its frame. Nothing here
//! waits for the host: room comes with acknowledgements, which come behind the messages. So a host sends no access to
//! a register behind a read of one until that is answered.
use super::record::{LinkAccess, LinkWord, COMPLETION, FAILED, REGISTER_READ, REGISTER_WRITE};
use crate::bundles::ReadCompletion;
use stevedore_hdl::prelude::*;

/// What is done.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// A header comes.
    #[default]
    Header,
    /// The ledger looks up a tag.
    Lookup,
    /// Its answer is there.
    Judge,
    /// Words of a completion.
    Completion,
    /// The end of a completion that failed.
    Failed,
    /// An access to a register.
    Access,
    /// Words that are not looked at.
    Skip,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// Words of the message that are still to come.
    words: Bits<8>,
    tag: Bits<8>,
    failed: bool,
    /// The frame ended with the header.
    ended: bool,
    access: LinkAccess,
    stray: bool,
    bad: bool,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct LinkDispatcher {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Messages.
    pub s_word: Sink<LinkWord>,
    /// Completions of reads.
    pub m_completion: Source<ReadCompletion<64>>,
    /// Accesses to registers.
    pub m_access: Source<LinkAccess>,
    /// The tag of the completion.
    pub tag: Signal<Out, Bits<8>>,
    /// Somebody waits for it.
    pub known: Signal<In, bool>,
    /// For so many words.
    pub wanted: Signal<In, Bits<8>>,
    /// An answer of a register finds no room.
    pub stuck: Signal<In, bool>,
    /// It is answered.
    pub answered: Signal<Out, bool>,
    /// Between two messages.
    pub idle: Signal<Out, bool>,
    /// Nobody waits for a completion.
    pub stray: Signal<Out, bool>,
    /// A message makes no sense.
    pub bad: Signal<Out, bool>,
    state: Register<State>,
}

impl Logic for LinkDispatcher {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let word = self.s_word.bits.val();
        let comes = self.s_word.valid.val();
        let completion_ready = self.m_completion.ready.val();
        let mut next = state;
        next.stray = false;
        next.bad = false;
        let mut takes = false;
        let mut completes = false;
        let mut error = false;
        let mut last = false;
        let mut answered = false;

        let kind = word.data.get_bits::<8>(0);
        let words = word.data.get_bits::<8>(8);
        let argument = word.data.get_bits::<16>(16);
        let offset = argument.get_bits::<12>(0);
        let completion = kind == COMPLETION;
        let write = kind == REGISTER_WRITE;
        let access = (write || kind == REGISTER_READ) && !words.any() && argument.get_bits::<4>(12) == 0;
        let skip = mux(state.words.any() && !state.ended, Phase::Skip, Phase::Header);
        match state.phase {
            Phase::Header => {
                takes = true;
                next.words = words;
                next.tag = argument.get_bits::<8>(0);
                next.failed = argument.get_bit(FAILED) || (word.last && words.any());
                next.ended = word.last;
                next.access = LinkAccess { write: write, offset: offset, value: word.data.get_bits::<32>(32) };
                if comes {
                    if word.cut {
                        next.bad = true;
                    } else if completion {
                        next.phase = Phase::Lookup;
                    } else if access {
                        next.phase = Phase::Access;
                    } else {
                        next.bad = true;
                        next.phase = mux(words.any() && !word.last, Phase::Skip, Phase::Header);
                    }
                }
            }
            Phase::Lookup => {
                next.phase = Phase::Judge;
            }
            Phase::Judge => {
                if !self.known.val() {
                    next.stray = true;
                    next.phase = skip;
                } else if state.failed {
                    next.phase = Phase::Failed;
                } else if state.words != self.wanted.val() {
                    next.bad = true;
                    next.phase = Phase::Failed;
                } else {
                    next.phase = Phase::Completion;
                }
            }
            Phase::Completion => {
                takes = completion_ready;
                completes = comes;
                last = state.words == 1 || word.last;
                error = word.cut || (word.last && state.words != 1);
                answered = comes && completion_ready && last;
                if comes && completion_ready {
                    next.words = state.words - 1;
                    next.bad = error;
                    if last {
                        next.phase = Phase::Header;
                    }
                }
            }
            Phase::Failed => {
                completes = true;
                last = true;
                error = true;
                answered = completion_ready;
                if completion_ready {
                    next.phase = skip;
                }
            }
            Phase::Access => {
                if self.m_access.ready.val() {
                    next.phase = Phase::Header;
                } else if self.stuck.val() {
                    next.bad = true;
                    next.phase = Phase::Header;
                }
            }
            Phase::Skip => {
                takes = true;
                if comes {
                    next.words = state.words - 1;
                    if state.words == 1 || word.last {
                        next.phase = Phase::Header;
                    }
                }
            }
        }
        self.s_word.ready.next = takes;
        self.m_completion.valid.next = completes;
        self.m_completion.bits.next =
            ReadCompletion::<64> { data: word.data, tag: state.tag, last: last, error: error };
        self.m_access.valid.next = state.phase == Phase::Access;
        self.m_access.bits.next = state.access;
        self.tag.next = state.tag;
        self.answered.next = answered;
        self.idle.next = state.phase == Phase::Header;
        self.stray.next = state.stray;
        self.bad.next = state.bad;
        self.state.d.next = next;
    }
}
