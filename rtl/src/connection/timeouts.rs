//! Everything that happens because time passes: retransmission with back-off and its limit (RFC 6298 5, RFC 9293
//! 3.8.3), zero-window probes (RFC 9293 3.8.6.1), delayed acknowledgements (RFC 1122 4.2.3.2), the end of TIME-WAIT,
//! reports of placed bytes.
//!
//! One timer per connection serves retransmission, persist, FIN-WAIT-2 and TIME-WAIT: no two of them run at once. While
//! nothing is outstanding and nothing waits, the same timer tells when the connection has been idle for a time-out:
//! what it once knew of the path is stale then, and it starts anew with no more than the initial window (RFC 5681 4.1;
//! counted from the last acknowledgement, which comes one round trip after the last segment was sent). FIN-WAIT-2 is
//! bounded by the TIME-WAIT setting, counted from the last byte received or room posted, so that a peer that never
//! closes cannot keep a terminated connection for ever, while a half-closed transfer that moves may take its time.
use super::acknowledge::AckPlan;
use super::deadline::{long_deadline, long_due, short_due};
use super::rtt::{held, Rto, RttMeasures, RttPlan};
use super::states::States;
use super::transmit_room::{TurnFit, TurnMeasures};
use crate::bundles::{ConnectionRecord, TcpSettings, TcpState};
use stevedore_hdl::prelude::*;

/// Bit of the microseconds that alternates with the intervals of RFC 5961 7: 4.2 s, where the text suggests 5.
const INTERVAL_BIT: usize = 22;

/// Deadlines against the clock.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct TimeoutMeasures {
    /// The timer fires.
    pub due: bool,
    /// The delayed acknowledgement is due.
    pub ack_due: bool,
    /// Placed bytes are to be reported.
    pub notify_due: bool,
    /// No retransmission is left.
    pub exhausted: bool,
    /// The time-out doubled, within its bound.
    pub backed: Bits<27>,
    /// Another interval for answers to unacceptable segments has begun.
    pub interval: bool,
}

/// First stage: differences.
#[kernel_fn]
pub fn measure_timeouts(record: ConnectionRecord, settings: TcpSettings, now: Bits<33>) -> TimeoutMeasures {
    let soft = record.soft;
    let longest = held(settings.maximum_rto);
    TimeoutMeasures {
        due: soft.timer_armed && long_due(soft.timer_deadline, now),
        ack_due: soft.ack_armed && short_due(soft.ack_deadline, now),
        notify_due: soft.notify_armed && short_due(soft.notify_deadline, now),
        exhausted: soft.backoff >= settings.retry_limit,
        backed: if soft.rto > (longest >> 1) { longest } else { soft.rto << 1 },
        interval: soft.interval != now.get_bit(INTERVAL_BIT),
    }
}

/// What a tick does.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct TimeoutPlan {
    /// Send again from SND.UNA on.
    pub retry: bool,
    /// `retry` because a segment is lost: congestion control takes note.
    pub lost: bool,
    /// `lost` for the first time: the threshold of slow start falls. RFC 5681 3.1 (7): a segment lost twice does not
    /// halve it twice.
    pub halves: bool,
    /// `retry` to probe the peer's window.
    pub probe: bool,
    /// `retry`: the send chain must go back too.
    pub rewind: bool,
    /// The connection was idle for a time-out.
    pub idle: bool,
    /// The connection is over: retransmissions ran out, or its last state has lasted long enough.
    pub over: bool,
    /// The timer is not needed any more.
    pub stop: bool,
    /// Send the delayed acknowledgement.
    pub ack: bool,
    /// Report placed bytes.
    pub notify: bool,
    /// The count of answers to unacceptable segments starts again.
    pub interval: bool,
}

/// Second stage. `ticking`: the event is a tick; `closed`: the peer's window is.
#[kernel_fn]
pub fn judge_timeouts(
    record: ConnectionRecord,
    ticking: bool,
    states: States,
    closed: bool,
    m: TimeoutMeasures,
    turn: TurnMeasures,
    fit: TurnFit,
) -> TimeoutPlan {
    let state = record.hard.state;
    let due = ticking && m.due;
    let handshake = states.handshake;
    let sending = states.sending && (!turn.idle || fit.more);
    let lingering = state == TcpState::TimeWait || state == TcpState::FinWait2;
    let retry = due && (handshake || sending) && !m.exhausted;
    let probe = retry && sending && (turn.idle || closed);
    let lost = retry && sending && !probe;
    let over = due && (lingering || ((handshake || sending) && m.exhausted));
    TimeoutPlan {
        retry,
        lost,
        halves: lost && !record.soft.resent,
        probe,
        rewind: retry && sending && !turn.at_una,
        idle: due && states.sending && !sending,
        over,
        stop: due && !retry,
        ack: ticking && m.ack_due,
        notify: ticking && m.notify_due,
        interval: ticking && m.interval,
    }
}

