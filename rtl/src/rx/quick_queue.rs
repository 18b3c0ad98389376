//! Quick queue: a FIFO whose first word does not wait for the memory.
//!
//! # Role
//! A [`Fifo`] with a register behind it that a word enters directly while the FIFO is empty. Stands where a command or a header must
//! not lose a cycle and yet many may have to wait.
//!
//! ```text
//! s_in -+-> [ Fifo ] -+-> [ SkidBuffer ] -> m_out
//!       +-------------+
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! `s_in.ready`, `m_out.valid` and `m_out.bits` come from registers.
//!
//! # Latency
//! One cycle when empty, then one word per cycle each way.
//!
//! # Invariant
//! A word goes past the FIFO only while nothing is in it, so the order holds.
use stevedore_hdl::prelude::*;

/// The queue.
#[derive(LogicBlock)]
pub struct QuickQueue<T: Symbolic> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Words in.
    pub s_in: Sink<T>,
    /// Words out.
    pub m_out: Source<T>,
    fifo: Fifo<T>,
    front: SkidBuffer<T>,
}

impl<T: Symbolic> QuickQueue<T> {
    /// A queue for `depth` words, those in the front register not counted.
    pub fn new(depth: usize) -> Self {
        QuickQueue {
            clock: Signal::default(),
            reset: Signal::default(),
            s_in: Sink::default(),
            m_out: Source::default(),
            fifo: Fifo::new(depth),
            front: SkidBuffer::default(),
        }
    }
}

impl<T: Symbolic> Logic for QuickQueue<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, fifo, front);
        forward!(self.front.m_out => self.m_out);
        let word = self.s_in.bits.val();
        let offered = self.s_in.valid.val() && self.fifo.s_in.ready.val();
        let open = self.front.s_in.ready.val();
        let past = !self.fifo.level.val().any();
        self.s_in.ready.next = self.fifo.s_in.ready.val();
        self.fifo.s_in.bits.next = word;
        self.fifo.s_in.valid.next = offered && !(past && open);
        self.fifo.m_out.ready.next = open;
        self.front.s_in.bits.next = if past { word } else { self.fifo.m_out.bits.val() };
        self.front.s_in.valid.next = if past { offered } else { self.fifo.m_out.valid.val() };
    }
}
