//! Round-trip time and retransmission time-out (RFC 6298): alpha 1/8 and beta 1/4 by shifts, Karn's rule by never
//! timing a retransmission, bounds from the settings.
//!
//! The time-out in force is kept in the record with its back-off. A sample, or a peer whose window opens again, sets it
//! to 0; the next event of the connection then computes it afresh. An acknowledgement that ends a sample therefore
//! restarts the timer with the time-out before the sample, and everything sent after it uses the new one.
//!
//! No value wraps: a sample counts as 16.8 s at most, so SRTT and RTTVAR cannot outgrow their fields, and a time-out is
//! 134 s at most, whatever the settings say (RFC 6298 2.5 asks for a bound of 60 s or more). A sample cannot outlive
//! the clock, for a time-out ends it.
use super::acknowledge::AckPlan;
use super::sequence::before;
use crate::bundles::{ConnectionRecord, Event, TcpSettings};
use stevedore_hdl::prelude::*;

/// Longest sample, microseconds.
const LONGEST_SAMPLE: u64 = 0xff_ffff;
/// Longest time-out, microseconds.
const LONGEST_TIMEOUT: u64 = 0x7ff_ffff;
/// Largest RTTVAR, 1/4 microseconds.
const LARGEST_VARIATION: u64 = 0x3ff_ffff;

/// The sample and the sums of the present estimate.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct RttMeasures {
    /// Time since the sample began.
    pub elapsed: Bits<32>,
    /// 3/4 RTTVAR.
    pub decayed: Bits<26>,
    /// SRTT + 4 RTTVAR; 0 before the first sample.
    pub raw: Bits<27>,
    /// SEG.ACK covers the sequence number timed.
    pub covered: bool,
    /// `raw` is below the lower bound.
    pub low: bool,
    /// `raw` is above the upper bound.
    pub high: bool,
    /// There was no sample yet.
    pub first: bool,
    /// Three times the initial time-out (5.7: 3 s after a lost SYN, for an initial second).
    pub lost_syn: Bits<26>,
}

/// A setting as a time-out.
#[kernel_fn]
pub fn held(setting: Bits<32>) -> Bits<27> {
    let fits = !setting.get_bits::<5>(27).any();
    if fits {
        setting.get_bits::<27>(0)
    } else {
        bits::<27>(LONGEST_TIMEOUT)
    }
}

/// First stage: differences.
#[kernel_fn]
pub fn measure_rtt(event: Event, record: ConnectionRecord, settings: TcpSettings, now: Bits<33>) -> RttMeasures {
    let soft = record.soft;
    let smoothed = soft.srtt >> 3;
    let raw = smoothed + resize::<27, 26>(soft.rttvar);
    let initial = resize::<26, 24>(settings.initial_rto.get_bits::<24>(0));
    let long = settings.initial_rto.get_bits::<8>(24).any();
    RttMeasures {
        elapsed: now.get_bits::<32>(0) - soft.timed_at,
        decayed: soft.rttvar - (soft.rttvar >> 2),
        raw,
        covered: !before(event.acknowledgement, soft.timed_sequence),
        low: resize::<32, 27>(raw) < settings.minimum_rto,
        high: resize::<32, 27>(raw) > settings.maximum_rto,
        first: !soft.srtt.any(),
        lost_syn: if long { bits::<26>(LARGEST_VARIATION) } else { initial + (initial << 1) },
    }
}

/// The sample, if the event ends one.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct RttSample {
    /// Microseconds, at least one: a sample of 0 would look like none at all.
    pub time: Bits<24>,
    /// That minus SRTT.
    pub delta: Bits<27>,
}

/// Second stage.
#[kernel_fn]
pub fn judge_rtt(record: ConnectionRecord, m: RttMeasures) -> RttSample {
    let time = if m.elapsed.get_bits::<8>(24).any() {
        bits::<24>(LONGEST_SAMPLE)
    } else if m.elapsed.any() {
        m.elapsed.get_bits::<24>(0)
    } else {
        bits::<24>(1)
    };
    RttSample { time, delta: resize::<27, 24>(time) - (record.soft.srtt >> 3) }
}

/// The next estimate.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct RttPlan {
    /// The acknowledgement ends a sample.
    pub sample: bool,
    /// SRTT with the sample.
    pub srtt: Bits<27>,
    /// RTTVAR with the sample.
    pub rttvar: Bits<26>,
}

/// Time-outs a timer may be set to.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Rto {
    /// That of the estimate, without back-off.
    pub estimate: Bits<27>,
    /// The one in force before this event; that of the first SYN-ACK if the event is the SYN it answers.
    pub force: Bits<27>,
    /// The one in force, backed off.
    pub backed: Bits<27>,
}

/// Second stage. `fresh`: a SYN for a listener; `doubled`: twice the time-out in force, if one is, within its bound.
#[kernel_fn]
pub fn judge_rto(
    record: ConnectionRecord,
    settings: TcpSettings,
    fresh: bool,
    m: RttMeasures,
    doubled: Bits<27>,
) -> Rto {
    let estimate = if !m.raw.any() {
        held(settings.initial_rto)
    } else if m.low {
        held(settings.minimum_rto)
    } else if m.high {
        held(settings.maximum_rto)
    } else {
        m.raw
    };
    let some = record.soft.rto.any();
    Rto {
        estimate,
        force: if fresh {
            held(settings.initial_rto)
        } else if some {
            record.soft.rto
        } else {
            estimate
        },
        backed: if some { doubled } else { estimate },
    }
}

/// Third stage.
#[kernel_fn]
pub fn decide_rtt(record: ConnectionRecord, p: AckPlan, m: RttMeasures, sample: RttSample) -> RttPlan {
    let soft = record.soft;
    let delta = sample.delta.get_bits::<26>(0);
    RttPlan {
        sample: p.advance && soft.timing && m.covered,
        srtt: if m.first { resize::<27, 24>(sample.time) << 3 } else { soft.srtt + sample.delta },
        rttvar: if m.first {
            resize::<26, 24>(sample.time) << 1
        } else if sample.delta.get_bit(26) {
            m.decayed - delta
        } else {
            m.decayed + delta
        },
    }
}
