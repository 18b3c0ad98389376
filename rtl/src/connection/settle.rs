//! The fourth stage of thought: the record after the event. What leaves the pipeline is told in `outcome.rs`.
use super::congestion::settle_congestion;
use super::host_requests::settle_host;
use super::listening::promised_window;
use super::options::{agreed, begun};
use super::receive::settle_payload;
use super::sequence::wide;
use super::stages::{Decisions, Issued, Judgement, Measures};
use super::timeouts::{settle_tick, settle_timer};
use super::transmit::settle_turn;
use crate::bundles::*;
use stevedore_hdl::prelude::*;

/// The record that is settled: a new one if the event begins a connection. It may still wait in the scheduler's queue
/// from its former life.
#[kernel_fn]
pub fn begin(event: Event, record: ConnectionRecord, m: Measures, j: Judgement) -> ConnectionRecord {
    let number = event.initial_sequence;
    let lending = j.lending;
    // The peer's number is known here only if it spoke first.
    let edge = m.arrival.first_byte + wide(promised_window(lending));
    let hard = Hard {
        state: j.state,
        generation: event.generation,
        cookie: event.cookie,
        snd_una: number,
        snd_nxt: number,
        snd_max: number,
        snd_end: number + 1,
        snd_mss: j.mss,
        active: j.state == TcpState::SynSent,
        promised: lending.promise,
        rcv_room: if lending.promise { lending.length } else { bits::<32>(0) },
        ..Hard::default()
    };
    let soft = Soft {
        queued: record.soft.queued,
        recover: cat::<16, 16, 32>(event.listener_generation, event.listener),
        rcv_adv: if j.verdict.fresh { edge } else { bits::<32>(0) },
        ..Soft::default()
    };
    let first = ConnectionRecord { hard: begun(hard, event), soft };
    if j.begins {
        first
    } else {
        record
    }
}

/// A segment's effect on the numbers of the connection. The timer is set already.
#[kernel_fn]
fn settle_arrival(
    event: Event,
    record: ConnectionRecord,
    now: Bits<33>,
    m: Measures,
    d: Decisions,
) -> ConnectionRecord {
    let v = d.verdict;
    let mut next = record;
    if v.fresh {
        next.hard.rcv_nxt = m.arrival.first_byte;
        // The SYN-ACK leaves with this very event: a connection is answered within one passage of the pipeline.
        next.hard.snd_nxt = record.hard.snd_end;
        next.hard.snd_max = record.hard.snd_end;
        next.soft.timing = true;
        next.soft.timed_sequence = record.hard.snd_end;
        next.soft.timed_at = now.get_bits::<32>(0);
    } else if v.open || v.meet {
        next.hard.rcv_nxt = m.arrival.first_byte;
        next.soft.rcv_adv = m.arrival.first_edge;
        next.hard.snd_mss = m.arrival.mss;
        next.hard = agreed(next.hard, event);
    }
    if d.ack.advance {
        next.hard.snd_una = event.acknowledgement;
        next.soft.resent = false;
    }
    if d.ack.catch_up {
        next.hard.snd_nxt = event.acknowledgement;
    }
    if v.meet || v.repeat {
        next.hard.snd_nxt = record.hard.snd_una;
        // What is sent again is not timed (RFC 6298 3).
        next.soft.timing = false;
    }
    if d.ack.window {
        next.soft.snd_wnd = resize::<32, 30>(m.ack.window);
        next.soft.snd_wl1 = event.sequence;
        next.soft.snd_wl2 = event.acknowledgement;
        if d.ack.widest || v.fresh {
            next.soft.snd_wnd_max = m.ack.window;
        }
    }
    if d.payload.place {
        next.hard.rcv_nxt = d.payload.reached;
        next.hard.rcv_room = d.payload.room;
    }
    if d.lends {
        next.hard.promised = false;
    }
    if d.acknowledge {
        next.soft.ack_now = true;
    }
    if v.counted {
        next.soft.challenges = record.soft.challenges + 1;
    }
    if d.arriving {
        next.hard.state = d.next;
    }
    next
}

/// The record after the event; `record` comes from [`begin`].
#[kernel_fn]
pub fn settle(
    issued: Issued,
    record: ConnectionRecord,
    settings: TcpSettings,
    now: Bits<33>,
    m: Measures,
    d: Decisions,
) -> ConnectionRecord {
    let event = issued.event;
    // What is decided for one kind of event is without effect for another: no field waits for the kind.
    let mut next = settle_timer(record, settings, now, d.timer, d.timeout.retry, d.rtt, m.rtt);
    next.soft = settle_congestion(next.soft, record.hard, d.congestion, m.congestion);
    next = settle_payload(next, settings, now, d.payload);
    next = settle_arrival(event, next, now, m, d);
    next = settle_turn(next, d.turning, now, d.turn, m.turn, m.window.edge);
    next = settle_tick(next, d.timeout, d.congestion.half);
    next = settle_host(next, d.host, m.host);
    if d.over {
        next.hard.state = TcpState::Closed;
        next.hard.reset_now = d.reset;
        next.soft.timer_armed = false;
        next.soft.ack_armed = false;
        next.soft.notify_armed = false;
        next.soft.ack_now = false;
    }
    if d.part {
        next.hard.farewell = d.farewell;
    }
    next.soft.queued = d.wake || (record.soft.queued && !d.turning);
    next
}
