//! Sends the link's frames.
//!
//! # Role
//! Between the store of messages and the arbiter in front of the wire: frames of messages, acknowledgements alone,
//! replies outside of the numbered frames.
//!
//! # Ports
//! - `own`: our MAC. `host`, `session`: of the session. `open`: there is one, with a host that is alive. `allowed`: the
//!   share of the wire allows a frame.
//! - `s_reply`: `LinkReply`: a reply to be sent. `counters`: what an identity tells, three words.
//! - `waits`, `number`, `words`: a frame of messages, see `LinkWindow`; `take`: it is being sent.
//! - `filled`: messages wait in the open slot, and need not wait for more; `wanted`: they may go.
//! - `expected`, `gap`, `owed`: the number that is expected from the host, a frame is missing, the host waits for our
//!   word about it; `told`: it is on its way.
//! - `load`, `slot`, `at`, `word`: the store: reads when `load`, the word is there a cycle later.
//! - `m_frame`: `Beat<64>`.
//!
//! # Handshake
//! Ordinary channels. Once a frame has begun its beats follow without a pause.
//!
//! # Latency
//! Two cycles from a reason to send to the first beat; two between frames.
//!
//! # Invariant
//! A frame in flight goes on when the session ends: it knows all it needs. Beats are whole words, and at least as many
//! as the shortest frame has.
use super::record::{LinkReply, DATA, ETHER_TYPE, REPEAT, SHORTEST};
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// Words of the header.
const HEADER: u64 = stevedore_abi::link::HEADER_WORDS as u64;
/// First word of an identity.
const MAGIC: u64 = stevedore_abi::link::MAGIC as u64 | (stevedore_abi::link::VERSION as u64) << 32;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    sending: bool,
    kind: Bits<8>,
    repeat: bool,
    destination: Bits<48>,
    session: Bits<32>,
    number: Bits<16>,
    expected: Bits<16>,
    words: Bits<8>,
    /// The word that is loaded next, and how many there are.
    position: Bits<8>,
    total: Bits<8>,
    /// A beat is offered; it comes from the store; it is the last.
    valid: bool,
    stored: bool,
    last: bool,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct LinkTransmitter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Our MAC.
    pub own: Signal<In, Bits<48>>,
    /// The host's.
    pub host: Signal<In, Bits<48>>,
    /// The session.
    pub session: Signal<In, Bits<32>>,
    /// The host is there.
    pub open: Signal<In, bool>,
    /// A frame may begin.
    pub allowed: Signal<In, bool>,
    /// Replies.
    pub s_reply: Sink<LinkReply>,
    /// What an identity tells.
    pub counters: Signal<In, Bits<192>>,
    /// A frame of messages is to be sent.
    pub waits: Signal<In, bool>,
    /// Its number.
    pub number: Signal<In, Bits<16>>,
    /// Its words.
    pub words: Signal<In, Bits<8>>,
    /// It is being sent.
    pub take: Signal<Out, bool>,
    /// Messages wait in the open slot, and need not wait for more.
    pub filled: Signal<In, bool>,
    /// They may go.
    pub wanted: Signal<Out, bool>,
    /// The number expected from the host.
    pub expected: Signal<In, Bits<16>>,
    /// A frame is missing.
    pub gap: Signal<In, bool>,
    /// The host waits for an acknowledgement.
    pub owed: Signal<In, bool>,
    /// It is on its way.
    pub told: Signal<Out, bool>,
    /// The store reads.
    pub load: Signal<Out, bool>,
    /// From this slot.
    pub slot: Signal<Out, Bits<3>>,
    /// This word.
    pub at: Signal<Out, Bits<8>>,
    /// What it read.
    pub word: Signal<In, Bits<64>>,
    /// Frames.
    pub m_frame: Source<Beat<64>>,
    state: Register<State>,
    header: Flop<Bits<64>>,
}

impl Logic for LinkTransmitter {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, header);
        let state = self.state.q.val();
        let own = self.own.val();
        let counters = self.counters.val();
        let mut next = state;
        let mut take = false;
        let mut told = false;
        let mut wanted = false;
        let mut takes_reply = false;

        let advance = self.m_frame.ready.val() || !state.valid;
        let at = state.position - HEADER;
        let stored = state.kind == DATA && state.position >= HEADER && at < state.words;
        if state.sending {
            if advance {
                next.valid = true;
                next.stored = stored;
                next.position = state.position + 1;
                next.last = next.position == state.total;
                next.sending = !next.last;
            }
        } else {
            if advance {
                next.valid = false;
            }
            let reply = self.s_reply.bits.val();
            next.position = bits::<8>(0);
            next.total = bits::<8>(SHORTEST);
            next.words = bits::<8>(0);
            next.kind = bits::<8>(DATA);
            next.destination = self.host.val();
            next.session = self.session.val();
            next.number = self.number.val();
            next.expected = self.expected.val();
            next.repeat = self.gap.val();
            if self.allowed.val() && self.s_reply.valid.val() {
                takes_reply = true;
                next.sending = true;
                next.kind = reply.kind;
                next.destination = reply.destination;
                next.session = reply.session;
                next.repeat = false;
            } else if self.allowed.val() && self.open.val() {
                wanted = self.filled.val() && !self.waits.val();
                take = self.waits.val();
                if take {
                    let total = self.words.val() + HEADER;
                    next.words = self.words.val();
                    next.total = mux(total < SHORTEST, bits::<8>(SHORTEST), total);
                }
                told = take || (self.owed.val() && !self.filled.val());
                next.sending = told;
            }
        }

        let kind = cat::<8, 8, 16>(bits::<8>(0).replace_bit(REPEAT, state.repeat), state.kind);
        let second = cat::<16, 16, 32>(kind, bits::<16>(ETHER_TYPE));
        let third = cat::<16, 16, 32>(state.expected, state.number);
        let mut header = bits::<64>(0);
        if state.position == 0 {
            header = cat::<16, 48, 64>(own.get_bits::<16>(0), state.destination);
        } else if state.position == 1 {
            header = cat::<32, 32, 64>(second, own.get_bits::<32>(16));
        } else if state.position == 2 {
            header = cat::<32, 32, 64>(third, state.session);
        } else if state.position == 3 {
            header = resize::<64, 8>(state.words);
        } else if state.kind != DATA {
            if state.position == 4 {
                header = bits::<64>(MAGIC);
            } else if state.position == 5 {
                header = counters.get_bits::<64>(0);
            } else if state.position == 6 {
                header = counters.get_bits::<64>(64);
            } else {
                header = counters.get_bits::<64>(128);
            }
        }
        self.header.d.next = mux(advance, header, self.header.q.val());
        self.load.next = advance;
        self.slot.next = state.number.get_bits::<3>(0);
        self.at.next = at;
        self.m_frame.valid.next = state.valid;
        self.m_frame.bits.next = Beat::<64> {
            data: mux(state.stored, self.word.val(), self.header.q.val()),
            count: bits::<7>(8),
            last: state.last,
            error: false,
        };
        self.s_reply.ready.next = takes_reply;
        self.take.next = take;
        self.told.next = told;
        self.wanted.next = wanted;
        self.state.d.next = next;
    }
}
