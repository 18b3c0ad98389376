//! The 32-byte descriptor of both tables (H1, H4): owner 1 bit, type 5 bits, content 250 bits.
//!
//! ```text
//! word 0   [63:0]   base         address of the buffer, or packed endpoint (see `Endpoint`)
//! word 1   [63:0]   connection   connection id; 0 means "no connection"
//! word 2   [31:0]   length       bytes
//!          [63:32]  offset       byte offset inside the buffer
//! word 3   [31:0]   cookie       the host's own value, returned untouched
//!          [47:32]  flags        `flag::*`
//!          [55:48]  status       `Status`, 0 in requests
//!          [57:56]  reserved     0
//!          [62:58]  type         `Request` or `Response`
//!          [63]     owner        phase bit, see below
//! ```
//!
//! The owner bit alone tells who owns an entry. Both tables start zeroed; on the first pass the writer writes owner = 1, on the
//! second owner = 0, and so on: an entry belongs to the reader when its owner bit equals the phase of the reader's pass.

/// Bytes in a descriptor.
pub const DESCRIPTOR_BYTES: usize = 32;
/// Bit of `base` (word 0) etc. inside the 256-bit descriptor; the RTL slices with these.
pub const CONNECTION_BIT: usize = 64;
/// First bit of `length`.
pub const LENGTH_BIT: usize = 128;
/// First bit of `offset`.
pub const OFFSET_BIT: usize = 160;
/// First bit of `cookie`.
pub const COOKIE_BIT: usize = 192;
/// First bit of `flags`.
pub const FLAGS_BIT: usize = 224;
/// First bit of `status`.
pub const STATUS_BIT: usize = 240;
/// First bit of `type`.
pub const TYPE_BIT: usize = 250;
/// The owner bit.
pub const OWNER_BIT: usize = 255;

/// Largest buffer one descriptor may name (bytes).
pub const MAXIMUM_BUFFER: u32 = 1 << 30;

/// Flag bits of word 3.
pub mod flag {
    /// Request, buffer send: no delay criterion holds this buffer back (T5).
    pub const ASAP: u16 = 1 << 0;
    /// Request, buffer send: the buffer changed since it was last sent (T8).
    pub const MODIFY: u16 = 1 << 1;
    /// Request, termination: reset the connection instead of closing it in order.
    pub const ABORT: u16 = 1 << 2;
    /// Response, buffer receive: the buffer is handed back; nothing more will be written to it (R4).
    pub const HANDED_BACK: u16 = 1 << 8;
    /// Response, buffer receive: the peer closed its direction; no byte follows this response.
    pub const END_OF_STREAM: u16 = 1 << 9;
}

/// Request types (H2), host to engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Request {
    /// Send `length` bytes at `base` on `connection`.
    BufferSend = 1,
    /// Receive into `length` bytes at `base` for `connection`.
    BufferAvailable = 2,
    /// Open a connection to the packed endpoint in `base`; a zero local port is refused.
    Connect = 3,
    /// Close `connection` (or a listener) in order, or with `flag::ABORT` at once.
    Termination = 4,
    /// Accept connections to the local port of the packed endpoint in `base`.
    Listen = 5,
    /// Cancel a pending request (reserved: answered with `Status::Unsupported`).
    Cancellation = 6,
    /// Read or write connection attributes (reserved: answered with `Status::Unsupported`).
    ConnectionAttribute = 7,
    /// Read or write adapter attributes (reserved: answered with `Status::Unsupported`).
    AdapterAttribute = 8,
}

/// Response types (H3), engine to host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Response {
    /// Bytes `offset .. offset + length` of the posted buffer at `base` hold received data.
    BufferReceive = 1,
    /// The send buffer was acknowledged by the peer (or given up, see status) and is the host's again (T3).
    BufferAvailable = 2,
    /// A listener accepted `connection`; `base` is the packed endpoint, `cookie` the listener's.
    ConnectionArrival = 3,
    /// The outcome of a connect request.
    ConnectionCompletion = 4,
    /// The outcome of a listen request; `connection` is the listener's id.
    ListenResponse = 5,
    /// The connection is gone and every buffer of it was returned before this response.
    TerminationResponse = 6,
    /// The outcome of a cancellation request.
    CancellationResponse = 7,
    /// The outcome of a connection attribute request.
    ConnectionAttribute = 8,
    /// The outcome of an adapter attribute request.
    AdapterAttribute = 9,
    /// The request could not be understood: wrong owner bit, unknown type, or a failed read; `length` holds the type found.
    Invalid = 31,
}

