//! A first-word-fall-through FIFO over a memory.
//!
//! # Role
//! Decouples two stages of one clock domain; the depth is chosen at construction.
//!
//! # Ports
//! `s_in` takes words, `m_out` gives them in order, `level` counts the words held.
//!
//! # Handshake
//! As in [`crate::channel`]; `s_in.ready`, `m_out.valid` and `m_out.bits` come from registers.
//!
//! # Latency
//! Two cycles through an empty FIFO, then one word per cycle each way; after being full `s_in.ready` returns one cycle
//! after the first word has left.
//!
//! # Invariant
//! A word is read only in the cycle after it was written or later, so the memory is never read where it is being
//! written and needs no collision logic. Where the word behind the one offered lies is a register: `m_out.ready`, which
//! comes late, decides whether that word is read, not what is read. While there is room the place behind the last word
//! is written in every cycle, whatever `s_in` says: it holds nothing until `push` counts it, and the memory's enable,
//! which has many listeners, does not wait for `s_in.valid`.

use super::{HeldRam, Register};
use crate::prelude::*;

/// See the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct Fifo<T: Symbolic> {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous; empties the FIFO.
    pub reset: Signal<In, bool>,
    /// Words in.
    pub s_in: Sink<T>,
    /// Words out.
    pub m_out: Source<T>,
    /// Words held, the one offered included.
    pub level: Signal<Out, Bits<16>>,
    memory: HeldRam<T>,
    write_at: Register<Bits<16>>,
    /// The word behind the one offered; the first if none is.
    read_at: Register<Bits<16>>,
    held: Register<Bits<16>>,
    valid: Register<bool>,
    ready: Register<bool>,
    depth: Constant<Bits<16>>,
    almost: Constant<Bits<16>>,
    address_mask: Constant<Bits<16>>,
    level_mask: Constant<Bits<16>>,
}

impl<T: Symbolic> Fifo<T> {
    /// A FIFO that holds `depth` words.
    pub fn new(depth: usize) -> Self {
        assert!((1..1 << 15).contains(&depth), "a FIFO of {depth} words");
        let memory = HeldRam::new(depth);
        let words = memory.depth() as u64;
        Fifo {
            clock: Signal::default(),
            reset: Signal::default(),
            s_in: Sink::default(),
            m_out: Source::default(),
            level: Signal::default(),
            memory,
            write_at: Register::default(),
            read_at: Register::default(),
            held: Register::default(),
            valid: Register::default(),
            ready: Register::default(),
            depth: Constant::new((depth as u64).into()),
            almost: Constant::new((depth as u64 - 1).into()),
            // Masks keep the registers as narrow as the depth needs.
            address_mask: Constant::new((words - 1).into()),
            level_mask: Constant::new((2 * words - 1).into()),
        }
    }
}

/// The smallest FIFO: a block that derives `Default` has its constructor replace it.
impl<T: Symbolic> Default for Fifo<T> {
    fn default() -> Self {
        Self::new(2)
    }
}

impl<T: Symbolic> Logic for Fifo<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, write_at, read_at, held, valid, ready);
        clocks!(self, memory);
        let push = self.s_in.valid.val() && self.ready.q.val();
        let valid = self.valid.q.val();
        let pop = self.m_out.ready.val() && valid;
        let held = self.held.q.val();

        // `push` and `pop` come late: add and compare first, let them choose.
        let loads = self.m_out.ready.val() || !valid;
        let follows = mux(valid, held != 1, held.any());
        let read_at = self.read_at.q.val();
        let after = (read_at + 1) & self.address_mask.val();
        self.memory.write_enable.next = self.ready.q.val();
        self.memory.write_address.next = self.write_at.q.val();
        self.memory.write_data.next = self.s_in.bits.val();
        self.memory.read_enable.next = loads;
        self.memory.read_address.next = read_at;
        self.read_at.d.next = mux(loads && follows, after, read_at);
        let after = (self.write_at.q.val() + 1) & self.address_mask.val();
        self.write_at.d.next = mux(push, after, self.write_at.q.val());

        let (more, fewer) = ((held + 1) & self.level_mask.val(), (held - 1) & self.level_mask.val());
        self.held.d.next = mux(push == pop, held, mux(push, more, fewer));
        self.valid.d.next = follows || !loads;
        self.ready.d.next = pop || !(held == self.depth.val() || (push && held == self.almost.val()));

        self.s_in.ready.next = self.ready.q.val();
        self.m_out.valid.next = valid;
        self.m_out.bits.next = self.memory.read_data.val();
        self.level.next = held;
    }
}
