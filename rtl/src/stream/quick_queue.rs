//! Quick queue: a FIFO whose first word does not wait for the memory.
//!
//! # Role
//! A [`Fifo`] with two registers behind it: `stage`, which takes the slow block RAM output with no logic in front of
//! it, and `front`, which a word enters directly while everything is empty. Stands where a command or a header must not
//! lose a cycle and yet many may have to wait; [`Queue`](super::Queue) is its small sister.
//!
//! ```text
//! s_in -+-> [ Fifo ] -> [ stage ] -+-> [ front: PingPong ] -> m_out
//!       +--------------------------+
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! `s_in.ready` and `m_out.valid` come from registers, `m_out.bits` is chosen by one: no word waits for the decision to
//! take one.
//!
//! # Latency
//! One cycle when empty, five right behind other words; one word per cycle each way.
//!
//! # Invariant
//! A word goes past the FIFO only while nothing is in it or in `stage`, and was not in the cycle before: the order
//! holds.
use stevedore_hdl::prelude::*;

/// The queue.
#[derive(LogicBlock, Default)]
pub struct QuickQueue<T: Symbolic> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Words in.
    pub s_in: Sink<T>,
    /// Words out.
    pub m_out: Source<T>,
    /// Words in the FIFO.
    pub level: Signal<Out, Bits<16>>,
    past: Register<bool>,
    fifo: Fifo<T>,
    staged: Register<bool>,
    stage: Flop<T>,
    front: PingPong<T>,
}

impl<T: Symbolic> QuickQueue<T> {
    /// A queue for `depth` words, those in the registers not counted.
    pub fn new(depth: usize) -> Self {
        Self { fifo: Fifo::new(depth), ..Self::default() }
    }
}

impl<T: Symbolic> Logic for QuickQueue<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, past, fifo, staged, front);
        clocks!(self, stage);
        forward!(self.front.m_out => self.m_out);
        let word = self.s_in.bits.val();
        let offered = self.s_in.valid.val() && self.fifo.s_in.ready.val();
        let staged = self.staged.q.val();
        let open = self.front.s_in.ready.val();
        let past = self.past.q.val();
        let waits = offered && !(past && open);
        self.past.d.next = !staged && !self.fifo.level.val().any() && !waits;
        self.level.next = self.fifo.level.val();
        self.s_in.ready.next = self.fifo.s_in.ready.val();
        self.fifo.s_in.bits.next = word;
        self.fifo.s_in.valid.next = waits;

        let load = !staged || open;
        self.fifo.m_out.ready.next = load;
        self.stage.d.next = if load { self.fifo.m_out.bits.val() } else { self.stage.q.val() };
        self.staged.d.next = if load { self.fifo.m_out.valid.val() } else { staged };

        self.front.s_in.bits.next = if past { word } else { self.stage.q.val() };
        self.front.s_in.valid.next = if past { offered } else { staged };
    }
}
