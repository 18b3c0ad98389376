//! Parser: header fields of passing frames.
//!
//! # Role
//! Behind the [`Verifier`](super::Verifier)'s tap. Collects the first 96 bytes of each frame in a header register,
//! every beat in its own place, and reads all fields from fixed positions once the last beat is in: no state per width.
//!
//! ```text
//! beat -> [ header register ] -> [ fields | comparisons ] -> [ fields | verdict ] -> parsed
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! None: it takes a beat in every cycle with `valid`.
//!
//! # Latency
//! `parsed` belongs to the frame whose last beat came 3 cycles before; it holds for that cycle only. Frames may come
//! one per cycle, and so may beats: word i of the header register is overwritten 2 + i cycles after the last beat of
//! the frame before, at W = 64. There most fields are simply still in it when `parsed` is due.
//!
//! # Invariant
//! A frame shorter than a field never passes, so bytes of an earlier frame left in the header register are never
//! believed.
use crate::bundles::*;
use crate::connection::hash::Mix;
use crate::network::{possible_mac, possible_peer, subnet_of, Subnet};
use crate::wire::options::{is_common, layout_of, options_of, Layout};
use crate::wire::{ethernet, ipv4, scanned, tcp, Scan};
use stevedore_hdl::prelude::*;

/// The options of a TCP header.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct OptionBytes {
    /// Bytes 20 and on of the TCP header, the first in `[7:0]`.
    pub bytes: Bits<320>,
    /// How many words of four bytes of them are options.
    pub words: Bits<4>,
}

/// What the parser found.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Parsed {
    /// TCP over IPv4 for this engine's addresses, and well-formed.
    pub wanted: bool,
    /// Malformed TCP over IPv4 for this engine; or an IPv4 frame for its MAC that is too short to tell.
    pub malformed: bool,
    /// The fields. `options` are those of a SYN whose layout is a common one; none otherwise.
    pub header: SegmentHeader,
    /// The frame is a SYN with options in another layout.
    pub optioned: bool,
    /// The bytes of those.
    pub option_bytes: OptionBytes,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Place of the next beat.
    place: Scan,
    /// Bytes of the frame just finished.
    length: Bits<17>,
    /// It is damaged.
    damaged: bool,
    /// It holds an Ethernet header / an IPv4 header.
    framed: bool,
    complete: bool,
    /// Outcome of the comparisons: IPv4 for our MAC, TCP for our address, SYN with options, and what is wrong.
    addressed: bool,
    here: bool,
    optioned: bool,
    /// What its options look like, if it has some.
    layout: Layout,
    bad_ip: bool,
    bad_source: bool,
    bad_tcp: bool,
    bad_length: bool,
    /// The verdict: see [`Parsed`].
    wanted: bool,
    malformed: bool,
    walked: bool,
    /// The options decoded in place.
    found: Options,
}

/// The parser.
#[derive(LogicBlock, Default)]
pub struct Parser<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Own addresses.
    pub settings: Signal<In, Settings>,
    /// Frames.
    pub beat: Signal<In, Beat<W>>,
    /// `beat` is one.
    pub valid: Signal<In, bool>,
    /// The frame whose last beat was taken three cycles before.
    pub parsed: Signal<Out, Parsed>,
    state: Register<State>,
    subnet: Flop<Subnet>,
    bytes: Flop<Bits<768>>,
    header: [Flop<SegmentHeader>; 2],
    options: [Flop<OptionBytes>; 2],
    mix: Mix,
}

/// The big-endian 16-bit field at a byte offset.
#[kernel_fn]
fn field16(bytes: Bits<768>, at: usize) -> Bits<16> {
    reverse_bytes(bytes.get_bits::<16>(at * 8))
}

/// The big-endian 32-bit field at a byte offset.
#[kernel_fn]
fn field32(bytes: Bits<768>, at: usize) -> Bits<32> {
    reverse_bytes(bytes.get_bits::<32>(at * 8))
}

/// The 48-bit address at a byte offset.
#[kernel_fn]
fn field48(bytes: Bits<768>, at: usize) -> Bits<48> {
    reverse_bytes(bytes.get_bits::<48>(at * 8))
}

