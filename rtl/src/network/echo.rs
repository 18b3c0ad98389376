//! Answers ICMP echo requests (RFC 792, RFC 1122 3.2.2.6).
//!
//! **Role.** Gets every frame from `Inlet`, keeps one that may be an echo request, verifies it and sends it back.
//!
//! **Ports.** `clock`, `reset`. `settings`, `subnet`: own addresses. `beat`, `beat_valid`, `beat_first`: the wire. `arrived`, `header`, `length`: the frame that ended in the
//! cycle before is an ICMP packet. `m_frame`: replies, 0 while it is not `mine` to send: the next block only has to merge.
//!
//! **Handshake.** One request at a time; those that arrive meanwhile are lost, as any ping may be.
//!
//! **Latency.** One cycle per two octets to verify, then one per beat to send; about 20 cycles beside. A frame, once begun, comes without gaps while the wire is ready.
//!
//! The frame stays in the store; of its header only the fields that change are kept, and laid over what the store gives.
//!
//! **Invariant.** A reply leaves only for a whole, unfragmented request of a possible peer to the own unicast addresses whose both checksums are right: a damaged request
//! must not come back with a checksum that hides the damage.
use super::addresses::{possible_mac, possible_peer, Subnet};
use super::headers::*;
use crate::bundles::{Beat, Settings};
use crate::wire::checksum::{add_ones, fold};
use crate::wire::icmp::{self, EchoFrame};
use crate::wire::{ethernet, ipv4};
use stevedore_hdl::prelude::*;

/// Octets kept: the longest Ethernet frame, rounded up to a power of two.
const STORE: usize = 2048;
/// Longest IP packet answered.
const LONGEST: u64 = 1500;
/// Shortest: IP header and ICMP header.
const SHORTEST_PACKET: u64 = ipv4::LENGTH + icmp::LENGTH;
/// 16-bit words before the IP header and before the ICMP message.
const IP_WORD: u64 = ethernet::LENGTH / 2;
const ICMP_WORD: u64 = (ethernet::LENGTH + ipv4::LENGTH) / 2;

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
    /// RFC 1624 for the IP header: the time to live changes.
    Old,
    New,
    Compose,
    Send,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// The frame passing by is kept from its first beat on.
    whole: bool,
    /// Beats kept.
    kept: Bits<9>,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    /// Of the request: who sent it, its checksums, later those of the reply.
    source: Bits<48>,
    source_ip: Bits<32>,
    time_to_live: Bits<8>,
    header_checksum: Bits<16>,
    checksum: Bits<16>,
    /// Octets of the packet, if it `fits`, and of the frame.
    total: Bits<11>,
    length: Bits<12>,
    /// What it looked like when it arrived.
    addressed: bool,
    possible: bool,
    plain: bool,
    fits: bool,
    /// Its packet is not longer than the frame.
    complete: bool,
    /// Number of the 16-bit word of the frame that is at the store's output, and of the last of the message.
    position: Bits<10>,
    last_position: Bits<10>,
    /// The word before, and which one it is: behind the IP header's first, the ICMP message's first, its last.
    word: Bits<16>,
    in_packet: bool,
    begins: bool,
    ends: bool,
    sum: Bits<17>,
    header_right: bool,
    /// Octets of the message and of the frame left to send.
    message_left: Bits<11>,
    frame_left: Bits<11>,
}

/// See the module's text.
#[derive(LogicBlock)]
pub struct Echo<const W: usize> {
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
    /// It is the first of a frame.
    pub beat_first: Signal<In, bool>,
    /// The frame that has ended is an ICMP packet.
    pub arrived: Signal<In, bool>,
    /// Its first 48 octets.
    pub header: Signal<In, Bits<384>>,
    /// Its octets.
    pub length: Signal<In, Bits<12>>,
    /// Replies.
    pub m_frame: Source<Beat<W>>,
    /// `m_frame` may be seen.
    pub mine: Signal<In, bool>,
    state: Register<State>,
    work: Flop<Work>,
    store: DualPortRam<Bits<W>>,
}

