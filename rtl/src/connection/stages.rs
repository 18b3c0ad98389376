//! The records between the stages of the pipeline, and the first three stages of thought: measure, judge, then decide.
//!
//! Measuring subtracts and compares; judging compares what was measured and finds the verdict on a segment; deciding
//! turns all that into named actions; settling (`settle.rs`, `outcome.rs`) carries the actions out. Each stage is one
//! clock cycle, so no value is subtracted, judged and stored in the same one.
//!
//! A function is named for its stage and its topic: `measure_`, `judge_`, `decide_`, `settle_`; what has no such name
//! helps one of these.
use super::acknowledge::{decide_ack, judge_ack, measure_ack, says_only_that, AckMeasures, AckOffer, AckPlan};
use super::congestion::{
    decide_congestion, judge_congestion, measure_congestion, CongestionMeasures, CongestionPlan, CongestionSums,
};
use super::host_requests::{decide_host, measure_host, HostMeasures, HostPlan};
use super::listening::{judge_lending, promised_window, Lending, Listener};
use super::receive::{decide_payload, judge_payload, Fit, PayloadPlan};
use super::responses::{farewell_of_orphan, farewell_of_reset, farewell_of_silence};
use super::rtt::{decide_rtt, judge_rto, judge_rtt, measure_rtt, Rto, RttMeasures, RttPlan, RttSample};
use super::segment_arrives::{
    decide_last_states, decide_state, judge_segment, measure_arrival, measure_standing, ArrivalMeasures, Standing,
    Verdict,
};
use super::states::{states_of, States};
use super::timeouts::{
    decide_timer, judge_timeouts, measure_timeouts, TimeoutMeasures, TimeoutPlan, TimerCauses, TimerPlan,
};
use super::transmit::{decide_turn, judge_next_turn, TurnPlan};
use super::transmit_room::{judge_turn, measure_turn, TurnFit, TurnMeasures};
use super::window::{judge_window, measure_window, WindowMeasures, WindowPlan};
use crate::bundles::{ConnectionRecord, Event, EventKind, Farewell, TcpSettings, TcpState};
use stevedore_hdl::prelude::*;

/// An event under way.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Issued {
    /// The event.
    pub event: Event,
    /// Row of the table that the slot's low bits name.
    pub row: Bits<16>,
    /// The slot exists and may be given out: its row is written back.
    pub legitimate: bool,
    /// The row is in the last stage when it is loaded: it is taken from there.
    pub settling: bool,
    /// The row left the last stage in the cycle before it is loaded: the table did not show it yet when it was read.
    pub settled: bool,
    /// The arbiter sees no other connection that waits for a turn: an acknowledgement may send a segment along.
    pub alone: bool,
    /// After reset: write a closed record.
    pub erase: bool,
    /// The record is a closed one, whatever the row holds: it is to be erased, or there is no such slot.
    pub blank: bool,
}

/// Everything measured.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Measures {
    /// What the connection is to the event.
    pub standing: Standing,
    /// For segments: where it lies.
    pub arrival: ArrivalMeasures,
    /// For segments: where its ACK lies.
    pub ack: AckMeasures,
    /// Congestion control.
    pub congestion: CongestionMeasures,
    /// Round-trip time.
    pub rtt: RttMeasures,
    /// What could be sent.
    pub turn: TurnMeasures,
    /// The window to announce.
    pub window: WindowMeasures,
    /// Deadlines.
    pub timeouts: TimeoutMeasures,
    /// For posts.
    pub host: HostMeasures,
}

/// First stage.
#[kernel_fn]
pub fn measure(issued: Issued, record: ConnectionRecord, settings: TcpSettings, now: Bits<33>) -> Measures {
    let event = issued.event;
    Measures {
        standing: measure_standing(event, record, issued.legitimate),
        arrival: measure_arrival(event, record, settings),
        ack: measure_ack(event, record),
        congestion: measure_congestion(event, record),
        rtt: measure_rtt(event, record, settings, now),
        turn: measure_turn(record),
        window: measure_window(record),
        timeouts: measure_timeouts(record, settings, now),
        host: measure_host(event, record),
    }
}

