//! Frames built by an independent library, and a plain reading of what the receiver must make of any frame.
use etherparse::{PacketBuilder, TcpOptionElement};
use rand::rngs::StdRng;
use rand::Rng;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles;
use stevedore_rtl::bundles::{ControlBits, Optional, SegmentHeader, Settings, Tuple};

/// The engine's MAC address.
pub const MAC: [u8; 6] = [2, 0, 0x5e, 0x10, 0x20, 0x30];
/// The engine's IPv4 address.
pub const IP: [u8; 4] = [10, 1, 2, 3];

/// The hash key.
pub const KEY: u32 = 0x89ab_cdef;

/// Settings with these.
pub fn settings() -> Settings {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |n: u64, &b| n << 8 | u64::from(b));
    Settings {
        enable: true,
        mac: bits(number(&MAC)),
        ip_address: bits(number(&IP)),
        netmask: bits(0xffff_ff00),
        hash_key: bits(KEY.into()),
        ..Settings::default()
    }
}

/// How the TCP options of a frame are laid out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Options {
    None,
    /// MSS, SACK permitted, timestamps, window scale: what Linux sends with a SYN.
    Linux,
    MssOnly,
    /// No-operations first.
    Padded,
    /// 40 bytes without an MSS option.
    Full,
    /// MSS behind a 32-byte SACK option.
    Last,
    /// MSS, no-operation, window scale, two no-operations, SACK permitted: Windows.
    Windows,
    /// MSS, window scale, SACK permitted, not aligned: smoltcp.
    Bare,
}

impl Options {
    pub const ALL: [Options; 8] = [
        Options::None,
        Options::Linux,
        Options::MssOnly,
        Options::Padded,
        Options::Full,
        Options::Last,
        Options::Windows,
        Options::Bare,
    ];

    fn elements(self, mss: u16, shift: u8) -> Vec<TcpOptionElement> {
        use TcpOptionElement::*;
        match self {
            Options::None => vec![],
            Options::Linux => {
                vec![
                    MaximumSegmentSize(mss),
                    SelectiveAcknowledgementPermitted,
                    Timestamp(7, 0),
                    Noop,
                    WindowScale(shift),
                ]
            }
            Options::MssOnly => vec![MaximumSegmentSize(mss)],
            Options::Padded => vec![Noop, Noop, WindowScale(shift), MaximumSegmentSize(mss)],
            Options::Full => {
                vec![SelectiveAcknowledgement((1, 2), [Some((3, 4)), Some((5, 6)), None]), Timestamp(1, 2), Noop, Noop]
            }
            Options::Last => vec![
                SelectiveAcknowledgement((1, 2), [Some((3, 4)), Some((5, 6)), Some((7, 8))]),
                MaximumSegmentSize(mss),
            ],
            Options::Windows => {
                vec![MaximumSegmentSize(mss), Noop, WindowScale(shift), Noop, Noop, SelectiveAcknowledgementPermitted]
            }
            Options::Bare => vec![MaximumSegmentSize(mss), WindowScale(shift), SelectiveAcknowledgementPermitted],
        }
    }
}

