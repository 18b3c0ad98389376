//! What the stages of [`HeaderBuilder`](super::header_builder::HeaderBuilder) make of a segment, one after the other:
//! [`Look`], [`Known`], [`Parts`], [`Summed`], [`Checked`], and at last the bytes of the header.
//!
//! Sums are over 16-bit words in network order (RFC 1071), brought to 16 bits only behind [`Summed`]. TTL is 64; DF is
//! set, so the identification means nothing (RFC 6864 4.1) and is 0.
use super::record::Peer;
use crate::bundles::{ControlBits, Options};
use crate::wire::options::{self, sum_of, words_of};
use crate::wire::{ethernet, ipv4, tcp};
use stevedore_hdl::prelude::*;

/// Version and length of an IPv4 header without options.
const VERSION: u64 = ipv4::VERSION_4 << 8;
/// Time to live and protocol.
const LIFE_PROTOCOL: u64 = ipv4::INITIAL_TIME_TO_LIVE << 8 | ipv4::PROTOCOL_TCP;

/// The engine's own part of every header.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Own {
    /// MAC.
    pub mac: Bits<48>,
    /// IPv4 address.
    pub ip_address: Bits<32>,
}

/// Everything that differs between headers, but for the peer and the length.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Draft {
    /// SEG.SEQ.
    pub sequence: Bits<32>,
    /// SEG.ACK.
    pub acknowledgement: Bits<32>,
    /// SEG.WND.
    pub window: Bits<16>,
    /// Control bits.
    pub control: ControlBits,
    /// Options announced.
    pub options: Options,
}

/// A segment that looks up its peer.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Look {
    /// The connection.
    pub slot: Bits<16>,
    /// `peer` counts, not the table's row.
    pub direct: bool,
    /// Whom it goes to if it belongs to no connection.
    pub peer: Peer,
    /// The header so far.
    pub draft: Draft,
    /// Bytes of payload.
    pub payload_length: Bits<16>,
    /// Placements to be written before.
    pub fence: Bits<16>,
}

/// A segment whose peer is known.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Known {
    /// Whom it goes to.
    pub peer: Peer,
    /// The header so far.
    pub draft: Draft,
    /// What the TCP sum holds besides addresses, numbers and payload: options, header length and protocol of the pseudo
    /// header.
    pub fixed: Bits<18>,
    /// Bytes of payload.
    pub payload_length: Bits<16>,
    /// It waits for its payload.
    pub loaded: bool,
    /// It was granted by the send chain, which wants to know that it is under way.
    pub granted: bool,
    /// The placements before it were written when its peer was looked up.
    pub written: bool,
    /// Placements to be written before.
    pub fence: Bits<16>,
}

/// A segment with sums of up to four words each.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Parts {
    /// Whom it goes to.
    pub peer: Peer,
    /// The header so far.
    pub draft: Draft,
    /// Bytes of payload.
    pub payload_length: Bits<16>,
    /// Bytes of the IPv4 packet.
    pub total_length: Bits<16>,
    /// Both IP addresses.
    pub addresses: Bits<18>,
    /// The rest of the IP header.
    pub ip: Bits<18>,
    /// TCP: ports and sequence number.
    pub front: Bits<18>,
    /// Acknowledgement to window.
    pub middle: Bits<18>,
    /// Pseudo header without addresses, options, payload.
    pub rest: Bits<18>,
}

/// A segment with both sums.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Summed {
    /// Whom it goes to.
    pub peer: Peer,
    /// The header so far.
    pub draft: Draft,
    /// Bytes of payload.
    pub payload_length: Bits<16>,
    /// Bytes of the IPv4 packet.
    pub total_length: Bits<16>,
    /// Sum of the IP header.
    pub ip: Bits<20>,
    /// Sum of pseudo header, TCP header and payload.
    pub tcp: Bits<20>,
}

/// A segment with both checksums, and what the prepender has no time to work out.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Checked {
    /// Whom it goes to.
    pub peer: Peer,
    /// The header so far.
    pub draft: Draft,
    /// Beats of payload.
    pub payload_beats: Bits<16>,
    /// There are some.
    pub payload: bool,
    /// Bytes of the IPv4 packet.
    pub total_length: Bits<16>,
    /// The frame must be padded.
    pub padded: bool,
    /// The frame fits one beat.
    pub single: bool,
    /// IP header checksum.
    pub ip: Bits<16>,
    /// TCP checksum.
    pub tcp: Bits<16>,
}

/// `x` as a summand of a sum of up to four words.
#[kernel_fn]
fn wide(x: Bits<16>) -> Bits<18> {
    resize::<18, 16>(x)
}

/// Both words of `x`.
#[kernel_fn]
fn halves(x: Bits<32>) -> Bits<18> {
    wide(x.get_bits::<16>(16)) + wide(x.get_bits::<16>(0))
}

