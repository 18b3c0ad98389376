//! Pause: a register in a channel that is not in a hurry.
//!
//! **Role.** Cuts a channel both ways at half the price of a [`SkidBuffer`], where a word every second cycle is enough: openings, resets, notices.
//!
//! **Handshake.** `s_in.ready`, `m_out.valid` and `m_out.bits` come from registers; the word loads whenever there is none, so that its enable is a
//! register, too, and `m_out.ready` and `s_in.valid` end at one bit.
//!
//! **Latency.** One cycle; a word every two cycles.
//!
//! **Invariant.** One word at most is held: the order is kept.
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Pause<T: Symbolic> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Words in.
    pub s_in: Sink<T>,
    /// Words out.
    pub m_out: Source<T>,
    full: Register<bool>,
    word: Flop<T>,
}

impl<T: Symbolic> Logic for Pause<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, full);
        clocks!(self, word);
        let full = self.full.q.val();
        self.s_in.ready.next = !full;
        self.word.d.next = mux(full, self.word.q.val(), self.s_in.bits.val());
        self.full.d.next = if full { !self.m_out.ready.val() } else { self.s_in.valid.val() };
        self.m_out.valid.next = full;
        self.m_out.bits.next = self.word.q.val();
    }
}
