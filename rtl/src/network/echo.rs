//! Answers ICMP echo requests (RFC 792, RFC 1122 3.2.2.6).
//!
//! **Role.** Gets every frame from `Inlet`, keeps one that may be an echo request, verifies it and sends it back.
//!
//! **Ports.** `clock`, `reset`. `settings`: own addresses. `beat`, `beat_valid`, `beat_first`: the wire. `arrived`, `header`, `length`: the frame that ends with this
//! beat is an ICMP packet. `m_frame`: replies.
//!
//! **Handshake.** One request at a time; those that arrive meanwhile are lost, as any ping may be.
//!
//! **Latency.** One cycle per two octets to verify, then one per beat to send; about 20 cycles beside. A frame, once begun, comes without gaps while the wire is ready.
//!
//! **Invariant.** A reply leaves only for a whole, unfragmented request to the own unicast addresses whose both checksums are right: a damaged request
//! must not come back with a checksum that hides the damage.
use super::headers::*;
use crate::bundles::{Beat, Settings};
use stevedore_hdl::prelude::*;

/// Octets kept: the longest Ethernet frame, rounded up to a power of two.
const STORE: usize = 2048;
/// Octets before the IP packet.
const ETHERNET: u64 = 14;
/// Longest IP packet answered.
const LONGEST: u64 = 1500;
/// Shortest: IP header and ICMP header.
const SHORTEST_PACKET: u64 = 28;
/// 16-bit words before the IP header and before the ICMP message.
const IP_WORD: u64 = 7;
const ICMP_WORD: u64 = 17;
const VERSION: u64 = 0x45;
const ECHO_REQUEST: u64 = 8;
/// Everything of the fragment word but "don't fragment" and the reserved bit.
const FRAGMENT: u64 = 0x3fff;
/// Time to live of replies.
const LIFE: u64 = 64;

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
    kept: Bits<16>,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    /// Request, then reply; in wire order.
    header: Bits<384>,
    length: Bits<16>,
    /// What `Check` found.
    addressed: bool,
    plain: bool,
    fits: bool,
    /// The beat read next.
    index: Bits<16>,
    /// Words left in `word`, number of the lowest of them in the frame, and number of the last of the message.
    lanes: Bits<8>,
    position: Bits<16>,
    last_position: Bits<16>,
    sum: Bits<17>,
    header_right: bool,
    /// Octets of the message and of the frame left to send.
    message_left: Bits<16>,
    frame_left: Bits<16>,
    /// Beats sent, up to the end of the header register.
    sent: Bits<4>,
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
    /// The wire.
    pub beat: Signal<In, Beat<W>>,
    /// `beat` is one.
    pub beat_valid: Signal<In, bool>,
    /// It is the first of a frame.
    pub beat_first: Signal<In, bool>,
    /// The frame that ends now is an ICMP packet.
    pub arrived: Signal<In, bool>,
    /// Its first 48 octets.
    pub header: Signal<In, Bits<384>>,
    /// Its octets.
    pub length: Signal<In, Bits<16>>,
    /// Replies.
    pub m_frame: Source<Beat<W>>,
    state: Register<State>,
    work: Flop<Work>,
    word: Flop<Bits<W>>,
    store: DualPortRam<Bits<W>>,
}

impl<const W: usize> Default for Echo<W> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            settings: Default::default(),
            beat: Default::default(),
            beat_valid: Default::default(),
            beat_first: Default::default(),
            arrived: Default::default(),
            header: Default::default(),
            length: Default::default(),
            m_frame: Default::default(),
            state: Default::default(),
            work: Default::default(),
            word: Default::default(),
            // Written in `Idle` only, its content used in all other phases.
            store: DualPortRam::new(STORE / (W / 8)).no_rw_check(),
        }
    }
}

/// The first `count` octets; the others 0.
#[kernel_fn]
fn front_octets<const W: usize>(data: Bits<W>, count: Bits<16>) -> Bits<W> {
    let mut kept = data;
    for i in 0..W / 8 {
        if count <= bits::<16>(i as u64) {
            kept = set_bits(kept, 8 * i, bits::<8>(0));
        }
    }
    kept
}

/// `left` less the octets of a beat, not below 0.
#[kernel_fn]
fn less_a_beat<const W: usize>(left: Bits<16>) -> Bits<16> {
    let beat = bits::<16>((W / 8) as u64);
    mux(left > beat, left - beat, bits::<16>(0))
}

/// The reply to `request`. `header_checksum` has the new time to live in it.
#[kernel_fn]
fn reply(request: EchoFrame, own_mac: Bits<48>, header_checksum: Bits<16>) -> EchoFrame {
    // The type goes from 8 to 0: its word falls by 0x0800, so the checksum rises by it, in ones' complement.
    let risen = resize::<17, _>(request.checksum) + 0x0800;
    EchoFrame {
        destination: request.source,
        source: own_mac,
        destination_ip: request.source_ip,
        source_ip: request.destination_ip,
        time_to_live: bits::<8>(LIFE),
        header_checksum,
        kind: bits::<8>(0),
        checksum: fold(risen),
        ..request
    }
}

