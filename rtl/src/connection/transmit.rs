//! What to send at a turn: one segment, or the teardown that ends the connection.
//!
//! In this order: a reset owed, the teardown of a connection that is over, SYN or SYN-ACK, the segment at SND.UNA again
//! (fast retransmit), new data or FIN, a probe of one byte into a closed window, an acknowledgement owed or a window
//! update.
//!
//! Sender silly window avoidance (RFC 9293 3.8.6.2.1): less than a whole segment goes only if it is all there is, or
//! half the largest window ever announced, or sent before, or the override timer says so. There is no Nagle delay. What
//! window a segment announces, and when that alone is worth one, is told in `window.rs`; what there is to send and what
//! fits, in `transmit_room.rs`.
use super::sequence::wide;
use super::states::States;
use super::transmit_room::{TurnFit, TurnMeasures};
use super::window::WindowPlan;
use crate::bundles::{ConnectionRecord, Farewell, SendCommand, SendKind, TcpState};
use stevedore_hdl::prelude::*;

/// What the turn does: at most one of the first seven; none of them if the event is no turn.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct TurnPlan {
    /// Send a reset.
    pub reset: bool,
    /// Send the teardown.
    pub teardown: bool,
    /// Send SYN, or SYN-ACK in SYN-RECEIVED.
    pub syn: bool,
    /// Send the segment at SND.UNA again.
    pub again: bool,
    /// Send from SND.NXT.
    pub data: bool,
    /// Send one byte into a closed window.
    pub probe: bool,
    /// Send an acknowledgement.
    pub bare: bool,
    /// Any of these.
    pub some: bool,
    /// `data`: everything posted. Set in a handshake, too: `syn` is all there is to send.
    pub rest: bool,
    /// `data`: one MSS. If neither: up to the edge of the window.
    pub whole: bool,
    /// `data` or `syn`: SND.NXT moves.
    pub moves: bool,
    /// SND.NXT behind `syn`, or behind everything posted.
    pub end: Bits<32>,
    /// SND.NXT behind a segment that is not `rest`.
    pub ahead: Bits<32>,
    /// The FIN is part of the segment.
    pub fin: bool,
    /// The segment reaches the end of the posted bytes.
    pub push: bool,
    /// `again`: the outstanding bytes, not a whole MSS.
    pub short: bool,
    /// `again`: outstanding posted bytes.
    pub sent: Bits<16>,
    /// `data`: room in the window, at most one MSS of it is used.
    pub room: Bits<16>,
    /// It moves to new ground.
    pub is_new: bool,
    /// It moves from new ground, and no round-trip time is being taken: that of this segment is.
    pub times: bool,
    /// What the segment announces.
    pub window: WindowPlan,
    /// The retransmission or persist timer must run.
    pub timer: bool,
    /// Another turn is wanted.
    pub more: bool,
}

/// Second stage: at a turn, a whole segment of new data goes, so another turn is wanted. Known a stage before
/// everything else, because one connection alone is as fast as its turns follow each other.
#[kernel_fn]
pub fn judge_next_turn(record: ConnectionRecord, states: States, m: TurnMeasures, f: TurnFit) -> bool {
    let ends = record.hard.reset_now || record.hard.farewell != Farewell::None;
    let again = record.soft.retransmit_now && !m.idle;
    !ends && states.sending && !again && f.waiting && !f.small && f.fits
}

