//! The hash table of the lookup: bucket heads, chains, rows.
//!
//! # Role
//! Behind `Lookup`: `Launch` reads heads, the walks read rows, exclusive jobs insert and unlink.
//!
//! # Ports
//! `clock`, `reset`. `ready`: every chain is empty, or what was made of it since. `bucket`, `listener_bucket`: heads to
//! read; `head`, `listener_head`: those of the last cycle. `pointer`: row to read; `row`, `link`: that of the last
//! cycle, and what is behind it in its chain. `insert`, `unlink`: do so with `change` at the next edge, never both.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! One cycle to read. `ready` rises as many cycles after a reset as there are buckets.
//!
//! # Invariant
//! No location is read, with its value used, in the cycle it is written: only an exclusive job writes, when its walks
//! are over, and the heads of the next job are read later. A row is in a chain only after it was written, so rows need
//! no clearing.
use super::walk::{Link, Row};
use stevedore_hdl::prelude::*;

/// A slot to be put into a chain, as its first, or to be taken out of it. Fields not named for one of them are
/// undefined in it.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Change {
    /// The chain is one of listeners.
    pub listener: bool,
    /// Its bucket.
    pub bucket: Bits<16>,
    /// Insert: the slot.
    pub slot: Bits<16>,
    /// Insert: its row.
    pub row: Row,
    /// Insert: the first of the chain so far. Unlink: the slot behind the one taken out.
    pub next: Link,
    /// Unlink: the slot before it; none: the head.
    pub before: Link,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Table {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The heads are cleared.
    pub ready: Signal<Out, bool>,
    /// Head to read.
    pub bucket: Signal<In, Bits<16>>,
    /// Head to read among the listeners.
    pub listener_bucket: Signal<In, Bits<16>>,
    /// Head read in the last cycle.
    pub head: Signal<Out, Link>,
    /// Head of the chain of listeners read in the last cycle.
    pub listener_head: Signal<Out, Link>,
    /// Row to read.
    pub pointer: Signal<In, Bits<16>>,
    /// Row read in the last cycle.
    pub row: Signal<Out, Row>,
    /// The slot behind it.
    pub link: Signal<Out, Link>,
    /// Put a slot into a chain.
    pub insert: Signal<In, bool>,
    /// Take a slot out of its chain.
    pub unlink: Signal<In, bool>,
    /// Which, and where.
    pub change: Signal<In, Change>,
    heads: ClearedRam<Link>,
    listeners: ClearedRam<Link>,
    links: DualPortRam<Link>,
    rows: DualPortRam<Row>,
}

impl Table {
    /// A table of `connections` rows and `buckets` chains of connections, and as many of listeners.
    pub fn new(connections: usize, buckets: usize) -> Self {
        Self {
            heads: ClearedRam::new(buckets).no_rw_check(),
            listeners: ClearedRam::new(buckets).no_rw_check(),
            links: DualPortRam::new(connections).no_rw_check(),
            rows: DualPortRam::new(connections).no_rw_check(),
            ..Self::default()
        }
    }
}

impl Logic for Table {
    #[kernel]
    fn update(&mut self) {
        setup!(self, heads, listeners);
        clocks!(self, links, rows);
        let change = self.change.val();
        let insert = self.insert.val();
        let unlink = self.unlink.val();
        let head_changes = insert || (unlink && !change.before.some);
        let head = mux(insert, Link { slot: change.slot, some: true }, change.next);
        self.ready.next = self.heads.ready.val() && self.listeners.ready.val();

        self.heads.read_address.next = self.bucket.val();
        self.heads.write_enable.next = head_changes && !change.listener;
        self.heads.write_address.next = change.bucket;
        self.heads.write_data.next = head;
        self.head.next = self.heads.read_data.val();

        self.listeners.read_address.next = self.listener_bucket.val();
        self.listeners.write_enable.next = head_changes && change.listener;
        self.listeners.write_address.next = change.bucket;
        self.listeners.write_data.next = head;
        self.listener_head.next = self.listeners.read_data.val();

        let pointer = self.pointer.val();
        self.links.read_address.next = pointer;
        self.links.write_enable.next = insert || (unlink && change.before.some);
        self.links.write_address.next = mux(insert, change.slot, change.before.slot);
        self.links.write_data.next = change.next;
        self.link.next = self.links.read_data.val();

        self.rows.read_address.next = pointer;
        self.rows.write_enable.next = insert;
        self.rows.write_address.next = change.slot;
        self.rows.write_data.next = change.row;
        self.row.next = self.rows.read_data.val();
    }
}
