//! Puts what the engine has for its host into messages, and messages into slots of the store.
//!
//! # Role
//! Takes writes, read requests, answers of registers and the interrupt line. A slot becomes a frame.
//!
//! # Ports
//! - `s_write`: `WriteBeat<64, 8>`. `s_request`: `ReadRequest`. `s_answer`: `LinkAnswer`. `irq`: the line.
//! - `room`: a slot is open. `wanted`: the wire is free: a slot that holds a message is complete.
//! - `discard`: no host: everything is taken and forgotten.
//! - `store`, `at`, `word`: a word for the open slot. `close`, `words`: the slot is complete.
//! - `filled`: the open slot holds a message.
//!
//! # Handshake
//! Ordinary channels; `s_write.ready` depends on the beat.
//!
//! # Latency
//! A beat per cycle inside a burst, three cycles more for each burst; two for a read request, one for all else.
//!
//! # Invariant
//! What was taken is in the open slot or in front of it, so the host sees messages in the order in which the engine
//! gave them: an interrupt or an answer of a register lies behind every write that was taken before. A message lies in
//! one slot: a burst that has a gap between its bytes, or finds its slot full, is continued as another message. The
//! header of a write is stored last, when its length is known.
use super::record::{header_word, LinkAnswer, FAILED, INTERRUPT, LIMIT, READ, REGISTER, WRITE};
use crate::bundles::{ReadRequest, WriteBeat};
use stevedore_hdl::prelude::*;

/// Words that must be left for a message to begin: header, address and one word.
const LEAST: u64 = 3;

/// What is being stored.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// The first word of a message.
    #[default]
    Begin,
    /// The address of a read.
    ReadAddress,
    /// The words of a write.
    WriteData,
    /// The header of a write.
    WriteHeader,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// Words of complete messages.
    fill: Bits<8>,
    /// Where the next word of a write goes.
    at: Bits<8>,
    /// Bytes of the write so far.
    bytes: Bits<16>,
    /// The word that continues it.
    expected: Bits<64>,
    /// Its last byte is the last of a word.
    full: bool,
    /// The level of the line that the host was told.
    told: bool,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct LinkPacker {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Bursts of writes.
    pub s_write: Sink<WriteBeat<64, 8>>,
    /// Reads.
    pub s_request: Sink<ReadRequest>,
    /// Values of registers.
    pub s_answer: Sink<LinkAnswer>,
    /// The interrupt line.
    pub irq: Signal<In, bool>,
    /// A slot is open.
    pub room: Signal<In, bool>,
    /// The wire is free.
    pub wanted: Signal<In, bool>,
    /// There is no host.
    pub discard: Signal<In, bool>,
    /// A word is stored.
    pub store: Signal<Out, bool>,
    /// Where in the slot.
    pub at: Signal<Out, Bits<8>>,
    /// The word.
    pub word: Signal<Out, Bits<64>>,
    /// The slot is complete.
    pub close: Signal<Out, bool>,
    /// Its words.
    pub words: Signal<Out, Bits<8>>,
    /// The slot holds a message.
    pub filled: Signal<Out, bool>,
    state: Register<State>,
}

impl Logic for LinkPacker {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let write = self.s_write.bits.val();
        let request = self.s_request.bits.val();
        let answer = self.s_answer.bits.val();
        let interrupt = self.irq.val();
        let discard = self.discard.val();
        let mut takes_write = false;
        let mut takes_request = false;
        let mut takes_answer = false;
        let mut store = false;
        let mut at = state.fill;
        let mut word = write.data;
        let mut close = false;

        // Strobes are one run of ones: the lowest says where it begins.
        let mut first = bits::<3>(0);
        for i in 0..8 {
            first = mux(write.strobe.get_bit(7 - i), bits::<3>(7 - i as u64), first);
        }
        let count = ones_count::<4, 8>(write.strobe);
        let begins = state.bytes == 0;
        let continues = begins || (state.full && write.address == state.expected && write.strobe.get_bit(0));
        match state.phase {
            Phase::Begin => {
                next.bytes = bits::<16>(0);
                next.at = state.fill + 2;
                if discard {
                    takes_write = true;
                    takes_request = true;
                    takes_answer = true;
                    next.fill = bits::<8>(0);
                    next.told = false;
                } else if self.room.val() && state.fill.any() && (self.wanted.val() || state.fill > LIMIT - LEAST) {
                    close = true;
                    next.fill = bits::<8>(0);
                } else if self.room.val() {
                    if self.s_answer.valid.val() {
                        let argument = resize::<16, 12>(answer.offset).replace_bit(FAILED, answer.failed);
                        word = header_word(bits::<8>(REGISTER), bits::<8>(0), argument, answer.value);
                        store = true;
                        takes_answer = true;
                        next.fill = state.fill + 1;
                    } else if interrupt != state.told {
                        let level = resize::<32, 1>(from_bool(interrupt));
                        word = header_word(bits::<8>(INTERRUPT), bits::<8>(0), bits::<16>(0), level);
                        store = true;
                        next.told = interrupt;
                        next.fill = state.fill + 1;
                    } else if self.s_request.valid.val() {
                        let tag = resize::<16, 8>(request.tag);
                        word = header_word(bits::<8>(READ), bits::<8>(1), tag, resize::<32, 13>(request.length));
                        store = true;
                        next.phase = Phase::ReadAddress;
                    } else if self.s_write.valid.val() {
                        word = write.address + resize::<64, 3>(first);
                        at = state.fill + 1;
                        store = true;
                        next.phase = Phase::WriteData;
                    }
                }
            }
            Phase::ReadAddress => {
                word = request.address;
                at = state.fill + 1;
                store = true;
                takes_request = true;
                next.fill = state.fill + 2;
                next.phase = Phase::Begin;
            }
            Phase::WriteData => {
                at = state.at;
                let fits = state.at != LIMIT;
                takes_write = continues && fits;
                if self.s_write.valid.val() {
                    store = takes_write;
                    if takes_write {
                        next.at = state.at + 1;
                        next.bytes = state.bytes + resize::<16, 4>(count);
                        next.expected = write.address + 8;
                        next.full = write.strobe.get_bit(7);
                    }
                    if !takes_write || write.last {
                        next.phase = Phase::WriteHeader;
                    }
                }
            }
            Phase::WriteHeader => {
                let words = state.at - state.fill - 1;
                word = header_word(bits::<8>(WRITE), words, state.bytes, bits::<32>(0));
                store = true;
                next.fill = state.at;
                next.phase = Phase::Begin;
            }
        }
        self.s_write.ready.next = takes_write;
        self.s_request.ready.next = takes_request;
        self.s_answer.ready.next = takes_answer;
        self.store.next = store;
        self.at.next = at;
        self.word.next = word;
        self.close.next = close;
        self.words.next = state.fill;
        self.filled.next = state.fill.any();
        self.state.d.next = next;
    }
}
