//! Answers ICMP echo requests (RFC 792, RFC 1122 3.2.2.6).
//!
//! # Role
//! Gets good requests from `Icmp`, which keeps the frame, and sends the frame back.
//!
//! # Ports
//! `clock`, `reset`. `settings`: own addresses. `request`, `message`: a request. `index`, `frame`: which beat of it is
//! wanted, and the beat, one cycle later. `answering`: the frame must be kept. `m_frame`: replies, 0 while it is not
//! `mine` to send: the next block only has to merge.
//!
//! # Handshake
//! `Icmp` gives no other request while `answering`.
//!
//! # Latency
//! Six cycles, then one per beat. A frame, once begun, comes without gaps while the wire is ready.
//!
//! # Invariant
//! A reply is the request but for addresses, time to live, type and checksums, which are laid over what the store
//! gives; padding is 0.
use super::headers::*;
use super::icmp::Message;
use crate::bundles::{Beat, Settings};
use crate::wire::checksum::{add_ones, fold};
use crate::wire::icmp::EchoFrame;
use crate::wire::{ethernet, ipv4};
use stevedore_hdl::prelude::*;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    /// The checksum of the message: the type changes.
    Kind,
    /// RFC 1624 for the IP header: the time to live changes.
    Old,
    New,
    Compose,
    Send,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    /// Checksums of the reply.
    header_checksum: Bits<16>,
    checksum: Bits<16>,
    sum: Bits<17>,
    /// Number of the beat at the store's output.
    beat: Bits<8>,
    /// Octets of the message and of the frame left to send.
    message_left: Bits<11>,
    frame_left: Bits<11>,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Echo<const W: usize> {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Own addresses.
    pub settings: Signal<In, Settings>,
    /// `message` is to be answered.
    pub request: Signal<In, bool>,
    /// The request, as long as it is answered.
    pub message: Signal<In, Message>,
    /// A request is being answered.
    pub answering: Signal<Out, bool>,
    /// The beat wanted.
    pub index: Signal<Out, Bits<8>>,
    /// The beat wanted in the cycle before.
    pub frame: Signal<In, Bits<W>>,
    /// Replies.
    pub m_frame: Source<Beat<W>>,
    /// `m_frame` may be seen.
    pub mine: Signal<In, bool>,
    phase: Register<Phase>,
    work: Flop<Work>,
}

/// Ones in the first `count` octets.
#[kernel_fn]
fn front_octets<const W: usize>(count: Bits<11>) -> Bits<W> {
    let mut kept = !bits::<W>(0);
    for i in 0..W / 8 {
        if count <= bits::<11>(i as u64) {
            kept = set_bits(kept, 8 * i, bits::<8>(0));
        }
    }
    kept
}

/// `left` less the octets of a beat, not below 0.
#[kernel_fn]
fn less_a_beat<const W: usize>(left: Bits<11>) -> Bits<11> {
    let beat = bits::<11>((W / 8) as u64);
    mux(left > beat, left - beat, bits::<11>(0))
}

/// What is laid over the request.
#[kernel_fn]
fn reply(work: Work, message: Message, settings: Settings) -> EchoFrame {
    EchoFrame {
        destination: message.source,
        source: settings.mac,
        destination_ip: message.source_ip,
        source_ip: settings.ip_address,
        time_to_live: bits::<8>(ipv4::INITIAL_TIME_TO_LIVE),
        header_checksum: work.header_checksum,
        checksum: work.checksum,
        ..EchoFrame::default()
    }
}

/// Ones where the reply differs from the request.
#[kernel_fn]
fn changed() -> EchoFrame {
    EchoFrame {
        destination: !bits::<48>(0),
        source: !bits::<48>(0),
        destination_ip: !bits::<32>(0),
        source_ip: !bits::<32>(0),
        time_to_live: !bits::<8>(0),
        header_checksum: !bits::<16>(0),
        kind: !bits::<8>(0),
        checksum: !bits::<16>(0),
        ..EchoFrame::default()
    }
}

impl<const W: usize> Logic for Echo<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, phase);
        clocks!(self, work);
        let phase = self.phase.q.val();
        let mut next = phase;
        let work = self.work.q.val();
        let mut next_work = work;
        let message = self.message.val();
        let folded = fold(work.sum);
        let width = bits::<11>((W / 8) as u64);
        let lifetime: Bits<16> = cat(message.time_to_live, bits::<8>(ipv4::PROTOCOL_ICMP));
        let new_lifetime: Bits<16> = cat(bits::<8>(ipv4::INITIAL_TIME_TO_LIVE), bits::<8>(ipv4::PROTOCOL_ICMP));
        let last_beat = work.frame_left <= width;
        match phase {
            Phase::Idle => {
                // The type goes from 8 to 0: its word falls by 0x0800, so the checksum rises by it, in ones'
                // complement.
                next_work.sum = resize::<17, _>(message.checksum) + 0x0800;
                next_work.beat = bits::<8>(0);
                if self.request.val() {
                    next = Phase::Kind;
                }
            }
            Phase::Kind => {
                next_work.checksum = folded;
                next_work.sum = resize::<17, _>(!message.header_checksum);
                next = Phase::Old;
            }
            Phase::Old => {
                next_work.sum = add_ones(work.sum, !lifetime);
                next = Phase::New;
            }
            Phase::New => {
                next_work.sum = add_ones(work.sum, new_lifetime);
                next = Phase::Compose;
            }
            Phase::Compose => {
                let shortest = bits::<11>(ethernet::SHORTEST);
                next_work.header_checksum = !folded;
                next_work.message_left = message.length;
                next_work.frame_left = mux(message.length > shortest, message.length, shortest);
                next = Phase::Send;
            }
            Phase::Send => {
                if self.m_frame.ready.val() {
                    next_work.beat = work.beat + 1;
                    next_work.message_left = less_a_beat::<W>(work.message_left);
                    next_work.frame_left = less_a_beat::<W>(work.frame_left);
                    if last_beat {
                        next = Phase::Idle;
                    }
                }
            }
        }
        self.phase.d.next = next;
        self.work.d.next = next_work;
        self.answering.next = phase != Phase::Idle;
        self.index.next = next_work.beat;

        // The store answers late: one gate behind it.
        let mine = self.mine.val();
        let front = mux(mine, front_octets::<W>(work.message_left), bits::<W>(0));
        let fixed = !header_beat::<W>(reverse_bytes(pack::<384, _>(changed())), work.beat);
        let laid =
            header_beat::<W>(reverse_bytes(pack::<384, _>(reply(work, message, self.settings.val()))), work.beat);
        let data = (self.frame.val() & (front & fixed)) | (laid & front);
        self.m_frame.valid.next = phase == Phase::Send;
        self.m_frame.bits.next = Beat::<W> {
            data,
            count: mux(mine, resize::<7, _>(mux(last_beat, work.frame_left, width)), bits::<7>(0)),
            last: last_beat && mine,
            error: false,
        };
    }
}
