//! A first-word-fall-through FIFO whose ends have different clocks.
//!
//! # Role
//! Carries a channel from one clock to another; neither needs to know anything of the other's rate or phase.
//!
//! # Ports
//! - `write_clock`, `write_reset`, `s_in`: words in. `read_clock`, `read_reset`, `m_out`: the same words, in order.
//!
//! # Handshake
//! As in [`crate::channel`], each end at its own clock; `s_in.ready`, `m_out.valid` and `m_out.bits` are registers.
//! Either reset empties the FIFO at both ends: words in it are lost, the word offered too.
//!
//! # Latency
//! A cycle of `write_clock` and three to four of `read_clock` through an empty FIFO. A place is free again two to three
//! cycles of `write_clock` and one of `read_clock` after its word was fetched. With 16 words a word moves in every
//! cycle of the slower clock, whatever the ratio. After a reset nothing is taken or given for about six cycles of each
//! clock.
//!
//! # Invariant
//! Each end shows the other its position in Gray code, straight out of a register: between two edges one bit of it
//! changes, so the other end sees an old position or the new one, never a third. Old is safe: the writer takes places
//! for full that are empty already, the reader takes words for missing that are there. Positions jump only while the
//! other end does not look ([`ResetHandshake`](super::ResetHandshake)).

use super::{DualClockRam, Flop, ResetHandshake, Synchroniser};
use crate::prelude::*;

/// See the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct AsyncFifo<T: Symbolic> {
    /// Rising edge, words in.
    pub write_clock: Signal<In, Clock>,
    /// Synchronous to `write_clock`; empties the FIFO.
    pub write_reset: Signal<In, bool>,
    /// Rising edge, words out.
    pub read_clock: Signal<In, Clock>,
    /// Synchronous to `read_clock`; empties the FIFO.
    pub read_reset: Signal<In, bool>,
    /// Words in.
    pub s_in: Sink<T>,
    /// Words out.
    pub m_out: Source<T>,
    memory: DualClockRam<T>,
    /// Positions count words modulo twice the depth.
    write_at: Flop<Bits<16>>,
    write_gray: Flop<Bits<16>>,
    ready: Flop<bool>,
    /// The word behind the one offered; the first if none is.
    read_at: Flop<Bits<16>>,
    read_gray: Flop<Bits<16>>,
    valid: Flop<bool>,
    /// The other end's position, as this end's clock sees it.
    read_seen: Synchroniser<Bits<16>>,
    write_seen: Synchroniser<Bits<16>>,
    write_side: ResetHandshake,
    read_side: ResetHandshake,
    write_asks: Synchroniser<bool>,
    write_answers: Synchroniser<bool>,
    read_asks: Synchroniser<bool>,
    read_answers: Synchroniser<bool>,
    mask: Constant<Bits<16>>,
    /// What a full FIFO's positions differ in, in Gray code.
    full: Constant<Bits<16>>,
}

impl<T: Symbolic> AsyncFifo<T> {
    /// A FIFO of `depth` words, a power of two.
    pub fn new(depth: usize) -> Self {
        assert!(depth.is_power_of_two() && (2..1 << 15).contains(&depth), "a FIFO of {depth} words");
        let width = depth.trailing_zeros() as usize + 1;
        AsyncFifo {
            write_clock: Signal::default(),
            write_reset: Signal::default(),
            read_clock: Signal::default(),
            read_reset: Signal::default(),
            s_in: Sink::default(),
            m_out: Source::default(),
            memory: DualClockRam::new(depth),
            write_at: Flop::default(),
            write_gray: Flop::default(),
            ready: Flop::default(),
            read_at: Flop::default(),
            read_gray: Flop::default(),
            valid: Flop::default(),
            read_seen: Synchroniser::narrow(width),
            write_seen: Synchroniser::narrow(width),
            write_side: ResetHandshake::default(),
            read_side: ResetHandshake::default(),
            write_asks: Synchroniser::default(),
            write_answers: Synchroniser::default(),
            read_asks: Synchroniser::default(),
            read_answers: Synchroniser::default(),
            mask: Constant::new((2 * depth as u64 - 1).into()),
            full: Constant::new((3 * depth as u64 / 2).into()),
        }
    }

