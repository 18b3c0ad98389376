//! Sends frames to a PHY.
//!
//! # Role
//! Last stage in front of the PHY: adds preamble, padding, frame check sequence and gap (IEEE 802.3 clauses 3 and 4).
//!
//! # Ports
//! - `s_byte`: `FrameByte`: frames, from the narrower.
//! - `phy`: a byte per cycle of `clock`.
//! - `sent`: a pulse for each frame sent. `underrun`: a pulse for each frame whose next byte was not there in time.
//!
//! # Handshake
//! Bytes are taken one per cycle from the first to the last of a frame. Whoever offers must have the whole frame.
//!
//! # Latency
//! The preamble is on `phy` 2 cycles after the first byte is offered, the byte itself 10 cycles after. A frame of n
//! bytes (60 at least) takes n + 24 cycles, the gap included; the next follows at once.
//!
//! # Invariant
//! Between two frames there are 12 cycles or more. A frame that must not be used - it came with `error`, or broke off -
//! leaves with a check sequence of which every bit is wrong.
use super::check_sequence::{self, summed, START};
use super::record::{FrameByte, PhyByte};
use crate::wire::ethernet;
use stevedore_hdl::prelude::*;

/// Where in a frame the transmitter is.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// No frame; a cycle of the gap.
    #[default]
    Idle,
    Preamble,
    Data,
    Padding,
    CheckSequence,
    /// Throws away the rest of a frame that broke off.
    Rest,
    /// The gap but for its last cycle.
    Gap,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// Cycles of the phase so far.
    count: Bits<4>,
    /// Bytes of the frame so far, up to those of the shortest.
    length: Bits<6>,
    /// The check sequence must be wrong.
    spoiled: bool,
    /// The frame broke off.
    broken: bool,
    sent: bool,
    underrun: bool,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct MacTransmitter {
    /// Clock of the wire.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Frames.
    pub s_byte: Sink<FrameByte>,
    /// What the PHY sends.
    pub phy: Signal<Out, PhyByte>,
    /// A frame was sent.
    pub sent: Signal<Out, bool>,
    /// A frame broke off.
    pub underrun: Signal<Out, bool>,
    state: Register<State>,
    sum: Flop<Bits<32>>,
    out: Register<PhyByte>,
}

impl Logic for MacTransmitter {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, out);
        clocks!(self, sum);
        let state = self.state.q.val();
        let sum = self.sum.q.val();
        let byte = self.s_byte.bits.val();
        let valid = self.s_byte.valid.val();
        let mut next = state;
        let mut out = PhyByte { data: bits::<8>(0), valid: false, error: false };
        let mut next_sum = sum;
        next.sent = false;
        next.underrun = false;
        next.count = state.count + 1;
        let complete = state.length >= ethernet::SHORTEST - 1;
        let length = mux(complete, state.length, state.length + 1);
        match state.phase {
            Phase::Idle => {
                next.count = bits::<4>(0);
                if valid {
                    next.phase = Phase::Preamble;
                }
            }
            Phase::Preamble => {
                let ends = state.count == ethernet::PREAMBLE_BYTES - 1;
                out.valid = true;
                out.data = mux(ends, bits::<8>(ethernet::DELIMITER), bits::<8>(ethernet::PREAMBLE));
                next.length = bits::<6>(0);
                next.spoiled = false;
                next.broken = false;
                next_sum = bits::<32>(START);
                if ends {
                    next.phase = Phase::Data;
                }
            }
            Phase::Data => {
                out.valid = true;
                out.data = byte.data;
                next.count = bits::<4>(0);
                next.length = length;
                next_sum = summed(sum, byte.data);
                if !valid {
                    out.error = true;
                    next.spoiled = true;
                    next.broken = true;
                    next.underrun = true;
                    next.phase = Phase::CheckSequence;
                } else if byte.last {
                    next.spoiled = byte.error;
                    next.phase = mux(complete, Phase::CheckSequence, Phase::Padding);
                }
            }
            Phase::Padding => {
                out.valid = true;
                next.count = bits::<4>(0);
                next.length = length;
                next_sum = summed(sum, bits::<8>(0));
                if complete {
                    next.phase = Phase::CheckSequence;
                }
            }
            Phase::CheckSequence => {
                out.valid = true;
                out.data = mux(state.spoiled, sum.get_bits::<8>(0), !sum.get_bits::<8>(0));
                next_sum = sum >> 8;
                if state.count == check_sequence::LENGTH - 1 {
                    next.count = bits::<4>(0);
                    next.sent = true;
                    next.phase = mux(state.broken, Phase::Rest, Phase::Gap);
                }
            }
            Phase::Rest => {
                next.count = bits::<4>(0);
                if valid && byte.last {
                    next.phase = Phase::Gap;
                }
            }
            Phase::Gap => {
                if state.count == ethernet::GAP_BYTES - 2 {
                    next.phase = Phase::Idle;
                }
            }
        }
        self.s_byte.ready.next = state.phase == Phase::Data || state.phase == Phase::Rest;
        self.sum.d.next = next_sum;
        self.out.d.next = out;
        self.phy.next = self.out.q.val();
        self.sent.next = state.sent;
        self.underrun.next = state.underrun;
        self.state.d.next = next;
    }
}
