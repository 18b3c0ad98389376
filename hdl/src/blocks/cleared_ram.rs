//! A memory that has known contents after every reset.
//!
//! # Role
//! Stands wherever a word may be read before it was written. A [`DualPortRam`] keeps what it held before a reset, and
//! begins with anything at all at power-up.
//!
//! # Ports
//! Those of [`DualPortRam`], and `ready`: every word has the value chosen at construction, or a newer one.
//!
//! # Handshake
//! None. While `ready` is low, writes are ignored and reads give undefined words.
//!
//! # Latency
//! `ready` rises as many cycles after the reset as there are words. One cycle to read, as for [`DualPortRam`].
//!
//! # Invariant
//! A reset, at any time and of any length, leads to the same contents.

use super::{DualPortRam, Register};
use crate::prelude::*;

/// See the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct ClearedRam<T: Symbolic> {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous; the clearing begins anew.
    pub reset: Signal<In, bool>,
    /// Whether to write at the next edge.
    pub write_enable: Signal<In, bool>,
    /// Where to write.
    pub write_address: Signal<In, Bits<16>>,
    /// What to write.
    pub write_data: Signal<In, T>,
    /// What to read at the next edge.
    pub read_address: Signal<In, Bits<16>>,
    /// The word read at the last edge.
    pub read_data: Signal<Out, T>,
    /// The memory is cleared.
    pub ready: Signal<Out, bool>,
    memory: DualPortRam<T>,
    next: Register<Bits<16>>,
    done: Register<bool>,
    value: Constant<T>,
    last: Constant<Bits<16>>,
}

impl<T: Symbolic> ClearedRam<T> {
    /// A memory of `depth` words, rounded up to a power of two, that holds `T::default()` everywhere after a reset.
    pub fn new(depth: usize) -> Self {
        Self::with_value(depth, T::default())
    }

    /// One that holds `value` everywhere after a reset.
    pub fn with_value(depth: usize, value: T) -> Self {
        let memory = DualPortRam::new(depth);
        let last = memory.depth() as u64 - 1;
        ClearedRam {
            clock: Signal::default(),
            reset: Signal::default(),
            write_enable: Signal::default(),
            write_address: Signal::default(),
            write_data: Signal::default(),
            read_address: Signal::default(),
            read_data: Signal::default(),
            ready: Signal::default(),
            memory,
            next: Register::default(),
            done: Register::default(),
            value: Constant::new(value),
            last: Constant::new(last.into()),
        }
    }

    /// As for [`DualPortRam`].
    pub fn no_rw_check(mut self) -> Self {
        self.memory = self.memory.no_rw_check();
        self
    }
}

/// The smallest memory: a block that derives `Default` has its constructor replace it.
impl<T: Symbolic> Default for ClearedRam<T> {
    fn default() -> Self {
        Self::new(2)
    }
}

impl<T: Symbolic> Logic for ClearedRam<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, next, done);
        clocks!(self, memory);
        let next = self.next.q.val();
        let done = self.done.q.val();
        // The counter stops at zero, where it begins.
        self.next.d.next = if done { next } else { (next + 1) & self.last.val() };
        self.done.d.next = done || next == self.last.val();
        self.ready.next = done;
        self.memory.write_enable.next = !done || self.write_enable.val();
        self.memory.write_address.next = mux(done, self.write_address.val(), next);
        self.memory.write_data.next = mux(done, self.write_data.val(), self.value.val());
        self.memory.read_address.next = self.read_address.val();
        self.read_data.next = self.memory.read_data.val();
    }
}
