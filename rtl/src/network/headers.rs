//! The frames this folder understands, as records.
//!
//! A header register holds the first 48 octets of a frame, the first on the wire in the lowest byte. `reverse_bytes` of it, unpacked, is
//! one of these records: fields stand in reverse wire order, so that each number reads as it is written in the RFCs.
use stevedore_hdl::prelude::*;

/// Bits of a header register: the 42 octets of ARP or ICMP echo over Ethernet, filled up to a multiple of 8.
pub const HEADER: usize = 384;
/// Shortest frame on the wire, without its check sequence.
pub const SHORTEST: u64 = 60;
/// EtherType of ARP.
pub const ETHERTYPE_ARP: u64 = 0x0806;
/// EtherType of IPv4.
pub const ETHERTYPE_IPV4: u64 = 0x0800;
/// IP protocol number of ICMP.
pub const PROTOCOL_ICMP: u64 = 1;

/// An ARP packet (RFC 826) in an Ethernet frame.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct ArpFrame {
    /// Padding.
    pub padding: Bits<48>,
    /// Whose MAC is asked for.
    pub target_ip: Bits<32>,
    /// Its MAC, in replies.
    pub target_mac: Bits<48>,
    /// Who sends this.
    pub sender_ip: Bits<32>,
    /// Its MAC.
    pub sender_mac: Bits<48>,
    /// 1 asks, 2 answers.
    pub operation: Bits<16>,
    /// 6 and 4: octets of a MAC and of an IPv4 address.
    pub sizes: Bits<16>,
    /// Of the addresses: 0x0800.
    pub protocol: Bits<16>,
    /// Ethernet: 1.
    pub hardware: Bits<16>,
    /// 0x0806.
    pub ethertype: Bits<16>,
    /// Source MAC.
    pub source: Bits<48>,
    /// Destination MAC.
    pub destination: Bits<48>,
}

/// An ICMP echo message (RFC 792) in an IPv4 packet without options in an Ethernet frame.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct EchoFrame {
    /// The first octets of the data.
    pub data: Bits<48>,
    /// Identifier and sequence number.
    pub identity: Bits<32>,
    /// ICMP checksum.
    pub checksum: Bits<16>,
    /// 0.
    pub code: Bits<8>,
    /// 8 asks, 0 answers.
    pub kind: Bits<8>,
    /// Destination address.
    pub destination_ip: Bits<32>,
    /// Source address.
    pub source_ip: Bits<32>,
    /// Checksum of the IP header.
    pub header_checksum: Bits<16>,
    /// 1: ICMP.
    pub protocol: Bits<8>,
    /// Time to live.
    pub time_to_live: Bits<8>,
    /// Flags and fragment offset.
    pub fragment: Bits<16>,
    /// Identification.
    pub identification: Bits<16>,
    /// Octets of the packet.
    pub total_length: Bits<16>,
    /// Type of service.
    pub service: Bits<8>,
    /// Version and header length: 0x45.
    pub version: Bits<8>,
    /// 0x0800.
    pub ethertype: Bits<16>,
    /// Source MAC.
    pub source: Bits<48>,
    /// Destination MAC.
    pub destination: Bits<48>,
}

/// Fewer beats than fill the header register came or went.
#[kernel_fn]
pub fn in_header<const W: usize>(beats: Bits<4>) -> bool {
    if W < HEADER {
        beats < bits::<4>((HEADER / W) as u64)
    } else {
        !beats.any()
    }
}

/// Beat `index` of what begins with `header`; 0 behind it. A small multiplexer in front of the wire takes the place of a wide shift register.
#[kernel_fn]
pub fn header_beat<const W: usize>(header: Bits<384>, index: Bits<8>) -> Bits<W> {
    let padded = resize::<512, 384>(header);
    let mut beat = bits::<W>(0);
    for i in 0..512 / W {
        if index == bits::<8>(i as u64) {
            beat = padded.get_bits::<W>(i * W);
        }
    }
    beat
}

/// The header register with one more beat from the wire at its top; the first beat of a frame ends up at the bottom after
/// `HEADER` bits.
#[kernel_fn]
pub fn header_received<const W: usize>(header: Bits<384>, data: Bits<W>) -> Bits<384> {
    if W < HEADER {
        (header >> (W as u64)) | (resize::<384, W>(data) << ((HEADER - W) as u64))
    } else {
        resize::<384, W>(data)
    }
}

/// Ones' complement sum, folded once: the seventeenth bit is the carry to be added next time.
#[kernel_fn]
pub fn add_ones(sum: Bits<17>, word: Bits<16>) -> Bits<17> {
    resize::<17, _>(sum.get_bits::<16>(0)) + resize::<17, _>(word) + sum.get_bit(16)
}

/// The sum with its last carry folded in.
#[kernel_fn]
pub fn fold(sum: Bits<17>) -> Bits<16> {
    sum.get_bits::<16>(0) + sum.get_bit(16)
}