/// What becomes of the one timer, whatever the event.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct TimerPlan {
    /// It starts again.
    pub start: bool,
    /// It stops.
    pub stop: bool,
    /// How long it runs: for as long as TIME-WAIT lasts;
    pub dwell: bool,
    /// else for this long.
    pub timeout: Bits<27>,
    /// Time-out kept for later.
    pub rto: Bits<27>,
    /// The count of retransmissions starts again.
    pub renew: bool,
    /// A sample of the handshake is missing because a SYN was lost (RFC 6298 5.7).
    pub penalty: bool,
}

/// What a segment, a turn or a request does to the timer.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct TimerCauses {
    /// A SYN for a listener is answered.
    pub fresh: bool,
    /// The connection begins.
    pub begins: bool,
    /// The segment acknowledges everything sent.
    pub all: bool,
    /// The segment completes the handshake.
    pub opening: bool,
    /// The segment leads to FIN-WAIT-2 or TIME-WAIT, or finds the connection there.
    pub linger: bool,
    /// It leads there or finds it there and is in order, or repeats the FIN in TIME-WAIT; or room was posted in
    /// FIN-WAIT-2.
    pub dwell: bool,
    /// The turn sends something that must be answered.
    pub sent: bool,
    /// Bytes are posted, and there was nothing to be sent or acknowledged.
    pub wakes: bool,
}

/// Third stage.
#[kernel_fn]
pub fn decide_timer(
    record: ConnectionRecord,
    cause: TimerCauses,
    p: AckPlan,
    sample: bool,
    timeout: TimeoutPlan,
    rto: Rto,
) -> TimerPlan {
    // When everything is acknowledged, it is the time of being idle that begins.
    let restart = p.advance && !cause.linger;
    // The window opens: whatever is outstanding was held back, not lost, so its time starts again without back-off.
    let reopen = p.reopen && !cause.all && !cause.linger;
    let penalty = cause.opening && record.soft.backoff.any() && !sample;
    TimerPlan {
        start: cause.dwell || restart || reopen || cause.sent || cause.fresh || timeout.retry,
        // What is posted has a time-out of its own, of which nothing has passed yet.
        stop: timeout.stop || cause.wakes,
        dwell: cause.dwell,
        timeout: if timeout.retry {
            rto.backed
        } else if p.reopen {
            rto.estimate
        } else {
            rto.force
        },
        rto: if sample || p.reopen || penalty || cause.begins {
            bits::<27>(0)
        } else if timeout.retry {
            rto.backed
        } else {
            rto.force
        },
        renew: p.advance || p.alive,
        penalty,
    }
}

/// Fourth stage: the timer, the time-out and the round-trip estimate.
#[kernel_fn]
pub fn settle_timer(
    record: ConnectionRecord,
    settings: TcpSettings,
    now: Bits<33>,
    p: TimerPlan,
    retry: bool,
    rtt: RttPlan,
    m: RttMeasures,
) -> ConnectionRecord {
    let mut next = record;
    next.soft.rto = p.rto;
    if p.start {
        next.soft.timer_armed = true;
        let delay = if p.dwell { settings.time_wait } else { resize::<32, 27>(p.timeout) };
        next.soft.timer_deadline = long_deadline(now, delay);
    } else if p.stop {
        next.soft.timer_armed = false;
    }
    if retry {
        next.soft.backoff = record.soft.backoff + 1;
    } else if p.renew {
        next.soft.backoff = Default::default();
    }
    if rtt.sample {
        next.soft.timing = false;
        next.soft.srtt = rtt.srtt;
        next.soft.rttvar = rtt.rttvar;
    } else if p.penalty {
        next.soft.srtt = Default::default();
        next.soft.rttvar = m.lost_syn;
    }
    next
}

/// Fourth stage: the rest of a tick. `half`: half the bytes in flight, at least two segments.
#[kernel_fn]
pub fn settle_tick(record: ConnectionRecord, p: TimeoutPlan, half: Bits<24>) -> ConnectionRecord {
    let mut next = record;
    if p.retry {
        next.hard.snd_nxt = record.hard.snd_una;
        next.soft.timing = false;
    }
    if p.probe {
        next.soft.probe_now = true;
    }
    if p.halves {
        next.soft.ssthresh = half;
    }
    if p.lost {
        next.soft.cwnd = resize::<24, 16>(record.hard.snd_mss);
        next.soft.send_limit = resize::<24, 16>(record.hard.snd_mss);
        next.soft.cwnd_credit = Default::default();
        next.soft.duplicate_acks = Default::default();
        next.soft.recovering = false;
        next.soft.guarded = true;
        next.soft.recover = record.hard.snd_max;
        next.soft.retransmit_now = false;
        next.soft.resent = true;
    }
    if p.interval {
        next.soft.interval = !record.soft.interval;
        next.soft.challenges = Default::default();
    }
    if p.ack {
        next.soft.ack_armed = false;
        next.soft.ack_now = true;
    }
    if p.notify {
        next.soft.notify_armed = false;
    }
    next
}
