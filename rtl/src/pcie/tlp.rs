//! What crosses between the adapter and whatever carries its packets: the header of a packet as a record, its payload
//! as rows.
//!
//! Nothing here belongs to a vendor: `ultrascale::Shim` turns it into the pins of one block, the simulator reads it as
//! it is. A packet with payload is its header, followed on the channel of rows by as many rows as its dwords touch.
use stevedore_hdl::prelude::*;

/// Bytes of a row.
pub const ROW_BYTES: usize = 32;
/// Tags of reads on the bus: as many as every host supports without extended tags.
pub const TAGS: usize = 32;
/// Bytes between two boundaries at which a host may split its answer, the shortest distance there is.
pub const COMPLETION_BOUNDARY: usize = 64;

/// What a request asks for.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum RequestKind {
    /// A read of memory; completions answer it.
    #[default]
    Read,
    /// A write of memory, without an answer.
    Write,
    /// A write of memory that is an interrupt (MSI-X): one dword.
    Message,
}

/// The header of a request to the host.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct RequestHeader {
    /// What it asks for.
    pub kind: RequestKind,
    /// First dword, in bytes; a multiple of 4.
    pub address: Bits<64>,
    /// Dwords, 1 to 1024.
    pub dwords: Bits<11>,
    /// Bytes of the first dword.
    pub first_enables: Bits<4>,
    /// Bytes of the last dword; 0 if there is one dword only.
    pub last_enables: Bits<4>,
    /// Of a read: its tag, below [`TAGS`].
    pub tag: Bits<8>,
    /// Of a write: it may pass earlier writes.
    pub relaxed: bool,
}

/// 32 bytes of payload. The byte for address A is in lane A mod 32, other lanes are undefined.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Row {
    /// The bytes.
    pub data: Bits<256>,
    /// The last row of its packet.
    pub last: bool,
}

/// The header of a completion: the host's answer, or a part of it, to a read.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct CompletionHeader {
    /// Tag of the read.
    pub tag: Bits<8>,
    /// Dwords of payload; 0: no row follows.
    pub dwords: Bits<11>,
    /// Lowest bits of the address of the first byte.
    pub address: Bits<7>,
    /// 0: successful; 1: unsupported request; 4: completer abort.
    pub status: Bits<3>,
    /// The payload is damaged.
    pub poisoned: bool,
    /// The carrier found the answer wrong, or gave the read up.
    pub failed: bool,
    /// No further completion of this read comes.
    pub completed: bool,
}

/// The host's access to a register.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct RegisterRequest {
    /// The host waits for a completion.
    pub answered: bool,
    /// A read or a write of one dword of the memory behind BAR 0; anything else is refused.
    pub supported: bool,
    /// Address in BAR 0, in bytes; a multiple of 4.
    pub address: Bits<14>,
    /// Of a write: the dword.
    pub data: Bits<32>,
    /// Bytes of the dword that are read or written.
    pub enables: Bits<4>,
    /// What the completion must repeat.
    pub origin: Origin,
}

/// Who asks, and what the completion repeats of the request.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Origin {
    /// Number of the asking function.
    pub requester: Bits<16>,
    /// Its tag.
    pub tag: Bits<8>,
    /// Traffic class.
    pub class: Bits<3>,
    /// Attributes.
    pub attributes: Bits<3>,
    /// Bytes from the first that was asked for to the last.
    pub byte_count: Bits<13>,
    /// Lowest bits of the address of the first of them.
    pub lower_address: Bits<7>,
}

/// The answer to the host's access.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct RegisterCompletion {
    /// One dword follows; else the request was not supported.
    pub supported: bool,
    /// The dword.
    pub data: Bits<32>,
    /// Of the request.
    pub origin: Origin,
}

/// Pulses, one for every event of its kind.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Errors {
    /// The host asked for what is not there: a dropped write, or a completion that says so.
    pub unsupported: bool,
    /// A read came back damaged.
    pub poisoned: bool,
    /// A read was refused, or its answer does not fit it.
    pub completion: bool,
    /// A read was not answered in time.
    pub time_out: bool,
    /// An answer to no read under way.
    pub unexpected: bool,
}