    /// See [`Synchroniser::with_skew`].
    pub fn with_skew(mut self, seed: u64) -> Self {
        self.read_seen = self.read_seen.with_skew(seed);
        self.write_seen = self.write_seen.with_skew(seed ^ 0x55);
        self.write_asks = self.write_asks.with_skew(seed ^ 0x3333);
        self.write_answers = self.write_answers.with_skew(seed ^ 0x0f0f_0f0f);
        self.read_asks = self.read_asks.with_skew(seed ^ 0x1234_5678);
        self.read_answers = self.read_answers.with_skew(seed ^ 0xff00_ff00);
        self
    }
}

/// The smallest FIFO: a block that derives `Default` has its constructor replace it.
impl<T: Symbolic> Default for AsyncFifo<T> {
    fn default() -> Self {
        Self::new(2)
    }
}

/// The Gray code of a number: from one number to the next one bit changes.
#[kernel_fn]
fn gray(number: Bits<16>) -> Bits<16> {
    number ^ (number >> 1)
}

impl<T: Symbolic> Logic for AsyncFifo<T> {
    #[kernel]
    fn update(&mut self) {
        setup_on!(self, write_clock, write_reset, write_side);
        setup_on!(self, read_clock, read_reset, read_side);
        clocks_on!(self, write_clock, write_at, write_gray, ready, read_seen, read_asks, read_answers);
        clocks_on!(self, read_clock, read_at, read_gray, valid, write_seen, write_asks, write_answers);
        self.memory.write_clock.next = self.write_clock.val();
        self.memory.read_clock.next = self.read_clock.val();

        self.write_asks.d.next = self.write_side.asks.val();
        self.write_answers.d.next = self.write_side.answers.val();
        self.read_asks.d.next = self.read_side.asks.val();
        self.read_answers.d.next = self.read_side.answers.val();
        self.write_side.far_asks.next = self.read_asks.q.val();
        self.write_side.far_answers.next = self.read_answers.q.val();
        self.read_side.far_asks.next = self.write_asks.q.val();
        self.read_side.far_answers.next = self.write_answers.q.val();
        self.write_seen.d.next = self.write_gray.q.val();
        self.read_seen.d.next = self.read_gray.q.val();

        // `s_in.valid` comes late: compare first, let it choose.
        let push = self.s_in.valid.val() && self.ready.q.val();
        let at = self.write_at.q.val();
        let after = (at + 1) & self.mask.val();
        let limit = self.read_seen.q.val() ^ self.full.val();
        let room = mux(push, gray(after) != limit, self.write_gray.q.val() != limit);
        let moved = mux(self.write_side.clears.val(), 0.into(), mux(push, after, at));
        self.write_at.d.next = moved;
        self.write_gray.d.next = gray(moved);
        self.ready.d.next = room && !self.write_side.held.val();
        self.memory.write_enable.next = self.ready.q.val();
        self.memory.write_address.next = at;
        self.memory.write_data.next = self.s_in.bits.val();

        let valid = self.valid.q.val();
        let loads = self.m_out.ready.val() || !valid;
        let follows = self.read_gray.q.val() != self.write_seen.q.val();
        let at = self.read_at.q.val();
        let after = (at + 1) & self.mask.val();
        let moved = mux(self.read_side.clears.val(), 0.into(), mux(loads && follows, after, at));
        self.read_at.d.next = moved;
        self.read_gray.d.next = gray(moved);
        self.valid.d.next = (follows || !loads) && !self.read_side.held.val();
        self.memory.read_enable.next = loads;
        self.memory.read_address.next = at;

        self.s_in.ready.next = self.ready.q.val();
        self.m_out.valid.next = valid;
        self.m_out.bits.next = self.memory.read_data.val();
    }
}
