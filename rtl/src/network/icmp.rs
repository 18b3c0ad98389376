//! Keeps and verifies ICMP messages to the own address.
//!
//! # Role
//! Gets every frame from `Inlet`, keeps one that may be an echo request or a report that a segment could not be
//! delivered, and adds it up. `Echo` answers the one from the frame kept here, `Unreachable` reads the other as it is
//! added up.
//!
//! # Ports
//! `clock`, `reset`. `settings`, `subnet`: own addresses. `beat`, `beat_valid`, `beat_first`: the wire. `arrived`,
//! `header`, `length`: the frame that ended in the cycle before is an ICMP packet. `word`: a 16-bit word of the frame,
//! while it is added up. `unreachable`: pulse, the message whose words passed is a good report. `request`: pulse,
//! `message` is a good echo request. `index`, `frame`: which beat of the frame `Echo` wants, and the beat, one cycle
//! later. `answering`: `Echo` has not finished.
//!
//! # Handshake
//! One message at a time; those that arrive meanwhile are lost, as any datagram may be.
//!
//! # Latency
//! One cycle per two octets to verify, and about 8 cycles beside.
//!
//! # Invariant
//! Only a whole, unfragmented message of a possible peer to the own unicast addresses passes, and only if both
//! checksums are right: a damaged request must not come back with a checksum that hides the damage.
use super::addresses::{possible_mac, possible_peer, Subnet};
use crate::bundles::{Beat, Settings};
use crate::wire::checksum::{add_ones, fold};
use crate::wire::icmp::{self, EchoFrame};
use crate::wire::{ethernet, ipv4};
use stevedore_hdl::prelude::*;

/// Octets kept: the longest Ethernet frame, rounded up to a power of two.
const STORE: usize = 2048;
/// Longest IP packet taken.
const LONGEST: u64 = 1500;
/// Shortest echo request: IP header and ICMP header.
const SHORTEST_ECHO: u64 = ipv4::LENGTH + icmp::LENGTH;
/// Shortest report: behind those, an IP header and the first eight octets of a segment (RFC 792).
const SHORTEST_REPORT: u64 = SHORTEST_ECHO + ipv4::LENGTH + icmp::QUOTED;
/// 16-bit words before the IP header and before the ICMP message.
const IP_WORD: u64 = ethernet::LENGTH / 2;
const ICMP_WORD: u64 = (ethernet::LENGTH + ipv4::LENGTH) / 2;

/// A 16-bit word of a frame on its way through the sum.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct FrameWord {
    /// There is one.
    pub valid: bool,
    /// Its number in the frame.
    pub number: Bits<10>,
    /// The word, the first octet in `[15:8]`.
    pub value: Bits<16>,
}

