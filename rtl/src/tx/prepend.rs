//! Puts a header in front of a payload.
//!
//! # Role
//! Last stage of the transmit path: makes a frame of a [`Header`] from the header builder and the beats of the segment
//! buffer.
//!
//! # Ports
//! - `s_header`: `Header`: the headers of the header builder.
//! - `s_lump`: `Lump<W>`: payload beats of the segment buffer, for the headers that announce payload.
//! - `m_frame`: `Beat<W>`: frames, for the frame arbiter of the engine.
//!
//! # Handshake
//! A header is taken when the frame before it is through; payload beats are taken while their header is in work, the
//! first of them waits rotated. Frames leave on `m_frame` without gaps as long as headers and payloads keep up.
//!
//! # Latency
//! A header's first beat is on `m_frame` 2 cycles after the header is taken. The next header is taken with the last
//! beat.
//!
//! # Invariant
//! One register carries both what is left of the header and what a rotated payload beat had too much for its frame
//! beat: it shifts by a beat per cycle while whole beats of header are left, and afterwards its low lanes complete each
//! frame beat (header bytes first, then the wrapped-around end of the payload beat before). So there is nothing per
//! width in here. Where payload ends early, zeros follow, which is also how short frames are padded.
use super::record::{Header, Lump};
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// The lanes of `data` moved up by `lanes`, cyclically.
#[kernel_fn]
pub fn rotated<const W: usize>(data: Bits<W>, lanes: Bits<6>) -> Bits<W> {
    let mut turned = data;
    for bit in 0..clog2(W) - 3 {
        if lanes.get_bit(bit) {
            turned = (turned << (8 << bit as u64)) | (turned >> (W as u64 - (8 << bit as u64)));
        }
    }
    turned
}

/// Control of both stages.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// The rotated beat is there.
    full: bool,
    /// A frame is in work.
    busy: bool,
    /// Bytes of header in the register, then lanes of every frame beat that come from it.
    header: Bits<8>,
    /// Payload beats to be taken.
    payload: Bits<16>,
    /// Bytes of the frame still to come.
    left: Bits<16>,
    /// They fit one beat.
    last: bool,
    /// A whole beat of header is left.
    whole: bool,
    /// This beat takes payload.
    wants: bool,
}

/// Makes frames.
#[derive(LogicBlock, Default)]
pub struct Prepend<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Headers.
    pub s_header: Sink<Header>,
    /// Payload beats of the headers that announce some.
    pub s_lump: Sink<Lump<W>>,
    /// Frames.
    pub m_frame: Source<Beat<W>>,
    state: Register<State>,
    carry: Flop<Bits<1024>>,
    turned: Flop<Bits<W>>,
    frames: SkidBuffer<Beat<W>>,
}

impl<const W: usize> Logic for Prepend<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, frames);
        clocks!(self, carry, turned);
        forward!(self.frames.m_out => self.m_frame);
        let header = self.s_header.bits.val();
        let state = self.state.q.val();
        let carry = self.carry.q.val();
        let turned = self.turned.q.val();
        let width = bits::<16>(W as u64 / 8);

        // A frame beat. What it depends on was worked out with the beat before: one LUT of registers decides, and
        // others choose what comes next.
        let step = bits::<8>(W as u64 / 8);
        let whole = state.whole;
        let wants = state.wants;
        let room = self.frames.s_in.ready.val();
        let go = state.busy && (!wants || state.full);
        let moves = !state.busy || ((!wants || state.full) && room);
        let loads = !state.busy || state.last;
        let last = state.last;
        let payload = mux(wants, turned, bits::<W>(0));
        let mut data = payload;
        for lane in 0..W / 8 {
            if state.header > bits::<8>(lane as u64) {
                data = set_bits(data, lane * 8, carry.get_bits::<8>(lane * 8));
            }
        }
        self.frames.s_in.valid.next = go;
        self.frames.s_in.bits.next =
            Beat::<W> { data: data, count: resize::<7, 16>(mux(last, state.left, width)), last: last, error: false };

        let mut next = state;
        let mut next_carry = carry;
        if moves {
            if loads {
                next.header = header.length;
                next.payload = header.payload_beats;
                next.left = header.frame_length;
                next.last = header.single;
                next.whole = header.length >= step;
                next.wants = header.length < step && header.payload;
                next.busy = self.s_header.valid.val();
                next_carry = header.bytes;
            } else {
                next.left = state.left - width;
                next.last = state.left <= width + width;
                if whole {
                    next.header = state.header - step;
                    next.whole = state.header >= step + step;
                    next.wants = state.header < step + step && state.payload.any();
                }
                if wants {
                    next.payload = state.payload - 1;
                    next.wants = state.payload != 1;
                }
                // Lanes behind the header, or above a beat of payload, are not looked at: anything may come in from
                // above.
                next_carry = set_bits(carry >> W as u64, 1024 - W, header.bytes.get_bits::<W>(1024 - W));
                if !whole {
                    next_carry = set_bits(next_carry, 0, payload);
                }
            }
        }
        self.s_header.ready.next = moves && loads;
        self.carry.d.next = next_carry;

        // The payload beat behind it.
        let lump = self.s_lump.bits.val();
        let renew = !state.full || (state.busy && wants && room);
        if renew {
            next.full = self.s_lump.valid.val();
        }
        self.turned.d.next = mux(renew, rotated::<W>(lump.data, lump.rotate), turned);
        self.s_lump.ready.next = renew;
        self.state.d.next = next;
    }
}
