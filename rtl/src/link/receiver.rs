//! Reads the headers of the link's frames and lets the messages of the next numbered one pass.
//!
//! # Role
//! Behind the store of whole frames; `LinkDispatcher` acts on the messages, `LinkSession` on what begins a session.
//!
//! # Ports
//! - `s_frame`: `Beat<64>`: frames of the link, whole and right. `m_word`: `LinkWord`: messages.
//! - `own`, `host`, `session`, `open`: our MAC, and the session. `clear`: numbers begin anew.
//! - `header`, `settings`: of the frame that a pulse is about. `heard`: a frame of this session; its acknowledgement
//!   holds. `opens`: a frame begins a session. `probes`: somebody asks who is there. `foreign`: a frame that is none of
//!   these, or comes from another host or another session. `malformed`: a frame that ends before its messages do.
//! - `expected`: the number that is next. `gap`: one is missing, and the host was not told. `owed`: the host waits for
//!   an acknowledgement. `told`: it is on its way.
//!
//! # Handshake
//! Ordinary channels; `s_frame.ready` follows `m_word.ready` inside messages.
//!
//! # Latency
//! Four cycles for a header, then a word per cycle. Pulses come one cycle after the fourth word.
//!
//! # Invariant
//! Words pass only of a frame from the host of the session, to us, of this session, with the number that is expected;
//! so every message passes once, in order, and none of a session that is over.
use super::record::{LinkHeader, LinkWord, ANSWER, BROADCAST, DATA, ETHER_TYPE, OPEN, PROBE};
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// Which word of a frame comes.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Destination.
    #[default]
    First,
    /// Source, type, kind, flags.
    Second,
    /// Session, number, acknowledgement.
    Third,
    /// How many words of messages.
    Fourth,
    /// Messages.
    Messages,
    /// What is not looked at.
    Rest,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// The frame is to us.
    ours: bool,
    header: LinkHeader,
    settings: Bits<32>,
    /// Words of messages that are still to come.
    words: Bits<8>,
    expected: Bits<16>,
    gap: bool,
    /// The host was told of the gap.
    asked: bool,
    owed: bool,
    heard: bool,
    opens: bool,
    probes: bool,
    foreign: bool,
    malformed: bool,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct LinkReceiver {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Frames of the link.
    pub s_frame: Sink<Beat<64>>,
    /// Messages.
    pub m_word: Source<LinkWord>,
    /// Our MAC.
    pub own: Signal<In, Bits<48>>,
    /// The MAC of the session's host.
    pub host: Signal<In, Bits<48>>,
    /// The session.
    pub session: Signal<In, Bits<32>>,
    /// There is a session.
    pub open: Signal<In, bool>,
    /// Numbers begin anew.
    pub clear: Signal<In, bool>,
    /// Header of the last frame.
    pub header: Signal<Out, LinkHeader>,
    /// Its fourth word.
    pub settings: Signal<Out, Bits<32>>,
    /// A frame of the session.
    pub heard: Signal<Out, bool>,
    /// A frame begins a session.
    pub opens: Signal<Out, bool>,
    /// A frame asks who is there.
    pub probes: Signal<Out, bool>,
    /// A frame that is not looked at.
    pub foreign: Signal<Out, bool>,
    /// A frame is too short.
    pub malformed: Signal<Out, bool>,
    /// The next number.
    pub expected: Signal<Out, Bits<16>>,
    /// A number is missing.
    pub gap: Signal<Out, bool>,
    /// The host waits for an acknowledgement.
    pub owed: Signal<Out, bool>,
    /// It is on its way.
    pub told: Signal<In, bool>,
    state: Register<State>,
}

impl Logic for LinkReceiver {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let beat = self.s_frame.bits.val();
        let word = beat.data;
        let header = state.header;
        let mut next = state;
        next.heard = false;
        next.opens = false;
        next.probes = false;
        next.foreign = false;
        next.malformed = false;
        if self.told.val() {
            next.owed = false;
            next.asked = state.asked || state.gap;
            next.gap = false;
        }

        let messages = state.phase == Phase::Messages;
        let ended = state.words == 1 || beat.last;
        let cut = beat.last && (state.words != 1 || beat.count != 8);
        let ready = self.m_word.ready.val() || !messages;
        let same = header.source == self.host.val() && header.session == self.session.val();
        let distance = header.number - state.expected;
        let count = word.get_bits::<8>(0);
        if self.s_frame.valid.val() && ready {
            match state.phase {
                Phase::First => {
                    next.ours = word.get_bits::<48>(0) == self.own.val() || word.get_bits::<48>(0) == BROADCAST;
                    next.header.source = resize::<48, 16>(word.get_bits::<16>(48));
                    next.phase = Phase::Second;
                }
                Phase::Second => {
                    next.header.source = cat::<32, 16, 48>(word.get_bits::<32>(0), header.source.get_bits::<16>(0));
                    next.ours = state.ours && word.get_bits::<16>(32) == ETHER_TYPE;
                    next.header.kind = word.get_bits::<8>(48);
                    next.header.flags = word.get_bits::<8>(56);
                    next.phase = Phase::Third;
                }
                Phase::Third => {
                    next.header.session = word.get_bits::<32>(0);
                    next.header.number = word.get_bits::<16>(32);
                    next.header.acknowledgement = word.get_bits::<16>(48);
                    next.phase = Phase::Fourth;
                }
                Phase::Fourth => {
                    next.settings = word.get_bits::<32>(0);
                    next.words = count;
                    next.phase = Phase::Rest;
                    if state.ours && header.kind == OPEN {
                        next.opens = true;
                    } else if state.ours && header.kind == PROBE {
                        next.probes = true;
                    } else if state.ours && header.kind == DATA && self.open.val() && same {
                        next.heard = true;
                        if count.any() {
                            next.owed = true;
                            if distance == 0 {
                                next.expected = state.expected + 1;
                                next.gap = false;
                                next.asked = false;
                                next.malformed = beat.last;
                                next.phase = Phase::Messages;
                            } else if !distance.get_bit(15) && !state.asked {
                                next.gap = true;
                            }
                        } else if header.flags.get_bit(ANSWER) {
                            next.owed = true;
                        }
                    } else {
                        next.foreign = true;
                    }
                }
                Phase::Messages => {
                    next.words = state.words - 1;
                    if ended {
                        next.phase = Phase::Rest;
                        next.malformed = cut;
                    }
                }
                Phase::Rest => {}
            }
            if beat.last {
                if state.phase == Phase::First || state.phase == Phase::Second || state.phase == Phase::Third {
                    next.malformed = true;
                }
                next.phase = Phase::First;
            }
        }
        if self.clear.val() {
            next.expected = bits::<16>(0);
            next.gap = false;
            next.asked = false;
            next.owed = false;
        }
        self.s_frame.ready.next = ready;
        self.m_word.valid.next = messages && self.s_frame.valid.val();
        self.m_word.bits.next = LinkWord { data: word, last: ended, cut: cut };
        self.header.next = header;
        self.settings.next = state.settings;
        self.heard.next = state.heard;
        self.opens.next = state.opens;
        self.probes.next = state.probes;
        self.foreign.next = state.foreign;
        self.malformed.next = state.malformed;
        self.expected.next = state.expected;
        self.gap.next = state.gap;
        self.owed.next = state.owed;
        self.state.d.next = next;
    }
}
