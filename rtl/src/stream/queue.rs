//! A FIFO that lets words pass at once while it is empty.
//!
//! # Role
//! Stands where words usually find nobody before them and each cycle of waiting counts: behind the connection pipeline,
//! between the send chain, the segment buffer and the header builder. For depths that take a block RAM there is
//! [`QuickQueue`](super::QuickQueue), which has a register behind the memory.
//!
//! # Ports
//! - `s_in`: the words of the writer. `m_out`: the same words in the same order, for the reader.
//! - `level`: the number of words in the FIFO, those at the front not counted.
//!
//! # Handshake
//! `s_in` and `m_out` are ordinary channels; `s_in.ready` and `m_out.valid` are registers, `m_out.bits` is chosen by
//! one, and `m_out.ready` ends at single registers ([`PingPong`]), so long decisions may hang on either end, however
//! wide the word. A *calm* queue has one word at the front instead of two, for readers who need longer than two cycles
//! for each and decide by many of its bits: these are registers then.
//!
//! # Latency
//! One cycle while empty, three through the memory; one word per cycle, out of a calm queue every second cycle.
//!
//! # Invariant
//! A word passes by only while the FIFO holds none: the order is kept.
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Queue<T: Symbolic> {
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

impl<T: Symbolic> Queue<T> {
    /// A queue that holds `depth` words, and two at its front.
    pub fn new(depth: usize) -> Self {
        Self { waiting: Fifo::new(depth), ..Default::default() }
    }

    /// A calm queue that holds `depth` words, and one at its front.
    pub fn calm(depth: usize) -> Self {
        Self { front: PingPong::single(), ..Self::new(depth) }
    }
}

impl<T: Symbolic> Logic for Queue<T> {
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
