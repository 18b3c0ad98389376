//! Words to the host: endings for the reaper, notices for the notifier.
use crate::bundles::{ConnectionRecord, Ending, Event, Farewell, Notice, TcpState};
use stevedore_abi::{Response, Status};
use stevedore_hdl::prelude::*;

/// `Response::ConnectionArrival`.
pub const ARRIVAL: u64 = Response::ConnectionArrival as u64;
/// `Response::ConnectionCompletion`.
pub const COMPLETION: u64 = Response::ConnectionCompletion as u64;
/// `Response::ListenResponse`.
pub const LISTEN: u64 = Response::ListenResponse as u64;
/// `Response::TerminationResponse`.
pub const TERMINATION: u64 = Response::TerminationResponse as u64;
/// `Response::BufferReceive`.
pub const BUFFER_RECEIVE: u64 = Response::BufferReceive as u64;
/// `Response::BufferAvailable`.
pub const BUFFER_AVAILABLE: u64 = Response::BufferAvailable as u64;
/// `Status::Success`.
pub const SUCCESS: u64 = Status::Success as u64;
/// `Status::UnknownConnection`.
pub const UNKNOWN: u64 = Status::UnknownConnection as u64;
/// `Status::NoRoom`.
pub const NO_ROOM: u64 = Status::NoRoom as u64;
/// `Status::Closing`.
pub const CLOSING: u64 = Status::Closing as u64;
const RESET: u64 = Status::Reset as u64;
const TIMED_OUT: u64 = Status::TimedOut as u64;
const ABORTED: u64 = Status::Aborted as u64;

/// What the flush of a connection that is over carries.
#[kernel_fn]
pub fn ending_of(farewell: Farewell, cookie: Bits<32>) -> Ending {
    let mut ending = Ending { response: bits::<5>(TERMINATION), status: bits::<8>(SUCCESS), cookie, free: true };
    match farewell {
        Farewell::None | Farewell::Silent => ending.response = bits::<5>(0),
        Farewell::Parted => ending.free = false,
        Farewell::Closed => {}
        Farewell::Reset => ending.status = bits::<8>(RESET),
        Farewell::TimedOut => ending.status = bits::<8>(TIMED_OUT),
        Farewell::Aborted => ending.status = bits::<8>(ABORTED),
        Farewell::Refused => {
            ending.response = bits::<5>(COMPLETION);
            ending.status = bits::<8>(RESET);
        }
        Farewell::Unanswered => {
            ending.response = bits::<5>(COMPLETION);
            ending.status = bits::<8>(TIMED_OUT);
        }
    }
    ending
}

/// A notice about the event's connection; a refused buffer is named in it.
#[kernel_fn]
pub fn notice_of(event: Event, response: Bits<5>, status: Bits<8>, cookie: Bits<32>) -> Notice {
    Notice {
        response,
        status,
        slot: event.slot,
        generation: event.generation,
        cookie,
        address: event.address,
        length: event.length,
    }
}

/// What to say when the peer resets.
#[kernel_fn]
pub fn farewell_of_reset(record: ConnectionRecord) -> Farewell {
    let mut farewell = Farewell::Reset;
    match record.hard.state {
        TcpState::SynSent => farewell = Farewell::Refused,
        TcpState::SynReceived => {
            farewell = if record.hard.active { Farewell::Refused } else { Farewell::Silent };
        }
        TcpState::TimeWait => farewell = last_word(record.hard.farewell),
        _ => {}
    }
    farewell
}

/// What to say at the end that a time-out brings.
#[kernel_fn]
pub fn farewell_of_silence(record: ConnectionRecord) -> Farewell {
    let mut farewell = Farewell::TimedOut;
    match record.hard.state {
        TcpState::SynSent => farewell = Farewell::Unanswered,
        TcpState::SynReceived => {
            farewell = if record.hard.active { Farewell::Unanswered } else { Farewell::Silent };
        }
        TcpState::TimeWait => farewell = last_word(record.hard.farewell),
        _ => {}
    }
    farewell
}

/// The end of TIME-WAIT: the response went out when it began, unless its flush still waits for a turn.
#[kernel_fn]
pub fn last_word(pending: Farewell) -> Farewell {
    if pending == Farewell::Parted {
        Farewell::Closed
    } else {
        Farewell::Silent
    }
}
