//! A place beside a channel, for one word whose reader is busy.
//!
//! # Role
//! Evens out readers that need several cycles for a word: the writer hands over one word more than they can take, and
//! goes on with what is for others. A word that finds its reader ready passes at once.
//!
//! # Ports
//! `s_in` takes words, `m_out` gives them in the same order. `waits`: a word is in the place.
//!
//! # Handshake
//! As in [`crate::channel`]; `s_in.ready` depends on `m_out.ready` of the same cycle while a word waits, and on nothing
//! else. `m_out` shows `s_in` while no word waits: unlike [`SkidBuffer`](super::SkidBuffer) this block cuts no path.
//!
//! # Latency
//! None; a word per cycle to a reader that is always ready.
//!
//! # Invariant
//! A word waits only while the reader was not ready for the word before: the order is kept.

use super::{Flop, Register};
use crate::prelude::*;

/// See the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct Spare<T: Symbolic> {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous.
    pub reset: Signal<In, bool>,
    /// Words in.
    pub s_in: Sink<T>,
    /// Words out.
    pub m_out: Source<T>,
    /// A word is in the place.
    pub waits: Signal<Out, bool>,
    waiting: Register<bool>,
    word: Flop<T>,
}

impl<T: Symbolic> Default for Spare<T> {
    fn default() -> Self {
        Spare {
            clock: Signal::default(),
            reset: Signal::default(),
            s_in: Sink::default(),
            m_out: Source::default(),
            waits: Signal::default(),
            waiting: Register::default(),
            word: Flop::default(),
        }
    }
}

impl<T: Symbolic> Logic for Spare<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, waiting);
        clocks!(self, word);
        let waits = self.waiting.q.val();
        let word = self.word.q.val();
        let comes = self.s_in.valid.val();
        let leaves = self.m_out.ready.val();
        self.word.d.next = if waits && !leaves { word } else { self.s_in.bits.val() };
        self.waiting.d.next = if waits == leaves { comes } else { waits };
        self.waits.next = waits;
        self.s_in.ready.next = !waits || leaves;
        self.m_out.valid.next = waits || comes;
        self.m_out.bits.next = if waits { word } else { self.s_in.bits.val() };
    }
}
