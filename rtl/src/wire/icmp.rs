//! ICMP (RFC 792).
use stevedore_hdl::prelude::*;

/// Type of a report that a packet could not be delivered.
pub const DESTINATION_UNREACHABLE: u64 = 3;
/// Code of that report: the host does not know the protocol.
pub const PROTOCOL_UNREACHABLE: u64 = 2;
/// Code of that report: nobody has the port.
pub const PORT_UNREACHABLE: u64 = 3;
/// Bytes of a quoted packet that follow its IP header at least.
pub const QUOTED: u64 = 8;
/// Type of an echo request.
pub const ECHO_REQUEST: u64 = 8;
/// Type of an echo reply.
pub const ECHO_REPLY: u64 = 0;
/// Bytes of the header of a message.
pub const LENGTH: u64 = 8;

/// An ICMP echo message (RFC 792) in an IPv4 packet without options in an Ethernet frame: fields in
/// reverse wire order, as in [`ArpFrame`](super::arp::ArpFrame).
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
