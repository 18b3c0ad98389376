//! The pool of message contexts and the list of its free entries.
//!
//! # Role
//! Behind [`super::send_chain::SendChain`]: the appender writes contexts and takes free entries, walker and releaser
//! read contexts, entries come back when their buffers are the host's again. Entries `0..connections` belong to the
//! slots as their first placeholders; the free list begins with the rest.
//!
//! # Ports
//! - `ready`: the free list is filled, for the send chain.
//! - `write`, `write_entry`, `write_context`: the context that the appender writes.
//! - `walk_read`, `walk_entry`: the context that the walker reads.
//! - `release_read`, `release_entry`: the context that the releaser wants. `release_granted`: the pool reads this
//!   context.
//! - `context`: the context that was read, for walker and releaser.
//! - `m_free`: a free entry, for the appender.
//! - `freed`, `freed_entry`: an entry that becomes free, from [`super::returns::Returns`].
//! - `free_entries`: the number of entries in the free list, for `host::Dispatcher` and the register file.
//!
//! # Handshake
//! `walk_read` is always served; `release_read` is served when `release_granted` says so in the same cycle. `m_free` is
//! an ordinary source; `freed` is never refused, for the list has room for every entry.
//!
//! # Latency
//! `context` is the entry named one cycle before. A write is seen by reads of later cycles. After reset `ready` stays
//! low for one cycle per entry of the free list, and two.
//!
//! # Invariant
//! An entry is in exactly one chain or in the free list. It is written while it is the placeholder of a chain or free,
//! and only read as content: never in the cycle in which it is written.
use super::record::MessageContext;
use stevedore_hdl::prelude::*;

/// Message contexts and free list.
#[derive(LogicBlock, Default)]
pub struct Pool {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The free list is filled.
    pub ready: Signal<Out, bool>,
    /// Write a context in this cycle.
    pub write: Signal<In, bool>,
    /// Where.
    pub write_entry: Signal<In, Bits<16>>,
    /// What.
    pub write_context: Signal<In, MessageContext>,
    /// The walker reads in this cycle.
    pub walk_read: Signal<In, bool>,
    /// Where.
    pub walk_entry: Signal<In, Bits<16>>,
    /// The releaser would like to read in this cycle.
    pub release_read: Signal<In, bool>,
    /// Where.
    pub release_entry: Signal<In, Bits<16>>,
    /// It does: the walker leaves the port free.
    pub release_granted: Signal<Out, bool>,
    /// The context read one cycle ago.
    pub context: Signal<Out, MessageContext>,
    /// A free entry.
    pub m_free: Source<Bits<16>>,
    /// An entry becomes free in this cycle.
    pub freed: Signal<In, bool>,
    /// Which.
    pub freed_entry: Signal<In, Bits<16>>,
    /// Entries in the free list.
    pub free_entries: Signal<Out, Bits<16>>,
    contexts: DualPortRam<MessageContext>,
    free: FreeList<Bits<16>>,
    _entries: usize,
}

impl Pool {
    /// A pool of `entries`, of which the first `connections` are the slots' placeholders.
    pub fn new(entries: usize, connections: usize) -> Self {
        assert!(entries > connections, "a pool needs entries besides the placeholders");
        assert!(entries.is_power_of_two(), "a pool of {entries} entries");
        Self {
            contexts: DualPortRam::new(entries).no_rw_check(),
            free: FreeList::new(connections, entries - 1),
            _entries: entries,
            ..Default::default()
        }
    }
}

impl Logic for Pool {
    #[kernel]
    fn update(&mut self) {
        setup!(self, free);
        clocks!(self, contexts);
        self.ready.next = self.free.ready.val();
        self.free.entry.next = self.free.number.val();
        self.free.s_free.valid.next = self.freed.val();
        self.free.s_free.bits.next = self.freed_entry.val();
        // Bits that are never set need no registers wherever an entry goes. (The pool is as deep as a power of two.)
        let mask = bits::<16>(self._entries as u64 - 1);
        self.m_free.valid.next = self.free.m_free.valid.val();
        self.m_free.bits.next = self.free.m_free.bits.val() & mask;
        self.free.m_free.ready.next = self.m_free.ready.val();
        self.free_entries.next = self.free.level.val();

        self.contexts.write_enable.next = self.write.val();
        self.contexts.write_address.next = self.write_entry.val();
        self.contexts.write_data.next = self.write_context.val();
        let walk = self.walk_read.val();
        self.contexts.read_address.next = mux(walk, self.walk_entry.val(), self.release_entry.val());
        self.release_granted.next = self.release_read.val() && !walk;
        let context = self.contexts.read_data.val();
        self.context.next = MessageContext { next: context.next & mask, ..context };
    }
}
