//! A memory that is written with one clock and read with another.
//!
//! # Role
//! The memory of an [`AsyncFifo`](super::AsyncFifo).
//!
//! # Ports
//! See the fields. Only the low bits of the addresses that the depth needs are looked at.
//!
//! # Handshake
//! None: a write happens at every edge of `write_clock` with `write_enable`, a read at every edge of `read_clock` with
//! `read_enable`.
//!
//! # Latency
//! `read_data` shows the word one cycle of `read_clock` after the edge that read it.
//!
//! # Invariant
//! Its user reads no word that is being written: what a read near the edge of its write returns is not defined.

use super::ram::Storage;
use crate::sym::Symbolic;
use rust_hdl::core::prelude::*;

/// Words of any type; see the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct DualClockRam<T: Symbolic> {
    /// Rising edge, port that writes.
    pub write_clock: Signal<In, Clock>,
    /// Rising edge, port that reads.
    pub read_clock: Signal<In, Clock>,
    /// Whether to write at the next edge of `write_clock`.
    pub write_enable: Signal<In, bool>,
    /// Where to write.
    pub write_address: Signal<In, Bits<16>>,
    /// What to write.
    pub write_data: Signal<In, T>,
    /// Whether to read at the next edge of `read_clock`.
    pub read_enable: Signal<In, bool>,
    /// What to read.
    pub read_address: Signal<In, Bits<16>>,
    /// The word read last.
    pub read_data: Signal<Out, T>,
    _storage: Storage<T>,
}

impl<T: Symbolic> DualClockRam<T> {
    /// A memory of `depth` words, rounded up to a power of two.
    pub fn new(depth: usize) -> Self {
        let mut storage = Storage::new(depth);
        storage.no_rw_check = true;
        DualClockRam {
            write_clock: Signal::default(),
            read_clock: Signal::default(),
            write_enable: Signal::default(),
            write_address: Signal::default(),
            write_data: Signal::default(),
            read_enable: Signal::default(),
            read_address: Signal::default(),
            read_data: Signal::default(),
            _storage: storage,
        }
    }
}

/// The smallest memory: a block that derives `Default` has its constructor replace it.
impl<T: Symbolic> Default for DualClockRam<T> {
    fn default() -> Self {
        Self::new(2)
    }
}

impl<T: Symbolic> Logic for DualClockRam<T> {
    fn update(&mut self) {
        if self.read_clock.pos_edge() && self.read_enable.val() {
            self.read_data.next = self._storage.words[self._storage.at(self.read_address.val())];
        }
        if self.write_clock.pos_edge() && self.write_enable.val() {
            let at = self._storage.at(self.write_address.val());
            self._storage.words[at] = self.write_data.val();
        }
    }
    fn connect(&mut self) {
        self.read_data.connect();
    }
    fn hdl(&self) -> Verilog {
        self._storage.text_with_two_clocks("dual_clock_ram", "if (read_enable) ", |address| {
            format!("        if (write_enable) memory[{address}] <= write_data;\n")
        })
    }
}
