//! Unpacker: turns the rows of answers into words of the engine.
//!
//! # Role
//! The end of the read path: rows of 256 bits become words of `W` bits with the engine's tag, rows that are dropped
//! vanish, and a failed read ends with an error.
//!
//! # Ports
//! - `s_verdict`: `Verdict`: what becomes of the next packet. `s_row`: `Row`: the rows of all packets.
//! - `m_completion`: `ReadCompletion<W>`: for the engine.
//!
//! # Handshake
//! `s_row.ready` follows registers and `s_row.bits.last`, `s_verdict.ready` the last row of its packet.
//!
//! # Latency
//! A word is offered a cycle after its row came. A word per cycle while W is 64; at 512 bits a row per cycle. A dropped
//! row takes a cycle.
//!
//! # Invariant
//! A packet begins at a word of its own: answers are split at multiples of 64 bytes, so no word has bytes of two.
use super::judge::{Fate, Verdict};
use super::tlp::Row;
use crate::bundles::ReadCompletion;
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Behind the first word of a packet.
    inside: bool,
    /// Words left, and the number of the word in its row, or of the row in its word.
    left: Bits<11>,
    place: Bits<2>,
}

/// Makes words; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Unpacker<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What becomes of packets.
    pub s_verdict: Sink<Verdict>,
    /// Their rows.
    pub s_row: Sink<Row>,
    /// Words for the engine.
    pub m_completion: Source<ReadCompletion<W>>,
    state: Register<State>,
    low: Flop<Bits<256>>,
    out: SkidBuffer<ReadCompletion<W>>,
}

/// Words, or parts of a word, in a packet: the pieces of `size` dwords that it touches.
#[kernel_fn]
fn touched(verdict: Verdict, size: usize) -> Bits<11> {
    let offset = bit_cast::<11, 10>(verdict.address & (size as u64 - 1));
    (offset + verdict.dwords + (size as u64 - 1)) >> clog2(size) as u64
}

impl<const W: usize> Logic for Unpacker<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, out);
        clocks!(self, low);
        forward!(self.out.m_out => self.m_completion);
        let state = self.state.q.val();
        let mut next = state;
        let verdict = self.s_verdict.bits.val();
        let some = self.s_verdict.valid.val();
        let row = self.s_row.bits.val();
        let comes = self.s_row.valid.val();
        let go = self.out.s_in.ready.val();
        let passes = some && verdict.fate == Fate::Pass;
        let drops = some && verdict.fate == Fate::Drop;
        let fails = some && verdict.fate == Fate::Fail;

        // The smaller of word and row is the step.
        let first = bit_cast::<2, 10>(verdict.address >> clog2(if W < 256 { W / 32 } else { 8 }) as u64);
        let place = if state.inside { state.place } else { first };
        let step = passes && comes && go;
        let mut left = state.left;
        let mut data = bits::<W>(0);
        let mut word = step;
        let mut ends = false;
        let mut takes = step;
        let low = self.low.q.val();
        self.low.d.next = low;
        if W < 256 {
            left = if state.inside { state.left } else { touched(verdict, W / 32) };
            ends = left == 1;
            for lane in 0..256 / W {
                let chosen = place == lane as u64;
                data = data | mux(chosen, bits_at::<W, 256>(row.data, W * lane), bits::<W>(0));
            }
            takes = step && (ends || place == (256 / W - 1) as u64);
        } else {
            let upper = place.get_bit(0);
            left = bits::<11>(0);
            ends = row.last;
            data = set_bits::<W, 256>(data, 0, mux(upper, low, row.data));
            data = set_bits::<W, 256>(data, 256, row.data);
            word = step && (upper || row.last);
            if step {
                self.low.d.next = row.data;
            }
        }
        if step {
            next.inside = !ends;
            next.left = left - 1;
            next.place = place + 1;
        }
        let discards = drops && comes;
        self.s_row.ready.next = takes || discards;
        self.s_verdict.ready.next = (step && ends) || (discards && row.last) || (fails && go);
        self.out.s_in.valid.next = word || (fails && go);
        self.out.s_in.bits.next =
            ReadCompletion::<W> { data, tag: verdict.tag, last: fails || (ends && verdict.last), error: fails };
        self.state.d.next = next;
    }
}
