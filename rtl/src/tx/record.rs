//! Records that stay inside the transmit path.
use stevedore_hdl::prelude::*;

use crate::bundles::Tuple;

/// An entry of the pool: a run of host memory to be sent, and the entry behind it. The entry is a *placeholder* while
/// it is the last of its chain: then only its index means something.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct MessageContext {
    /// First byte in host memory.
    pub address: Bits<64>,
    /// Bytes, at least 1.
    pub length: Bits<32>,
    /// The host's cookie.
    pub cookie: Bits<32>,
    /// The entry behind.
    pub next: Bits<16>,
}

/// A place in a chain: `offset` is smaller than the length of the entry, so a place at the end of the posted bytes is
/// always byte 0 of the placeholder.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Position {
    /// The entry.
    pub entry: Bits<16>,
    /// Bytes of it that lie before the place.
    pub offset: Bits<32>,
}

/// Where a command begins: at `ended` if the command before it, of the same connection, ended in the cycle before; else
/// at the row that its table shows in this cycle, if it does; else at what was known before.
#[kernel_fn]
pub fn begins_at(known: Position, table: bool, row: Position, follows: bool, ended: Position) -> Position {
    let mut position = known;
    if follows {
        position = ended;
    } else if table {
        position = row;
    }
    position
}

/// A write to one of the tables of positions.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct PositionWrite {
    /// Write in this cycle.
    pub enable: bool,
    /// Whose.
    pub slot: Bits<16>,
    /// The new value.
    pub position: Position,
}

/// What the send chain says of a buffer, or of its end.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Returned {
    /// A teardown is carried out: `status`, `cookie`, `response` and `free` are its ending. Otherwise a buffer goes
    /// back to the host.
    pub torn_down: bool,
    /// The connection.
    pub slot: Bits<16>,
    /// Its generation.
    pub generation: Bits<16>,
    /// The buffer's message context, which nobody needs any more when the buffer is the host's again.
    pub entry: Bits<16>,
    /// The buffer's first byte in host memory.
    pub base: Bits<64>,
    /// Its bytes.
    pub length: Bits<32>,
    /// Those of them that were acknowledged, if the connection ends before they all were.
    pub offset: Bits<32>,
    /// The buffer's cookie.
    pub cookie: Bits<32>,
    /// `abi::Status`.
    pub status: Bits<8>,
    /// `Ending::response`.
    pub response: Bits<5>,
    /// `Ending::free`.
    pub free: bool,
}

/// What the segment buffer knows of a payload packet once it is stored.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Stored {
    /// Ones-complement sum of the payload, as 16-bit words in network order; an odd last byte is a high byte.
    pub sum: Bits<16>,
    /// It could not be read: nothing of it was kept.
    pub error: bool,
}

/// Asks the segment buffer for the oldest stored packet.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Fetch {
    /// Its beats, at least 1.
    pub beats: Bits<16>,
    /// Lane at which its first byte will stand in the frame.
    pub rotate: Bits<6>,
}

/// A beat of payload on its way to the frame; bytes behind the end of the packet are zero.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Lump<const W: usize> {
    /// The bytes.
    pub data: Bits<W>,
    /// Lanes they have to move up, cyclically.
    pub rotate: Bits<6>,
}

/// A frame's header, complete, and what follows it.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Header {
    /// The bytes, first in `[7:0]`; zero behind `length`.
    pub bytes: Bits<1024>,
    /// Bytes of the header.
    pub length: Bits<8>,
    /// Beats of payload; 0 means that none are taken.
    pub payload_beats: Bits<16>,
    /// `payload_beats` is not 0.
    pub payload: bool,
    /// Bytes of the whole frame, padding included.
    pub frame_length: Bits<16>,
    /// They fit one beat.
    pub single: bool,
}

/// Where a frame goes.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Peer {
    /// Addresses and ports.
    pub tuple: Tuple,
    /// MAC of the peer or of the next hop.
    pub remote_mac: Bits<48>,
}
