//! Fence: words wait until something they depend on has happened.
//!
//! # Role
//! Things that happen are numbered where they begin and counted where they are done, in the same order. A word that
//! must not leave before some of them are done comes with the number of the last, and leaves when the count has come up
//! to it: buffers that go back to the host behind the reads of them (`tx::Transmitter`), and reports behind the writes
//! they tell of (`rx::Placement`).
//!
//! ```text
//! s_in, number -> [ Fifo ] -> [ front ] -> m_out
//!                                ^ reached
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! `s_in.ready`, `m_out.valid` and `m_out.bits` are registers. `number` belongs to the word on `s_in`. Once offered, a
//! word stays offered.
//!
//! # Latency
//! A word is offered four cycles after it came, if the count has come up to its number two cycles after; else two
//! cycles after the count has. One word every second cycle.
//!
//! # Invariant
//! Words leave in the order in which they came. Number and count are never more than 2^15 apart, so the sign of their
//! difference tells which is ahead. `reached` never falls back.
use stevedore_hdl::prelude::*;

/// A word and what it waits for.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Numbered<T: Symbolic> {
    word: T,
    number: Bits<16>,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Fence<T: Symbolic> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Words in.
    pub s_in: Sink<T>,
    /// How far the count must have come before the word on `s_in` may leave.
    pub number: Signal<In, Bits<16>>,
    /// How far the count has come.
    pub reached: Signal<In, Bits<16>>,
    /// Words out.
    pub m_out: Source<T>,
    waiting: Fifo<Numbered<T>>,
    /// The word at the front, and whether there is one.
    front: Flop<Numbered<T>>,
    held: Register<bool>,
    /// The count has come up to its number.
    open: Register<bool>,
}

impl<T: Symbolic> Fence<T> {
    /// A fence in front of which `depth` words may wait, the one at the front not counted.
    pub fn new(depth: usize) -> Self {
        Self { waiting: Fifo::new(depth), ..Self::default() }
    }
}

impl<T: Symbolic> Logic for Fence<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, waiting, held, open);
        clocks!(self, front);
        self.waiting.s_in.valid.next = self.s_in.valid.val();
        self.waiting.s_in.bits.next = Numbered::<T> { word: self.s_in.bits.val(), number: self.number.val() };
        self.s_in.ready.next = self.waiting.s_in.ready.val();

        let front = self.front.q.val();
        let held = self.held.q.val();
        let open = self.open.q.val();
        let leaves = open && self.m_out.ready.val();
        // The word behind moves up with the one that leaves: its number is compared in the next cycle.
        let load = !held || leaves;
        self.waiting.m_out.ready.next = load;
        self.front.d.next = mux(load, self.waiting.m_out.bits.val(), front);
        self.held.d.next = mux(load, self.waiting.m_out.valid.val(), held);
        self.open.d.next = held && !leaves && !(self.reached.val() - front.number).get_bit(15);
        self.m_out.valid.next = open;
        self.m_out.bits.next = front.word;
    }
}