/// Third stage: what can be sent, and what goes first. `turning`: the event is a turn, or an acknowledgement that sends
/// a segment along; `goes_on`: from [`judge_next_turn`].
#[kernel_fn]
pub fn decide_turn(
    record: ConnectionRecord,
    turning: bool,
    states: States,
    m: TurnMeasures,
    f: TurnFit,
    window: WindowPlan,
    goes_on: bool,
) -> TurnPlan {
    let hard = record.hard;
    let soft = record.soft;
    let state = hard.state;
    let handshake = states.handshake;
    let sending = states.sending;

    let ends = hard.reset_now || hard.farewell != Farewell::None;
    let reset = turning && hard.reset_now;
    let teardown = turning && ends && !hard.reset_now;
    let alive = turning && !ends;
    let syn = alive && handshake && m.at_una;
    let again = alive && sending && soft.retransmit_now && !m.idle;

    let part = f.open && (f.half || soft.probe_now || !m.at_max);
    let only_fin = hard.fin_wanted && m.drained;
    let all = (f.waiting && f.small && f.fits) || only_fin;
    let whole = f.waiting && !f.small && f.fits;
    let sendable = sending && ((f.waiting && (f.fits || part)) || only_fin);
    let data = alive && !again && sendable;
    let probe = alive && !again && sending && soft.probe_now && f.waiting && !f.open;
    let reaches = if all {
        if hard.fin_wanted {
            !m.fin_sent
        } else {
            !m.end_sent
        }
    } else if whole {
        m.segment_is_new
    } else {
        f.edge_behind
    };
    let end = if handshake {
        m.after_una
    } else if hard.fin_wanted {
        m.after_end
    } else {
        hard.snd_end
    };
    let worth = (soft.ack_now && states.synchronized) || window.due;
    let bare = alive && !syn && !again && !sendable && !probe && worth;
    TurnPlan {
        reset,
        teardown,
        syn,
        again,
        data,
        probe,
        bare,
        some: ends || syn || again || sendable || probe || worth,
        rest: all || handshake,
        whole,
        moves: data || syn,
        end,
        ahead: if whole { m.next_segment } else { f.edge },
        fin: if again { m.fin_sent && f.short } else { hard.fin_wanted && all },
        push: if again { m.end_sent && f.short && f.some_sent } else { all && !m.drained },
        short: f.short,
        sent: f.sent,
        room: f.room,
        is_new: syn || (data && reaches),
        times: (syn && m.idle) || (data && m.at_max && !soft.recovering && !soft.timing),
        window,
        // With nothing outstanding the timer was one for probes: data gets a whole time-out of its own (RFC 6298 5.1).
        timer: (data && m.idle) || (alive && !soft.timer_armed && (syn || (sending && (!m.idle || f.waiting || data)))),
        more: reset || (teardown && soft.ack_now && state == TcpState::TimeWait) || (again && sendable) || goes_on,
    }
}

/// Fourth stage: the segment.
#[kernel_fn]
pub fn segment_of(record: ConnectionRecord, slot: Bits<16>, p: TurnPlan, m: TurnMeasures) -> SendCommand {
    let hard = record.hard;
    let first = hard.state == TcpState::SynSent;
    let mut command = SendCommand {
        kind: SendKind::Segment,
        slot,
        generation: hard.generation,
        acknowledgement: hard.rcv_nxt,
        window: p.window.window,
        ..SendCommand::default()
    };
    command.sequence = hard.snd_una;
    if p.data {
        command.sequence = hard.snd_nxt;
    }
    // The peer takes neither from beyond its window.
    if p.bare || p.reset {
        command.sequence = if m.edge_before { m.window_edge } else { hard.snd_max };
    }
    if p.data {
        let length = if p.rest {
            m.unsent.get_bits::<16>(0)
        } else if p.whole {
            hard.snd_mss
        } else {
            p.room
        };
        command.length = wide(length);
    }
    if p.again {
        command.length = wide(mux(p.short, p.sent, hard.snd_mss));
    }
    if p.probe {
        command.length = bits::<32>(1);
    }
    command.retransmit = p.again || p.probe;
    command.control.syn = p.syn;
    command.control.rst = p.reset;
    command.control.ack = !first;
    command.control.fin = p.fin && (p.data || p.again);
    command.control.psh = p.push && (p.data || p.again);
    command
}

/// Fourth stage: the record after the turn, if the event is one.
#[kernel_fn]
pub fn settle_turn(
    record: ConnectionRecord,
    turning: bool,
    now: Bits<33>,
    p: TurnPlan,
    m: TurnMeasures,
    edge: Bits<32>,
) -> ConnectionRecord {
    let mut next = record;
    let segment = p.syn || p.again || p.data || p.probe || p.bare;
    let reached = if p.rest { p.end } else { p.ahead };
    if p.moves {
        next.hard.snd_nxt = reached;
    }
    if p.is_new {
        next.hard.snd_max = reached;
    }
    if p.times {
        next.soft.timing = true;
        next.soft.timed_sequence = reached;
        next.soft.timed_at = now.get_bits::<32>(0);
    }
    if p.probe && m.idle {
        next.hard.snd_max = m.after_una;
    }
    if segment {
        next.soft.ack_now = false;
        next.soft.ack_armed = false;
        next.soft.ack_owed = Default::default();
        if p.window.widen {
            next.soft.rcv_adv = edge;
        }
    }
    if p.again || (turning && m.idle) {
        next.soft.retransmit_now = false;
    }
    if turning && !p.again {
        next.soft.probe_now = false;
    }
    if p.reset {
        next.hard.reset_now = false;
    }
    if p.teardown {
        next.hard.farewell = Farewell::None;
        // It was given back to the listener with this very event (`listening.rs`).
        next.hard.promised = false;
    }
    next
}
