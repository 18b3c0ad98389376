//! Outlet: the only door to the bus. Reads and posted packets take turns, while the host lets them.
//!
//! # Role
//! Merges the reads and the posted queue. Nothing passes while the function is no bus master, nothing is lost, and it
//! goes on when it is again. During a function-level reset it takes what comes and throws it away.
//!
//! # Ports
//! - `s_read`: headers of reads. `s_posted`, `s_row`: packets of writes and messages, stored whole.
//! - `m_request`, `m_row`: the packets of both, a header first, then its rows.
//! - `bus_master`: packets may pass. `discard`: they are thrown away, unless they may pass.
//! - `thrown`: the read taken in this cycle is thrown away. `discarded`: posted packets ever thrown away, modulo 2^16.
//! - `quiet`: no packet is under way, and none waits.
//!
//! # Handshake
//! `m_request.valid` does not depend on `m_request.ready`. What was offered stays until it is taken. The rows pass
//! without a register; the `ready` of each input follows that of the output.
//!
//! # Latency
//! None for a header, when it is its turn; its rows pass from the next cycle on. A packet without rows per cycle.
//!
//! # Invariant
//! Posted packets keep their order. A packet whose header passed gets all its rows, whatever `bus_master` says.
use super::tlp::{RequestHeader, Row};
use crate::stream::grants::Grants;
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// A cycle late.
    open: bool,
    discard: bool,
    /// A header was offered and not taken.
    held: bool,
    /// Rows of a packet are passing, or are thrown away.
    rows: bool,
    throws: bool,
    discarded: Bits<16>,
}

/// Lets packets out; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Outlet {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Reads.
    pub s_read: Sink<RequestHeader>,
    /// Writes and messages.
    pub s_posted: Sink<RequestHeader>,
    /// Their rows.
    pub s_row: Sink<Row>,
    /// Headers to the bus.
    pub m_request: Source<RequestHeader>,
    /// Rows to the bus.
    pub m_row: Source<Row>,
    /// Packets may pass.
    pub bus_master: Signal<In, bool>,
    /// Packets that may not pass are thrown away.
    pub discard: Signal<In, bool>,
    /// The read taken in this cycle is thrown away.
    pub thrown: Signal<Out, bool>,
    /// Posted packets thrown away.
    pub discarded: Signal<Out, Bits<16>>,
    /// Nothing waits, nothing is under way.
    pub quiet: Signal<Out, bool>,
    state: Register<State>,
    grants: Grants<2>,
}

impl Logic for Outlet {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, grants);
        let state = self.state.q.val();
        let mut next = state;
        next.open = self.bus_master.val();
        next.discard = self.discard.val();
        let read = self.s_read.valid.val();
        let posted = self.s_posted.valid.val();
        let owner = self.grants.owner.val();
        let reads = owner.get_bit(0);
        let offers = !state.rows && mux(reads, read, posted);
        let passes = state.open || state.held;
        let throws = state.discard && !passes;

        self.m_request.valid.next = offers && passes;
        self.m_request.bits.next = mux(reads, self.s_read.bits.val(), self.s_posted.bits.val());
        let willing = !state.rows && (throws || (passes && self.m_request.ready.val()));
        let taken = offers && willing;
        next.held = offers && passes && !willing;
        self.s_read.ready.next = willing && reads;
        self.s_posted.ready.next = willing && !reads;
        self.grants.valid.next = bits::<2>(0).replace_bit(0, read).replace_bit(1, posted);
        self.grants.ready.next = willing;
        self.grants.last.next = true;
        self.thrown.next = taken && reads && throws;

        let throwing = state.rows && state.throws;
        self.m_row.valid.next = state.rows && !state.throws && self.s_row.valid.val();
        self.m_row.bits.next = self.s_row.bits.val();
        let goes = throwing || (state.rows && self.m_row.ready.val());
        self.s_row.ready.next = goes;
        if taken && !reads {
            next.rows = true;
            next.throws = throws;
            next.discarded = state.discarded + throws;
        } else if goes && self.s_row.valid.val() && self.s_row.bits.val().last {
            next.rows = false;
        }
        self.discarded.next = state.discarded;
        self.quiet.next = !state.rows && !read && !posted;
        self.state.d.next = next;
    }
}
