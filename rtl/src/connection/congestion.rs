//! Congestion control: slow start, congestion avoidance, fast retransmit and fast recovery (RFC 5681, NewReno RFC 6582, byte counting
//! in congestion avoidance RFC 3465), initial window RFC 6928.
use super::acknowledge::{AckMeasures, AckPlan};
use super::segment_arrives::Verdict;
use super::sequence::{before, negative, wide};
use crate::bundles::{ConnectionRecord, Event, Hard, Soft};
use stevedore_hdl::prelude::*;

/// Above this many bytes the congestion window stops growing: no window without scaling is larger than 2^16.
const CEILING_BIT: usize = 20;
/// Slow start threshold before the first loss: none.
const NO_THRESHOLD: u64 = 0x7fff_ffff;
/// Upper bound of the initial window, for segments up to 1460 bytes (RFC 6928 2).
const INITIAL_WINDOW: u64 = 14600;
/// MSS above which the bound of RFC 6928 works.
const INITIAL_MSS: u64 = 1460;

/// Sums the rules choose from.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct CongestionMeasures {
    /// FlightSize: bytes sent and not acknowledged.
    pub flight: Bits<32>,
    /// FlightSize behind this acknowledgement.
    pub flight_after: Bits<32>,
    /// That plus one MSS.
    pub flight_after_more: Bits<32>,
    /// cwnd is below ssthresh.
    pub slow_start: bool,
    /// cwnd may grow at all.
    pub may_grow: bool,
    /// cwnd + MSS.
    pub grown: Bits<32>,
    /// cwnd + bytes acknowledged.
    pub grown_acked: Bits<32>,
    /// cwnd - bytes acknowledged.
    pub deflated: Bits<32>,
    /// cwnd - bytes acknowledged + MSS.
    pub deflated_more: Bits<32>,
    /// Bytes acknowledged in congestion avoidance, this acknowledgement included.
    pub credit: Bits<32>,
    /// 3 MSS.
    pub three: Bits<32>,
    /// SEG.ACK reaches `recover`.
    pub recovered: bool,
    /// SEG.ACK lies behind `recover`.
    pub past_recover: bool,
}

/// First stage: sums and differences.
#[kernel_fn]
pub fn measure_congestion(event: Event, record: ConnectionRecord) -> CongestionMeasures {
    let hard = record.hard;
    let soft = record.soft;
    let ack = event.acknowledgement;
    let mss = wide(hard.snd_mss);
    let acked = ack - hard.snd_una;
    CongestionMeasures {
        flight: hard.snd_max - hard.snd_una,
        flight_after: hard.snd_max - ack,
        flight_after_more: hard.snd_max - ack + mss,
        slow_start: soft.cwnd < soft.ssthresh,
        may_grow: !(soft.cwnd >> (CEILING_BIT as u64)).any(),
        grown: soft.cwnd + mss,
        grown_acked: soft.cwnd + acked,
        deflated: soft.cwnd - acked,
        deflated_more: soft.cwnd - acked + mss,
        credit: soft.cwnd_credit + acked,
        three: mss + (mss << 1),
        recovered: !before(ack, soft.recover),
        past_recover: before(soft.recover, ack),
    }
}

/// Values the congestion window may take.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct CongestionSums {
    /// The initial window.
    pub initial: Bits<32>,
    /// Less than one MSS was acknowledged.
    pub less: bool,
    /// The credit of congestion avoidance minus cwnd: a full window was acknowledged unless negative.
    pub credit_left: Bits<32>,
    /// max(FlightSize / 2, 2 MSS).
    pub half: Bits<32>,
    /// cwnd after `partial`.
    pub partial_window: Bits<32>,
    /// max(FlightSize, MSS) + MSS.
    pub leave_window: Bits<32>,
    /// `leave_window` is below ssthresh.
    pub leave_below: bool,
}

