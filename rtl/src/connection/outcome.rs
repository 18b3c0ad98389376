//! The fourth stage of thought, its other half: what leaves the pipeline because of an event. The record after the
//! event is told in `settle.rs`.
use super::options::announced;
use super::responses::{announcement_of, ending_of};
use super::stages::{Decisions, Issued, Measures};
use super::transmit::segment_of;
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
        },
    }
}
