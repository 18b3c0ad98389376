//! Congestion control: slow start, congestion avoidance, fast retransmit and fast recovery (RFC 5681, NewReno RFC 6582,
//! byte counting in congestion avoidance RFC 3465), initial window RFC 6928, restart after idle (RFC 5681 4.1), limited
//! transmit (RFC 3042).
//!
//! Limited transmit lets a new segment go for each of the first two duplicate acknowledgements: `send_limit`, which
//! bounds what is sent, is then so much more than cwnd, which stays. It is cwnd again with the next change of cwnd.
//! What was sent that way does not count as FlightSize (RFC 5681 3.2): half of it, or of cwnd if that is less, becomes
//! ssthresh.
use super::acknowledge::{AckMeasures, AckPlan};
use super::segment_arrives::Verdict;
use super::sequence::{before, negative, wide};
use super::timeouts::TimeoutPlan;
use crate::bundles::{ConnectionRecord, Event, Hard, Soft};
use stevedore_hdl::prelude::*;

/// Above this many bytes the congestion window stops growing: its field holds it and a segment more.
const CEILING_BIT: usize = 23;
/// Slow start threshold before the first loss: none.
const NO_THRESHOLD: u64 = 0xff_ffff;
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
    /// FlightSize is no more than cwnd.
    pub within: bool,
    /// cwnd + MSS.
    pub grown: Bits<24>,
    /// cwnd + bytes acknowledged.
    pub grown_acked: Bits<24>,
    /// The limit for sending + MSS.
    pub limited: Bits<24>,
    /// cwnd - bytes acknowledged.
    pub deflated: Bits<32>,
    /// cwnd - bytes acknowledged + MSS.
    pub deflated_more: Bits<32>,
    /// Bytes acknowledged in congestion avoidance, this acknowledgement included.
    pub credit: Bits<32>,
    /// 3 MSS.
    pub three: Bits<24>,
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
    let segment = resize::<24, 16>(hard.snd_mss);
    let cwnd = resize::<32, 24>(soft.cwnd);
    CongestionMeasures {
        flight: hard.snd_max - hard.snd_una,
        flight_after: hard.snd_max - ack,
        flight_after_more: hard.snd_max - ack + mss,
        slow_start: soft.cwnd < soft.ssthresh,
        may_grow: !(soft.cwnd >> (CEILING_BIT as u64)).any(),
        within: !before(hard.snd_una + cwnd, hard.snd_max),
        grown: soft.cwnd + segment,
        grown_acked: soft.cwnd + acked.get_bits::<24>(0),
        limited: soft.send_limit + segment,
        deflated: cwnd - acked,
        deflated_more: cwnd - acked + mss,
        credit: resize::<32, 24>(soft.cwnd_credit) + acked,
        three: segment + (segment << 1),
        recovered: !before(ack, soft.recover),
        past_recover: before(soft.recover, ack),
    }
}

/// Values the congestion window may take.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct CongestionSums {
    /// The initial window.
    pub initial: Bits<24>,
    /// Less than one MSS was acknowledged.
    pub less: bool,
    /// The credit of congestion avoidance minus cwnd: a full window was acknowledged unless negative.
    pub credit_left: Bits<32>,
    /// max(FlightSize / 2, 2 MSS), without what limited transmit sent.
    pub half: Bits<24>,
    /// cwnd after `partial`.
    pub partial_window: Bits<24>,
    /// max(FlightSize, MSS) + MSS.
    pub leave_window: Bits<32>,
    /// `leave_window` is below ssthresh.
    pub leave_below: bool,
}

