//! How many of its buffers a listener can still promise.
//!
//! # Role
//! Beside the connection table of `pipeline.rs`: a count for each slot that listens. A buffer posted to a listener
//! counts up, one promised to a half-open connection down, a promise whose connection died up again. What is decided to
//! change a count is in `listening.rs`; the buffers themselves lie in the listener's receive chain.
//!
//! ```text
//!  row ── measure: the count is read ── judge: some
//!                                         └── changes, down, clears ── the new count is written,
//!                                                                      and kept for those right behind
//! ```
//!
//! # Ports
//! `clock`, `reset`. `row`: whose count is asked for. `some`: the count of the last cycle's `row` is not 0. `changes`:
//! that count goes down by one if `down`, else up by one. `clears`: it becomes 0.
//!
//! # Handshake
//! None: a row each cycle.
//!
//! # Latency
//! One cycle from `row` to `some`.
//!
//! # Invariant
//! `some` tells of all changes made in earlier cycles: a count that the memory does not show yet is one of the two
//! kept. A row that never was cleared holds nothing that means anything. A count goes down only where there is `some`,
//! and never beyond the number of contexts, which a receive chain has a place for.
use stevedore_hdl::prelude::*;

/// A count. `some` is `number != 0`, kept because there is no time to find out.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Count {
    number: Bits<16>,
    some: bool,
}

/// A count the memory may not show yet.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Kept {
    row: Bits<16>,
    count: Count,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Stock {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous.
    pub reset: Signal<In, bool>,
    /// Whose count is asked for.
    pub row: Signal<In, Bits<16>>,
    /// There is something to promise: of the row of the last cycle.
    pub some: Signal<Out, bool>,
    /// That count changes by one.
    pub changes: Signal<In, bool>,
    /// If it changes, it goes down.
    pub down: Signal<In, bool>,
    /// It becomes 0.
    pub clears: Signal<In, bool>,
    counts: DualPortRam<Count>,
    asked: Flop<Bits<16>>,
    /// What the event one ahead, and the event two ahead, has left.
    last: Flop<Kept>,
    before: Flop<Kept>,
    /// They are of the row asked for.
    as_last: Register<bool>,
    as_before: Register<bool>,
    _row_mask: usize,
}

impl Stock {
    /// Counts for `connections` slots.
    pub fn new(connections: usize) -> Self {
        Self {
            // A row that is read while it is written is one of the two kept.
            counts: DualPortRam::new(connections).no_rw_check(),
            _row_mask: connections - 1,
            ..Self::default()
        }
    }
}

impl Logic for Stock {
    #[kernel]
    fn update(&mut self) {
        setup!(self, as_last, as_before);
        clocks!(self, counts, asked, last, before);
        let row = self.row.val() & bits::<16>(self._row_mask as u64);
        let asked = self.asked.q.val();
        let last = self.last.q.val();
        self.counts.read_address.next = row;
        self.asked.d.next = row;
        self.as_last.d.next = row == asked;
        self.as_before.d.next = row == last.row;

        let kept = if self.as_last.q.val() { last.count } else { self.before.q.val().count };
        let forward = self.as_last.q.val() || self.as_before.q.val();
        let count = if forward { kept } else { self.counts.read_data.val() };
        self.some.next = count.some;
        // Whether anything changes is known late, in which direction early.
        let down = self.down.val();
        let step = if down { bits::<16>(0xffff) } else { bits::<16>(1) };
        let stepped = Count { number: count.number + step, some: !down || count.number != bits::<16>(1) };
        let mut next = if self.changes.val() { stepped } else { count };
        if self.clears.val() {
            next = Count::default();
        }
        self.last.d.next = Kept { row: asked, count: next };
        self.before.d.next = last;
        // What did not change is written back.
        self.counts.write_enable.next = true;
        self.counts.write_address.next = last.row;
        self.counts.write_data.next = last.count;
    }
}
