//! Finds frames in what a PHY receives, and judges them.
//!
//! # Role
//! First stage behind the PHY: takes off preamble and frame check sequence.
//!
//! # Ports
//! - `phy`: a byte per cycle of `clock`, the clock of the PHY.
//! - `byte_valid`, `byte`: a byte of a frame, for the widener.
//! - `good`, `check_failed`, `runt`, `oversize`: pulses of a cycle, one of them for each frame. A frame of which the
//!   PHY reports an error counts as `check_failed`; one that is too short is a `runt`, whatever its check sequence
//!   says.
//!
//! # Handshake
//! None: the wire does not wait.
//!
//! # Latency
//! A byte leaves 6 cycles after it came in, the last with the verdict 2 cycles behind the end of the frame.
//!
//! # Invariant
//! Five bytes are held back: four may be the check sequence, and the one before them may be the last. Of every frame of
//! which a byte has left the last byte leaves, too. A frame begins only behind a cycle without a frame: what is going
//! on when the reset ends is ignored, and so is the rest of a frame that grew too long.
use super::check_sequence::{summed, RESIDUE, START};
use super::record::{FrameByte, PhyByte};
use crate::wire::ethernet;
use stevedore_hdl::prelude::*;

/// Bytes that are held back.
const HELD: u64 = 5;

/// Where in a frame the receiver is.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// In something that is not looked at, up to its end.
    #[default]
    Ignored,
    /// Between frames.
    Quiet,
    /// In the preamble.
    Preamble,
    /// Behind the start of frame delimiter.
    Frame,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// Bytes held back.
    held: Bits<3>,
    /// Bytes of the frame so far, the check sequence included.
    length: Bits<11>,
    /// The PHY reported an error.
    spoiled: bool,
    valid: bool,
    good: bool,
    check_failed: bool,
    runt: bool,
    oversize: bool,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct MacReceiver {
    /// Clock of the PHY.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What the PHY receives.
    pub phy: Signal<In, PhyByte>,
    /// A byte of a frame is there.
    pub byte_valid: Signal<Out, bool>,
    /// That byte.
    pub byte: Signal<Out, FrameByte>,
    /// A frame ended, and is right.
    pub good: Signal<Out, bool>,
    /// A frame ended, and its check sequence is wrong.
    pub check_failed: Signal<Out, bool>,
    /// A frame ended too early.
    pub runt: Signal<Out, bool>,
    /// A frame does not end in time.
    pub oversize: Signal<Out, bool>,
    state: Register<State>,
    bytes: Flop<Bits<40>>,
    sum: Flop<Bits<32>>,
    out: Flop<FrameByte>,
}

impl Logic for MacReceiver {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, bytes, sum, out);
        let phy = self.phy.val();
        let state = self.state.q.val();
        let bytes = self.bytes.q.val();
        let mut next = state;
        next.valid = false;
        next.good = false;
        next.check_failed = false;
        next.runt = false;
        next.oversize = false;
        let full = state.held == HELD;
        let mut last = false;
        let mut error = false;
        match state.phase {
            Phase::Ignored => {
                if !phy.valid {
                    next.phase = Phase::Quiet;
                }
            }
            Phase::Quiet | Phase::Preamble => {
                next.held = bits::<3>(0);
                next.length = bits::<11>(0);
                next.spoiled = false;
                if !phy.valid {
                    next.phase = Phase::Quiet;
                } else if phy.data == ethernet::DELIMITER && !phy.error {
                    next.phase = Phase::Frame;
                } else if phy.data == ethernet::PREAMBLE && !phy.error {
                    next.phase = Phase::Preamble;
                } else {
                    next.phase = Phase::Ignored;
                }
            }
            Phase::Frame => {
                if phy.valid && state.length == ethernet::LONGEST_CHECKED {
                    next.phase = Phase::Ignored;
                    next.oversize = true;
                    next.valid = true;
                    last = true;
                    error = true;
                } else if phy.valid {
                    next.length = state.length + 1;
                    next.spoiled = state.spoiled || phy.error;
                    next.valid = full;
                    next.held = mux(full, state.held, state.held + 1);
                } else {
                    let right = self.sum.q.val() == RESIDUE && !state.spoiled;
                    let whole = state.length >= ethernet::SHORTEST_CHECKED;
                    next.phase = Phase::Quiet;
                    next.valid = full;
                    next.good = whole && right;
                    next.check_failed = whole && !right;
                    next.runt = !whole;
                    last = true;
                    error = !(whole && right);
                }
            }
        }
        self.out.d.next = FrameByte { data: bytes.get_bits::<8>(0), last: last, error: error };
        self.bytes.d.next = cat::<8, 32, 40>(phy.data, bytes.get_bits::<32>(8));
        self.sum.d.next = mux(state.phase == Phase::Frame, summed(self.sum.q.val(), phy.data), bits::<32>(START));
        self.state.d.next = next;
        self.byte_valid.next = state.valid;
        self.byte.next = self.out.q.val();
        self.good.next = state.good;
        self.check_failed.next = state.check_failed;
        self.runt.next = state.runt;
        self.oversize.next = state.oversize;
    }
}