/// Second stage: compares. `mss`: the MSS if the connection opens.
#[kernel_fn]
pub fn judge_congestion(
    record: ConnectionRecord,
    a: AckMeasures,
    m: CongestionMeasures,
    mss: Bits<16>,
) -> CongestionSums {
    let soft = record.soft;
    let segment = wide(record.hard.snd_mss);
    let two = segment << 1;
    let opening = resize::<24, 16>(mss);
    let ten = (opening << 3) + (opening << 1);
    // A SYN had to be sent again: one segment.
    let initial = if soft.backoff.any() {
        opening
    } else if mss > bits::<16>(INITIAL_MSS) {
        mux(opening < bits::<24>(INITIAL_WINDOW / 2), bits::<24>(INITIAL_WINDOW), opening << 1)
    } else {
        ten
    };
    let flown = if m.within { m.flight.get_bits::<24>(0) } else { soft.cwnd };
    let half = flown >> 1;
    let floor = two.get_bits::<24>(0);
    let threshold = resize::<32, 24>(soft.ssthresh);
    let less = a.acked < segment;
    let few = m.flight_after < segment;
    let deflated = if less { m.deflated } else { m.deflated_more };
    CongestionSums {
        initial,
        less,
        credit_left: m.credit - resize::<32, 24>(soft.cwnd),
        half: if half < floor { floor } else { half },
        partial_window: if negative(m.deflated) { segment.get_bits::<24>(0) } else { deflated.get_bits::<24>(0) },
        leave_window: if few { two } else { m.flight_after_more },
        leave_below: if few { two < threshold } else { m.flight_after_more < threshold },
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
    /// The first or second duplicate: one segment more may go.
    pub limited: bool,
    /// The connection was idle for longer than the window of its path can be trusted, and that is larger than the
    /// initial one.
    pub restart: bool,
    /// cwnd of `begin` and `restart`.
    pub initial: Bits<24>,
    /// cwnd of `inflate`.
    pub inflated: Bits<24>,
    /// cwnd of `news`.
    pub moved: Bits<24>,
    /// Credit of congestion avoidance, of `news`.
    pub credit: Bits<24>,
    /// Half the bytes in flight, at least two segments: ssthresh after a loss.
    pub half: Bits<24>,
}

/// Third stage.
#[kernel_fn]
pub fn decide_congestion(
    record: ConnectionRecord,
    v: Verdict,
    p: AckPlan,
    timeout: TimeoutPlan,
    m: CongestionMeasures,
    sums: CongestionSums,
) -> CongestionPlan {
    let soft = record.soft;
    let begin = v.open || v.complete;
    let news = p.advance && !begin;
    let early = !soft.recovering && !soft.guarded && soft.duplicate_acks < bits::<3>(2);
    let third = !soft.recovering && soft.duplicate_acks == bits::<3>(2) && !soft.guarded;

    let avoiding = m.may_grow && !m.slow_start;
    let short = negative(sums.credit_left);
    let grown = if !m.may_grow || (!m.slow_start && short) {
        soft.cwnd
    } else {
        mux(m.slow_start && sums.less, m.grown_acked, m.grown)
    };
    let left = if sums.leave_below { sums.leave_window.get_bits::<24>(0) } else { soft.ssthresh };
    let recovering = if m.recovered { left } else { sums.partial_window };
    let saved = if !avoiding {
        soft.cwnd_credit
    } else if short {
        m.credit.get_bits::<24>(0)
    } else {
        sums.credit_left.get_bits::<24>(0)
    };
    let kept = if m.recovered { bits::<24>(0) } else { soft.cwnd_credit };
    CongestionPlan {
        begin,
        count: p.duplicate && !soft.duplicate_acks.all(),
        enter: p.duplicate && third,
        inflate: p.duplicate && (third || (soft.recovering && m.may_grow)),
        news,
        partial: news && soft.recovering && !m.recovered,
        leave: news && soft.recovering && m.recovered,
        limited: p.duplicate && early,
        restart: timeout.idle && sums.initial < soft.cwnd,
        initial: sums.initial,
        inflated: if soft.recovering { m.grown } else { sums.half + m.three },
        moved: if soft.recovering { recovering } else { grown },
        credit: if soft.recovering { kept } else { saved },
        half: sums.half,
    }
}

/// Fourth stage: the congestion state after the segment.
#[kernel_fn]
pub fn settle_congestion(before: Soft, hard: Hard, p: CongestionPlan, m: CongestionMeasures) -> Soft {
    let mut soft = before;
    if p.begin || p.restart {
        soft.cwnd = p.initial;
        soft.send_limit = p.initial;
    }
    if p.begin {
        soft.ssthresh = bits::<24>(NO_THRESHOLD);
        soft.duplicate_acks = Default::default();
        soft.recovering = false;
        soft.guarded = false;
        soft.cwnd_credit = Default::default();
    }
    if p.count {
        soft.duplicate_acks = before.duplicate_acks + 1;
    }
    if p.limited {
        soft.send_limit = m.limited;
    }
    if p.inflate {
        soft.cwnd = p.inflated;
        soft.send_limit = p.inflated;
    }
    if p.enter {
        soft.ssthresh = p.half;
        soft.recover = hard.snd_max;
        soft.recovering = true;
    }
    if p.news {
        soft.cwnd = p.moved;
        soft.send_limit = p.moved;
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