impl<const W: usize> Logic for Echo<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, work, word, store);
        let s = self.state.q.val();
        let mut n = s;
        let w = self.work.q.val();
        let mut m = w;
        let settings = self.settings.val();
        let frame = unpack::<EchoFrame, 384>(reverse_bytes(w.header));
        let idle = s.phase == Phase::Idle;
        let read = self.store.read_data.val();
        let mut word = self.word.q.val();
        let width = bits::<16>((W / 8) as u64);
        let lanes = bits::<8>((W / 16) as u64);

        let place = mux(self.beat_first.val(), bits::<16>(0), s.kept);
        let room = place < bits::<16>((STORE / (W / 8)) as u64);
        if self.beat_valid.val() {
            n.whole = idle && (self.beat_first.val() || s.whole);
            n.kept = place + room;
        }

        let last_word = w.position == w.last_position;
        let odd = last_word && frame.total_length.get_bit(0);
        let low = word.get_bits::<8>(0);
        let high = mux(odd, bits::<8>(0), word.get_bits::<8>(8));
        let swapped: Bits<16> = cat(low, high);
        let lifetime: Bits<16> = cat(frame.time_to_live, frame.protocol);
        let new_lifetime: Bits<16> = cat(bits::<8>(LIFE), frame.protocol);
        let go = self.m_frame.ready.val();
        let last_beat = w.frame_left <= width;
        match s.phase {
            Phase::Idle => {
                m.header = self.header.val();
                m.length = self.length.val();
                if self.arrived.val() && n.whole {
                    n.phase = Phase::Check;
                }
            }
            Phase::Check => {
                m.addressed = frame.destination == settings.mac
                    && frame.destination_ip == settings.ip_address
                    && !frame.source.get_bit(40);
                m.plain = frame.version == bits::<8>(VERSION)
                    && !(frame.fragment & bits::<16>(FRAGMENT)).any()
                    && frame.kind == bits::<8>(ECHO_REQUEST)
                    && !frame.code.any();
                m.fits = frame.total_length >= bits::<16>(SHORTEST_PACKET)
                    && frame.total_length <= bits::<16>(LONGEST)
                    && w.length >= frame.total_length + bits::<16>(ETHERNET);
                n.phase = Phase::Judge;
            }
            Phase::Judge => {
                m.last_position = ((frame.total_length + 1) >> 1) + bits::<16>(IP_WORD - 1);
                m.message_left = frame.total_length + bits::<16>(ETHERNET);
                m.position = bits::<16>(0);
                m.index = bits::<16>(0);
                m.sum = bits::<17>(0);
                m.sent = bits::<4>(0);
                n.phase = if w.addressed && w.plain && w.fits { Phase::First } else { Phase::Idle };
            }
            Phase::First => {
                word = read;
                m.lanes = lanes;
                m.index = w.index + 1;
                n.phase = Phase::Sum;
            }
            Phase::Sum => {
                word = word >> 16;
                m.lanes = w.lanes - 1;
                if w.lanes == bits::<8>(1) {
                    word = read;
                    m.lanes = lanes;
                    m.index = w.index + 1;
                }
                m.position = w.position + 1;
                m.sum = add_ones(w.sum, swapped);
                if w.position < bits::<16>(IP_WORD) {
                    m.sum = bits::<17>(0);
                } else if w.position == bits::<16>(ICMP_WORD) {
                    m.sum = resize::<17, _>(swapped);
                    m.header_right = fold(w.sum).all();
                }
                if last_word {
                    n.phase = Phase::Verdict;
                }
            }
            Phase::Verdict => {
                m.sum = resize::<17, _>(!frame.header_checksum);
                m.index = bits::<16>(0);
                n.phase = if w.header_right && fold(w.sum).all() { Phase::Old } else { Phase::Idle };
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
                m.header = reverse_bytes(pack::<384, _>(reply(frame, settings.mac, !fold(w.sum))));
                m.frame_left = mux(w.message_left > bits::<16>(SHORTEST), w.message_left, bits::<16>(SHORTEST));
                word = read;
                m.index = w.index + 1;
                n.phase = Phase::Send;
            }
            Phase::Send => {
                if go {
                    word = read;
                    m.index = w.index + 1;
                    m.header = header_sent::<W>(w.header);
                    m.sent = mux(in_header::<W>(w.sent), w.sent + 1, w.sent);
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
        self.word.d.next = word;

        self.store.write_enable.next = self.beat_valid.val() && idle && room;
        self.store.write_address.next = place;
        self.store.write_data.next = self.beat.val().data;
        self.store.read_address.next = m.index;

        let stored = self.word.q.val();
        let sending = if W < HEADER {
            mux(in_header::<W>(w.sent), header_beat::<W>(w.header), stored)
        } else {
            mux(in_header::<W>(w.sent), set_bits(stored, 0, w.header), stored)
        };
        self.m_frame.valid.next = s.phase == Phase::Send;
        self.m_frame.bits.next = Beat::<W> {
            data: front_octets::<W>(sending, w.message_left),
            count: resize::<7, _>(mux(last_beat, w.frame_left, width)),
            last: last_beat,
            error: false,
        };
    }
}
