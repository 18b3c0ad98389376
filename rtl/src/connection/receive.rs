//! What a segment carries (RFC 9293 3.10.7.4, seventh and eighth): payload for the posted room, and the peer's FIN.
//!
//! Only payload that begins at or before RCV.NXT is taken, old bytes trimmed at the front, bytes beyond the posted room cut off. Anything
//! else is dropped and acknowledged at once, so that the peer's duplicate count rises. Data that arrives after the host terminated is
//! placed while there is room: Terminate closes one direction only, so the reset of RFC 1122 4.2.2.13 (for a host that can read no more)
//! does not apply; without room the peer sees a closed window until the FIN-WAIT-2 time-out.
use super::segment_arrives::{ArrivalMeasures, Verdict};
use super::sequence::{negative, positive};
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
    /// It begins no later than at RCV.NXT.
    pub in_order: bool,
    /// It has bytes from RCV.NXT up.
    pub new: bool,
    /// There is room for some of them.
    pub room: bool,
    /// For all of them.
    pub fits: bool,
}

/// Second stage: compares.
#[kernel_fn]
pub fn fit(record: ConnectionRecord, m: ArrivalMeasures) -> Fit {
    let room = record.hard.rcv_room;
    let plenty = room.get_bits::<16>(16).any();
    Fit {
        in_order: !positive(m.ahead),
        new: positive(m.new_bytes),
        room: room.any(),
        fits: plenty || room.get_bits::<16>(0) >= m.new_bytes.get_bits::<16>(0),
    }
}

/// Second stage.
#[kernel_fn]
pub fn plan_payload(
    event: Event,
    record: ConnectionRecord,
    settings: TcpSettings,
    known: bool,
    v: Verdict,
    m: ArrivalMeasures,
    f: Fit,
) -> PayloadPlan {
    let hard = record.hard;
    let open = v.complete
        || hard.state == TcpState::Established
        || hard.state == TcpState::FinWait1
        || hard.state == TcpState::FinWait2;
    let receiving = v.accepted && !v.crossed && open;
    let carries = event.payload_length.any() || event.control.fin;
    let in_order = f.in_order;
    let count = m.new_bytes.get_bits::<16>(0);
    let room = hard.rcv_room.get_bits::<16>(0);
    let fits = f.fits;
    let some = receiving && in_order && f.new && f.room;
    let fin = receiving && event.control.fin && in_order && fits && !negative(m.new_bytes);
    let place = some || fin;
    let waiting = hard.state == TcpState::SynSent;
    let old = negative(m.ahead);
    // A whole segment is part of something long, whatever its PSH says: reported when its buffer is full, or by time.
    let pushed = event.control.psh && event.payload_length < settings.mss;
    PayloadPlan {
        place,
        bytes: if !some {
            bits::<16>(0)
        } else if fits {
            count
        } else {
            room
        },
        some,
        trim: if old { m.behind } else { bits::<16>(0) },
        fin,
        notify: fin || (pushed && settings.notify_on_push && fits),
        refused: receiving && carries && !(in_order && fits),
        dropped: known && !waiting && event.payload_length.any() && f.new && !(some && fits),
    }
}

/// Third stage: who has to be told of the payload, and when.
#[kernel_fn]
pub fn after_payload(
    record: ConnectionRecord,
    settings: TcpSettings,
    now: Bits<32>,
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
            next.soft.ack_deadline = now + settings.delayed_ack;
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
            next.soft.notify_deadline = now + settings.notify_delay;
        }
    }
    next
}
