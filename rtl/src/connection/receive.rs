//! What a segment carries (RFC 9293 3.10.7.4, seventh and eighth): payload for the posted room, and the peer's FIN.
//!
//! Only payload that begins at or before RCV.NXT is taken, old bytes trimmed at the front, bytes beyond the posted room
//! cut off. Anything else is dropped and acknowledged at once, so that the peer's duplicate count rises. Data that
//! arrives after the host terminated is placed while there is room: Terminate closes one direction only, so the reset
//! of RFC 1122 4.2.2.13 (for a host that can read no more) does not apply; without room the peer sees a closed window
//! until the FIN-WAIT-2 time-out.
use super::deadline::short_deadline;
use super::segment_arrives::{ArrivalMeasures, Verdict};
use super::sequence::{negative, wide};
use super::states::States;
use crate::bundles::{ConnectionRecord, Event, TcpSettings, TcpState};
use stevedore_hdl::prelude::*;

/// What becomes of the frame.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct PayloadPlan {
    /// Payload or FIN is taken: Place, else Discard.
    pub place: bool,
    /// Payload bytes taken.
    pub bytes: Bits<16>,
    /// At least one.
    pub some: bool,
    /// RCV.NXT behind payload and FIN.
    pub reached: Bits<32>,
    /// Room behind the payload.
    pub room: Bits<32>,
    /// Payload bytes to drop at the front.
    pub trim: Bits<16>,
    /// The peer's FIN is taken.
    pub fin: bool,
    /// Report at once.
    pub notify: bool,
    /// Something was not taken that should have been.
    pub refused: bool,
    /// Payload was dropped, for the statistics.
    pub dropped: bool,
}

/// How the payload meets what is expected.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Fit {
    /// Some of it is new, in order, and finds room.
    pub some: bool,
    /// The FIN is in order, and there is room for all that comes before it.
    pub fin: bool,
    /// It has bytes from RCV.NXT up.
    pub new: bool,
    /// There is room for all of them.
    pub fits: bool,
    /// It begins behind RCV.NXT, or not all of it finds room.
    pub unfit: bool,
    /// The state takes payload.
    pub open: bool,
    /// It is to be reported at once.
    pub pushed: bool,
}

/// Second stage: compares.
#[kernel_fn]
pub fn judge_payload(
    event: Event,
    record: ConnectionRecord,
    states: States,
    settings: TcpSettings,
    m: ArrivalMeasures,
) -> Fit {
    let room = record.hard.rcv_room;
    let plenty = room.get_bits::<16>(16).any();
    let fits = plenty || room.get_bits::<16>(0) >= m.new_bytes.get_bits::<16>(0);
    let in_order = negative(m.ahead) || m.exact;
    let new = !negative(m.new_bytes) && !m.ends_here;
    // A whole segment is part of something long, whatever its PSH says: reported when its buffer is full, or by time.
    let short = event.payload_length < settings.mss;
    Fit {
        some: in_order && new && room.any(),
        fin: event.control.fin && in_order && fits && !negative(m.new_bytes),
        new,
        fits,
        unfit: !(in_order && fits),
        open: states.receiving,
        pushed: event.control.psh && short && settings.notify_on_push && fits,
    }
}

/// Third stage.
#[kernel_fn]
pub fn decide_payload(
    event: Event,
    record: ConnectionRecord,
    known: bool,
    v: Verdict,
    m: ArrivalMeasures,
    f: Fit,
) -> PayloadPlan {
    let receiving = v.accepted && !v.crossed && (v.complete || f.open);
    let carries = event.payload_length.any() || event.control.fin;
    let some = receiving && f.some;
    let fin = receiving && f.fin;
    let waiting = record.hard.state == TcpState::SynSent;
    // Of what is not placed, the numbers are without effect.
    let taken = if f.fits { m.new_bytes.get_bits::<16>(0) } else { record.hard.rcv_room.get_bits::<16>(0) };
    let bytes = if f.some { taken } else { bits::<16>(0) };
    PayloadPlan {
        place: some || fin,
        bytes,
        some,
        reached: record.hard.rcv_nxt + wide(bytes) + fin,
        room: record.hard.rcv_room - wide(bytes),
        trim: if negative(m.ahead) { m.behind } else { bits::<16>(0) },
        fin,
        notify: fin || f.pushed,
        refused: receiving && carries && f.unfit,
        dropped: known && !waiting && event.payload_length.any() && f.new && !(some && f.fits),
    }
}

/// Fourth stage: who has to be told of the payload, and when.
#[kernel_fn]
pub fn settle_payload(
    record: ConnectionRecord,
    settings: TcpSettings,
    now: Bits<33>,
    p: PayloadPlan,
) -> ConnectionRecord {
    let mut next = record;
    if p.some {
        if record.soft.ack_owed.any() {
            next.soft.ack_now = true;
        }
        next.soft.ack_owed = record.soft.ack_owed | bits::<2>(1);
        if !record.soft.ack_armed {
            next.soft.ack_armed = true;
            next.soft.ack_deadline = short_deadline(now, settings.delayed_ack);
        }
    }
    if p.fin || p.refused {
        next.soft.ack_now = true;
    }
    if p.place {
        if p.notify {
            next.soft.notify_armed = false;
        } else if !record.soft.notify_armed {
            next.soft.notify_armed = true;
            next.soft.notify_deadline = short_deadline(now, settings.notify_delay);
        }
    }
    next
}
