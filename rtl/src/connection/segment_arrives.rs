//! The order of checks of RFC 9293 3.10.7: is the segment acceptable, does it reset, challenge, open or carry on the
//! connection?
//!
//! Answers to unacceptable segments are limited to ten in 4.2 seconds for each connection (RFC 5961 7), so that no
//! flood is answered one for one, and two ends that do not agree (a forged byte is enough) do not acknowledge each
//! other for ever. The limit is not one for the whole engine: a peer that can use up what all connections share can
//! tell from its own answers what others' numbers are (CVE-2016-5696). Segments with payload or FIN that are merely
//! outside the window are always answered.
//!
//! Left out: security and urgent data. Tightened after RFC 5961: a reset counts only at exactly RCV.NXT, a SYN inside
//! the window is challenged, an ACK older than the largest window ever is challenged. Loosened in one place: a segment
//! at the very edge of the window passes (the text refuses it unless the window is zero), because a peer that lost
//! segments acknowledges from there.
use super::acknowledge::AckMeasures;
use super::sequence::{adds_up, before, negative, one_apart, wide};
use crate::bundles::{ConnectionRecord, Event, EventKind, TcpSettings, TcpState};
use stevedore_hdl::prelude::*;

/// MSS of a peer that announces none (RFC 9293 3.7.1).
const DEFAULT_MSS: u64 = 536;
/// Smallest MSS taken seriously: a peer that announces less would have its window cut into crumbs.
const SMALLEST_MSS: u64 = 48;
/// Answers to unacceptable segments in an interval (RFC 5961 7).
const CHALLENGES: u64 = 10;

/// Where the segment lies relative to the receive window.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct ArrivalMeasures {
    /// SEG.SEQ - RCV.NXT.
    pub ahead: Bits<32>,
    /// RCV.NXT - SEG.SEQ, as far as old bytes of an acceptable segment can reach.
    pub behind: Bits<16>,
    /// SEG.SEQ is RCV.NXT.
    pub exact: bool,
    /// SEG.SEQ is one before RCV.NXT: the place of the peer's SYN.
    pub one_before: bool,
    /// SEG.SEQ lies behind the right edge of the window announced.
    pub beyond_edge: bool,
    /// SEG.SEQ is the right edge: the first number outside the window.
    pub at_edge: bool,
    /// Error reports: SND.UNA =< sequence < SND.MAX (RFC 5927 4.1).
    pub under_way: bool,
    /// Payload bytes from RCV.NXT up; negative when even the last byte is old.
    pub new_bytes: Bits<32>,
    /// The segment's payload ends exactly at RCV.NXT.
    pub ends_here: bool,
    /// RCV.NXT if this segment opens the connection.
    pub first_byte: Bits<32>,
    /// Right edge of the window if this segment opens the connection: until then `rcv_adv` counts from zero.
    pub first_edge: Bits<32>,
    /// MSS for sending if this segment opens the connection.
    pub mss: Bits<16>,
}

/// First stage: differences.
#[kernel_fn]
pub fn measure_arrival(event: Event, record: ConnectionRecord, settings: TcpSettings) -> ArrivalMeasures {
    let ahead = event.sequence - record.hard.rcv_nxt;
    let new_bytes = event.sequence + wide(event.payload_length) - record.hard.rcv_nxt;
    let behind = record.hard.rcv_nxt.get_bits::<16>(0) - event.sequence.get_bits::<16>(0);
    let first_byte = event.sequence + 1;
    let option = event.options.mss;
    // A value of 0 says nothing.
    let announced = if !option.present || !option.value.any() {
        bits::<16>(DEFAULT_MSS)
    } else if option.value < bits::<16>(SMALLEST_MSS) {
        bits::<16>(SMALLEST_MSS)
    } else {
        option.value
    };
    ArrivalMeasures {
        ahead,
        behind,
        exact: event.sequence == record.hard.rcv_nxt,
        one_before: one_apart(event.sequence, record.hard.rcv_nxt),
        beyond_edge: negative(record.soft.rcv_adv - event.sequence),
        at_edge: record.soft.rcv_adv == event.sequence,
        under_way: !before(event.sequence, record.hard.snd_una) && before(event.sequence, record.hard.snd_max),
        new_bytes,
        ends_here: adds_up(event.sequence, wide(event.payload_length), record.hard.rcv_nxt),
        first_byte,
        first_edge: first_byte + record.soft.rcv_adv,
        mss: if announced < settings.mss { announced } else { settings.mss },
    }
}

/// What the connection is to the event.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Standing {
    /// The event is for this very connection.
    pub known: bool,
    /// And a segment.
    pub here: bool,
    /// A segment for SYN-SENT.
    pub waiting: bool,
    /// For SYN-RECEIVED.
    pub half: bool,
    /// For a state with RCV.NXT.
    pub synchronized: bool,
    /// As many unacceptable segments were answered in this interval as may be.
    pub weary: bool,
}

/// First stage: which connection, in which state.
#[kernel_fn]
pub fn measure_standing(event: Event, record: ConnectionRecord, legitimate: bool) -> Standing {
    let hard = record.hard;
    let state = hard.state;
    let known = legitimate && event.generation == hard.generation && state != TcpState::Closed;
    let here = known && event.kind == EventKind::Segment;
    let waiting = here && state == TcpState::SynSent;
    Standing {
        known,
        here,
        waiting,
        half: here && state == TcpState::SynReceived,
        synchronized: here && state != TcpState::Listen && state != TcpState::SynSent,
        weary: record.soft.challenges >= bits::<4>(CHALLENGES),
    }
}

