//! The window announced to the peer (RFC 9293 3.8.6.2.2): the room posted and not filled, at most what 16 bits can say.
//!
//! The right edge never moves back: room only shrinks by the bytes that move RCV.NXT. It moves forward only by a
//! segment or half the room, so that the peer is not told of crumbs. An update of its own is due after two segments,
//! after half the room, or from a closed window; otherwise the next segment carries it.
use super::sequence::{negative, positive, wide};
use super::states::States;
use crate::bundles::ConnectionRecord;
use stevedore_hdl::prelude::*;

/// Largest window: ours are announced with shift 0 (`options.rs`).
const LARGEST_WINDOW: u64 = 65535;

/// Room against what was announced.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct WindowMeasures {
    /// Window to announce if its edge moves.
    pub room: Bits<16>,
    /// Its right edge.
    pub edge: Bits<32>,
    /// How far the edge would move.
    pub gain: Bits<32>,
    /// Window announced, as far as it is still open; negative once RCV.NXT has passed its edge.
    pub announced: Bits<32>,
}

/// First stage: differences.
#[kernel_fn]
pub fn measure_window(record: ConnectionRecord) -> WindowMeasures {
    let hard = record.hard;
    let plenty = hard.rcv_room.get_bits::<16>(16).any();
    let room = if plenty { bits::<16>(LARGEST_WINDOW) } else { hard.rcv_room.get_bits::<16>(0) };
    let edge = hard.rcv_nxt + wide(room);
    WindowMeasures { room, edge, gain: edge - record.soft.rcv_adv, announced: record.soft.rcv_adv - hard.rcv_nxt }
}

/// What the next segment announces.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct WindowPlan {
    /// The right edge moves.
    pub widen: bool,
    /// The window.
    pub window: Bits<16>,
    /// It is worth a segment of its own.
    pub due: bool,
}

/// Second stage.
#[kernel_fn]
pub fn judge_window(record: ConnectionRecord, states: States, m: WindowMeasures) -> WindowPlan {
    let mss = wide(record.hard.snd_mss);
    let half = wide(m.room >> 1);
    let widen = positive(m.gain) && (m.gain >= mss || m.gain >= half);
    let passed = negative(m.announced);
    let closed = passed || !m.announced.any();
    let window = if widen {
        m.room
    } else if passed {
        bits::<16>(0)
    } else {
        m.announced.get_bits::<16>(0)
    };
    WindowPlan { widen, window, due: states.receiving && widen && (closed || m.gain >= (mss << 1) || m.gain >= half) }
}
