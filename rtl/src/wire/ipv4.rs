//! IPv4 (RFC 791).

/// Offset of version and header length; the header begins with them.
pub const VERSION: usize = 14;
/// Offset of the total length.
pub const TOTAL_LENGTH: usize = 16;
/// Offset of flags and fragment offset.
pub const FRAGMENT: usize = 20;
/// Offset of the time to live.
pub const TIME_TO_LIVE: usize = 22;
/// Offset of the protocol number.
pub const PROTOCOL: usize = 23;
/// Offset of the header checksum.
pub const CHECKSUM: usize = 24;
/// Offset of the source address.
pub const SOURCE: usize = 26;
/// Offset of the destination address.
pub const DESTINATION: usize = 30;
/// Offset of what follows the header.
pub const PAYLOAD: usize = 34;
/// Bytes of the header.
pub const LENGTH: u64 = 20;
/// Version 4, header of five words.
pub const VERSION_4: u64 = 0x45;
/// In the fragment word: "don't fragment".
pub const DO_NOT_FRAGMENT: u64 = 0x4000;
/// In the fragment word: what is set in fragments only (more fragments, offset).
pub const FRAGMENTED: u64 = 0x3fff;
/// Time to live of all that is sent (RFC 1700).
pub const INITIAL_TIME_TO_LIVE: u64 = 64;
/// Protocol number of ICMP.
pub const PROTOCOL_ICMP: u64 = 1;
/// Protocol number of TCP.
pub const PROTOCOL_TCP: u64 = 6;
