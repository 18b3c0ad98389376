//! Realigner: packs runs of bytes, each at any lane, into dense beats.
//!
//! # Role
//! `dma::Reader` feeds it with the memory words of a gather, `stream::Trimmer` with the beats of a packet whose front
//! and tail are cut. What comes out is a packet in the engine's stream format.
//!
//! # Ports
//! - `s_fragment`: `Fragment<W>`: bytes in the lanes `offset` to `offset + count - 1`; `last` ends the packet. `count`
//!   is at least 1 and `offset + count` at most W/8.
//! - `m_beat`: `Beat<W>`: the same bytes in the same order, packed; `last` and `error` as on the packet's last
//!   fragment.
//!
//! # Handshake
//! `s_fragment.ready` is `ready` of the output's skid buffer: a register, independent of `s_fragment.valid`.
//!
//! # Latency
//! A packet's last beat is offered three cycles after its last fragment; four if another beat leaves in that cycle,
//! because the fragment fills two or a complete one waits in `hold`. One fragment per cycle, never a bubble: behind a
//! complete `hold` a fragment fills at most one beat.
//!
//! # Invariant
//! While `hold` is complete (full, or last of its packet), the next fragment starts at lane 0; while `hold` is partly
//! filled, it starts where `hold` ends.
use super::lanes::{lane_of, lanes_from, rotate_lanes};
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// Bytes in some lanes of a word.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Fragment<const W: usize> {
    /// The word; other lanes are undefined.
    pub data: Bits<W>,
    /// Lane of the first byte.
    pub offset: Bits<6>,
    /// Bytes.
    pub count: Bits<7>,
    /// The last fragment of a packet.
    pub last: bool,
    /// With `last`: the packet is damaged.
    pub error: bool,
}

/// A fragment whose place in the output is known.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Placed<const W: usize> {
    data: Bits<W>,
    /// Lanes to rotate by.
    turn: Bits<6>,
    /// Output lane of the first byte.
    base: Bits<6>,
    /// Fills the beat and goes on in the next one.
    over: bool,
    /// Bytes of the beat it ends in.
    count: Bits<7>,
    /// That beat is full, or the last of the packet.
    complete: bool,
    last: bool,
    error: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    placed: bool,
    turned: bool,
    /// `hold` must be sent.
    complete: bool,
    /// Output lane of the next fragment.
    base: Bits<6>,
}

/// Packs fragments; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Realigner<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Bytes in any lanes.
    pub s_fragment: Sink<Fragment<W>>,
    /// Packed packets.
    pub m_beat: Source<Beat<W>>,
    state: Register<State>,
    placed: Flop<Placed<W>>,
    turned: Flop<Placed<W>>,
    hold: Flop<Beat<W>>,
    out: SkidBuffer<Beat<W>>,
}

impl<const W: usize> Logic for Realigner<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, out);
        clocks!(self, placed, turned, hold);
        forward!(self.out.m_out => self.m_beat);
        let mut next = self.state.q.val();
        let go = self.out.s_in.ready.val();
        self.s_fragment.ready.next = go;

        // Where the bytes go: arithmetic on counts only.
        let fragment = self.s_fragment.bits.val();
        let sum = bit_cast::<7, 6>(next.base) + fragment.count;
        let over = sum > bits::<7>(W as u64 / 8);
        let placed = Placed::<W> {
            data: fragment.data,
            turn: lane_of::<W>(next.base - fragment.offset),
            base: next.base,
            over,
            count: mux(over, sum - bits::<7>(W as u64 / 8), sum),
            complete: fragment.last || sum == bits::<7>(W as u64 / 8),
            last: fragment.last,
            error: fragment.error,
        };
        let turned = self.placed.q.val();
        let arriving = self.turned.q.val();
        let hold = self.hold.q.val();
        let arrives = next.turned;

        // Merge. A complete `hold` meets base 0 only, and then the mask keeps nothing of it. A beat that is complete
        // with what arrives leaves at once, unless a complete one in `hold` is before it.
        let mask = lanes_from::<W>(arriving.base);
        let merged = (hold.data & !mask) | (arriving.data & mask);
        let ends = arriving.last && !arriving.over;
        let direct = Beat::<W> {
            data: merged,
            count: mux(arriving.over, bits::<7>(W as u64 / 8), arriving.count),
            last: ends,
            error: ends && arriving.error,
        };
        self.out.s_in.bits.next = mux(next.complete, hold, direct);
        self.out.s_in.valid.next = next.complete || (arrives && (arriving.over || arriving.complete));

        self.placed.d.next = self.placed.q.val();
        self.turned.d.next = arriving;
        self.hold.d.next = hold;
        if go {
            if arrives {
                self.hold.d.next = Beat::<W> {
                    data: mux(arriving.over, arriving.data, merged),
                    count: arriving.count,
                    last: arriving.last,
                    error: arriving.error,
                };
            }
            self.turned.d.next = Placed::<W> { data: rotate_lanes::<W>(turned.data, turned.turn), ..turned };
            self.placed.d.next = placed;
            next.complete = arrives && arriving.complete && (next.complete || arriving.over);
            next.turned = next.placed;
            next.placed = self.s_fragment.valid.val();
            if self.s_fragment.valid.val() {
                next.base = mux(fragment.last, bits::<6>(0), lane_of::<W>(bit_cast::<6, 7>(sum)));
            }
        }
        self.state.d.next = next;
    }
}
