//! The list of free contexts, and its filling after reset.
//!
//! # Role
//! Behind the [`ReceiveChain`](super::ReceiveChain): an Append takes a context, a buffer that is handed back returns
//! one. Contexts `0..connections` belong to the slots as their first placeholders: they are told one by one, so that
//! each chain's record can be written. The rest fill the list.
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! `m_free` is an ordinary source; `freed` is never refused, for the list has room for every context.
//!
//! # Latency
//! After reset `ready` stays low for one cycle per context. `free_entries` follows a return after two cycles.
//!
//! # Invariant
//! A context is in exactly one chain, in the list, or on its way into it.
use crate::stream::QuickQueue;
use stevedore_hdl::prelude::*;

/// The filling after reset.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Fill {
    entry: Bits<16>,
    /// Every slot has its placeholder.
    slotted: bool,
    done: bool,
}

/// Free contexts.
#[derive(LogicBlock, Default)]
pub struct FreeContexts {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Slot `placeholder` gets the context of the same number in this cycle.
    pub provides: Signal<Out, bool>,
    /// Which.
    pub placeholder: Signal<Out, Bits<16>>,
    /// Every context is where it belongs.
    pub ready: Signal<Out, bool>,
    /// A context becomes free in this cycle.
    pub freed: Signal<In, bool>,
    /// Which.
    pub freed_entry: Signal<In, Bits<16>>,
    /// A free context.
    pub m_free: Source<Bits<16>>,
    /// Contexts free now.
    pub free_entries: Signal<Out, Bits<16>>,
    fill: Register<Fill>,
    /// Of a return, a cycle late: who decides about it is far away.
    gives: Register<bool>,
    given: Flop<Bits<16>>,
    list: QuickQueue<Bits<16>>,
    free: Register<Bits<16>>,
    _connections: usize,
    _entries: usize,
}

impl FreeContexts {
    /// A list for `entries` contexts, of which the first `connections` are the slots' placeholders.
    pub fn new(entries: usize, connections: usize) -> Self {
        Self {
            list: QuickQueue::new(entries - connections),
            _connections: connections,
            _entries: entries,
            ..Self::default()
        }
    }
}

impl Logic for FreeContexts {
    #[kernel]
    fn update(&mut self) {
        setup!(self, fill, gives, list, free);
        clocks!(self, given);
        forward!(self.list.m_out => self.m_free);
        let fill = self.fill.q.val();
        let mut next = fill;
        if !fill.done {
            next.entry = fill.entry + 1;
        }
        next.slotted = fill.slotted || fill.entry == self._connections as u64 - 1;
        next.done = fill.done || fill.entry == self._entries as u64 - 1;
        self.fill.d.next = next;
        self.provides.next = !fill.slotted;
        self.placeholder.next = fill.entry;
        self.ready.next = fill.done;

        let gives = self.gives.q.val();
        self.gives.d.next = if fill.done { self.freed.val() } else { fill.slotted };
        self.given.d.next = if fill.done { self.freed_entry.val() } else { fill.entry };
        self.list.s_in.valid.next = gives;
        self.list.s_in.bits.next = self.given.q.val();

        let free = self.free.q.val();
        let takes = self.list.m_out.valid.val() && self.m_free.ready.val();
        let (more, fewer) = (free + 1, free - 1);
        self.free.d.next = mux(gives == takes, free, mux(takes, fewer, more));
        self.free_entries.next = free;
    }
}