/// What is judged.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Judgement {
    /// What may happen in the connection's state.
    pub states: States,
    /// The order of checks.
    pub verdict: Verdict,
    /// Does the payload fit?
    pub fit: Fit,
    /// What the acknowledgement brings.
    pub offer: AckOffer,
    /// Values for the congestion window.
    pub sums: CongestionSums,
    /// Time-outs.
    pub rto: Rto,
    /// The round-trip time, if the event ends a sample.
    pub sample: RttSample,
    /// The tick.
    pub timeout: TimeoutPlan,
    /// What fits into a turn.
    pub turn: TurnFit,
    /// The window to announce.
    pub window: WindowPlan,
    /// The event begins a connection: whatever the record says, it is replaced.
    pub begins: bool,
    /// The state in which a connection begins.
    pub state: TcpState,
    /// The MSS with which a connection begins.
    pub mss: Bits<16>,
    /// The buffers of a listener.
    pub lending: Lending,
    /// The turn sends a whole segment: another turn follows, whatever else is decided.
    pub goes_on: bool,
    /// The segment is an acknowledgement of new bytes and nothing else. If it is accepted, it sends a whole segment of
    /// new bytes along, by the windows known before.
    pub along: bool,
}

/// Second stage. `listener`: what is known of the one whose buffers the event may be about.
#[kernel_fn]
pub fn judge(
    issued: Issued,
    record: ConnectionRecord,
    settings: TcpSettings,
    m: Measures,
    listener: Listener,
) -> Judgement {
    let kind = issued.event.kind;
    let fresh = kind == EventKind::Segment && issued.event.fresh && issued.legitimate;
    let connect = kind == EventKind::Connect;
    let asked = (connect || kind == EventKind::Listen) && issued.legitimate;
    let opening = if m.standing.waiting { m.arrival.mss } else { record.hard.snd_mss };
    let other = if connect { TcpState::SynSent } else { TcpState::Listen };
    let states = states_of(record.hard.state);
    let turn = judge_turn(record, states, m.turn);
    let whole = judge_next_turn(record, states, m.turn, turn);
    let advances = kind == EventKind::Segment && says_only_that(issued.event, m.ack);
    Judgement {
        states,
        verdict: judge_segment(issued.event, fresh, m.standing, m.arrival, m.ack),
        fit: judge_payload(issued.event, record, states, settings, m.arrival),
        offer: judge_ack(issued.event, record, states, m.ack),
        sums: judge_congestion(record, m.ack, m.congestion, opening),
        rto: judge_rto(record, settings, fresh, m.rtt, m.timeouts.backed),
        timeout: judge_timeouts(record, kind == EventKind::Tick, states, m.ack.closed, m.timeouts, m.turn, turn),
        turn,
        window: judge_window(record, states, m.window),
        begins: fresh || asked,
        state: if fresh { TcpState::SynReceived } else { other },
        mss: if fresh { m.arrival.mss } else { settings.mss },
        sample: judge_rtt(record, m.rtt),
        lending: judge_lending(
            issued.event,
            record,
            fresh || (connect && asked),
            m.standing.known,
            m.host.alike,
            listener,
        ),
        goes_on: kind == EventKind::Transmit && whole,
        along: issued.alone && whole && advances && m.turn.at_max && !record.soft.recovering,
    }
}

/// Everything decided. What is not named for an event's kind is without effect.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Decisions {
    /// A segment.
    pub arriving: bool,
    /// A turn to send.
    pub turning: bool,
    /// A tick.
    pub ticking: bool,
    /// An acknowledgement that sends a segment along.
    pub along: bool,
    /// The order of checks.
    pub verdict: Verdict,
    /// The acknowledgement.
    pub ack: AckPlan,
    /// The payload.
    pub payload: PayloadPlan,
    /// Congestion control.
    pub congestion: CongestionPlan,
    /// Round-trip time.
    pub rtt: RttPlan,
    /// The turn to send.
    pub turn: TurnPlan,
    /// The tick.
    pub timeout: TimeoutPlan,
    /// The timer.
    pub timer: TimerPlan,
    /// The request.
    pub host: HostPlan,
    /// State after a segment.
    pub next: TcpState,
    /// The connection is over.
    pub over: bool,
    /// An acknowledgement is owed at once.
    pub acknowledge: bool,
    /// `over` with a reset to the peer.
    pub reset: bool,
    /// A teardown is to be sent.
    pub part: bool,
    /// What it says.
    pub farewell: Farewell,
    /// The connection wants a turn.
    pub wake: bool,
    /// A command for the send chain leaves.
    pub sends: bool,
    /// A command for the receive chain leaves.
    pub receives: bool,
    /// The handshake is complete, and the listener's promise is kept.
    pub lends: bool,
    /// The window a SYN-ACK announces if it leaves with this event.
    pub window: Bits<16>,
}

