//! Ethernet II frames, without preamble and check sequence.

/// Offset of the destination MAC.
pub const DESTINATION: usize = 0;
/// Offset of the source MAC.
pub const SOURCE: usize = 6;
/// Offset of the EtherType.
pub const TYPE: usize = 12;
/// Bytes of the header.
pub const LENGTH: u64 = 14;
/// Bytes of the shortest frame.
pub const SHORTEST: u64 = 60;
/// EtherType of ARP.
pub const TYPE_ARP: u64 = 0x0806;
/// EtherType of IPv4.
pub const TYPE_IPV4: u64 = 0x0800;
/// The MAC that means everybody.
pub const BROADCAST: u64 = 0xffff_ffff_ffff;
/// In a MAC read as a number: the bit that marks a group (the lowest bit of the first octet).
pub const GROUP_BIT: usize = 40;
