//! Words to the host: how a connection ends, what is said when it stands or when a request is refused.
use super::host_requests::HostPlan;
use crate::bundles::codes::{response, status};
use crate::bundles::{ConnectionRecord, Ending, Event, Farewell, TcpState};
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
        Farewell::Unlent => {
            ending.response = bits::<5>(response::COMPLETION);
            ending.status = bits::<8>(status::UNKNOWN_CONNECTION);
        }
        Farewell::Orphaned => {
            ending.response = bits::<5>(response::COMPLETION);
            ending.status = bits::<8>(status::ABORTED);
        }
    }
    ending
}

/// What the host hears of an event that ends nothing: that the connection stands (`arriving`), or the answer to a
/// request.
#[kernel_fn]
pub fn announcement_of(event: Event, record: ConnectionRecord, arriving: bool, p: HostPlan) -> Ending {
    let opened = if record.hard.active { bits::<5>(response::COMPLETION) } else { bits::<5>(response::ARRIVAL) };
    Ending {
        response: if arriving { opened } else { p.response },
        status: if arriving { bits::<8>(status::SUCCESS) } else { p.status },
        cookie: if arriving { record.hard.cookie } else { event.cookie },
        free: false,
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

/// What to say when a half-open connection ends because its listener did: of one that came through the listener the
/// host knows nothing.
#[kernel_fn]
pub fn farewell_of_orphan(record: ConnectionRecord) -> Farewell {
    if record.hard.active {
        Farewell::Orphaned
    } else {
        Farewell::Silent
    }
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
