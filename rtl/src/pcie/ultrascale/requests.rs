//! Requests: brings the adapter's packets to the requester request pins (RQ).
//!
//! # Role
//! Puts the header of four dwords in front of the payload, moves the payload to the lanes behind it, and tells the
//! block in the side band which bytes of the first and the last dword are meant.
//!
//! # Ports
//! - `s_request`, `s_row`: the adapter's packets.
//! - `m_pins`: `PinBeat`: beats for the block.
//! - `posted`: a posted packet begins to leave; it has the number `number`, and does not begin without `room`.
//!
//! # Handshake
//! A header is taken when its packet is the next, its rows behind it. `m_pins` comes from registers.
//!
//! # Latency
//! Four cycles for a packet without payload, five with. One beat per cycle.
//!
//! # Invariant
//! The beats of a packet follow each other without a pause while the block takes them and the rows come without one:
//! the block forbids pauses.
use super::pins::{keep_of, PinBeat, REQUEST_USER};
use super::row_shift::{RowShift, ShiftRow};
use crate::pcie::tlp::{RequestHeader, RequestKind, Row};
use stevedore_hdl::prelude::*;

/// Dwords of a header at the pins.
const HEADER: u64 = 4;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Rows of the packet taken last are coming.
    rows: bool,
    turn: Bits<3>,
    skip: bool,
    flush: bool,
    /// Beats of a packet are leaving, behind the first.
    inside: bool,
}

/// Makes requests; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Requests {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Headers.
    pub s_request: Sink<RequestHeader>,
    /// Rows.
    pub s_row: Sink<Row>,
    /// Beats for the block.
    pub m_pins: Source<PinBeat<REQUEST_USER>>,
    /// A posted packet leaves.
    pub posted: Signal<Out, bool>,
    /// Its number.
    pub number: Signal<In, Bits<6>>,
    /// It may.
    pub room: Signal<In, bool>,
    state: Register<State>,
    headers: Fifo<RequestHeader>,
    shift: RowShift,
    out: SkidBuffer<PinBeat<REQUEST_USER>>,
}

/// The header as the block wants it: PG213, "Requester Request Descriptor Formats".
#[kernel_fn]
fn descriptor(header: RequestHeader) -> Bits<128> {
    let reads = header.kind == RequestKind::Read;
    let mut word = bit_cast::<128, 64>(header.address);
    word = set_bits::<128, 11>(word, 64, header.dwords);
    word = set_bits::<128, 4>(word, 75, mux(reads, bits::<4>(0), bits::<4>(1)));
    word = set_bits::<128, 8>(word, 96, header.tag);
    // Relaxed ordering is the middle one of the attributes.
    word.replace_bit(125, header.relaxed)
}

/// The side band: PG213, "Sideband Signals in s_axis_rq_tuser".
#[kernel_fn]
fn side_band(header: RequestHeader, number: Bits<6>) -> Bits<REQUEST_USER> {
    let mut word = bit_cast::<REQUEST_USER, 4>(header.first_enables);
    word = set_bits::<REQUEST_USER, 4>(word, 4, header.last_enables);
    word = set_bits::<REQUEST_USER, 4>(word, 24, bit_cast::<4, 6>(number));
    set_bits::<REQUEST_USER, 2>(word, 60, bit_cast::<2, 6>(number >> 4))
}

impl Logic for Requests {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, headers, shift, out);
        forward!(self.out.m_out => self.m_pins);
        let state = self.state.q.val();
        let mut next = state;

        // In: a header, then its rows.
        let header = self.s_request.bits.val();
        let takes = !state.rows && self.headers.s_in.ready.val();
        self.s_request.ready.next = takes;
        self.headers.s_in.valid.next = self.s_request.valid.val() && !state.rows;
        self.headers.s_in.bits.next = header;
        let row = self.s_row.bits.val();
        self.s_row.ready.next = state.rows && self.shift.s_row.ready.val();
        self.shift.s_row.valid.next = state.rows && self.s_row.valid.val();
        self.shift.s_row.bits.next = ShiftRow { row, turn: state.turn, skip: state.skip, flush: state.flush };
        if takes && self.s_request.valid.val() {
            let lane = bit_cast::<3, 64>(header.address >> 2);
            let turn = bits::<3>(HEADER) - lane;
            let last = bit_cast::<3, 11>(header.dwords - 1) + lane;
            next.rows = header.kind != RequestKind::Read;
            next.turn = turn;
            next.skip = lane > HEADER;
            next.flush = (bit_cast::<4, 3>(last) + bit_cast::<4, 3>(turn)).get_bit(3);
        } else if state.rows && self.shift.s_row.ready.val() && self.s_row.valid.val() {
            next.rows = !row.last;
            next.skip = false;
        }

        // Out: the header alone, or in the first lanes of the first row.
        let header = self.headers.m_out.bits.val();
        let reads = header.kind == RequestKind::Read;
        let begins = self.headers.m_out.valid.val() && (reads || self.room.val());
        let payload = self.shift.m_row.valid.val();
        let go = self.out.s_in.ready.val();
        let moved = self.shift.m_row.bits.val();
        let offers = if state.inside { payload } else { begins && (reads || payload) };
        let last = !state.inside && reads || moved.last && (state.inside || !reads);
        let leaves = offers && go;
        let tail = bit_cast::<3, 11>(header.dwords) + HEADER;
        let keep = mux(reads, bits::<8>(15), keep_of(tail));
        let data = mux(state.inside, moved.data, set_bits::<256, 128>(moved.data, 0, descriptor(header)));
        self.out.s_in.valid.next = offers;
        self.out.s_in.bits.next = PinBeat::<REQUEST_USER> {
            data,
            keep: mux(last, keep, bits::<8>(255)),
            last,
            user: side_band(header, mux(reads, bits::<6>(0), self.number.val())),
        };
        self.shift.m_row.ready.next = go && mux(state.inside, true, begins && !reads);
        self.headers.m_out.ready.next = leaves && last;
        self.posted.next = leaves && !state.inside && !reads;
        if leaves {
            next.inside = !last;
        }
        self.state.d.next = next;
    }
}