/// What the checks say. At most one of `fresh`, `open`, `meet`, `repeat`, `refused`, `reset`, `accepted` is set.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Verdict {
    /// A SYN for a listener: a new connection begins in SYN-RECEIVED.
    pub fresh: bool,
    /// SYN-SENT: SYN and a good ACK, the connection is open.
    pub open: bool,
    /// SYN-SENT: a SYN alone, both sides open at once.
    pub meet: bool,
    /// SYN-RECEIVED: the peer's SYN again, the SYN-ACK was lost.
    pub repeat: bool,
    /// SYN-SENT: the peer refuses.
    pub refused: bool,
    /// A later state: the peer resets.
    pub reset: bool,
    /// An acknowledgement must tell the peer where we are; the segment has no other effect.
    pub challenge: bool,
    /// `challenge` or `repeat`, and it is counted.
    pub counted: bool,
    /// A reset answers an unacceptable ACK of a half-open connection.
    pub reply: bool,
    /// The ACK field and what follows are to be processed.
    pub accepted: bool,
    /// `accepted` in SYN-RECEIVED: the handshake is complete.
    pub complete: bool,
    /// `complete` by the SYN-ACK of a peer that opened at the same time: there is nothing to take in behind it.
    pub crossed: bool,
}

/// Second stage: the checks in their order. `known`: the segment is for this very connection.
#[kernel_fn]
pub fn judge_segment(event: Event, fresh: bool, s: Standing, m: ArrivalMeasures, a: AckMeasures) -> Verdict {
    let c = event.control;
    let waiting = s.waiting;
    let half = s.half;
    let synchronized = s.synchronized;

    // 3.10.7.3, SYN-SENT.
    let good = a.advances && !a.beyond;
    let open = waiting && !c.rst && c.syn && c.ack && good;
    let meet = waiting && !c.rst && c.syn && !c.ack;

    // 3.10.7.4, first: the sequence number. The peer's own SYN again lies one before the window and is no challenge.
    let again = half && c.syn && !c.rst && m.one_before;
    let occupies = event.payload_length.any() || c.syn || c.fin;
    let last_is_new = !negative(m.new_bytes) && (!m.ends_here || c.syn || c.fin);
    let reaches = if occupies { last_is_new } else { !negative(m.ahead) };
    let acceptable = synchronized && reaches && !m.beyond_edge;
    // Second: RST. Fourth: SYN. Fifth: ACK.
    // A reset at the right edge is outside the window: the peer means an edge it has not heard of yet.
    let unwelcome =
        if c.rst { acceptable && !m.exact && !m.at_edge } else { synchronized && !again && (!acceptable || c.syn) };
    let checked = c.ack && !c.rst && (again || (acceptable && !c.syn));
    let complete = half && checked && good;
    let bad_ack = a.beyond || a.ancient;
    let challenge = unwelcome || (checked && !half && bad_ack);
    let repeat = again && !c.ack;
    // Old payload and an old FIN are what a peer sends again after a lost acknowledgement: each is answered, and that
    // makes no loop.
    let loses = !c.rst && !c.syn && !checked && (event.payload_length.any() || c.fin);
    let spared = s.weary && !loses;

    Verdict {
        fresh,
        open,
        meet,
        repeat: repeat && !spared,
        refused: waiting && c.rst && c.ack && good,
        reset: synchronized && c.rst && m.exact,
        challenge: challenge && !spared,
        counted: (challenge || repeat) && !loses && !s.weary,
        reply: !c.rst && c.ack && !good && (waiting || (half && checked)),
        accepted: if half { complete } else { checked && !bad_ack },
        complete,
        crossed: complete && again,
    }
}

/// What [`decide_state`] says of the last states, told apart because timers and the host wait for it.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct LastStates {
    /// To FIN-WAIT-2 or TIME-WAIT.
    pub moves: bool,
    /// It is in FIN-WAIT-2 or TIME-WAIT and stays there.
    pub stays: bool,
    /// To TIME-WAIT.
    pub parting: bool,
    /// To CLOSED.
    pub closed: bool,
}

/// `ours`: our FIN is acknowledged; `theirs`: the peer's FIN is in order.
#[kernel_fn]
pub fn decide_last_states(state: TcpState, ours: bool, theirs: bool) -> LastStates {
    let first = state == TcpState::FinWait1;
    let second = state == TcpState::FinWait2;
    let closing = state == TcpState::Closing;
    LastStates {
        moves: (ours && (first || closing)) || (theirs && second),
        stays: (second && !theirs) || state == TcpState::TimeWait,
        parting: (ours && closing) || (theirs && (second || (first && ours))),
        closed: ours && state == TcpState::LastAck,
    }
}

/// The state the segment leads to, RST and time-outs aside. `ours`: our FIN is acknowledged; `theirs`: the peer's FIN
/// is in order.
#[kernel_fn]
pub fn decide_state(state: TcpState, v: Verdict, ours: bool, theirs: bool) -> TcpState {
    let mut next = state;
    match state {
        TcpState::SynSent => next = if v.open { TcpState::Established } else { state },
        TcpState::SynReceived => {
            let open = if theirs { TcpState::CloseWait } else { TcpState::Established };
            next = if v.complete { open } else { state };
        }
        TcpState::Established => {
            next = if theirs { TcpState::CloseWait } else { state };
        }
        TcpState::FinWait1 => {
            if ours && theirs {
                next = TcpState::TimeWait;
            } else if ours {
                next = TcpState::FinWait2;
            } else if theirs {
                next = TcpState::Closing;
            }
        }
        TcpState::FinWait2 => {
            next = if theirs { TcpState::TimeWait } else { state };
        }
        TcpState::Closing => {
            next = if ours { TcpState::TimeWait } else { state };
        }
        TcpState::LastAck => {
            next = if ours { TcpState::Closed } else { state };
        }
        _ => {}
    }
    if v.fresh || v.meet {
        next = TcpState::SynReceived;
    }
    next
}
