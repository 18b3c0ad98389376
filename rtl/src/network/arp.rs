//! Address resolution (RFC 826): answers questions for the own address, asks the table's questions, teaches the table.
//!
//! # Role
//! Gets ARP packets from `Inlet`, questions from `Neighbours`; gives lessons to `Neighbours`, and frames to the wire.
//!
//! # Ports
//! `clock`, `reset`. `settings`, `subnet`: own addresses. `arrived`, `header`: an ARP packet. `s_question`: an address
//! to ask for. `m_lesson`: a mapping heard. `claimed`: pulse, the lesson just taken answers no question. `m_frame`: ARP
//! frames of 60 octets, 0 while it is not `mine` to send: the next block only has to merge.
//!
//! # Handshake
//! One packet at a time: one that arrives meanwhile is lost; its sender will ask again.
//!
//! # Latency
//! From the pulse of a question to the first beat of the answer: 3 cycles, while the wire is free.
//!
//! # Invariant
//! A mapping is that of the sender, whose address and MAC can be those of a peer. Whether a lesson is an answer, a
//! question to the engine or a mere claim decides what `Neighbours` makes of it.
use super::addresses::{possible_mac, possible_peer, Subnet};
use super::headers::*;
use super::neighbours::{Lesson, LessonKind};
use crate::bundles::{Beat, Settings};
use crate::wire::arp::{self, ArpFrame};
use crate::wire::ethernet;
use stevedore_hdl::prelude::*;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    Judge,
    Ask,
    Teach,
    Send,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    /// Beats sent.
    sent: Bits<8>,
    /// Who is asked, or answered.
    target_ip: Bits<32>,
    target_mac: Bits<48>,
    answer: bool,
    kind: LessonKind,
    /// What the packet looked like when it arrived.
    well_formed: bool,
    for_us: bool,
    to_us: bool,
    to_all: bool,
    possible_address: bool,
    possible_mac: bool,
    probes: bool,
    asks: bool,
    answers: bool,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Arp<const W: usize> {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Own addresses.
    pub settings: Signal<In, Settings>,
    /// What follows from them.
    pub subnet: Signal<In, Subnet>,
    /// An ARP packet arrived.
    pub arrived: Signal<In, bool>,
    /// Its first 48 octets.
    pub header: Signal<In, Bits<384>>,
    /// Addresses to ask for.
    pub s_question: Sink<Bits<32>>,
    /// Mappings heard.
    pub m_lesson: Source<Lesson>,
    /// The lesson was taken, and its sender was not answering.
    pub claimed: Signal<Out, bool>,
    /// ARP frames.
    pub m_frame: Source<Beat<W>>,
    /// `m_frame` may be seen.
    pub mine: Signal<In, bool>,
    phase: Register<Phase>,
    work: Flop<Work>,
}

impl<const W: usize> Logic for Arp<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, phase);
        clocks!(self, work);
        let phase = self.phase.q.val();
        let mut next = phase;
        let w = self.work.q.val();
        let mut m = w;
        let settings = self.settings.val();
        let packet = unpack::<ArpFrame, 384>(reverse_bytes(self.header.val()));
        let beats = 1 + (ethernet::SHORTEST - 1) / (W as u64 / 8);
        let last = w.sent == bits::<8>(beats - 1);
        match phase {
            Phase::Idle => {
                m.well_formed = packet.hardware == bits::<16>(arp::HARDWARE_ETHERNET)
                    && packet.protocol == bits::<16>(ethernet::TYPE_IPV4)
                    && packet.sizes == bits::<16>(arp::SIZES);
                m.for_us = packet.target_ip == settings.ip_address && self.subnet.val().configured;
                m.to_us = packet.destination == settings.mac;
                m.to_all = packet.destination == bits::<48>(ethernet::BROADCAST);
                // A host that probes whether an address is taken (RFC 5227) has none yet.
                m.probes = !packet.sender_ip.any();
                m.possible_address = m.probes || possible_peer(packet.sender_ip, self.subnet.val());
                m.possible_mac =
                    possible_mac(packet.sender_mac, settings.mac) && possible_mac(packet.source, settings.mac);
                m.asks = packet.operation == bits::<16>(arp::REQUEST);
                m.answers = packet.operation == bits::<16>(arp::REPLY);
                m.target_ip = packet.sender_ip;
                m.target_mac = packet.sender_mac;
                m.sent = bits::<8>(0);
                if self.arrived.val() {
                    next = Phase::Judge;
                } else if self.s_question.valid.val() {
                    next = Phase::Ask;
                }
            }
            Phase::Judge => {
                let heard = w.to_us || w.to_all;
                let asks = w.asks && w.for_us && heard;
                let answers = w.answers && w.for_us && w.to_us;
                let valid = w.well_formed && w.possible_address && w.possible_mac;
                m.answer = asks;
                m.kind = if answers {
                    LessonKind::Answer
                } else if asks {
                    LessonKind::Question
                } else {
                    LessonKind::Claim
                };
                next = if valid && !w.probes && heard && (w.asks || w.answers) {
                    Phase::Teach
                } else if valid && asks {
                    Phase::Send
                } else {
                    Phase::Idle
                };
            }
            Phase::Ask => {
                m.target_ip = self.s_question.bits.val();
                m.target_mac = bits::<48>(0);
                m.answer = false;
                next = Phase::Send;
            }
            Phase::Teach => {
                if self.m_lesson.ready.val() {
                    next = if w.answer { Phase::Send } else { Phase::Idle };
                }
            }
            Phase::Send => {
                if self.m_frame.ready.val() {
                    m.sent = w.sent + 1;
                    if last {
                        next = Phase::Idle;
                    }
                }
            }
        }
        self.phase.d.next = next;
        self.work.d.next = m;

        self.s_question.ready.next = phase == Phase::Ask;
        self.m_lesson.valid.next = phase == Phase::Teach;
        self.m_lesson.bits.next = Lesson { address: w.target_ip, mac: w.target_mac, kind: w.kind };
        self.claimed.next = phase == Phase::Teach && self.m_lesson.ready.val() && w.kind != LessonKind::Answer;
        let composed = ArpFrame {
            padding: bits::<48>(0),
            target_ip: w.target_ip,
            target_mac: w.target_mac,
            sender_ip: settings.ip_address,
            sender_mac: settings.mac,
            operation: mux(w.answer, bits::<16>(arp::REPLY), bits::<16>(arp::REQUEST)),
            sizes: bits::<16>(arp::SIZES),
            protocol: bits::<16>(ethernet::TYPE_IPV4),
            hardware: bits::<16>(arp::HARDWARE_ETHERNET),
            ethertype: bits::<16>(ethernet::TYPE_ARP),
            source: settings.mac,
            destination: mux(w.answer, w.target_mac, bits::<48>(ethernet::BROADCAST)),
        };
        let data = header_beat::<W>(reverse_bytes(pack::<384, _>(composed)), w.sent);
        let width = W as u64 / 8;
        let tail = bits::<7>(ethernet::SHORTEST - (beats - 1) * width);
        let mine = self.mine.val();
        self.m_frame.valid.next = phase == Phase::Send;
        self.m_frame.bits.next = Beat::<W> {
            data: mux(mine, data, bits::<W>(0)),
            count: mux(mine, mux(last, tail, bits::<7>(width)), bits::<7>(0)),
            last: last && mine,
            error: false,
        };
    }
}
