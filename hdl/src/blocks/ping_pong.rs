//! A two-word buffer that registers a channel both ways and has no wide enable that comes late.
//!
//! # Role
//! Does what [`SkidBuffer`](super::SkidBuffer) does, for wide words whose `m_out.ready` is decided late: neither word
//! waits for that decision. The price is a multiplexer behind the words instead of in front of them.
//!
//! A *single* one has only one of the words, at half the price and without that multiplexer: for readers who take a
//! word every second cycle at most, and look closely at it before they do.
//!
//! # Ports
//! `s_in` takes words, `m_out` gives them in the same order.
//!
//! # Handshake
//! As in [`crate::channel`]; `s_in.ready` does not depend on `s_in.valid` or `m_out.ready` of the same cycle;
//! `s_in.ready` and `m_out.valid` are registers, `m_out.bits` is chosen by one.
//!
//! # Latency
//! One cycle; one word per cycle, a single one gives a word every second cycle.
//!
//! # Invariant
//! A word that is not held follows the input in every cycle; `turn` names the word offered, or the one that will be
//! offered next. The other word is held only when `ready` is low. In a single one `ready` is always the opposite of
//! `valid`: a register of its own, because the word hangs on it.

use super::{Flop, Register};
use crate::prelude::*;

/// See the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct PingPong<T: Symbolic> {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous.
    pub reset: Signal<In, bool>,
    /// Words in.
    pub s_in: Sink<T>,
    /// Words out.
    pub m_out: Source<T>,
    /// Always the opposite of `s_in.ready`: a register of its own, for those who use the other widely and need an
    /// answer soon.
    pub full: Signal<Out, bool>,
    valid: Register<bool>,
    both: Register<bool>,
    ready: Register<bool>,
    turn: Register<bool>,
    word: [Flop<T>; 2],
    _single: bool,
}

impl<T: Symbolic> PingPong<T> {
    /// One that holds one word, and gives one every second cycle.
    pub fn single() -> Self {
        PingPong { _single: true, ..Self::default() }
    }
}

impl<T: Symbolic> Default for PingPong<T> {
    fn default() -> Self {
        PingPong {
            clock: Signal::default(),
            reset: Signal::default(),
            s_in: Sink::default(),
            m_out: Source::default(),
            full: Signal::default(),
            valid: Register::default(),
            both: Register::default(),
            ready: Register::new(true),
            turn: Register::default(),
            word: Default::default(),
            _single: false,
        }
    }
}

impl<T: Symbolic> Logic for PingPong<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, valid, both, ready, turn);
        clocks!(self, word[0], word[1]);
        let valid = self.valid.q.val();
        let ready = self.ready.q.val();
        let turn = self.turn.q.val();
        let both = self.both.q.val();
        let words = [self.word[0].q.val(), self.word[1].q.val()];
        let word = self.s_in.bits.val();
        self.full.next = both;
        self.m_out.valid.next = valid;
        if self._single {
            let full = if valid { !self.m_out.ready.val() } else { self.s_in.valid.val() };
            self.word[0].d.next = if ready { word } else { words[0] };
            self.word[1].d.next = words[1];
            self.turn.d.next = false;
            self.valid.d.next = full;
            self.both.d.next = full;
            self.ready.d.next = !full;
            self.s_in.ready.next = !valid;
            self.m_out.bits.next = words[0];
        } else {
            let take = self.s_in.valid.val() && !both;
            let give = self.m_out.ready.val() && valid;
            let held_0 = valid && (!turn || both);
            let held_1 = valid && (turn || both);
            self.word[0].d.next = if held_0 { words[0] } else { word };
            self.word[1].d.next = if held_1 { words[1] } else { word };
            self.turn.d.next = turn != give;
            self.valid.d.next = take || both || (valid && !give);
            self.both.d.next = !give && (both || (take && valid));
            self.ready.d.next = give || !(both || (take && valid));
            self.s_in.ready.next = ready;
            self.m_out.bits.next = if turn { words[1] } else { words[0] };
        }
    }
}