/// A frame for the engine with random fields.
pub fn segment(rng: &mut StdRng, payload: usize, options: Options, syn: bool) -> Vec<u8> {
    let source: [u8; 4] = [10, rng.random(), rng.random(), rng.random_range(4..255)];
    let mut builder =
        PacketBuilder::ethernet2([0x52, 0x54, rng.random(), rng.random(), rng.random(), rng.random()], MAC)
            .ipv4(source, IP, rng.random())
            .tcp(rng.random(), rng.random(), rng.random(), rng.random());
    if syn {
        builder = builder.syn();
    }
    if rng.random() {
        builder = builder.ack(rng.random());
    }
    if rng.random() {
        builder = builder.psh();
    }
    if rng.random() {
        builder = builder.fin();
    }
    if rng.random_bool(0.1) {
        builder = builder.rst();
    }
    let builder = builder.options(&options.elements(rng.random(), rng.random())).expect("options fit");
    let body: Vec<u8> = (0..payload).map(|_| rng.random()).collect();
    let mut frame = Vec::new();
    builder.write(&mut frame, &body).expect("a frame");
    // Ethernet padding need not be zero.
    while frame.len() < 60 {
        frame.push(rng.random());
    }
    frame
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, never stored in numbers")]
pub enum Verdict {
    Ignored,
    Malformed,
    Checksum,
    Segment(SegmentHeader),
}

fn be16(frame: &[u8], at: usize) -> u64 {
    u64::from(frame[at]) << 8 | u64::from(frame[at + 1])
}

fn be32(frame: &[u8], at: usize) -> u64 {
    be16(frame, at) << 16 | be16(frame, at + 2)
}

/// Whether the ones' complement sum of the bytes plus `start` is 0xffff.
fn sums_right(bytes: &[u8], start: u64) -> bool {
    let word = |pair: &[u8]| u64::from(pair[0]) << 8 | pair.get(1).map_or(0, |&b| u64::from(b));
    let mut sum: u64 = start + bytes.chunks(2).map(word).sum::<u64>();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum == 0xffff
}

/// The options up to the end of the list, or up to one whose length cannot be: the first of each kind counts.
fn options_in(mut bytes: &[u8]) -> bundles::Options {
    let mut found = bundles::Options::default();
    while let [kind, rest @ ..] = bytes {
        match (kind, rest) {
            (0, _) => break,
            (1, _) => bytes = rest,
            (_, [length, ..]) if *length >= 2 && usize::from(*length) <= bytes.len() => {
                let (option, behind) = bytes.split_at(usize::from(*length));
                match *option {
                    [2, 4, high, low] if !found.mss.present => {
                        let value = bits(u64::from(high) << 8 | u64::from(low));
                        found.mss = Optional { present: true, value };
                    }
                    [3, 3, shift] if !found.window_scale.present => {
                        // RFC 7323 2.3.
                        found.window_scale = Optional { present: true, value: bits(u64::from(shift.min(14))) };
                    }
                    _ => {}
                }
                bytes = behind;
            }
            _ => break,
        }
    }
    found
}

/// What must become of a frame, read from its bytes.
pub fn verdict(frame: &[u8], damaged: bool) -> Verdict {
    if frame.len() < 14 || frame[..6] != MAC || be16(frame, 12) != 0x0800 {
        return Verdict::Ignored;
    }
    if frame.len() < 34 {
        return Verdict::Malformed;
    }
    if frame[23] != 6 || frame[30..34] != IP {
        return Verdict::Ignored;
    }
    let total = be16(frame, 16) as usize;
    let words = if frame.len() > 46 { usize::from(frame[46] >> 4) } else { 0 };
    let payload = 34 + 4 * words;
    let reserved = frame[26..29] == IP[..3] && [0, 255, IP[3]].contains(&frame[29]);
    let impossible = matches!(frame[26], 0 | 127 | 224..=255)
        || reserved
        || frame[6] & 1 == 1
        || frame[6..12] == MAC
        || frame[6..12] == [0; 6];
    if damaged
        || frame[14] != 0x45
        || be16(frame, 20) & 0x3fff != 0
        || impossible
        || frame.len() > 65535
        || words < 5
        || total + 14 < payload
        || total + 14 > frame.len()
    {
        return Verdict::Malformed;
    }
    let pseudo = be16(frame, 26) + be16(frame, 28) + be16(frame, 30) + be16(frame, 32) + 6 + total as u64 - 20;
    if !sums_right(&frame[14..34], 0) || !sums_right(&frame[34..14 + total], pseudo) {
        return Verdict::Checksum;
    }
    let flag = |bit: u32| frame[47] >> bit & 1 == 1;
    let syn = flag(1);
    // Two steps of `connection::hash`, written a second time.
    let (address, ports) = (be32(frame, 26) as u32, be32(frame, 34) as u32);
    let x = (address ^ KEY).wrapping_add(ports.rotate_left(16));
    let y = (ports ^ KEY.rotate_left(16)).wrapping_add(address.rotate_left(11));
    let mix = (x ^ y.rotate_left(13)).wrapping_add(y.rotate_left(25) ^ x.rotate_left(20));
    Verdict::Segment(SegmentHeader {
        tuple: Tuple {
            remote_address: bits(be32(frame, 26)),
            remote_port: bits(be16(frame, 34)),
            local_port: bits(be16(frame, 36)),
        },
        mix: bits(mix.into()),
        remote_mac: bits(be16(frame, 6) << 32 | be32(frame, 8)),
        sequence: bits(be32(frame, 38)),
        acknowledgement: bits(be32(frame, 42)),
        window: bits(be16(frame, 48)),
        control: ControlBits { fin: flag(0), syn, rst: flag(2), psh: flag(3), ack: flag(4) },
        options: if syn { options_in(&frame[54..payload]) } else { bundles::Options::default() },
        payload_offset: bits(payload as u64),
        payload_length: bits((total + 14 - payload) as u64),
        frame_length: bits(frame.len() as u64),
    })
}

/// Corrects both checksums of a frame whose headers were changed, if there is enough of it.
pub fn repair(frame: &mut [u8]) {
    if frame.len() < 54 {
        return;
    }
    let total = be16(frame, 16) as usize;
    let complement = |bytes: &[u8], start: u64| {
        let mut sum =
            start + bytes.chunks(2).map(|p| u64::from(p[0]) << 8 | p.get(1).map_or(0, |&b| u64::from(b))).sum::<u64>();
        while sum >> 16 != 0 {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        (!sum as u16).to_be_bytes()
    };
    frame[24..26].fill(0);
    let ip = complement(&frame[14..34], 0);
    frame[24..26].copy_from_slice(&ip);
    if total >= 40 && total + 14 <= frame.len() {
        frame[50..52].fill(0);
        let pseudo = be16(frame, 26) + be16(frame, 28) + be16(frame, 30) + be16(frame, 32) + 6 + total as u64 - 20;
        let tcp = complement(&frame[34..14 + total], pseudo);
        frame[50..52].copy_from_slice(&tcp);
    }
}
