//! One of two ends that are reset together although each has its own clock and its own reset.
//!
//! # Role
//! Stands on either side of an [`AsyncFifo`](super::AsyncFifo). A reset of one side must empty the other side, too, and
//! must not let it see positions that jump.
//!
//! # Ports
//! - `clock`, `reset`: of this side.
//! - `asks`, `answers`: registers, for the other side's `far_asks` and `far_answers`, through a synchroniser each.
//! - `held`: this side neither takes nor gives words. `clears`: its position goes to zero at the next edge.
//!
//! # Handshake
//! Four phases: the side that is reset asks, the other answers, the first ceases to ask, the other to answer. Both may
//! ask at the same time.
//!
//! # Latency
//! `held` rises in the cycle of `reset`, and on the other side three of its cycles later. It falls when the four phases
//! are over: up to nine cycles of each clock. A clock that stands still delays it.
//!
//! # Invariant
//! A position jumps only while the other side is held. Both positions are zero when either side ceases to be held.

use super::Flop;
use crate::prelude::*;

/// See the module.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct ResetHandshake {
    /// Rising edge, this side.
    pub clock: Signal<In, Clock>,
    /// Synchronous to `clock`.
    pub reset: Signal<In, bool>,
    /// The other side asks, as this side's clock sees it.
    pub far_asks: Signal<In, bool>,
    /// The other side answers, as this side's clock sees it.
    pub far_answers: Signal<In, bool>,
    /// A reset came at this side, and the other side must be reset, too.
    pub asks: Signal<Out, bool>,
    /// This side is held because the other side asked for that.
    pub answers: Signal<Out, bool>,
    /// No word moves on this side.
    pub held: Signal<Out, bool>,
    /// The position of this side becomes zero.
    pub clears: Signal<Out, bool>,
    asking: Flop<bool>,
    answering: Flop<bool>,
}

impl Logic for ResetHandshake {
    #[kernel]
    fn update(&mut self) {
        clocks!(self, asking, answering);
        let reset = self.reset.val();
        let (far_asks, far_answers) = (self.far_asks.val(), self.far_answers.val());
        let (asking, answering) = (self.asking.q.val(), self.answering.q.val());
        // While the last answer has not gone nothing is asked: this side is still empty and held.
        self.asking.d.next = if asking { reset || !far_answers } else { reset && !far_answers };
        self.answering.d.next = far_asks;
        let clears = far_asks || answering || far_answers;
        self.clears.next = clears;
        self.held.next = reset || asking || clears;
        self.asks.next = asking;
        self.answers.next = answering;
    }
}