/// Status codes of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// The request succeeded.
    Success = 0,
    /// The request type is not known.
    UnknownType = 1,
    /// The connection id is 0, was never given out, or its connection is gone.
    UnknownConnection = 2,
    /// Length zero, or above `MAXIMUM_BUFFER`.
    BadLength = 3,
    /// The request is known but this engine does not carry it out.
    Unsupported = 4,
    /// No connection slot, or no message context, was free.
    NoRoom = 5,
    /// The 4-tuple or listening port is in use.
    AddressInUse = 6,
    /// The peer reset the connection.
    Reset = 7,
    /// Retransmissions or address resolution ran out.
    TimedOut = 8,
    /// The host aborted or closed the connection before the buffer was used up.
    Aborted = 9,
    /// The connection is closing: nothing more can be sent on it.
    Closing = 10,
    /// A bus read or write failed.
    BusError = 11,
    /// The owner bit of the descriptor was not the one of this pass.
    BadOwner = 12,
    /// An address, port or flag has a value that is not allowed.
    BadArgument = 13,
}

/// One descriptor, unpacked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// Address of the buffer, or packed `Endpoint`.
    pub base: u64,
    /// Connection id.
    pub connection: u64,
    /// Bytes.
    pub length: u32,
    /// Byte offset inside the buffer.
    pub offset: u32,
    /// The host's value.
    pub cookie: u32,
    /// `flag::*`.
    pub flags: u16,
    /// `Status as u8`.
    pub status: u8,
    /// `Request as u8` or `Response as u8`.
    pub kind: u8,
    /// Phase bit.
    pub owner: bool,
}

impl Descriptor {
    /// The 32 bytes as they lie in memory.
    pub fn to_bytes(&self) -> [u8; DESCRIPTOR_BYTES] {
        let word2 = u64::from(self.length) | u64::from(self.offset) << 32;
        let word3 = u64::from(self.cookie)
            | u64::from(self.flags) << (FLAGS_BIT - 192)
            | u64::from(self.status) << (STATUS_BIT - 192)
            | u64::from(self.kind & 0x1f) << (TYPE_BIT - 192)
            | u64::from(self.owner) << (OWNER_BIT - 192);
        let mut bytes = [0; DESCRIPTOR_BYTES];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip([self.base, self.connection, word2, word3]) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads 32 bytes as they lie in memory.
    pub fn from_bytes(bytes: &[u8; DESCRIPTOR_BYTES]) -> Self {
        let word = |i: usize| u64::from_le_bytes(std::array::from_fn(|b| bytes[8 * i + b]));
        let (word2, word3) = (word(2), word(3));
        Descriptor {
            base: word(0),
            connection: word(1),
            length: word2 as u32,
            offset: (word2 >> 32) as u32,
            cookie: word3 as u32,
            flags: (word3 >> (FLAGS_BIT - 192)) as u16,
            status: (word3 >> (STATUS_BIT - 192)) as u8,
            kind: (word3 >> (TYPE_BIT - 192)) as u8 & 0x1f,
            owner: word3 >> (OWNER_BIT - 192) & 1 == 1,
        }
    }
}

/// The packed form of a 4-tuple half in `base`: remote address `[31:0]`, remote port `[47:32]`, local port `[63:48]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// IPv4 address of the peer, most significant octet first (10.0.0.1 is 0x0a000001); 0 in listen requests.
    pub remote_address: u32,
    /// TCP port of the peer; 0 in listen requests.
    pub remote_port: u16,
    /// TCP port of the engine.
    pub local_port: u16,
}

impl Endpoint {
    /// Packs into the `base` field.
    pub fn to_base(self) -> u64 {
        u64::from(self.remote_address) | u64::from(self.remote_port) << 32 | u64::from(self.local_port) << 48
    }

    /// Unpacks the `base` field.
    pub fn from_base(base: u64) -> Self {
        Endpoint { remote_address: base as u32, remote_port: (base >> 32) as u16, local_port: (base >> 48) as u16 }
    }
}

/// A connection id as the engine forms it: slot `[15:0]`, generation `[31:16]`, zero `[63:32]`. Opaque above the driver (H9).
pub fn connection_id(slot: u16, generation: u16) -> u64 {
    u64::from(slot) | u64::from(generation) << 16
}