/// Third stage.
#[kernel_fn]
pub fn decide(issued: Issued, record: ConnectionRecord, m: Measures, j: Judgement) -> Decisions {
    let event = issued.event;
    let state = record.hard.state;
    let arriving = event.kind == EventKind::Segment;
    let turning = event.kind == EventKind::Transmit;
    let ticking = event.kind == EventKind::Tick;
    let known = m.standing.known;
    let here = m.standing.here;

    // A half-open connection without its listener takes no segment but a reset: the first one ends it, if the tick does
    // not.
    let verdict = if j.lending.orphan { Verdict { reset: j.verdict.reset, ..Verdict::default() } } else { j.verdict };
    let payload = decide_payload(event, record, here, verdict, m.arrival, j.fit);
    let ack = decide_ack(verdict, m.ack, j.offer);
    let opening = verdict.open || verdict.complete;
    let congestion = decide_congestion(record, verdict, ack, j.timeout, m.congestion, j.sums);
    let rtt = decide_rtt(record, ack, m.rtt, j.sample);
    let along = j.along && verdict.accepted;
    let turn = decide_turn(record, turning || along, j.states, m.turn, j.turn, j.window, j.goes_on);
    let timeout = j.timeout;
    let host = decide_host(event, record, j.states, issued.legitimate, known, j.lending, m.host);
    let next = decide_state(state, verdict, ack.fin, payload.fin);
    let last = decide_last_states(state, ack.fin, payload.fin);

    // RFC 9293 3.10.7.4, fifth, TIME-WAIT: the FIN comes again, or another one inside the window, which the check of
    // the sequence number lets pass. The first is answered by that check.
    let same_fin = m.arrival.new_bytes.all() && event.control.ack && !event.control.rst && !event.control.syn;
    let other_fin = verdict.accepted && state == TcpState::TimeWait && event.control.fin;
    let repeats_fin = other_fin || (state == TcpState::TimeWait && event.control.fin && same_fin);
    let dwells = last.moves || (last.stays && (payload.some || repeats_fin));
    let cause = TimerCauses {
        fresh: verdict.fresh,
        begins: j.begins,
        all: m.ack.all,
        opening,
        linger: last.moves || last.stays,
        dwell: (here && dwells) || (host.receive && state == TcpState::FinWait2),
        sent: turn.timer,
        wakes: host.send && m.turn.idle && m.turn.drained,
    };
    let timer = decide_timer(record, cause, ack, rtt.sample, timeout, j.rto);

    let unreachable = known && event.kind == EventKind::Unreachable && m.arrival.under_way;
    let orphan = j.lending.orphan && (ticking || m.standing.half || m.standing.waiting);
    let reset = verdict.refused || verdict.reset || unreachable;
    let finished = here && last.closed;
    let parting = here && last.parting;
    let farewell = if reset {
        farewell_of_reset(record)
    } else if orphan {
        farewell_of_orphan(record)
    } else if timeout.over {
        farewell_of_silence(record)
    } else if host.end {
        host.farewell
    } else if parting {
        Farewell::Parted
    } else {
        Farewell::Closed
    };
    let over = reset || timeout.over || host.end || finished || orphan;
    // RFC 9293 3.10.5: SYN-SENT ends without a reset. A peer that answers later finds no connection and is reset then.
    let bereft = orphan && !reset && state == TcpState::SynReceived;
    let second = payload.some && record.soft.ack_owed.any();
    let acknowledge = verdict.challenge || verdict.open || verdict.crossed || other_fin;
    let answer = acknowledge || payload.refused || payload.fin || second;
    let turned = opening || verdict.meet || verdict.repeat;
    let opened = ack.advance || congestion.inflate || (ack.window && ack.changed);
    let sendable = ((opened || congestion.limited) && j.turn.more) || congestion.enter || congestion.partial;
    let asked = host.send || host.receive || host.connect || host.close;
    Decisions {
        arriving,
        turning,
        ticking,
        along,
        verdict,
        ack,
        payload,
        congestion,
        rtt,
        turn,
        timeout,
        timer,
        host,
        next,
        over,
        acknowledge,
        reset: host.reset || bereft,
        part: over || parting,
        farewell,
        wake: if turning {
            turn.more
        } else {
            over || answer || turned || sendable || timeout.retry || timeout.ack || parting || asked
        },
        sends: (turning && turn.some)
            || along
            || ack.releases
            || timeout.rewind
            || verdict.reply
            || verdict.fresh
            || host.send,
        receives: arriving || turn.teardown || timeout.notify || host.receive || host.notice,
        lends: opening && record.hard.promised,
        window: promised_window(j.lending),
    }
}
