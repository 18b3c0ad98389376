//! A [`Queue`](super::Queue) for wide words that are taken by a late decision.
//!
//! **Role.** Stands where words usually find nobody before them and each cycle of waiting counts, and where the decision to take one has far to
//! go: its front is a [`PingPong`], in which no word waits for that decision.
//!
//! **Handshake.** `s_in` and `m_out` are ordinary channels; `s_in.ready` and `m_out.valid` are registers, `m_out.bits` is chosen by one.
//!
//! **Latency.** One cycle while empty, three through the memory; one word per cycle.
//!
//! **Invariant.** A word passes by only while the FIFO holds none: the order is kept.
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct PairQueue<T: Symbolic> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Words in.
    pub s_in: Sink<T>,
    /// Words out.
    pub m_out: Source<T>,
    /// Words in the FIFO, those at the front not counted.
    pub level: Signal<Out, Bits<16>>,
    waiting: Fifo<T>,
    front: PingPong<T>,
}

impl<T: Symbolic> PairQueue<T> {
    /// A queue that holds `depth` words, and two at its front.
    pub fn new(depth: usize) -> Self {
        Self { waiting: Fifo::new(depth), ..Default::default() }
    }
}

impl<T: Symbolic> Logic for PairQueue<T> {
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
