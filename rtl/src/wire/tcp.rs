//! TCP (RFC 9293 3.1) behind an IPv4 header without options.

/// Offset of the source port; the header begins with it.
pub const SOURCE_PORT: usize = 34;
/// Offset of the destination port.
pub const DESTINATION_PORT: usize = 36;
/// Offset of SEG.SEQ.
pub const SEQUENCE: usize = 38;
/// Offset of SEG.ACK.
pub const ACKNOWLEDGEMENT: usize = 42;
/// Offset of the data offset (upper half of the byte).
pub const DATA_OFFSET: usize = 46;
/// Offset of the control bits.
pub const CONTROL: usize = 47;
/// Offset of SEG.WND.
pub const WINDOW: usize = 48;
/// Offset of the checksum.
pub const CHECKSUM: usize = 50;
/// Offset of the options.
pub const OPTIONS: usize = 54;
/// Bytes in front of the TCP header.
pub const START: u64 = 34;
/// Bytes of the header without options.
pub const LENGTH: u64 = 20;
/// Words of four bytes of the header without options.
pub const WORDS: u64 = 5;

/// Bit numbers in the byte of the control bits.
pub const FIN: usize = 0;
/// SYN.
pub const SYN: usize = 1;
/// RST.
pub const RST: usize = 2;
/// PSH.
pub const PSH: usize = 3;
/// ACK.
pub const ACK: usize = 4;

/// Option kind: the list ends.
pub const KIND_END: u64 = 0;
/// Option kind: no operation, one byte.
pub const KIND_NOP: u64 = 1;
/// Option kind: maximum segment size (RFC 9293 3.7.1).
pub const KIND_MSS: u64 = 2;
/// Bytes of an MSS option.
pub const LENGTH_MSS: u64 = 4;
/// Option kind: window scale (RFC 7323 2.2).
pub const KIND_WINDOW_SCALE: u64 = 3;
/// Bytes of a window scale option.
pub const LENGTH_WINDOW_SCALE: u64 = 3;
/// Largest shift (RFC 7323 2.3): with it a window is still smaller than half the sequence numbers.
pub const LARGEST_SHIFT: u64 = 14;
