//! ARP (RFC 826) for IPv4 over Ethernet.
use stevedore_hdl::prelude::*;

/// Hardware type: Ethernet.
pub const HARDWARE_ETHERNET: u64 = 1;
/// Octets of a MAC and of an IPv4 address.
pub const SIZES: u64 = 0x0604;
/// Operation: who has this address?
pub const REQUEST: u64 = 1;
/// Operation: I have.
pub const REPLY: u64 = 2;

/// An ARP packet in an Ethernet frame: fields in reverse wire order, so that `unpack` of the reversed bytes reads each
/// number as the RFC writes it.
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