/// Second stage: compares. `mss`: the MSS if the connection opens.
#[kernel_fn]
pub fn sum_congestion(
    record: ConnectionRecord,
    a: AckMeasures,
    m: CongestionMeasures,
    mss: Bits<16>,
) -> CongestionSums {
    let soft = record.soft;
    let segment = wide(record.hard.snd_mss);
    let two = segment << 1;
    let opening = wide(mss);
    let ten = (opening << 3) + (opening << 1);
    // A SYN had to be sent again: one segment.
    let initial = if soft.backoff.any() {
        opening
    } else if mss > bits::<16>(INITIAL_MSS) {
        mux(opening < bits::<32>(INITIAL_WINDOW / 2), bits::<32>(INITIAL_WINDOW), opening << 1)
    } else {
        ten
    };
    let half = m.flight >> 1;
    let less = a.acked < segment;
    let few = m.flight_after < segment;
    let deflated = if less { m.deflated } else { m.deflated_more };
    CongestionSums {
        initial,
        less,
        credit_left: m.credit - soft.cwnd,
        half: if half < two { two } else { half },
        partial_window: if negative(m.deflated) { segment } else { deflated },
        leave_window: if few { two } else { m.flight_after_more },
        leave_below: if few { two < soft.ssthresh } else { m.flight_after_more < soft.ssthresh },
    }
}

/// What becomes of the congestion state.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct CongestionPlan {
    /// The handshake is complete: the initial window.
    pub begin: bool,
    /// A duplicate acknowledgement is counted.
    pub count: bool,
    /// The third: fast retransmit.
    pub enter: bool,
    /// One more in recovery: another segment has left the network.
    pub inflate: bool,
    /// In recovery, not everything is acknowledged: another segment is missing.
    pub partial: bool,
    /// Recovery is over.
    pub leave: bool,
    /// Outside recovery: bytes were acknowledged.
    pub grow: bool,
    /// `grow` in slow start.
    pub slow_start: bool,
    /// The values to choose from.
    pub sums: CongestionSums,
}

/// Third stage.
#[kernel_fn]
pub fn plan_congestion(
    record: ConnectionRecord,
    v: Verdict,
    p: AckPlan,
    m: CongestionMeasures,
    sums: CongestionSums,
) -> CongestionPlan {
    let soft = record.soft;
    let begin = v.open || v.complete;
    let news = p.advance && !begin;
    CongestionPlan {
        begin,
        count: p.duplicate && !soft.duplicate_acks.all(),
        enter: p.duplicate && !soft.recovering && soft.duplicate_acks == bits::<3>(2) && !soft.guarded,
        inflate: p.duplicate && soft.recovering && m.may_grow,
        partial: news && soft.recovering && !m.recovered,
        leave: news && soft.recovering && m.recovered,
        grow: news && !soft.recovering,
        slow_start: m.slow_start,
        sums,
    }
}

/// Fourth stage: the congestion state after the segment.
#[kernel_fn]
pub fn update_congestion(before: Soft, hard: Hard, p: CongestionPlan, m: CongestionMeasures) -> Soft {
    let mut soft = before;
    if p.begin {
        soft.cwnd = p.sums.initial;
        soft.ssthresh = bits::<32>(NO_THRESHOLD);
        soft.duplicate_acks = Default::default();
        soft.recovering = false;
        soft.guarded = false;
        soft.cwnd_credit = Default::default();
    }
    if p.count {
        soft.duplicate_acks = before.duplicate_acks + 1;
    }
    if p.enter {
        soft.ssthresh = p.sums.half;
        soft.cwnd = p.sums.half + m.three;
        soft.recover = hard.snd_max;
        soft.recovering = true;
    }
    if p.inflate {
        soft.cwnd = m.grown;
    }
    if p.partial {
        soft.cwnd = p.sums.partial_window;
    }
    if p.leave {
        soft.cwnd = if p.sums.leave_below { p.sums.leave_window } else { before.ssthresh };
        soft.recovering = false;
        soft.guarded = !m.past_recover;
        soft.cwnd_credit = Default::default();
    }
    if p.grow {
        if m.past_recover {
            soft.guarded = false;
        }
        if m.may_grow {
            if p.slow_start {
                soft.cwnd = if p.sums.less { m.grown_acked } else { m.grown };
            } else if negative(p.sums.credit_left) {
                soft.cwnd_credit = m.credit;
            } else {
                soft.cwnd_credit = p.sums.credit_left;
                soft.cwnd = m.grown;
            }
        }
    }
    if p.grow || p.leave {
        soft.duplicate_acks = Default::default();
    }
    if p.enter || p.partial {
        soft.retransmit_now = true;
        soft.timing = false;
    }
    soft
}
