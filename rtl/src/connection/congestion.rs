//! Congestion control: slow start, congestion avoidance, fast retransmit and fast recovery (RFC 5681, NewReno RFC 6582, byte counting
//! in congestion avoidance RFC 3465), initial window RFC 6928.
use super::acknowledge::{AckMeasures, AckPlan};
use super::segment_arrives::Verdict;
use super::sequence::{before, negative, wide};
use crate::bundles::{ConnectionRecord, Event, Hard, Soft};
use stevedore_hdl::prelude::*;

/// At 2^20 bytes the congestion window stops growing: 10 Gbit/s over 800 us are no more than that.
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

/// What becomes of the congestion state. The values are chosen before it is known whether they are wanted.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct CongestionPlan {
    /// The handshake is complete: the initial window.
    pub begin: bool,
    /// A duplicate acknowledgement is counted.
    pub count: bool,
    /// The third: fast retransmit.
    pub enter: bool,
    /// That, or one more in recovery: another segment has left the network.
    pub inflate: bool,
    /// Bytes were acknowledged.
    pub news: bool,
    /// `news` in recovery, and not everything is acknowledged: another segment is missing.
    pub partial: bool,
    /// `news` that ends recovery.
    pub leave: bool,
    /// cwnd of `begin`.
    pub initial: Bits<32>,
    /// cwnd of `inflate`.
    pub inflated: Bits<32>,
    /// cwnd of `news`.
    pub moved: Bits<32>,
    /// Credit of congestion avoidance, of `news`.
    pub credit: Bits<32>,
    /// Half the bytes in flight, at least two segments: ssthresh after a loss.
    pub half: Bits<32>,
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
    let third = !soft.recovering && soft.duplicate_acks == bits::<3>(2) && !soft.guarded;

    let avoiding = m.may_grow && !m.slow_start;
    let short = negative(sums.credit_left);
    let grown = if !m.may_grow || (!m.slow_start && short) {
        soft.cwnd
    } else {
        mux(m.slow_start && sums.less, m.grown_acked, m.grown)
    };
    let left = if sums.leave_below { sums.leave_window } else { soft.ssthresh };
    let recovering = if m.recovered { left } else { sums.partial_window };
    let saved = if !avoiding {
        soft.cwnd_credit
    } else if short {
        m.credit
    } else {
        sums.credit_left
    };
    let kept = if m.recovered { bits::<32>(0) } else { soft.cwnd_credit };
    CongestionPlan {
        begin,
        count: p.duplicate && !soft.duplicate_acks.all(),
        enter: p.duplicate && third,
        inflate: p.duplicate && (third || (soft.recovering && m.may_grow)),
        news,
        partial: news && soft.recovering && !m.recovered,
        leave: news && soft.recovering && m.recovered,
        initial: sums.initial,
        inflated: if soft.recovering { m.grown } else { sums.half + m.three },
        moved: if soft.recovering { recovering } else { grown },
        credit: if soft.recovering { kept } else { saved },
        half: sums.half,
    }
}

/// Fourth stage: the congestion state after the segment.
#[kernel_fn]
pub fn update_congestion(before: Soft, hard: Hard, p: CongestionPlan, m: CongestionMeasures) -> Soft {
    let mut soft = before;
    if p.begin {
        soft.cwnd = p.initial;
        soft.ssthresh = bits::<32>(NO_THRESHOLD);
        soft.duplicate_acks = Default::default();
        soft.recovering = false;
        soft.guarded = false;
        soft.cwnd_credit = Default::default();
    }
    if p.count {
        soft.duplicate_acks = before.duplicate_acks + 1;
    }
    if p.inflate {
        soft.cwnd = p.inflated;
    }
    if p.enter {
        soft.ssthresh = p.half;
        soft.recover = hard.snd_max;
        soft.recovering = true;
    }
    if p.news {
        soft.cwnd = p.moved;
        soft.cwnd_credit = p.credit;
    }
    if p.news && !p.partial {
        soft.recovering = false;
        soft.guarded = (before.guarded || p.leave) && !m.past_recover;
        soft.duplicate_acks = Default::default();
    }
    if p.enter || p.partial {
        soft.retransmit_now = true;
        soft.timing = false;
    }
    soft
}