impl<const W: usize> Default for Echo<W> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            settings: Default::default(),
            subnet: Default::default(),
            beat: Default::default(),
            beat_valid: Default::default(),
            beat_first: Default::default(),
            arrived: Default::default(),
            header: Default::default(),
            length: Default::default(),
            m_frame: Default::default(),
            mine: Default::default(),
            state: Default::default(),
            work: Default::default(),
            // Written in `Idle` only, its content used in all other phases.
            store: DualPortRam::new(STORE / (W / 8)).no_rw_check(),
        }
    }
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
fn reply(work: Work, settings: Settings) -> EchoFrame {
    EchoFrame {
        destination: work.source,
        source: settings.mac,
        destination_ip: work.source_ip,
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
        setup!(self, state);
        clocks!(self, work, store);
        let s = self.state.q.val();
        let mut n = s;
        let w = self.work.q.val();
        let mut m = w;
        let settings = self.settings.val();
        let idle = s.phase == Phase::Idle;
        let read = self.store.read_data.val();
        let width = bits::<11>((W / 8) as u64);

        // A frame behind the one that has just ended must not displace it.
        let arrived = idle && self.arrived.val() && s.whole;
        let place = mux(self.beat_first.val(), bits::<9>(0), s.kept);
        let room = place < bits::<9>((STORE / (W / 8)) as u64);
        let keeps = idle && !arrived;
        if self.beat_valid.val() {
            n.whole = self.beat_first.val() || s.whole;
            n.kept = place + room;
        }
        if !keeps {
            n.whole = false;
        }

        // The word at the store's output, and what is to be done with it in the next cycle.
        let lane = w.position & bits::<10>((W / 16) as u64 - 1);
        let mut word = bits::<16>(0);
        for i in 0..W / 16 {
            if lane == bits::<10>(i as u64) {
                word = read.get_bits::<16>(16 * i);
            }
        }
        m.ends = w.position == w.last_position;
        m.begins = w.position == bits::<10>(ICMP_WORD);
        m.in_packet = !(w.position < bits::<10>(IP_WORD));
        let odd = m.ends && w.total.get_bit(0);
        m.word = cat::<8, 8, 16>(word.get_bits::<8>(0), mux(odd, bits::<8>(0), word.get_bits::<8>(8)));
        let folded = fold(w.sum);

        let lifetime: Bits<16> = cat(w.time_to_live, bits::<8>(ipv4::PROTOCOL_ICMP));
        let new_lifetime: Bits<16> = cat(bits::<8>(ipv4::INITIAL_TIME_TO_LIVE), bits::<8>(ipv4::PROTOCOL_ICMP));
        let last_beat = w.frame_left <= width;
        match s.phase {
            Phase::Idle => {
                let frame = unpack::<EchoFrame, 384>(reverse_bytes(self.header.val()));
                m.source = frame.source;
                m.source_ip = frame.source_ip;
                m.time_to_live = frame.time_to_live;
                m.header_checksum = frame.header_checksum;
                m.checksum = frame.checksum;
                m.total = resize::<11, 16>(frame.total_length);
                m.length = self.length.val();
                m.addressed = frame.destination == settings.mac
                    && frame.destination_ip == settings.ip_address
                    && possible_mac(frame.source, settings.mac);
                m.possible = possible_peer(frame.source_ip, self.subnet.val());
                m.plain = frame.version == bits::<8>(ipv4::VERSION_4)
                    && !(frame.fragment & bits::<16>(ipv4::FRAGMENTED)).any()
                    && frame.kind == bits::<8>(icmp::ECHO_REQUEST)
                    && !frame.code.any();
                m.fits = frame.total_length >= bits::<16>(SHORTEST_PACKET) && frame.total_length <= bits::<16>(LONGEST);
                m.position = bits::<10>(0);
                if arrived {
                    n.phase = Phase::Check;
                }
            }
            Phase::Check => {
                let frame = resize::<12, 11>(w.total) + bits::<12>(ethernet::LENGTH);
                m.message_left = resize::<11, 12>(frame);
                m.complete = w.length >= frame;
                m.last_position = resize::<10, 11>((w.total + 1) >> 1) + bits::<10>(IP_WORD - 1);
                n.phase = Phase::Judge;
            }
            Phase::Judge => {
                // The type goes from 8 to 0: its word falls by 0x0800, so the checksum rises by it, in ones' complement.
                m.sum = resize::<17, _>(w.checksum) + 0x0800;
                n.phase = if w.addressed && w.possible && w.plain && w.fits && w.complete {
                    Phase::First
                } else {
                    Phase::Idle
                };
            }
            Phase::First => {
                m.checksum = folded;
                m.sum = bits::<17>(0);
                m.position = w.position + 1;
                n.phase = Phase::Sum;
            }
            Phase::Sum => {
                m.position = w.position + 1;
                m.sum = add_ones(w.sum, w.word);
                if !w.in_packet {
                    m.sum = bits::<17>(0);
                } else if w.begins {
                    m.sum = resize::<17, _>(w.word);
                    m.header_right = folded.all();
                }
                if w.ends {
                    n.phase = Phase::Verdict;
                }
            }
            Phase::Verdict => {
                m.sum = resize::<17, _>(!w.header_checksum);
                m.position = bits::<10>(0);
                n.phase = if w.header_right && folded.all() { Phase::Old } else { Phase::Idle };
            }
            Phase::Old => {
                m.sum = add_ones(w.sum, !lifetime);
                n.phase = Phase::New;
            }
            Phase::New => {
                m.sum = add_ones(w.sum, new_lifetime);
                n.phase = Phase::Compose;
            }
            Phase::Compose => {
                m.header_checksum = !folded;
                m.frame_left = mux(
                    w.message_left > bits::<11>(ethernet::SHORTEST),
                    w.message_left,
                    bits::<11>(ethernet::SHORTEST),
                );
                n.phase = Phase::Send;
            }
            Phase::Send => {
                if self.m_frame.ready.val() {
                    m.position = w.position + bits::<10>((W / 16) as u64);
                    m.message_left = less_a_beat::<W>(w.message_left);
                    m.frame_left = less_a_beat::<W>(w.frame_left);
                    if last_beat {
                        n.phase = Phase::Idle;
                    }
                }
            }
        }
        self.state.d.next = n;
        self.work.d.next = m;

        self.store.write_enable.next = self.beat_valid.val() && keeps && room;
        self.store.write_address.next = resize::<16, 9>(place);
        self.store.write_data.next = self.beat.val().data;
        self.store.read_address.next = resize::<16, 10>(m.position >> clog2(W / 16) as u64);

        // The store answers late: one gate behind it.
        let index = resize::<8, 10>(w.position >> clog2(W / 16) as u64);
        let mine = self.mine.val();
        let front = mux(mine, front_octets::<W>(w.message_left), bits::<W>(0));
        let fixed = !header_beat::<W>(reverse_bytes(pack::<384, _>(changed())), index);
        let laid = header_beat::<W>(reverse_bytes(pack::<384, _>(reply(w, settings))), index);
        let data = (read & (front & fixed)) | (laid & front);
        self.m_frame.valid.next = s.phase == Phase::Send;
        self.m_frame.bits.next = Beat::<W> {
            data,
            count: mux(mine, resize::<7, _>(mux(last_beat, w.frame_left, width)), bits::<7>(0)),
            last: last_beat && mine,
            error: false,
        };
    }
}
