//! Pause: a register in a channel that is not in a hurry.
//!
//! **Role.** Cuts a channel both ways at half the price of a [`SkidBuffer`], where a word every second cycle is enough: openings, resets, notices.
//!
//! **Handshake.** `s_in.ready`, `m_out.valid` and `m_out.bits` come from registers; the word loads whenever there is none, so that its enable is a
//! register, too, and `m_out.ready` and `s_in.valid` end at one bit.
//!
//! **Latency.** One cycle; a word every two cycles.
//!
//! **Invariant.** One word at most is held: the order is kept. `loads` is always the opposite of `full`: a register of its own, because the one has
//! many listeners in here, the other is awaited elsewhere.
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock)]
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
    loads: Register<bool>,
    word: Flop<T>,
}

impl<T: Symbolic> Default for Pause<T> {
    fn default() -> Self {
        Pause {
            clock: Signal::default(),
            reset: Signal::default(),
            s_in: Sink::default(),
            m_out: Source::default(),
            full: Register::default(),
            loads: Register::new(true),
            word: Flop::default(),
        }
    }
}

impl<T: Symbolic> Logic for Pause<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, full, loads);
        clocks!(self, word);
        let full = self.full.q.val();
        self.s_in.ready.next = !full;
        self.word.d.next = mux(self.loads.q.val(), self.s_in.bits.val(), self.word.q.val());
        self.full.d.next = if full { !self.m_out.ready.val() } else { self.s_in.valid.val() };
        self.loads.d.next = if full { self.m_out.ready.val() } else { !self.s_in.valid.val() };
        self.m_out.valid.next = full;
        self.m_out.bits.next = self.word.q.val();
    }
}
