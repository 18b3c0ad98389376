//! Parser: header fields of passing frames.
//!
//! # Role
//! Behind the [`Verifier`](super::Verifier)'s tap. Collects the first 96 bytes of each frame in a header register, every beat in its own
//! place, and reads all fields from fixed positions once the last beat is in: no state per width.
//!
//! ```text
//! beat -> [ header register ] -> [ fields | checks ] -> parsed
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! None: it takes a beat in every cycle with `valid`.
//!
//! # Latency
//! `parsed` belongs to the frame whose last beat came 2 cycles before; it holds for that cycle only. Frames may come one per cycle.
//!
//! # Invariant
//! A frame shorter than a field never passes, so bytes of an earlier frame left in the header register are never believed.
use crate::bundles::*;
use stevedore_hdl::prelude::*;

/// Bytes in front of the TCP header: Ethernet, and IPv4 without options.
const TCP_HEADER: u64 = 34;
/// Bytes of the Ethernet header.
const ETHERNET: u64 = 14;
/// Bytes of the IPv4 header.
const IP_HEADER: u64 = 20;

/// The options of a TCP header.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct OptionBytes {
    /// Bytes 20 and on of the TCP header, the first in [7:0].
    pub bytes: Bits<320>,
    /// How many words of four bytes of them are options.
    pub words: Bits<4>,
}

/// What the parser found.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Parsed {
    /// TCP over IPv4 for this engine's addresses; or too short to tell, but IPv4 for this engine's MAC.
    pub ours: bool,
    /// With `ours`: not to be used.
    pub malformed: bool,
    /// The fields; `mss` is 0.
    pub header: SegmentHeader,
    /// The options.
    pub options: OptionBytes,
}

/// Outcome of the comparisons.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Checks {
    /// IPv4 for our MAC.
    addressed: bool,
    /// The IPv4 header is there.
    complete: bool,
    /// TCP for our IPv4 address.
    here: bool,
    /// The IPv4 header is not one we take.
    bad_ip: bool,
    /// The TCP header is impossible.
    bad_tcp: bool,
    /// The lengths contradict each other or the frame is damaged.
    bad_length: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Byte offset and number (up to 15) of the next beat.
    offset: Bits<17>,
    index: Bits<4>,
    /// Bytes of the frame just finished.
    length: Bits<17>,
    /// It is damaged.
    damaged: bool,
    checks: Checks,
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
    /// The frame whose last beat was taken two cycles before.
    pub parsed: Signal<Out, Parsed>,
    state: Register<State>,
    bytes: Flop<Bits<768>>,
    header: Flop<SegmentHeader>,
    options: Flop<OptionBytes>,
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

/// Addresses no packet may come from (RFC 1122 3.2.1.3): this network, loopback, multicast, broadcast. A listener is known to the lookup by
/// remote address 0, which must therefore never come in.
#[kernel_fn]
fn impossible_source(address: Bits<32>) -> bool {
    let first = address.get_bits::<8>(24);
    first == 0 || first == 127 || first >= 224
}

impl<const W: usize> Logic for Parser<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, bytes, header, options);
        let state = self.state.q.val();
        let mut next = state;

        // Collect. A word of 64 bits has its place in one beat and one lane.
        let beat = self.beat.val();
        let valid = self.valid.val();
        let bytes = self.bytes.q.val();
        let mut collected = bytes;
        for word in 0..12 {
            if valid && state.index == (word * 64 / W) as u64 {
                collected = set_bits(collected, word * 64, beat.data.get_bits::<64>(word * 64 % W));
            }
        }
        self.bytes.d.next = collected;
        if valid {
            let far = state.offset.get_bit(16);
            next.offset = if far { state.offset } else { state.offset + (W as u64 / 8) };
            next.index = if state.index.all() { state.index } else { state.index + 1 };
            if beat.last {
                next.offset = bits::<17>(0);
                next.index = bits::<4>(0);
            }
            next.length = state.offset + resize::<17, 7>(beat.count);
            next.damaged = beat.error;
        }

        // Read and check.
        let settings = self.settings.val();
        let total = resize::<17, 16>(field16(bytes, 16));
        let source = field32(bytes, 26);
        let words = bytes.get_bits::<4>(46 * 8 + 4);
        let tcp_header = resize::<17, 4>(words) << 2;
        let flags = bytes.get_bits::<8>(47 * 8);
        next.checks = Checks {
            addressed: field48(bytes, 0) == settings.mac && field16(bytes, 12) == 0x0800 && state.length >= ETHERNET,
            complete: state.length >= TCP_HEADER,
            here: bytes.get_bits::<8>(23 * 8) == 6 && field32(bytes, 30) == settings.ip_address,
            bad_ip: bytes.get_bits::<8>(14 * 8) != 0x45
                || (field16(bytes, 20) & 0x3fff).any()
                || impossible_source(source)
                || source == settings.ip_address,
            bad_tcp: words < 5 || total < tcp_header + IP_HEADER,
            bad_length: state.length.get_bit(16) || state.length < total + ETHERNET || state.damaged,
        };
        self.header.d.next = SegmentHeader {
            tuple: Tuple { remote_address: source, remote_port: field16(bytes, 34), local_port: field16(bytes, 36) },
            remote_mac: field48(bytes, 6),
            sequence: field32(bytes, 38),
            acknowledgement: field32(bytes, 42),
            window: field16(bytes, 48),
            control: ControlBits {
                fin: flags.get_bit(0),
                syn: flags.get_bit(1),
                rst: flags.get_bit(2),
                psh: flags.get_bit(3),
                ack: flags.get_bit(4),
            },
            mss: bits::<16>(0),
            payload_offset: resize::<8, 17>(tcp_header + TCP_HEADER),
            payload_length: resize::<16, 17>(total - tcp_header - IP_HEADER),
            frame_length: resize::<16, 17>(state.length),
        };
        self.options.d.next =
            OptionBytes { bytes: bytes.get_bits::<320>(54 * 8), words: resize::<4, 17>((tcp_header >> 2) - 5) };

        let checks = state.checks;
        self.parsed.next = Parsed {
            ours: checks.addressed && (checks.here || !checks.complete),
            malformed: !checks.complete || checks.bad_ip || checks.bad_tcp || checks.bad_length,
            header: self.header.q.val(),
            options: self.options.q.val(),
        };
        self.state.d.next = next;
    }
}
