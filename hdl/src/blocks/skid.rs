//! A two-word buffer that registers a channel both ways.
//!
//! # Role
//! Cuts every combinational path of a channel: `m_out` and `s_in.ready` come from registers.
//!
//! # Ports
//! `s_in` takes words, `m_out` gives them in the same order.
//!
//! # Handshake
//! As in [`crate::channel`]; `s_in.ready` does not depend on `s_in.valid` or `m_out.ready` of the same cycle.
//!
//! # Latency
//! One cycle; one word per cycle; after a stall the word taken in meanwhile waits in the spare register.
//!
//! # Invariant
//! The spare register is full only while the output register is. `ready` is always the opposite of `spare_valid`: a
//! register of its own, because both have many listeners, the one far away, the other in here.

use super::{Flop, Register};
use crate::prelude::*;

/// See the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct SkidBuffer<T: Symbolic> {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous.
    pub reset: Signal<In, bool>,
    /// Words in.
    pub s_in: Sink<T>,
    /// Words out.
    pub m_out: Source<T>,
    valid: Register<bool>,
    spare_valid: Register<bool>,
    ready: Register<bool>,
    word: Flop<T>,
    spare: Flop<T>,
}

impl<T: Symbolic> Default for SkidBuffer<T> {
    fn default() -> Self {
        SkidBuffer {
            clock: Signal::default(),
            reset: Signal::default(),
            s_in: Sink::default(),
            m_out: Source::default(),
            valid: Register::default(),
            spare_valid: Register::default(),
            ready: Register::new(true),
            word: Flop::default(),
            spare: Flop::default(),
        }
    }
}

impl<T: Symbolic> Logic for SkidBuffer<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, valid, spare_valid, ready);
        clocks!(self, word, spare);
        let ready = self.ready.q.val();
        let take = self.s_in.valid.val() && ready;
        let give = self.m_out.ready.val() || !self.valid.q.val();
        hold!(self, valid, spare_valid, ready, word);
        // The spare register follows the input while it is not full, so that its bits do not wait for `m_out.ready`.
        self.spare.d.next = if !self.spare_valid.q.val() { self.s_in.bits.val() } else { self.spare.q.val() };
        if give {
            self.valid.d.next = take || self.spare_valid.q.val();
            self.word.d.next = if self.spare_valid.q.val() { self.spare.q.val() } else { self.s_in.bits.val() };
            self.spare_valid.d.next = false;
            self.ready.d.next = true;
        } else if take {
            self.spare_valid.d.next = true;
            self.ready.d.next = false;
        }
        self.s_in.ready.next = ready;
        self.m_out.valid.next = self.valid.q.val();
        self.m_out.bits.next = self.word.q.val();
    }
}
