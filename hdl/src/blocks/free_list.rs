//! The list of what is free: numbered things that are handed out and come back.
//!
//! # Role
//! Connection slots and message contexts live in tables; this list says which rows are free. The rows `first` to `last`
//! enter it after every reset.
//!
//! # Ports
//! `number` names a row that enters after a reset, and `entry` says what is to enter for it (the number itself, or a
//! record with more in it). `s_free` takes back, `m_free` hands out, `level` counts, `ready` rises when every row has
//! entered.
//!
//! # Handshake
//! As in [`crate::channel`]. `s_free.ready` is high whenever `ready` is: the list has a place for every row, so nobody
//! has to wait with what becomes free.
//!
//! # Latency
//! The filling takes one cycle per row, and two. After that the latency is that of a [`Fifo`].
//!
//! # Invariant
//! A row is in the list once, or with somebody who will give it back. First in, first out: a row rests as long as
//! possible.

use super::{Fifo, Register};
use crate::prelude::*;

/// See the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct FreeList<T: Symbolic> {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous; the filling begins anew.
    pub reset: Signal<In, bool>,
    /// The row that enters during the filling.
    pub number: Signal<Out, Bits<16>>,
    /// What enters for `number`.
    pub entry: Signal<In, T>,
    /// What becomes free.
    pub s_free: Sink<T>,
    /// What has been free for the longest time.
    pub m_free: Source<T>,
    /// How many are in the list.
    pub level: Signal<Out, Bits<16>>,
    /// Every row has entered.
    pub ready: Signal<Out, bool>,
    list: Fifo<T>,
    next: Register<Bits<16>>,
    done: Register<bool>,
    last: Constant<Bits<16>>,
}

impl<T: Symbolic> FreeList<T> {
    /// A list of the rows from `first` to `last`.
    pub fn new(first: usize, last: usize) -> Self {
        assert!(first <= last && last < 1 << 16, "a list of rows {first} to {last}");
        FreeList {
            clock: Signal::default(),
            reset: Signal::default(),
            number: Signal::default(),
            entry: Signal::default(),
            s_free: Sink::default(),
            m_free: Source::default(),
            level: Signal::default(),
            ready: Signal::default(),
            list: Fifo::new(last - first + 1),
            next: Register::new((first as u64).into()),
            done: Register::default(),
            last: Constant::new((last as u64).into()),
        }
    }
}

/// The shortest list: a block that derives `Default` has its constructor replace it.
impl<T: Symbolic> Default for FreeList<T> {
    fn default() -> Self {
        Self::new(0, 1)
    }
}

impl<T: Symbolic> Logic for FreeList<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, list, next, done);
        forward!(self.list.m_out => self.m_free);
        let next = self.next.q.val();
        let done = self.done.q.val();
        // The list takes nothing in the first cycle; from then on it has a place for every row that is not in it.
        let enters = !done && self.list.s_in.ready.val();
        self.next.d.next = if enters { next + 1 } else { next };
        self.done.d.next = done || (enters && next == self.last.val());
        self.number.next = next;
        self.list.s_in.bits.next = mux(done, self.s_free.bits.val(), self.entry.val());
        self.list.s_in.valid.next = !done || self.s_free.valid.val();
        self.s_free.ready.next = done;
        self.level.next = self.list.level.val();
        self.ready.next = done;
    }
}
