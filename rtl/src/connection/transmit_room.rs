//! What there is to send, and how much of it fits the windows: the first two stages of a turn.
//!
//! A stage subtracts, the next compares: what goes out (`transmit.rs`) is chosen from outcomes. Room is the smaller of
//! what is left of SND.WND and of cwnd (RFC 5681 3.1; with what limited transmit adds to it), and both may have fallen
//! behind SND.NXT: differences are signed.
use super::sequence::{before, negative, positive, wide};
use super::states::States;
use crate::bundles::ConnectionRecord;
use stevedore_hdl::prelude::*;

/// Differences the choice rests on.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct TurnMeasures {
    /// Posted bytes from SND.NXT up; -1 behind the FIN.
    pub unsent: Bits<32>,
    /// Everything posted is out; the FIN, if there is one, is not.
    pub drained: bool,
    /// SND.UNA + SND.WND.
    pub window_edge: Bits<32>,
    /// SND.UNA + cwnd, as are the next two with what limited transmit adds.
    pub congestion_edge: Bits<32>,
    /// SND.WND left; negative if the peer took it back.
    pub window_room: Bits<32>,
    /// cwnd left.
    pub congestion_room: Bits<32>,
    /// cwnd is the smaller window.
    pub congested: bool,
    /// SND.NXT + MSS.
    pub next_segment: Bits<32>,
    /// That is more than was ever sent.
    pub segment_is_new: bool,
    /// Posted bytes from SND.UNA up.
    pub posted: Bits<32>,
    /// Sequence numbers sent and not acknowledged.
    pub flight: Bits<32>,
    /// The FIN was sent.
    pub fin_sent: bool,
    /// All posted bytes were sent.
    pub end_sent: bool,
    /// SND.NXT is where new ground begins.
    pub at_max: bool,
    /// SND.NXT is SND.UNA.
    pub at_una: bool,
    /// Nothing is outstanding.
    pub idle: bool,
    /// The window's edge is behind the highest number sent.
    pub edge_behind: bool,
    /// The window's edge is before the highest number sent: acknowledgements are numbered with the edge, for the peer
    /// to accept them.
    pub edge_before: bool,
    /// The congestion window's edge is behind the highest number sent.
    pub congestion_behind: bool,
    /// SND.UNA + 1.
    pub after_una: Bits<32>,
    /// The number behind the FIN.
    pub after_end: Bits<32>,
}

/// First stage: differences.
#[kernel_fn]
pub fn measure_turn(record: ConnectionRecord) -> TurnMeasures {
    let hard = record.hard;
    let soft = record.soft;
    let window_edge = hard.snd_una + soft.snd_wnd;
    let limit = resize::<32, 24>(soft.send_limit);
    let congestion_edge = hard.snd_una + limit;
    let next_segment = hard.snd_nxt + wide(hard.snd_mss);
    TurnMeasures {
        unsent: hard.snd_end - hard.snd_nxt,
        drained: hard.snd_end == hard.snd_nxt,
        window_edge,
        congestion_edge,
        window_room: hard.snd_una + soft.snd_wnd - hard.snd_nxt,
        congestion_room: hard.snd_una + limit - hard.snd_nxt,
        congested: limit < soft.snd_wnd,
        next_segment,
        segment_is_new: before(hard.snd_max, next_segment),
        posted: hard.snd_end - hard.snd_una,
        flight: hard.snd_max - hard.snd_una,
        fin_sent: before(hard.snd_end, hard.snd_max),
        end_sent: !before(hard.snd_max, hard.snd_end),
        at_max: hard.snd_nxt == hard.snd_max,
        at_una: hard.snd_nxt == hard.snd_una,
        idle: hard.snd_una == hard.snd_max,
        edge_behind: before(hard.snd_max, window_edge),
        edge_before: before(window_edge, hard.snd_max),
        congestion_behind: before(hard.snd_max, congestion_edge),
        after_una: hard.snd_una + 1,
        after_end: hard.snd_end + 1,
    }
}

/// What fits.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct TurnFit {
    /// Posted bytes from SND.NXT up.
    pub waiting: bool,
    /// They are no more than one MSS.
    pub small: bool,
    /// There may be something to send from SND.NXT.
    pub more: bool,
    /// Room in the window.
    pub open: bool,
    /// For all that waits, or one MSS of it.
    pub fits: bool,
    /// For half the largest window ever announced.
    pub half: bool,
    /// The room, low 16 bits: used only where it is less than one MSS.
    pub room: Bits<16>,
    /// The edge of the window.
    pub edge: Bits<32>,
    /// It is behind the highest number sent.
    pub edge_behind: bool,
    /// What is outstanding of the posted bytes is no more than one MSS.
    pub short: bool,
    /// So much of it.
    pub sent: Bits<16>,
    /// It is not nothing.
    pub some_sent: bool,
}

/// Second stage: compares.
#[kernel_fn]
pub fn judge_turn(record: ConnectionRecord, states: States, m: TurnMeasures) -> TurnFit {
    let mss = wide(record.hard.snd_mss);
    let room = if m.congested { m.congestion_room } else { m.window_room };
    let open = positive(room);
    let small = mss >= m.unsent;
    let fits_rest = room >= m.unsent;
    // The smaller window is the room: both are compared at once, and neither waits for which one that is.
    let fits_whole = m.congestion_room >= mss && m.window_room >= mss;
    let sent = if m.fin_sent { m.posted } else { m.flight };
    let waiting = !m.drained && !negative(m.unsent);
    TurnFit {
        waiting,
        small,
        more: states.sending && (waiting || (record.hard.fin_wanted && m.drained)),
        open,
        fits: open && (if small { fits_rest } else { fits_whole }),
        half: open && room >= (resize::<32, 30>(record.soft.snd_wnd_max) >> 1),
        room: room.get_bits::<16>(0),
        edge: if m.congested { m.congestion_edge } else { m.window_edge },
        edge_behind: if m.congested { m.congestion_behind } else { m.edge_behind },
        short: mss >= sent,
        sent: sent.get_bits::<16>(0),
        some_sent: sent.any(),
    }
}
