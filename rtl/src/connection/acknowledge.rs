//! What an acknowledgement says (RFC 9293 3.10.7.4, fifth): bytes that arrived, a window, or nothing new.
use super::options::window_of;
use super::segment_arrives::Verdict;
use super::sequence::{before, negative};
use super::states::States;
use crate::bundles::{ConnectionRecord, Event};
use stevedore_hdl::prelude::*;

/// Where SEG.ACK lies relative to what was sent.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct AckMeasures {
    /// SEG.ACK - SND.UNA.
    pub acked: Bits<32>,
    /// SND.UNA < SEG.ACK.
    pub advances: bool,
    /// SEG.ACK < SND.UNA.
    pub old: bool,
    /// SEG.ACK < SND.UNA by more than any window the peer can have announced (RFC 5961 5.2).
    pub ancient: bool,
    /// Something never sent is acknowledged.
    pub beyond: bool,
    /// Everything ever sent is acknowledged.
    pub all: bool,
    /// SND.NXT < SEG.ACK: it had fallen back.
    pub past_next: bool,
    /// Our FIN is acknowledged, if it was sent.
    pub past_end: bool,
    /// SND.WL1 < SEG.SEQ, or equal and SND.WL2 =< SEG.ACK.
    pub newer: bool,
    /// SEG.WND in bytes.
    pub window: Bits<30>,
    /// Something sent is not acknowledged yet.
    pub outstanding: bool,
    /// The window known is closed.
    pub closed: bool,
}

/// First stage: differences.
#[kernel_fn]
pub fn measure_ack(event: Event, record: ConnectionRecord) -> AckMeasures {
    let hard = record.hard;
    let soft = record.soft;
    let ack = event.acknowledgement;
    let acked = ack - hard.snd_una;
    // No window is larger than 2^16 shifted: ones where the shift lets bits of a smaller one come.
    let below = !((!bits::<16>(0)) << hard.snd_scale);
    AckMeasures {
        acked,
        advances: !acked.get_bit(31) && acked.any(),
        old: negative(acked),
        ancient: negative(acked) && !(acked.get_bits::<16>(16) | below).all(),
        beyond: before(hard.snd_max, ack),
        all: hard.snd_max == ack,
        past_next: before(hard.snd_nxt, ack),
        past_end: before(hard.snd_end, ack),
        newer: before(soft.snd_wl1, event.sequence) || (soft.snd_wl1 == event.sequence && !before(ack, soft.snd_wl2)),
        window: window_of(event, hard),
        outstanding: hard.snd_una != hard.snd_max,
        closed: !soft.snd_wnd.any(),
    }
}

/// The segment acknowledges new bytes and says nothing else.
#[kernel_fn]
pub fn says_only_that(event: Event, a: AckMeasures) -> bool {
    let c = event.control;
    a.advances && c.ack && !c.syn && !c.fin && !c.rst && !event.payload_length.any()
}

/// What the acknowledgement brings if it is accepted.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct AckOffer {
    /// Our FIN is the last of what is acknowledged.
    pub fin: bool,
    /// Payload bytes acknowledged.
    pub released: Bits<32>,
    /// There are any.
    pub releases: bool,
    /// Nothing is acknowledged, and the segment has nothing else to say: its acknowledgement is a duplicate (RFC 5681
    /// 2).
    pub duplicate: bool,
    /// Its window is newer than the one known.
    pub window: bool,
    /// Its window is the one known.
    pub same_window: bool,
    /// Its window is the largest seen.
    pub widest: bool,
    /// The window is closed, and the segment opens it.
    pub reopens: bool,
}

/// Second stage.
#[kernel_fn]
pub fn judge_ack(event: Event, record: ConnectionRecord, states: States, a: AckMeasures) -> AckOffer {
    let fin = a.advances && a.past_end && record.hard.fin_wanted;
    // The SYN (first to be acknowledged) and the FIN (last) are numbered, but no payload.
    let numbered = states.handshake || fin;
    let some = a.acked.any();
    let more = some && a.acked != bits::<32>(1);
    // Answers to probes repeat a closed window; they tell of no segment that left the network.
    let same_window = record.soft.snd_wnd == resize::<32, 30>(a.window);
    let bare = !event.payload_length.any() && !event.control.fin && !a.closed;
    AckOffer {
        fin,
        released: if numbered { a.acked - 1 } else { a.acked },
        releases: if numbered { more } else { some },
        duplicate: !states.handshake && !a.advances && !a.old && bare && same_window && a.outstanding,
        window: !a.old && a.newer,
        same_window,
        widest: a.window > record.soft.snd_wnd_max,
        reopens: a.closed && event.window.any(),
    }
}

/// What the acknowledgement does.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct AckPlan {
    /// SND.UNA moves to SEG.ACK.
    pub advance: bool,
    /// SND.NXT moves with it.
    pub catch_up: bool,
    /// A duplicate acknowledgement as RFC 5681 2 defines it.
    pub duplicate: bool,
    /// SND.WND, WL1 and WL2 are taken from the segment.
    pub window: bool,
    /// The window is another one than before.
    pub changed: bool,
    /// The window is the largest seen.
    pub widest: bool,
    /// The window opens after it was closed.
    pub reopen: bool,
    /// The peer lives, its window is closed: probing goes on for ever (RFC 9293 3.8.6.1).
    pub alive: bool,
    /// Our FIN is acknowledged.
    pub fin: bool,
    /// Payload bytes acknowledged.
    pub released: Bits<32>,
    /// `advance`, and there are any.
    pub releases: bool,
}

/// Third stage.
#[kernel_fn]
pub fn decide_ack(v: Verdict, a: AckMeasures, offer: AckOffer) -> AckPlan {
    let advance = v.open || (v.accepted && a.advances);
    let update = v.complete || (v.accepted && offer.window);
    AckPlan {
        advance,
        catch_up: advance && a.past_next,
        duplicate: v.accepted && offer.duplicate,
        window: v.fresh || v.open || v.meet || update,
        changed: !offer.same_window,
        widest: offer.widest,
        reopen: update && offer.reopens,
        alive: v.accepted && a.closed,
        fin: v.accepted && offer.fin,
        released: offer.released,
        releases: advance && offer.releases,
    }
}
