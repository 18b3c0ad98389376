//! Frames and messages of the host link: the way to an engine on a board without PCI Express.
//!
//! A frame is a run of words of 8 bytes, the lowest byte first, as the words of host memory are. Four words of header
//! (destination, source, EtherType, kind, flags, session, number, acknowledgement, count) are followed by `count` words
//! of messages, and by zeros up to [`SHORTEST_WORDS`]. A message is a header of one word and as many words of data as
//! it says: kind in bits 7 to 0, words in 15 to 8, argument in 31 to 16, value in 63 to 32.

/// EtherType of the link's frames: IEEE 802 local experimental.
pub const ETHER_TYPE: u16 = 0x88b5;
/// First half of an identity.
pub const MAGIC: u32 = 0x4b4c_5653;
/// Second half of an identity: the version of all that stands in this module.
pub const VERSION: u8 = 1;
/// Words before the messages.
pub const HEADER_WORDS: usize = 4;
/// Words of the shortest frame: the first whole number of words that Ethernet allows.
pub const SHORTEST_WORDS: usize = 8;
/// Most words of messages in a frame.
pub const MESSAGE_WORDS: usize = 184;
/// Frames that may be under way unacknowledged, each way; a power of two.
pub const WINDOW: usize = 8;
/// Greatest value of `maximum_read` and `maximum_write`: 1024 bytes and their address fit in a frame.
pub const GREATEST_LIMIT: u8 = 3;

/// Kinds of frames.
pub mod kind {
    /// Messages, an acknowledgement, or both.
    pub const DATA: u8 = 1;
    /// To the engine, from anybody: who is there?
    pub const PROBE: u8 = 2;
    /// To the engine: begin anew. The fourth word holds the limits of reads (bits 2 to 0) and writes (10 to 8), as
    /// doublings of 128 bytes, and the share of the wire (31 to 16), 256ths of a byte per cycle; 0 is no bound.
    pub const OPEN: u8 = 3;
    /// From the engine: magic, version, state, counters.
    pub const IDENTITY: u8 = 4;
    /// From the engine: the session is open.
    pub const OPENED: u8 = 5;
    /// From the engine: it has a host that is alive.
    pub const REFUSED: u8 = 6;
}

/// Flags of a frame of kind `DATA`.
pub mod flag {
    /// A frame is missing: repeat from the acknowledged number on.
    pub const REPEAT: u8 = 1;
    /// Acknowledge this frame, though it has no messages.
    pub const ANSWER: u8 = 2;
}

/// Kinds of messages.
pub mod message {
    /// To the host: bytes for its memory. Argument: how many. Data: address of the first, then the words they lie in.
    pub const WRITE: u8 = 1;
    /// To the host: bytes wanted. Argument: tag. Value: how many. Data: address.
    pub const READ: u8 = 2;
    /// To the host: a register. Argument: its offset, and [`FAILED`]. Value: its value.
    pub const REGISTER: u8 = 3;
    /// To the host: the interrupt line changed. Value: its level.
    pub const INTERRUPT: u8 = 4;
    /// To the engine: bytes of memory. Argument: tag, and [`FAILED`]. Data: the words they lie in.
    pub const COMPLETION: u8 = 16;
    /// To the engine: write a register. Argument: its offset. Value: its value.
    pub const REGISTER_WRITE: u8 = 17;
    /// To the engine: read a register. Argument: its offset.
    pub const REGISTER_READ: u8 = 18;
    /// In an argument: what was asked for failed.
    pub const FAILED: u16 = 1 << 15;
}
