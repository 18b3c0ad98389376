//! Requests of the host (RFC 9293 3.10.1 to 3.10.5): open, listen, post bytes, post room, close, abort.
use super::listening::Lending;
use super::states::States;
use crate::bundles::codes::{response, status};
use crate::bundles::{ConnectionRecord, Event, EventKind, Farewell, TcpState};
use stevedore_hdl::prelude::*;

/// Sums after a post.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct HostMeasures {
    /// SND.END with the bytes.
    pub end: Bits<32>,
    /// Room with the buffer.
    pub room: Bits<32>,
    /// More bytes than sequence numbers can tell apart, or more room than can be counted.
    pub too_much: bool,
    /// A buffer for a listener is as long as those it has got before.
    pub alike: bool,
}

/// First stage: sums.
#[kernel_fn]
pub fn measure_host(event: Event, record: ConnectionRecord) -> HostMeasures {
    let hard = record.hard;
    let outstanding = hard.snd_end - hard.snd_una + event.length;
    // A listener's is the length of one buffer.
    let posted = if hard.state == TcpState::Listen { bits::<32>(0) } else { hard.rcv_room };
    let room = posted + event.length;
    let send = event.kind == EventKind::PostSend;
    HostMeasures {
        end: hard.snd_end + event.length,
        room,
        too_much: if send { outstanding.get_bit(31) } else { room.get_bit(31) },
        alike: !hard.rcv_room.any() || hard.rcv_room == event.length,
    }
}

/// What a request does: at most one of the first eight, all in `refuse` otherwise. A connect request is refused by an
/// `end`: it has a slot by then, which only a teardown gives back.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct HostPlan {
    /// Append bytes to send.
    pub send: bool,
    /// Append room.
    pub receive: bool,
    /// Open.
    pub connect: bool,
    /// Listen.
    pub listen: bool,
    /// Close the sending direction.
    pub close: bool,
    /// End at once.
    pub end: bool,
    /// `end` with a reset to the peer.
    pub reset: bool,
    /// What `end` says to the host.
    pub farewell: Farewell,
    /// Answer with an error: by a notice, or by `end`.
    pub refuse: bool,
    /// A notice is sent.
    pub notice: bool,
    /// Its type.
    pub response: Bits<5>,
    /// Its status.
    pub status: Bits<8>,
}

/// Third stage; nothing is set for events of other kinds. `legitimate`: the slot exists; `known`: the request is for
/// this very connection.
#[kernel_fn]
pub fn decide_host(
    event: Event,
    record: ConnectionRecord,
    states: States,
    legitimate: bool,
    known: bool,
    lending: Lending,
    m: HostMeasures,
) -> HostPlan {
    let mut plan = HostPlan::default();
    let state = record.hard.state;
    let flowing = states.flowing;
    let live = known && (states.sending || state == TcpState::FinWait2);
    // The host cannot know of a half-open connection that came through a listener, and its room is what the listener
    // promised. The same holds for one of its own that was promised a buffer: the chain must be empty when that comes.
    let handshake = known && states.handshake && record.hard.active && !record.hard.promised;
    let listener = known && state == TcpState::Listen;
    plan.status = bits::<8>(status::UNKNOWN_CONNECTION);
    let refused = event.payload_length.get_bits::<8>(0);
    let wrong = if listener { bits::<8>(status::BAD_LENGTH) } else { bits::<8>(status::NO_ROOM) };
    let refusal = if event.abort { refused } else { wrong };
    match event.kind {
        EventKind::PostSend => {
            plan.response = bits::<5>(response::BUFFER_AVAILABLE);
            plan.send = live && flowing && !m.too_much && !event.abort;
            plan.refuse = !plan.send;
            if live {
                plan.status = if flowing { refusal } else { bits::<8>(status::CLOSING) };
            }
        }
        EventKind::PostReceive => {
            plan.response = bits::<5>(response::BUFFER_RECEIVE);
            plan.receive = lending.stocks || ((live || handshake) && !m.too_much && !event.abort);
            plan.refuse = !plan.receive;
            if live || handshake || listener {
                plan.status = refusal;
            }
        }
        EventKind::Connect => {
            plan.connect = legitimate && !lending.unlent;
            plan.end = legitimate && lending.unlent;
            plan.farewell = Farewell::Unlent;
            plan.refuse = plan.end;
        }
        EventKind::Listen => {
            plan.listen = legitimate;
            plan.response = bits::<5>(response::LISTEN);
            plan.status = bits::<8>(status::SUCCESS);
        }
        EventKind::Terminate => {
            plan.response = bits::<5>(response::TERMINATION);
            let abort = live && event.abort;
            plan.end = listener || abort;
            plan.farewell = if listener { Farewell::Closed } else { Farewell::Aborted };
            // RFC 9293 3.10.5: CLOSING and LAST-ACK end without a reset.
            plan.reset = abort && state != TcpState::Closing && state != TcpState::LastAck;
            plan.close = live && flowing && !event.abort;
            plan.refuse = !plan.end && !plan.close;
            if live {
                plan.status = bits::<8>(status::CLOSING);
            }
        }
        _ => {}
    }
    plan.notice = (plan.refuse && !plan.end) || plan.listen;
    plan
}

/// Fourth stage, requests for a connection that exists already.
#[kernel_fn]
pub fn settle_host(record: ConnectionRecord, p: HostPlan, m: HostMeasures) -> ConnectionRecord {
    let mut next = record;
    if p.send {
        next.hard.snd_end = m.end;
    }
    if p.receive {
        next.hard.rcv_room = m.room;
    }
    if p.close {
        next.hard.fin_wanted = true;
        next.hard.state = if record.hard.state == TcpState::CloseWait { TcpState::LastAck } else { TcpState::FinWait1 };
    }
    next
}
