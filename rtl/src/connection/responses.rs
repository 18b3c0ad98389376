//! Words to the host: endings for the reaper, notices for the notifier.
use crate::bundles::codes::{response, status};
use crate::bundles::{ConnectionRecord, Ending, Event, Farewell, Notice, TcpState};
use stevedore_hdl::prelude::*;

/// What the teardown of a connection that is over carries.
#[kernel_fn]
pub fn ending_of(farewell: Farewell, cookie: Bits<32>) -> Ending {
    let mut ending =
        Ending { response: bits::<5>(response::TERMINATION), status: bits::<8>(status::SUCCESS), cookie, free: true };
    match farewell {
        Farewell::None | Farewell::Silent => ending.response = bits::<5>(0),
        Farewell::Parted => ending.free = false,
        Farewell::Closed => {}
        Farewell::Reset => ending.status = bits::<8>(status::RESET),
        Farewell::TimedOut => ending.status = bits::<8>(status::TIMED_OUT),
        Farewell::Aborted => ending.status = bits::<8>(status::ABORTED),
        Farewell::Refused => {
            ending.response = bits::<5>(response::COMPLETION);
            ending.status = bits::<8>(status::RESET);
        }
        Farewell::Unanswered => {
            ending.response = bits::<5>(response::COMPLETION);
            ending.status = bits::<8>(status::TIMED_OUT);
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

/// The end of TIME-WAIT: the response went out when it began, unless its teardown still waits for a turn.
#[kernel_fn]
pub fn last_word(pending: Farewell) -> Farewell {
    if pending == Farewell::Parted {
        Farewell::Closed
    } else {
        Farewell::Silent
    }
}
