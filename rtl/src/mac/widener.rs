//! Makes beats of bytes that cannot wait.
//!
//! # Role
//! Second stage behind the PHY, in front of the FIFO that crosses to the engine's clock.
//!
//! # Ports
//! - `byte_valid`, `byte`: bytes of frames, from the receiver.
//! - `m_beat`: `Beat<W>`: the same frames, for the FIFO.
//! - `overrun`: a pulse for each frame of which a beat found no room.
//!
//! # Handshake
//! Bytes are always taken. `m_beat` is an ordinary channel; a beat stays until it is taken.
//!
//! # Latency
//! A beat is there one cycle after its last byte.
//!
//! # Invariant
//! A frame of which a beat has left ends with a beat that has `last`: if there was no room for one of its beats,
//! nothing more of it leaves but such a beat, with `error`, as soon as there is room. Until that beat has left, no
//! other frame begins.
use super::record::FrameByte;
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// A beat is offered.
    valid: bool,
    /// Bytes collected.
    count: Bits<7>,
    /// A beat of this frame has been offered.
    begun: bool,
    /// The rest of this frame is thrown away.
    broken: bool,
    /// A frame must be ended with `error`.
    owes: bool,
    overrun: bool,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Widener<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// A byte is there.
    pub byte_valid: Signal<In, bool>,
    /// That byte.
    pub byte: Signal<In, FrameByte>,
    /// Beats.
    pub m_beat: Source<Beat<W>>,
    /// A frame is lost.
    pub overrun: Signal<Out, bool>,
    state: Register<State>,
    collected: Flop<Bits<W>>,
    beat: Flop<Beat<W>>,
}

impl<const W: usize> Logic for Widener<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, collected, beat);
        let state = self.state.q.val();
        let byte = self.byte.val();
        let mut next = state;
        let free = !state.valid || self.m_beat.ready.val();
        next.overrun = false;
        if free {
            next.valid = false;
        }

        let mut data = self.collected.q.val();
        for lane in 0..W / 8 {
            if state.count == lane as u64 {
                data = set_bits(data, lane * 8, byte.data);
            }
        }
        let count = state.count + 1;
        let ends = self.byte_valid.val() && (byte.last || count == W as u64 / 8);
        let mut beat = Beat::<W> { data: data, count: count, last: byte.last, error: byte.error };
        let mut loads = false;
        if self.byte_valid.val() {
            next.count = mux(ends, bits::<7>(0), count);
        }
        if ends {
            next.begun = !byte.last && !state.broken;
            if state.broken {
                next.broken = !byte.last;
            } else if free && !state.owes {
                loads = true;
            } else {
                next.overrun = true;
                next.broken = !byte.last;
                next.owes = state.owes || state.begun;
                next.begun = false;
            }
        }
        // A beat that is owed finds no other in its way: none is made meanwhile.
        if state.owes && free {
            loads = true;
            next.owes = false;
            beat = Beat::<W> { data: data, count: bits::<7>(1), last: true, error: true };
        }
        if loads {
            next.valid = true;
        }
        self.collected.d.next = data;
        self.beat.d.next = mux(loads, beat, self.beat.q.val());
        self.m_beat.valid.next = state.valid;
        self.m_beat.bits.next = self.beat.q.val();
        self.overrun.next = state.overrun;
        self.state.d.next = next;
    }
}
