//! The fourth stage of thought: the record after the event, and what leaves the pipeline because of it.
use super::congestion::update_congestion;
use super::host_requests::after_request;
use super::listening::promised_window;
use super::options::{agreed, announced, begun};
use super::receive::after_payload;
use super::responses::{announcement_of, ending_of};
use super::sequence::wide;
use super::stages::{Decisions, Issued, Judgement, Measures};
use super::timeouts::{after_tick, update_timer};
use super::transmit::{after_turn, segment_of};
use crate::bundles::*;
use stevedore_hdl::prelude::*;

/// What leaves the pipeline for one event: at most one of each.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Outcome {
    /// A command for the send chain.
    pub send_valid: bool,
    /// The command.
    pub send: SendCommand,
    /// A command for the receive chain.
    pub receive_valid: bool,
    /// The command.
    pub receive: ReceiveCommand,
    /// For the statistics.
    pub pulses: TcpPulses,
}

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
fn after_arrival(event: Event, record: ConnectionRecord, now: Bits<33>, m: Measures, d: Decisions) -> ConnectionRecord {
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
    let mut next = update_timer(record, settings, now, d.timer, d.timeout.retry, d.rtt, m.rtt);
    next.soft = update_congestion(next.soft, record.hard, d.congestion, m.congestion);
    next = after_payload(next, settings, now, d.payload);
    next = after_arrival(event, next, now, m, d);
    next = after_turn(next, d.turning, now, d.turn, m.turn, m.window.edge);
    next = after_tick(next, d.timeout, d.congestion.half);
    next = after_request(next, d.host, m.host);
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

/// What leaves the pipeline.
#[kernel_fn]
pub fn outcome_of(
    issued: Issued,
    record: ConnectionRecord,
    settings: TcpSettings,
    m: Measures,
    d: Decisions,
) -> Outcome {
    let event = issued.event;
    let arriving = d.arriving;
    let turning = d.turning;
    let ticking = d.ticking;
    let reply = arriving && (d.verdict.reply || d.verdict.fresh);

    let generation = if turning || ticking { record.hard.generation } else { event.generation };
    let mut send = segment_of(record, event.slot, d.turn, m.turn);
    send.address = event.address;
    send.cookie = event.cookie;
    send.generation = generation;
    send.ending = ending_of(record.hard.farewell, record.hard.cookie);
    send.rewind = d.ack.catch_up;
    send.released = d.ack.released;
    send.releases = d.along && d.ack.releases;
    send.options = announced(record.hard, settings, d.turn.syn || (arriving && d.verdict.fresh));
    if arriving && !d.along {
        send.length = bits::<32>(0);
        send.kind = if d.ack.releases { SendKind::Release } else { SendKind::Segment };
        send.sequence = event.acknowledgement;
        send.acknowledgement = Default::default();
        send.window = Default::default();
        send.control = ControlBits { rst: true, ..ControlBits::default() };
        send.retransmit = false;
        if d.verdict.fresh {
            send.sequence = event.initial_sequence;
            send.acknowledgement = m.arrival.first_byte;
            send.window = d.window;
            send.control = ControlBits { syn: true, ack: true, ..ControlBits::default() };
        }
    } else if ticking {
        send.kind = SendKind::Rewind;
    } else if d.turn.teardown {
        send.kind = SendKind::Teardown;
    } else if !turning && !d.along {
        send.kind = SendKind::Append;
        send.length = event.length;
    }

    let mut receive = ReceiveCommand {
        kind: ReceiveKind::Discard,
        slot: event.slot,
        generation,
        address: event.address,
        length: resize::<32, 16>(d.payload.bytes),
        cookie: event.cookie,
        trim: d.payload.trim,
        skip: Default::default(),
        notify: d.payload.notify,
        end_of_stream: d.payload.fin,
        lends: d.lends,
        announce: d.congestion.begin,
        ending: announcement_of(event, record, arriving, d.host),
    };
    if arriving {
        receive.cookie = resize::<32, 16>(record.soft.recover.get_bits::<16>(0));
        if d.payload.place {
            receive.kind = ReceiveKind::Place;
        }
    } else if turning {
        receive.kind = ReceiveKind::Teardown;
        receive.ending = send.ending;
    } else if ticking {
        receive.kind = ReceiveKind::Notify;
    } else {
        receive.kind = if d.host.notice { ReceiveKind::Announce } else { ReceiveKind::Append };
        receive.length = event.length;
    }

    let request = !arriving && !turning && !ticking;
    Outcome {
        send_valid: d.sends,
        send,
        receive_valid: d.receives,
        receive,
        pulses: TcpPulses {
            segment_in: arriving,
            segment_out: (turning && d.turn.some && !d.turn.teardown) || d.along || reply,
            retransmission: turning
                && (d.turn.again || d.turn.probe || (d.turn.data && !m.turn.at_max) || (d.turn.syn && !m.turn.idle)),
            drop_out_of_order: arriving && d.payload.dropped,
            fast_retransmit: arriving && d.congestion.enter,
            time_out: ticking && d.timeout.lost,
            bad_request: request && d.host.refuse,
        },
    }
}
