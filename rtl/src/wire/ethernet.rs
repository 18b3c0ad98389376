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
/// Bytes of the longest frame.
pub const LONGEST: u64 = 1514;
/// Bytes of the shortest frame with its check sequence (minFrameSize, IEEE 802.3 clause 4.4.2).
pub const SHORTEST_CHECKED: u64 = SHORTEST + 4;
/// Bytes of the longest frame with its check sequence (maxBasicFrameSize).
pub const LONGEST_CHECKED: u64 = LONGEST + 4;
/// A byte of the preamble.
pub const PREAMBLE: u64 = 0x55;
/// The start of frame delimiter, the last byte of the preamble.
pub const DELIMITER: u64 = 0xd5;
/// Bytes of preamble and delimiter.
pub const PREAMBLE_BYTES: u64 = 8;
/// Bytes between two frames (interPacketGap).
pub const GAP_BYTES: u64 = 12;
/// EtherType of ARP.
pub const TYPE_ARP: u64 = 0x0806;
/// EtherType of IPv4.
pub const TYPE_IPV4: u64 = 0x0800;
/// The MAC that means everybody.
pub const BROADCAST: u64 = 0xffff_ffff_ffff;
/// In a MAC read as a number: the bit that marks a group (the lowest bit of the first octet).
pub const GROUP_BIT: usize = 40;
