//! Round-trip time and retransmission time-out (RFC 6298): alpha 1/8 and beta 1/4 by shifts, Karn's rule by never timing a
//! retransmission, bounds from the settings.
//!
//! The time-out in force is kept in the record with its back-off. A sample, or a peer whose window opens again, sets it to 0; the next
//! event of the connection then computes it afresh. An acknowledgement that ends a sample therefore restarts the timer with the time-out
//! before the sample, and everything sent after it uses the new one.
use super::acknowledge::AckPlan;
use super::sequence::{before, negative};
use crate::bundles::{ConnectionRecord, Event, TcpSettings};
use stevedore_hdl::prelude::*;

/// The sample and the sums of the present estimate.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct RttMeasures {
    /// Time since the sample began.
    pub elapsed: Bits<32>,
    /// That minus SRTT.
    pub delta: Bits<32>,
    /// 3/4 RTTVAR.
    pub decayed: Bits<32>,
    /// SRTT + 4 RTTVAR; 0 before the first sample.
    pub raw: Bits<32>,
    /// SEG.ACK covers the sequence number timed.
    pub covered: bool,
    /// `raw` is below the lower bound.
    pub low: bool,
    /// `raw` is above the upper bound.
    pub high: bool,
    /// There was no sample yet.
    pub first: bool,
    /// Three times the initial time-out (5.7: 3 s after a lost SYN, for an initial second).
    pub lost_syn: Bits<32>,
}

/// First stage: differences.
#[kernel_fn]
pub fn measure_rtt(event: Event, record: ConnectionRecord, settings: TcpSettings, now: Bits<32>) -> RttMeasures {
    let soft = record.soft;
    let elapsed = now - soft.timed_at;
    let smoothed = soft.srtt >> 3;
    let raw = smoothed + soft.rttvar;
    RttMeasures {
        elapsed,
        delta: now - soft.timed_at - smoothed,
        decayed: soft.rttvar - (soft.rttvar >> 2),
        raw,
        covered: !before(event.acknowledgement, soft.timed_sequence),
        low: raw < settings.minimum_rto,
        high: raw > settings.maximum_rto,
        first: !soft.srtt.any(),
        lost_syn: settings.initial_rto + (settings.initial_rto << 1),
    }
}

/// The next estimate.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct RttPlan {
    /// The acknowledgement ends a sample.
    pub sample: bool,
    /// SRTT with the sample.
    pub srtt: Bits<32>,
    /// RTTVAR with the sample.
    pub rttvar: Bits<32>,
}

/// Time-outs a timer may be set to.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Rto {
    /// That of the estimate, without back-off.
    pub estimate: Bits<32>,
    /// The one in force before this event; that of the first SYN-ACK if the event is the SYN it answers.
    pub force: Bits<32>,
    /// The one in force, backed off.
    pub backed: Bits<32>,
}

/// Second stage. `fresh`: a SYN for a listener; `doubled`: twice the time-out in force, if one is, within its bound.
#[kernel_fn]
pub fn choose_rto(
    record: ConnectionRecord,
    settings: TcpSettings,
    fresh: bool,
    m: RttMeasures,
    doubled: Bits<32>,
) -> Rto {
    let estimate = if !m.raw.any() {
        settings.initial_rto
    } else if m.low {
        settings.minimum_rto
    } else if m.high {
        settings.maximum_rto
    } else {
        m.raw
    };
    let some = record.soft.rto.any();
    Rto {
        estimate,
        force: if fresh {
            settings.initial_rto
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
pub fn plan_rtt(record: ConnectionRecord, p: AckPlan, m: RttMeasures) -> RttPlan {
    let soft = record.soft;
    // A sample of 0 us would look like none at all.
    let elapsed = if m.elapsed.any() { m.elapsed } else { bits::<32>(1) };
    RttPlan {
        sample: p.advance && soft.timing && m.covered,
        srtt: if m.first { elapsed << 3 } else { soft.srtt + m.delta },
        rttvar: if m.first {
            elapsed << 1
        } else if negative(m.delta) {
            m.decayed - m.delta
        } else {
            m.decayed + m.delta
        },
    }
}
