//! Who the host is, and how a session begins.
//!
//! # Role
//! Beside `LinkReceiver`. A session begins with an engine that was stopped and reset, with numbers and stores anew.
//!
//! ```text
//!           accepted             engine halted, reads answered          reset is over
//! Closed -------------> Halting ------------------------------> Resetting -----------> Open
//!                          ^                                                            |
//!                          '------------------------------------------------------------'
//! ```
//!
//! # Ports
//! - `opens`, `probes`, `heard`, `header`, `settings_word`: what the receiver saw. `m_reply`: `LinkReply`.
//! - `open`, `host`, `session`, `settings`: the session. `alive`: the host was heard from of late.
//! - `clear`: no session: numbers begin anew, what the engine gives is thrown away. `halt`, `halted`: of the engine.
//!   `failing`: reads are answered with errors. `quiet`: no access and no completion is under way. `empty`: no read is.
//!   `engine_reset`: the engine begins anew.
//! - `refused`: a pulse for each host that was turned away.
//!
//! # Handshake
//! `m_reply` is an ordinary channel; a reply that waits is replaced by the next: whoever asked asks again.
//!
//! # Latency
//! That of the engine's stop, and its reset.
//!
//! # Invariant
//! While the host of a session is alive nobody else begins one. The same session is not begun twice, so the repetition
//! of an `OPEN` does no harm.
use super::record::{LinkHeader, LinkReply, LinkSettings, IDENTITY, OPENED, REFUSED};
use crate::host::RESET_CYCLES;
use stevedore_hdl::prelude::*;

/// The longest read and burst a frame can carry.
const GREATEST: u64 = stevedore_abi::link::GREATEST_LIMIT as u64;

/// How far the session is.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// There was none since the reset.
    #[default]
    Closed,
    /// The engine stops.
    Halting,
    /// The engine is reset.
    Resetting,
    /// The host is obeyed.
    Open,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    host: Bits<48>,
    session: Bits<32>,
    settings: LinkSettings,
    /// Cycles since the host was heard.
    silence: Bits<32>,
    cycles: Bits<5>,
    reply: LinkReply,
    replies: bool,
    refused: bool,
}

/// See the module.
#[derive(LogicBlock)]
pub struct LinkSession {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// A frame begins a session.
    pub opens: Signal<In, bool>,
    /// A frame asks who is there.
    pub probes: Signal<In, bool>,
    /// A frame of the session.
    pub heard: Signal<In, bool>,
    /// Its header.
    pub header: Signal<In, LinkHeader>,
    /// Its fourth word.
    pub settings_word: Signal<In, Bits<32>>,
    /// Replies.
    pub m_reply: Source<LinkReply>,
    /// There is a session.
    pub open: Signal<Out, bool>,
    /// Its host.
    pub host: Signal<Out, Bits<48>>,
    /// Its number.
    pub session: Signal<Out, Bits<32>>,
    /// What the host settled.
    pub settings: Signal<Out, LinkSettings>,
    /// The host is there.
    pub alive: Signal<Out, bool>,
    /// A session is about to begin.
    pub clear: Signal<Out, bool>,
    /// The engine is to stop.
    pub halt: Signal<Out, bool>,
    /// It has.
    pub halted: Signal<In, bool>,
    /// Reads are answered with errors.
    pub failing: Signal<Out, bool>,
    /// Nothing of the session before is under way.
    pub quiet: Signal<In, bool>,
    /// No read is under way.
    pub empty: Signal<In, bool>,
    /// The engine is reset.
    pub engine_reset: Signal<Out, bool>,
    /// A host was turned away.
    pub refused: Signal<Out, bool>,
    state: Register<State>,
    patience: Constant<Bits<32>>,
}

impl LinkSession {
    /// A host that was not heard from for `patience` cycles is gone.
    pub fn new(patience: u32) -> Self {
        LinkSession {
            clock: Signal::default(),
            reset: Signal::default(),
            opens: Signal::default(),
            probes: Signal::default(),
            heard: Signal::default(),
            header: Signal::default(),
            settings_word: Signal::default(),
            m_reply: Source::default(),
            open: Signal::default(),
            host: Signal::default(),
            session: Signal::default(),
            settings: Signal::default(),
            alive: Signal::default(),
            clear: Signal::default(),
            halt: Signal::default(),
            halted: Signal::default(),
            failing: Signal::default(),
            quiet: Signal::default(),
            empty: Signal::default(),
            engine_reset: Signal::default(),
            refused: Signal::default(),
            state: Register::default(),
            patience: Constant::new(u64::from(patience).into()),
        }
    }
}

impl Logic for LinkSession {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let header = self.header.val();
        let word = self.settings_word.val();
        let mut next = state;
        next.refused = false;
        let alive = state.silence != self.patience.val();
        next.silence = mux(alive, state.silence + 1, state.silence);
        if self.heard.val() {
            next.silence = bits::<32>(0);
        }
        if self.m_reply.ready.val() {
            next.replies = false;
        }

        let mut reply = LinkReply { kind: bits::<8>(IDENTITY), destination: header.source, session: header.session };
        let mut replies = self.probes.val();
        match state.phase {
            Phase::Closed | Phase::Open => {
                let open = state.phase == Phase::Open;
                let same = header.source == state.host;
                if self.opens.val() && open && same && header.session == state.session {
                    reply.kind = bits::<8>(OPENED);
                    replies = true;
                    next.silence = bits::<32>(0);
                } else if self.opens.val() && open && alive && !same {
                    reply.kind = bits::<8>(REFUSED);
                    replies = true;
                    next.refused = true;
                } else if self.opens.val() {
                    let read = word.get_bits::<3>(0);
                    let write = word.get_bits::<3>(8);
                    next.host = header.source;
                    next.session = header.session;
                    next.settings = LinkSettings {
                        maximum_read: mux(read > GREATEST, bits::<3>(GREATEST), read),
                        maximum_write: mux(write > GREATEST, bits::<3>(GREATEST), write),
                        share: word.get_bits::<16>(16),
                    };
                    next.phase = Phase::Halting;
                }
                next.cycles = bits::<5>(0);
            }
            Phase::Halting => {
                if self.halted.val() && self.quiet.val() && self.empty.val() {
                    next.phase = Phase::Resetting;
                }
            }
            Phase::Resetting => {
                next.cycles = state.cycles + 1;
                if state.cycles == RESET_CYCLES {
                    next.phase = Phase::Open;
                    next.silence = bits::<32>(0);
                    reply = LinkReply { kind: bits::<8>(OPENED), destination: state.host, session: state.session };
                    replies = true;
                }
            }
        }
        if replies {
            next.reply = reply;
            next.replies = true;
        }
        let clear = state.phase == Phase::Halting || state.phase == Phase::Resetting;
        self.m_reply.valid.next = state.replies;
        self.m_reply.bits.next = state.reply;
        self.open.next = state.phase == Phase::Open;
        self.host.next = state.host;
        self.session.next = state.session;
        self.settings.next = state.settings;
        self.alive.next = alive;
        self.clear.next = clear;
        self.halt.next = clear;
        self.failing.next = state.phase == Phase::Halting && self.quiet.val();
        self.engine_reset.next = state.phase == Phase::Resetting;
        self.refused.next = state.refused;
        self.state.d.next = next;
    }
}
