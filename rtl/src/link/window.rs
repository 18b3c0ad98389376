//! Numbers the frames of messages, and says which is to be sent, for the first time or again.
//!
//! # Role
//! Between `LinkPacker`, which fills slots of the store, and `LinkTransmitter`, which sends them. A frame's slot is the
//! low part of its number.
//!
//! # Ports
//! - `clear`: numbers begin anew. `close`, `close_words`: the open slot is complete, with so many words.
//! - `acknowledged`, `acknowledgement`: the host expects this number next. `repeat`: with it: it missed a frame.
//! - `take`: the frame offered is being sent.
//! - `room`: there is an open slot, `open_slot`. `calm`: few frames are under way: another may go before it is full.
//!   `waits`, `number`, `words`: a frame to be sent, and its length.
//! - `repeated`: a pulse when frames are to be sent again. `bad`: a pulse for an acknowledgement of what was not sent.
//!
//! # Handshake
//! None: `close` comes while there is `room` only, `take` while a frame `waits` only.
//!
//! # Latency
//! One cycle.
//!
//! # Invariant
//! `base` <= `send` <= `next` <= `base` + the window, modulo 2^16: the slots from `base` to `next` are not written. The
//! age counts while frames are under way only, and begins anew with each of them: a frame is repeated when nothing was
//! acknowledged for the time-out after the last was sent.
use super::record::WINDOW;
use stevedore_hdl::prelude::*;

/// Frames under way below which another need not be full.
const CALM: u64 = WINDOW / 4;
/// Slots.
const SLOTS: usize = stevedore_abi::link::WINDOW;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// The oldest frame not acknowledged.
    base: Bits<16>,
    /// The frame to be sent.
    send: Bits<16>,
    /// The frame that is being filled.
    next: Bits<16>,
    /// Cycles without an acknowledgement.
    age: Bits<32>,
    repeated: bool,
    bad: bool,
}

/// See the module.
#[derive(LogicBlock)]
pub struct LinkWindow {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Numbers begin anew.
    pub clear: Signal<In, bool>,
    /// The open slot is complete.
    pub close: Signal<In, bool>,
    /// Its words.
    pub close_words: Signal<In, Bits<8>>,
    /// The host said what it expects.
    pub acknowledged: Signal<In, bool>,
    /// That number.
    pub acknowledgement: Signal<In, Bits<16>>,
    /// It missed a frame.
    pub repeat: Signal<In, bool>,
    /// The frame offered is being sent.
    pub take: Signal<In, bool>,
    /// A slot is open.
    pub room: Signal<Out, bool>,
    /// Few frames are under way.
    pub calm: Signal<Out, bool>,
    /// Which.
    pub open_slot: Signal<Out, Bits<3>>,
    /// A frame is to be sent.
    pub waits: Signal<Out, bool>,
    /// Its number.
    pub number: Signal<Out, Bits<16>>,
    /// Its words.
    pub words: Signal<Out, Bits<8>>,
    /// Frames are to be sent again.
    pub repeated: Signal<Out, bool>,
    /// An acknowledgement makes no sense.
    pub bad: Signal<Out, bool>,
    state: Register<State>,
    lengths: [Flop<Bits<8>>; SLOTS],
    timeout: Constant<Bits<32>>,
}

impl LinkWindow {
    /// Frames are repeated after `timeout` cycles.
    pub fn new(timeout: u32) -> Self {
        assert_eq!(SLOTS, 8, "slots have three bits");
        LinkWindow {
            clock: Signal::default(),
            reset: Signal::default(),
            clear: Signal::default(),
            close: Signal::default(),
            close_words: Signal::default(),
            acknowledged: Signal::default(),
            acknowledgement: Signal::default(),
            repeat: Signal::default(),
            take: Signal::default(),
            room: Signal::default(),
            calm: Signal::default(),
            open_slot: Signal::default(),
            waits: Signal::default(),
            number: Signal::default(),
            words: Signal::default(),
            repeated: Signal::default(),
            bad: Signal::default(),
            state: Register::default(),
            lengths: Default::default(),
            timeout: Constant::new(u64::from(timeout).into()),
        }
    }
}

impl Logic for LinkWindow {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        next.repeated = false;
        next.bad = false;
        let flying = state.send != state.base;
        let mut words = bits::<8>(0);
        for i in 0..SLOTS {
            self.lengths[i].clock.next = self.clock.val();
            let opened = state.next.get_bits::<3>(0) == i as u64;
            let closes = self.close.val() && opened;
            self.lengths[i].d.next = mux(closes, self.close_words.val(), self.lengths[i].q.val());
            words = mux(state.send.get_bits::<3>(0) == i as u64, self.lengths[i].q.val(), words);
        }

        next.age = mux(flying, state.age + 1, bits::<32>(0));
        if self.take.val() {
            next.send = state.send + 1;
            next.age = bits::<32>(0);
        }
        let acknowledgement = self.acknowledgement.val();
        let sent = state.next - state.base;
        let got = acknowledgement - state.base;
        let again = self.acknowledged.val() && self.repeat.val() && got <= sent;
        if self.acknowledged.val() {
            if got > sent {
                next.bad = true;
            } else if got != 0 {
                next.base = acknowledgement;
                next.age = bits::<32>(0);
                // Frames that were to be sent again, and need not.
                if got > next.send - state.base {
                    next.send = acknowledgement;
                }
            }
        }
        if (again && flying) || state.age == self.timeout.val() {
            next.send = next.base;
            next.age = bits::<32>(0);
            next.repeated = true;
        }
        if self.close.val() {
            next.next = state.next + 1;
        }
        if self.clear.val() {
            next.base = bits::<16>(0);
            next.send = bits::<16>(0);
            next.next = bits::<16>(0);
            next.age = bits::<32>(0);
        }
        self.room.next = (state.next - state.base) != WINDOW;
        self.calm.next = (state.next - state.base) < CALM;
        self.open_slot.next = state.next.get_bits::<3>(0);
        self.waits.next = state.send != state.next;
        self.number.next = state.send;
        self.words.next = words;
        self.repeated.next = state.repeated;
        self.bad.next = state.bad;
        self.state.d.next = next;
    }
}