/// What `Echo` needs to know of a request.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Message {
    /// Source MAC.
    pub source: Bits<48>,
    /// Source address.
    pub source_ip: Bits<32>,
    /// Time to live.
    pub time_to_live: Bits<8>,
    /// Checksum of the IP header.
    pub header_checksum: Bits<16>,
    /// Checksum of the message.
    pub checksum: Bits<16>,
    /// Octets of the frame without padding.
    pub length: Bits<11>,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Keep what passes by.
    #[default]
    Idle,
    Check,
    Judge,
    /// Add up the frame, one 16-bit word per cycle.
    First,
    Sum,
    Verdict,
    /// The frame is kept until `Echo` has sent the reply.
    Hold,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// The frame passing by is kept from its first beat on.
    whole: bool,
    /// Beats kept.
    kept: Bits<9>,
    /// The words of a frame pass.
    passing: bool,
    request: bool,
    unreachable: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    message: Message,
    /// Octets of the packet, if it fits, and of the frame.
    total: Bits<11>,
    length: Bits<12>,
    /// What the frame looked like when it arrived.
    addressed: bool,
    possible: bool,
    plain: bool,
    echo: bool,
    report: bool,
    /// The packet is not longer than the frame.
    complete: bool,
    /// Number of the 16-bit word of the frame that is at the store's output, and of the last of the message.
    position: Bits<10>,
    last_position: Bits<10>,
    /// The word before, its number, and which one it is: behind the IP header's first, the ICMP message's first, its
    /// last.
    word: Bits<16>,
    number: Bits<10>,
    in_packet: bool,
    begins: bool,
    ends: bool,
    sum: Bits<17>,
    header_right: bool,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Icmp<const W: usize> {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Own addresses.
    pub settings: Signal<In, Settings>,
    /// What follows from them.
    pub subnet: Signal<In, Subnet>,
    /// The wire.
    pub beat: Signal<In, Beat<W>>,
    /// `beat` is one.
    pub beat_valid: Signal<In, bool>,
    /// `beat` is the first of a frame.
    pub beat_first: Signal<In, bool>,
    /// The frame that has ended is an ICMP packet.
    pub arrived: Signal<In, bool>,
    /// Its first 48 octets.
    pub header: Signal<In, Bits<384>>,
    /// Its octets.
    pub length: Signal<In, Bits<12>>,
    /// A word of the message being added up.
    pub word: Signal<Out, FrameWord>,
    /// The words that passed are those of a report.
    pub unreachable: Signal<Out, bool>,
    /// `message` is an echo request.
    pub request: Signal<Out, bool>,
    /// The echo request.
    pub message: Signal<Out, Message>,
    /// `Echo` is at work.
    pub answering: Signal<In, bool>,
    /// The beat of the frame that is wanted.
    pub index: Signal<In, Bits<8>>,
    /// The beat wanted in the cycle before.
    pub frame: Signal<Out, Bits<W>>,
    state: Register<State>,
    work: Flop<Work>,
    store: DualPortRam<Bits<W>>,
}

impl<const W: usize> Icmp<W> {
    /// With a store for one message.
    pub fn new() -> Self {
        Self {
            // Written in `Idle` only, its content used in all other phases.
            store: DualPortRam::new(STORE / (W / 8)).no_rw_check(),
            ..Self::default()
        }
    }
}

