//! A FIFO that lets words pass at once while it is empty, and gives one every second cycle.
//!
//! **Role.** [`Queue`](super::Queue) for readers who need a cycle or more for each word anyway, and look closely at it before they take it: the
//! send chain, the receive chain, the trimmer. One word at the front instead of two halves the registers, and no choice stands
//! between its bits and whoever decides on them.
//!
//! **Handshake.** `s_in.ready`, `m_out.valid` and `m_out.bits` are registers, and `m_out.ready` ends at a single one ([`Pause`]): long decisions
//! may hang on either end, however wide the word.
//!
//! **Latency.** One cycle while empty, three through the memory; a word comes in each cycle and leaves every second.
//!
//! **Invariant.** A word passes by only while the FIFO holds none: the order is kept.
use super::Pause;
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct CalmQueue<T: Symbolic> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Words in.
    pub s_in: Sink<T>,
    /// Words out.
    pub m_out: Source<T>,
    /// Words in the FIFO, the one at the front not counted.
    pub level: Signal<Out, Bits<16>>,
    waiting: Fifo<T>,
    front: Pause<T>,
}

impl<T: Symbolic> CalmQueue<T> {
    /// A queue that holds `depth` words, and one at its front.
    pub fn new(depth: usize) -> Self {
        Self { waiting: Fifo::new(depth), ..Default::default() }
    }
}

impl<T: Symbolic> Logic for CalmQueue<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, waiting, front);
        forward!(self.front.m_out => self.m_out);
        let valid = self.s_in.valid.val();
        let ready = self.waiting.s_in.ready.val();
        let passes = !self.waiting.level.val().any() && self.front.s_in.ready.val();
        let queued = self.waiting.m_out.valid.val();
        self.waiting.s_in.valid.next = valid && !passes;
        self.waiting.s_in.bits.next = self.s_in.bits.val();
        self.waiting.m_out.ready.next = self.front.s_in.ready.val();
        self.front.s_in.valid.next = queued || (valid && ready && passes);
        self.front.s_in.bits.next = mux(queued, self.waiting.m_out.bits.val(), self.s_in.bits.val());
        self.s_in.ready.next = ready;
        self.level.next = self.waiting.level.val();
    }
}
