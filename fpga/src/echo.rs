//! Sends frames back to where they came from.
//!
//! # Role
//! A stand-in: it stands where the engine and its host link will, so that a board's clocks, pins and MAC can be tried
//! with nothing but a cable. It is no part of the engine, and no top with an engine has it.
//!
//! # Ports
//! - `s_frame`: `Beat<64>`: frames from the MAC. `m_frame`: `Beat<64>`: the same frames with source and destination
//!   exchanged, for the MAC, which drops the damaged ones.
//!
//! # Handshake
//! Ordinary channels; `s_frame.ready` follows `m_frame.ready` of the same cycle.
//!
//! # Latency
//! Three cycles for the first two beats, none for the others.
//!
//! # Invariant
//! Frames to a group of stations are not sent back: their destination cannot be a source.
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::Beat;

/// Which beat of a frame is looked at.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// The first: it is kept.
    #[default]
    First,
    /// The second: it completes the first.
    Second,
    /// The second again: it goes out itself.
    Again,
    /// The others, as they are.
    Others,
    /// The others of a frame that is not sent back.
    Dropped,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Echo {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Frames received.
    pub s_frame: Sink<Beat<64>>,
    /// Frames to be sent.
    pub m_frame: Source<Beat<64>>,
    phase: Register<Phase>,
    first: Flop<Bits<64>>,
}

impl Logic for Echo {
    #[kernel]
    fn update(&mut self) {
        setup!(self, phase);
        clocks!(self, first);
        let phase = self.phase.q.val();
        let first = self.first.q.val();
        let beat = self.s_frame.bits.val();
        let valid = self.s_frame.valid.val();
        let ready = self.m_frame.ready.val();
        let mut next = phase;
        let mut takes = false;
        let mut gives = false;
        let mut out = beat;
        match phase {
            Phase::First => {
                takes = true;
                if valid && !beat.last {
                    next = mux(beat.data.get_bit(0), Phase::Dropped, Phase::Second);
                }
            }
            Phase::Second => {
                // Source of both beats, then the first two bytes of the destination.
                let source = cat::<32, 16, 48>(beat.data.get_bits::<32>(0), first.get_bits::<16>(48));
                let data = cat::<16, 48, 64>(first.get_bits::<16>(0), source);
                out = Beat::<64> { data: data, count: bits::<7>(8), last: false, error: false };
                gives = true;
                if valid && ready {
                    next = Phase::Again;
                }
            }
            Phase::Again => {
                let data = cat::<32, 32, 64>(beat.data.get_bits::<32>(32), first.get_bits::<32>(16));
                out = Beat::<64> { data: data, count: beat.count, last: beat.last, error: beat.error };
                gives = true;
                takes = ready;
                if valid && ready {
                    next = mux(beat.last, Phase::First, Phase::Others);
                }
            }
            Phase::Others => {
                gives = true;
                takes = ready;
                if valid && ready && beat.last {
                    next = Phase::First;
                }
            }
            Phase::Dropped => {
                takes = true;
                if valid && beat.last {
                    next = Phase::First;
                }
            }
        }
        self.first.d.next = mux(phase == Phase::First, beat.data, first);
        self.phase.d.next = next;
        self.s_frame.ready.next = takes;
        self.m_frame.valid.next = gives && valid;
        self.m_frame.bits.next = out;
    }
}
