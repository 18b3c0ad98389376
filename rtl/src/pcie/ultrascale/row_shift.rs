//! Row shift: moves the dwords of a packet to other lanes.
//!
//! # Role
//! A header takes the first dwords of a packet at the pins, and an address its natural lanes inside. Both are one
//! distance, so that each way needs one rotation: `Requests` uses it on the way out, `Completions` on the way in.
//!
//! ```text
//! s_row -> [ turned: every dword in its lane ] -> [ held ] -> lanes of this row and the one before -> m_row
//! ```
//!
//! # Ports
//! - `s_row`: `ShiftRow`: rows, and how far to move them: the same for all rows of a packet.
//! - `m_row`: `Row`: the moved rows.
//!
//! # Handshake
//! `s_row.ready` and `m_row.valid` come from registers.
//!
//! # Latency
//! Two cycles. One row per cycle in and out; a packet that becomes a row longer takes a cycle more, one that becomes
//! a row shorter begins a cycle later.
//!
//! # Invariant
//! Rows that came without a pause leave without a pause.
use crate::pcie::tlp::Row;
use crate::stream::lanes::{lanes_from, rotate_lanes};
use stevedore_hdl::prelude::*;

/// A row on its way to other lanes.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct ShiftRow {
    /// The row.
    pub row: Row,
    /// Dwords to move up by.
    pub turn: Bits<3>,
    /// Nothing of this row is left in the row that would leave with it: that one is left out.
    pub skip: bool,
    /// With the last row: something of it is in a row behind it.
    pub flush: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    turned: bool,
    /// The row behind the last one leaves now.
    flushes: bool,
}

/// Moves dwords; see the module's text.
#[derive(LogicBlock, Default)]
pub struct RowShift {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Rows.
    pub s_row: Sink<ShiftRow>,
    /// Moved rows.
    pub m_row: Source<Row>,
    state: Register<State>,
    turned: Flop<ShiftRow>,
    held: Flop<Bits<256>>,
    out: SkidBuffer<Row>,
}

impl Logic for RowShift {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, out);
        clocks!(self, turned, held);
        forward!(self.out.m_out => self.m_row);
        let state = self.state.q.val();
        let mut next = state;
        let go = self.out.s_in.ready.val();
        let turned = self.turned.q.val();
        let held = self.held.q.val();
        let arrives = state.turned && !state.flushes;
        let ends = turned.row.last;

        // Lanes below the turn are from the row before. `turned` stays for a cycle when the row behind it leaves.
        let lane = bit_cast::<6, 3>(turned.turn) << 2;
        let mask = lanes_from::<256>(lane);
        self.out.s_in.valid.next = state.flushes || (arrives && !turned.skip);
        self.out.s_in.bits.next =
            Row { data: (turned.row.data & mask) | (held & !mask), last: state.flushes || (ends && !turned.flush) };
        let more = arrives && ends && turned.flush;
        let row = self.s_row.bits.val();
        self.s_row.ready.next = go && !more;
        self.turned.d.next = turned;
        self.held.d.next = held;
        if go {
            self.held.d.next = turned.row.data;
            next.flushes = more;
            if !more {
                let lanes = bit_cast::<6, 3>(row.turn) << 2;
                let data = rotate_lanes::<256>(row.row.data, lanes);
                self.turned.d.next = ShiftRow { row: Row { data, last: row.row.last }, ..row };
                next.turned = self.s_row.valid.val();
            }
        }
        self.state.d.next = next;
    }
}
