//! Where each connection's chain begins, where its cursor stands, and which placeholder ends it.
//!
//! # Role
//! Three memories, one row per slot, behind [`super::send_chain::SendChain`]: *head* (first unacknowledged byte),
//! *cursor* (next byte to be cut) and *tail* (the placeholder). Each is read for the command its unit takes.
//!
//! # Ports
//! - `ready`: every slot has its own, empty chain; for the send chain.
//! - `head_slot`, `cursor_slot`, `tail_slot`: the rows to be read, from the dispatcher of the send chain.
//! - `head`: the first unacknowledged byte, for walker and releaser. `cursor`: the next byte to be cut, for the walker.
//!   `tail`: the placeholder, for appender and releaser.
//! - `head_write`: the new head, from the releaser. `cursor_write`: the new cursor, from walker or releaser.
//!   `tail_write`: the new placeholder, from the appender.
//!
//! # Handshake
//! None: `head`, `cursor` and `tail` show, one cycle later, the row that `head_slot`, `cursor_slot` or `tail_slot`
//! named. Writes are never refused.
//!
//! # Latency
//! One cycle to read; a write is seen by reads of later cycles. After reset `ready` stays low for one cycle per slot.
//!
//! # Invariant
//! Nobody uses a row that was read while it was written: the dispatcher holds commands back, and a unit knows the rows
//! it writes.
use super::record::{Position, PositionWrite};
use stevedore_hdl::prelude::*;

/// The filling of the tables after reset.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Fill {
    slot: Bits<16>,
    done: bool,
}

/// The tables of chain state.
#[derive(LogicBlock, Default)]
pub struct Chains {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Every slot has its own, empty chain.
    pub ready: Signal<Out, bool>,
    /// Whose head to read.
    pub head_slot: Signal<In, Bits<16>>,
    /// Whose cursor.
    pub cursor_slot: Signal<In, Bits<16>>,
    /// Whose tail.
    pub tail_slot: Signal<In, Bits<16>>,
    /// First unacknowledged byte of the row named one cycle ago.
    pub head: Signal<Out, Position>,
    /// Next byte to be cut.
    pub cursor: Signal<Out, Position>,
    /// The placeholder.
    pub tail: Signal<Out, Bits<16>>,
    /// Moves a head.
    pub head_write: Signal<In, PositionWrite>,
    /// Moves a cursor.
    pub cursor_write: Signal<In, PositionWrite>,
    /// Moves a tail; only `position.entry` counts.
    pub tail_write: Signal<In, PositionWrite>,
    fill: Register<Fill>,
    heads: DualPortRam<Position>,
    cursors: DualPortRam<Position>,
    tails: DualPortRam<Bits<16>>,
    _connections: usize,
}

impl Chains {
    /// Tables for `connections` slots.
    pub fn new(connections: usize) -> Self {
        Self {
            heads: DualPortRam::new(connections).no_rw_check(),
            cursors: DualPortRam::new(connections).no_rw_check(),
            tails: DualPortRam::new(connections).no_rw_check(),
            _connections: connections,
            ..Default::default()
        }
    }
}

impl Logic for Chains {
    #[kernel]
    fn update(&mut self) {
        setup!(self, fill);
        clocks!(self, heads, cursors, tails);
        let fill = self.fill.q.val();
        let mut next = fill;
        let mut head = self.head_write.val();
        let mut cursor = self.cursor_write.val();
        let mut tail = self.tail_write.val();
        if !fill.done {
            let own = Position { entry: fill.slot, offset: bits::<32>(0) };
            head = PositionWrite { enable: true, slot: fill.slot, position: own };
            cursor = head;
            tail = head;
            next.slot = fill.slot + 1;
            next.done = fill.slot == bits::<16>(self._connections as u64 - 1);
        }
        self.fill.d.next = next;
        self.ready.next = fill.done;

        self.heads.write_enable.next = head.enable;
        self.heads.write_address.next = head.slot;
        self.heads.write_data.next = head.position;
        self.cursors.write_enable.next = cursor.enable;
        self.cursors.write_address.next = cursor.slot;
        self.cursors.write_data.next = cursor.position;
        self.tails.write_enable.next = tail.enable;
        self.tails.write_address.next = tail.slot;
        self.tails.write_data.next = tail.position.entry;

        self.heads.read_address.next = self.head_slot.val();
        self.cursors.read_address.next = self.cursor_slot.val();
        self.tails.read_address.next = self.tail_slot.val();
        self.head.next = self.heads.read_data.val();
        self.cursor.next = self.cursors.read_data.val();
        self.tail.next = self.tails.read_data.val();
    }
}