impl<const W: usize> Logic for Icmp<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, work, store);
        let state = self.state.q.val();
        let mut next = state;
        next.request = false;
        next.unreachable = false;
        let work = self.work.q.val();
        let mut next_work = work;
        let settings = self.settings.val();
        let idle = state.phase == Phase::Idle;
        let read = self.store.read_data.val();

        // A frame behind the one that has just ended must not displace it.
        let arrived = idle && self.arrived.val() && state.whole;
        let place = mux(self.beat_first.val(), bits::<9>(0), state.kept);
        let room = place < bits::<9>((STORE / (W / 8)) as u64);
        let keeps = idle && !arrived;
        if self.beat_valid.val() {
            next.whole = self.beat_first.val() || state.whole;
            next.kept = place + room;
        }
        if !keeps {
            next.whole = false;
        }

        // The word at the store's output, and what is to be done with it in the next cycle.
        let lane = work.position & bits::<10>((W / 16) as u64 - 1);
        let mut word = bits::<16>(0);
        for i in 0..W / 16 {
            if lane == bits::<10>(i as u64) {
                word = read.get_bits::<16>(16 * i);
            }
        }
        next_work.ends = work.position == work.last_position;
        next_work.begins = work.position == bits::<10>(ICMP_WORD);
        next_work.in_packet = !(work.position < bits::<10>(IP_WORD));
        next_work.number = work.position;
        let odd = next_work.ends && work.total.get_bit(0);
        next_work.word = cat::<8, 8, 16>(word.get_bits::<8>(0), mux(odd, bits::<8>(0), word.get_bits::<8>(8)));
        let folded = fold(work.sum);

        match state.phase {
            Phase::Idle => {
                let frame = unpack::<EchoFrame, 384>(reverse_bytes(self.header.val()));
                next_work.message = Message {
                    source: frame.source,
                    source_ip: frame.source_ip,
                    time_to_live: frame.time_to_live,
                    header_checksum: frame.header_checksum,
                    checksum: frame.checksum,
                    length: bits::<11>(0),
                };
                next_work.total = resize::<11, 16>(frame.total_length);
                next_work.length = self.length.val();
                next_work.addressed = frame.destination == settings.mac
                    && frame.destination_ip == settings.ip_address
                    && possible_mac(frame.source, settings.mac);
                next_work.possible = possible_peer(frame.source_ip, self.subnet.val());
                next_work.plain = frame.version == bits::<8>(ipv4::VERSION_4)
                    && !(frame.fragment & bits::<16>(ipv4::FRAGMENTED)).any()
                    && frame.total_length <= bits::<16>(LONGEST);
                next_work.echo = frame.kind == bits::<8>(icmp::ECHO_REQUEST)
                    && !frame.code.any()
                    && frame.total_length >= bits::<16>(SHORTEST_ECHO);
                // RFC 1122 4.2.3.9: hard errors. The soft ones tell nothing that retransmission does not find out.
                let hard = frame.code == bits::<8>(icmp::PROTOCOL_UNREACHABLE)
                    || frame.code == bits::<8>(icmp::PORT_UNREACHABLE);
                next_work.report = frame.kind == bits::<8>(icmp::DESTINATION_UNREACHABLE)
                    && hard
                    && frame.total_length >= bits::<16>(SHORTEST_REPORT);
                next_work.position = bits::<10>(0);
                if arrived {
                    next.phase = Phase::Check;
                }
            }
            Phase::Check => {
                let frame = resize::<12, 11>(work.total) + bits::<12>(ethernet::LENGTH);
                next_work.message.length = resize::<11, 12>(frame);
                next_work.complete = work.length >= frame;
                next_work.last_position = resize::<10, 11>((work.total + 1) >> 1) + bits::<10>(IP_WORD - 1);
                next.phase = Phase::Judge;
            }
            Phase::Judge => {
                let wanted = work.addressed && work.possible && work.plain && (work.echo || work.report);
                next.phase = if wanted && work.complete { Phase::First } else { Phase::Idle };
            }
            Phase::First => {
                next_work.sum = bits::<17>(0);
                next_work.position = work.position + 1;
                next.passing = true;
                next.phase = Phase::Sum;
            }
            Phase::Sum => {
                next_work.position = work.position + 1;
                next_work.sum = add_ones(work.sum, work.word);
                if !work.in_packet {
                    next_work.sum = bits::<17>(0);
                } else if work.begins {
                    next_work.sum = resize::<17, _>(work.word);
                    next_work.header_right = folded.all();
                }
                if work.ends {
                    next.passing = false;
                    next.phase = Phase::Verdict;
                }
            }
            Phase::Verdict => {
                let right = work.header_right && folded.all();
                next.request = right && work.echo;
                next.unreachable = right && work.report;
                next.phase = if right && work.echo { Phase::Hold } else { Phase::Idle };
            }
            Phase::Hold => {
                if !state.request && !self.answering.val() {
                    next.phase = Phase::Idle;
                }
            }
        }
        self.state.d.next = next;
        self.work.d.next = next_work;

        let own_index = resize::<8, 10>(next_work.position >> clog2(W / 16) as u64);
        self.store.write_enable.next = self.beat_valid.val() && keeps && room;
        self.store.write_address.next = resize::<16, 9>(place);
        self.store.write_data.next = self.beat.val().data;
        self.store.read_address.next = resize::<16, 8>(mux(state.phase == Phase::Hold, self.index.val(), own_index));
        self.frame.next = read;
        self.word.next = FrameWord { valid: state.passing, number: work.number, value: work.word };
        self.request.next = state.request;
        self.unreachable.next = state.unreachable;
        self.message.next = work.message;
    }
}