impl<const W: usize> Logic for Parser<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, subnet, bytes, header[0], header[1], options[0], options[1], mix);
        let state = self.state.q.val();
        let mut next = state;

        // Collect. A word of 64 bits has its place in one beat and one lane.
        let beat = self.beat.val();
        let valid = self.valid.val();
        let bytes = self.bytes.q.val();
        let mut collected = bytes;
        for word in 0..12 {
            if valid && state.place.index == (word * 64 / W) as u64 {
                collected = set_bits(collected, word * 64, beat.data.get_bits::<64>(word * 64 % W));
            }
        }
        self.bytes.d.next = collected;
        if valid {
            next.place = scanned::<W>(state.place, beat);
            let length = state.place.offset + resize::<17, 7>(beat.count);
            next.length = length;
            next.framed = length >= ethernet::LENGTH;
            next.complete = length >= tcp::START;
            next.damaged = beat.error;
        }

        // Read and check.
        let settings = self.settings.val();
        self.subnet.d.next = subnet_of(settings, self.subnet.q.val());
        let source = field32(bytes, ipv4::SOURCE);
        let words = bytes.get_bits::<4>(tcp::DATA_OFFSET * 8 + 4);
        let payload = (resize::<7, 4>(words) << 2) + tcp::START;
        let flags = bytes.get_bits::<8>(tcp::CONTROL * 8);
        next.addressed = field48(bytes, ethernet::DESTINATION) == settings.mac
            && field16(bytes, ethernet::TYPE) == ethernet::TYPE_IPV4
            && state.framed;
        next.here = (bytes.get_bits::<8>(ipv4::PROTOCOL * 8) == ipv4::PROTOCOL_TCP
            && field32(bytes, ipv4::DESTINATION) == settings.ip_address)
            || !state.complete;
        next.bad_ip = bytes.get_bits::<8>(ipv4::VERSION * 8) != ipv4::VERSION_4
            || (field16(bytes, ipv4::FRAGMENT) & ipv4::FRAGMENTED).any();
        // RFC 1122 3.2.1.3: a packet from an address that cannot be a host's is dropped without an answer.
        next.bad_source = !possible_peer(source, self.subnet.q.val())
            || !possible_mac(field48(bytes, ethernet::SOURCE), settings.mac);
        next.bad_tcp = words < tcp::WORDS
            || (!state.place.end.get_bits::<10>(7).any() && state.place.end.get_bits::<7>(0) < payload);
        next.bad_length =
            !state.complete || state.length.get_bit(16) || state.length < state.place.end || state.damaged;
        next.optioned = flags.get_bit(tcp::SYN) && words != tcp::WORDS;
        let option_bytes = OptionBytes { bytes: bytes.get_bits::<320>(tcp::OPTIONS * 8), words: words - tcp::WORDS };
        next.layout = layout_of(option_bytes.bytes, option_bytes.words);
        let tuple = Tuple {
            remote_address: source,
            remote_port: field16(bytes, tcp::SOURCE_PORT),
            local_port: field16(bytes, tcp::DESTINATION_PORT),
        };
        self.mix.tuple.next = tuple;
        self.mix.key.next = settings.hash_key;
        let read = SegmentHeader {
            tuple,
            mix: bits::<32>(0),
            remote_mac: field48(bytes, ethernet::SOURCE),
            sequence: field32(bytes, tcp::SEQUENCE),
            acknowledgement: field32(bytes, tcp::ACKNOWLEDGEMENT),
            window: field16(bytes, tcp::WINDOW),
            control: ControlBits {
                fin: flags.get_bit(tcp::FIN),
                syn: flags.get_bit(tcp::SYN),
                rst: flags.get_bit(tcp::RST),
                psh: flags.get_bit(tcp::PSH),
                ack: flags.get_bit(tcp::ACK),
            },
            options: Options::default(),
            payload_offset: resize::<8, 7>(payload),
            payload_length: resize::<16, 17>(state.place.end - resize::<17, 7>(payload)),
            frame_length: resize::<16, 17>(state.length),
        };

        let ours = state.addressed && state.here;
        let bad = state.bad_ip || state.bad_source || state.bad_tcp || state.bad_length;
        next.wanted = ours && !bad;
        next.malformed = ours && bad;
        let common = is_common(state.layout);
        next.walked = state.optioned && !common;
        next.found = if state.optioned && common { options_of(state.layout) } else { Options::default() };
        // The source MAC lies in words 0 and 1, and the length of the frame is counted anew; of the rest, what is
        // worked out is kept for a cycle.
        self.header[0].d.next = read;
        self.options[0].d.next = option_bytes;
        let early = self.header[0].q.val();
        let mut later = early;
        if W == 64 {
            later = SegmentHeader { remote_mac: early.remote_mac, frame_length: early.frame_length, ..read };
        }
        self.header[1].d.next = later;
        self.options[1].d.next = self.options[0].q.val();
        let mut header = self.header[1].q.val();
        let mut optional = self.options[1].q.val();
        if W == 64 {
            header = SegmentHeader {
                tuple: read.tuple,
                sequence: read.sequence,
                acknowledgement: read.acknowledgement,
                window: read.window,
                control: read.control,
                ..header
            };
            optional = option_bytes;
        }
        header.mix = self.mix.mix.val();
        header.options = state.found;
        self.parsed.next = Parsed {
            wanted: state.wanted,
            malformed: state.malformed,
            header,
            optioned: state.walked,
            option_bytes: optional,
        };
        self.state.d.next = next;
    }
}
