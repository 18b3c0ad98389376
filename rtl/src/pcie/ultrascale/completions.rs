//! Completions: reads the host's answers off the requester completion pins (RC).
//!
//! # Role
//! Takes the header of three dwords off, and moves the payload to the lanes of its addresses.
//!
//! # Ports
//! - `s_pins`: `PinBeat`: beats of the block.
//! - `m_completion`, `m_row`: packets for the adapter.
//!
//! # Handshake
//! `s_pins.ready` comes from a register.
//!
//! # Latency
//! A header is offered two cycles after its beat, a row three. One beat per cycle.
//!
//! # Invariant
//! A packet without payload has no row. The parity is not looked at: the block checks it.
use super::pins::{PinBeat, COMPLETION_USER};
use super::row_shift::{RowShift, ShiftRow};
use crate::pcie::tlp::{CompletionHeader, Row};
use stevedore_hdl::prelude::*;

/// Dwords of a header at the pins.
const HEADER: u64 = 3;
/// Errors that the block notices (PG213, "Requester Completion Descriptor"): the tag is that of no request under way.
const ERROR_TAG: u64 = 6;
/// The request was ended by a function-level reset: no answer comes.
const ERROR_RESET: u64 = 8;
/// The block's own time is up: no answer comes, and only the tag counts.
const ERROR_TIME: u64 = 9;
/// A tag that no read has.
const NO_TAG: u64 = 255;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    inside: bool,
    /// The packet has payload.
    payload: bool,
    turn: Bits<3>,
    flush: bool,
}

/// Takes completions; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Completions {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Beats of the block.
    pub s_pins: Sink<PinBeat<COMPLETION_USER>>,
    /// Headers.
    pub m_completion: Source<CompletionHeader>,
    /// Rows.
    pub m_row: Source<Row>,
    state: Register<State>,
    front: SkidBuffer<PinBeat<COMPLETION_USER>>,
    header: PingPong<CompletionHeader>,
    shift: RowShift,
}

/// The header, from the block's first beat.
#[kernel_fn]
fn header_of(data: Bits<256>) -> CompletionHeader {
    let error = bits_at::<4, 256>(data, 12);
    let gone = error == ERROR_TIME || error == ERROR_RESET;
    let tag = bits_at::<8, 256>(data, 64);
    CompletionHeader {
        tag: mux(error == ERROR_TAG, bits::<8>(NO_TAG), tag),
        dwords: bits_at::<11, 256>(data, 32),
        address: bits_at::<7, 256>(data, 0),
        status: bits_at::<3, 256>(data, 43),
        poisoned: data.get_bit(46),
        failed: error.any(),
        completed: data.get_bit(30) || gone,
    }
}

impl Logic for Completions {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, front, header, shift);
        forward!(self.s_pins => self.front.s_in);
        forward!(self.header.m_out => self.m_completion);
        forward!(self.shift.m_row => self.m_row);
        let state = self.state.q.val();
        let mut next = state;
        let beat = self.front.m_out.bits.val();
        let comes = self.front.m_out.valid.val();
        let parsed = header_of(beat.data);
        let lane = bit_cast::<3, 7>(parsed.address >> 2);
        // A packet that ends before its payload begins has none, whatever its header says.
        let payload = parsed.dwords.any() && (!beat.last || bits_at::<5, 8>(beat.keep, 3).any());
        let turn = lane - HEADER;
        let last = bit_cast::<3, 11>(parsed.dwords) + (HEADER - 1);
        let flush = (bit_cast::<4, 3>(last) + bit_cast::<4, 3>(turn)).get_bit(3);
        let header = CompletionHeader { dwords: mux(payload, parsed.dwords, bits::<11>(0)), ..parsed };

        let rows = mux(state.inside, state.payload, payload);
        let open = self.shift.s_row.ready.val() || !rows;
        let go = open && (state.inside || self.header.s_in.ready.val());
        self.front.m_out.ready.next = go;
        self.header.s_in.valid.next = comes && !state.inside && open;
        self.header.s_in.bits.next = header;
        self.shift.s_row.valid.next = comes && rows && (state.inside || self.header.s_in.ready.val());
        self.shift.s_row.bits.next = ShiftRow {
            row: Row { data: beat.data, last: beat.last },
            turn: mux(state.inside, state.turn, turn),
            skip: !state.inside && lane < HEADER,
            flush: mux(state.inside, state.flush, flush),
        };
        if comes && go {
            next.inside = !beat.last;
            if !state.inside {
                next.payload = payload;
                next.turn = turn;
                next.flush = flush;
            }
        }
        self.state.d.next = next;
    }
}