/// Data offset, in words of 32 bits, and control bits: word 6 of the TCP header (RFC 9293 3.1).
#[kernel_fn]
fn offset_and_control(draft: Draft) -> Bits<16> {
    let control = draft.control;
    let mut word = set_bits(bits::<16>(0), 12, words_of(draft.options) + tcp::WORDS);
    word = word.replace_bit(tcp::FIN, control.fin);
    word = word.replace_bit(tcp::SYN, control.syn);
    word = word.replace_bit(tcp::RST, control.rst);
    word = word.replace_bit(tcp::PSH, control.psh);
    word.replace_bit(tcp::ACK, control.ack)
}

/// Bytes of a frame up to and with the TCP header.
#[kernel_fn]
pub fn header_length(options: Options) -> Bits<8> {
    option_length(options) + (tcp::START + tcp::LENGTH)
}

/// Bytes of the options.
#[kernel_fn]
fn option_length(options: Options) -> Bits<8> {
    resize::<8, 4>(words_of(options)) << 2
}

/// See [`Known::fixed`].
#[kernel_fn]
pub fn fixed_sum(options: Options) -> Bits<18> {
    sum_of(options) + resize::<18, 8>(option_length(options) + (tcp::LENGTH + ipv4::PROTOCOL_TCP))
}

/// First step of both sums; `payload` is the payload's own.
#[kernel_fn]
pub fn parts_of(known: Known, payload: Bits<16>, own: Own) -> Parts {
    let peer = known.peer;
    let draft = known.draft;
    let headers = resize::<16, 8>(option_length(draft.options) + (ipv4::LENGTH + tcp::LENGTH));
    let length = wide(known.payload_length);
    Parts {
        peer: peer,
        draft: draft,
        payload_length: known.payload_length,
        total_length: headers + known.payload_length,
        addresses: halves(own.ip_address) + halves(peer.tuple.remote_address),
        ip: wide(headers) + length + bits::<18>(VERSION + ipv4::DO_NOT_FRAGMENT + LIFE_PROTOCOL),
        front: wide(peer.tuple.local_port) + wide(peer.tuple.remote_port) + halves(draft.sequence),
        middle: halves(draft.acknowledgement) + wide(offset_and_control(draft)) + wide(draft.window),
        rest: wide(payload) + length + known.fixed,
    }
}

/// Second step of both sums.
#[kernel_fn]
pub fn summed_of(parts: Parts) -> Summed {
    let addresses = resize::<20, 18>(parts.addresses);
    let front = resize::<20, 18>(parts.front);
    let middle = resize::<20, 18>(parts.middle);
    let rest = resize::<20, 18>(parts.rest);
    Summed {
        peer: parts.peer,
        draft: parts.draft,
        payload_length: parts.payload_length,
        total_length: parts.total_length,
        ip: addresses + resize::<20, 18>(parts.ip),
        tcp: (addresses + front) + (middle + rest),
    }
}

/// The header, octet by octet; zero behind its end.
#[kernel_fn]
pub fn bytes_of(checked: Checked, own: Own) -> Bits<1024> {
    let peer = checked.peer;
    let draft = checked.draft;
    let mut header = bits::<1024>(0);
    header = set_bits(header, ethernet::DESTINATION * 8, reverse_bytes(peer.remote_mac));
    header = set_bits(header, ethernet::SOURCE * 8, reverse_bytes(own.mac));
    header = set_bits(header, ethernet::TYPE * 8, reverse_bytes(bits::<16>(ethernet::TYPE_IPV4)));
    header = set_bits(header, ipv4::VERSION * 8, reverse_bytes(bits::<16>(VERSION)));
    header = set_bits(header, ipv4::TOTAL_LENGTH * 8, reverse_bytes(checked.total_length));
    header = set_bits(header, ipv4::FRAGMENT * 8, reverse_bytes(bits::<16>(ipv4::DO_NOT_FRAGMENT)));
    header = set_bits(header, ipv4::TIME_TO_LIVE * 8, reverse_bytes(bits::<16>(LIFE_PROTOCOL)));
    header = set_bits(header, ipv4::CHECKSUM * 8, reverse_bytes(checked.ip));
    header = set_bits(header, ipv4::SOURCE * 8, reverse_bytes(own.ip_address));
    header = set_bits(header, ipv4::DESTINATION * 8, reverse_bytes(peer.tuple.remote_address));
    header = set_bits(header, tcp::SOURCE_PORT * 8, reverse_bytes(peer.tuple.local_port));
    header = set_bits(header, tcp::DESTINATION_PORT * 8, reverse_bytes(peer.tuple.remote_port));
    header = set_bits(header, tcp::SEQUENCE * 8, reverse_bytes(draft.sequence));
    header = set_bits(header, tcp::ACKNOWLEDGEMENT * 8, reverse_bytes(draft.acknowledgement));
    header = set_bits(header, tcp::DATA_OFFSET * 8, reverse_bytes(offset_and_control(draft)));
    header = set_bits(header, tcp::WINDOW * 8, reverse_bytes(draft.window));
    header = set_bits(header, tcp::CHECKSUM * 8, reverse_bytes(checked.tcp));
    header = set_bits(header, tcp::OPTIONS * 8, options::bytes_of(draft.options));
    header
}
