//! Makes bytes of beats.
//!
//! # Role
//! Behind the FIFO that crosses to the clock of the wire, in front of the transmitter.
//!
//! # Ports
//! - `s_beat`: `Beat<W>`: frames. `m_byte`: `FrameByte`: the same frames, for the transmitter.
//!
//! # Handshake
//! Ordinary channels; `s_beat.ready` follows `m_byte.ready` of the same cycle.
//!
//! # Latency
//! One cycle; a byte per cycle without a pause as long as beats are there.
//!
//! # Invariant
//! The byte offered lies in the lowest lane.
use super::record::FrameByte;
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Narrower<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Beats.
    pub s_beat: Sink<Beat<W>>,
    /// Bytes.
    pub m_byte: Source<FrameByte>,
    /// Bytes left of the beat.
    left: Register<Bits<7>>,
    beat: Flop<Beat<W>>,
}

impl<const W: usize> Logic for Narrower<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, left);
        clocks!(self, beat);
        let left = self.left.q.val();
        let beat = self.beat.q.val();
        let single = left == 1;
        let gives = self.m_byte.ready.val() && left.any();
        let loads = !left.any() || (gives && single);
        let input = self.s_beat.bits.val();
        let shifted = Beat::<W> { data: beat.data >> 8, count: beat.count, last: beat.last, error: beat.error };
        self.beat.d.next = mux(loads, input, mux(gives, shifted, beat));
        let fresh = mux(self.s_beat.valid.val(), input.count, bits::<7>(0));
        self.left.d.next = mux(loads, fresh, mux(gives, left - 1, left));
        self.s_beat.ready.next = loads;
        self.m_byte.valid.next = left.any();
        self.m_byte.bits.next = FrameByte {
            data: beat.data.get_bits::<8>(0),
            last: single && beat.last,
            error: single && beat.last && beat.error,
        };
    }
}
