//! A memory that reads when it is told to, and shows what it read until then.
//!
//! # Role
//! The memory of a [`Fifo`](super::Fifo): its read address is a register, so that a decision to take a word, however
//! late it comes, ends at the enable of the output register and not in front of the memory.
//!
//! # Ports
//! See the fields. Only the low bits of the addresses that the depth needs are looked at.
//!
//! # Handshake
//! None: a write happens at every edge with `write_enable`, a read at every edge with `read_enable`.
//!
//! # Latency
//! `read_data` shows the word one cycle after the edge that read it.
//!
//! # Invariant
//! Its user does not use a word that was read at the edge that wrote it: hardware may return anything then.

use super::ram::Storage;
use crate::sym::Symbolic;
use rust_hdl::core::prelude::*;

/// Words of any type; see the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct HeldRam<T: Symbolic> {
    /// Rising edge, both ports.
    pub clock: Signal<In, Clock>,
    /// Whether to write at the next edge.
    pub write_enable: Signal<In, bool>,
    /// Where to write.
    pub write_address: Signal<In, Bits<16>>,
    /// What to write.
    pub write_data: Signal<In, T>,
    /// Whether to read at the next edge.
    pub read_enable: Signal<In, bool>,
    /// What to read.
    pub read_address: Signal<In, Bits<16>>,
    /// The word read last.
    pub read_data: Signal<Out, T>,
    _storage: Storage<T>,
}

impl<T: Symbolic> HeldRam<T> {
    /// A memory of `depth` words, rounded up to a power of two.
    pub fn new(depth: usize) -> Self {
        let mut storage = Storage::new(depth);
        storage.no_rw_check = true;
        HeldRam {
            clock: Signal::default(),
            write_enable: Signal::default(),
            write_address: Signal::default(),
            write_data: Signal::default(),
            read_enable: Signal::default(),
            read_address: Signal::default(),
            read_data: Signal::default(),
            _storage: storage,
        }
    }

    /// The number of words.
    pub fn depth(&self) -> usize {
        self._storage.words.len()
    }
}

/// The smallest memory: a block that derives `Default` has its constructor replace it.
impl<T: Symbolic> Default for HeldRam<T> {
    fn default() -> Self {
        Self::new(2)
    }
}

impl<T: Symbolic> Logic for HeldRam<T> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            if self.read_enable.val() {
                self.read_data.next = self._storage.words[self._storage.at(self.read_address.val())];
            }
            if self.write_enable.val() {
                let at = self._storage.at(self.write_address.val());
                self._storage.words[at] = self.write_data.val();
            }
        }
    }
    fn connect(&mut self) {
        self.read_data.connect();
    }
    fn hdl(&self) -> Verilog {
        self._storage.text("held_ram", "if (read_enable) ", |address| {
            format!("        if (write_enable) memory[{address}] <= write_data;\n")
        })
    }
}
