//! The 32-byte descriptor of both tables (H1, H4): owner 1 bit, type 5 bits, content 250 bits.
//!
//! `FIELDS` is the layout; `docs/reference.md` shows it with every code, generated from here.
//!
//! The owner bit alone tells who owns an entry. Both tables start zeroed; on the first pass the writer writes owner =
//! 1, on the second owner = 0, and so on: an entry belongs to the reader when its owner bit equals the phase of the
//! reader's pass.

/// Bytes in a descriptor.
pub const DESCRIPTOR_BYTES: usize = 32;
/// One field of the descriptor.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its lowest bit; the 32 bytes are one little-endian number.
    pub bit: usize,
    /// How many bits.
    pub width: usize,
    /// One sentence, with the unit.
    pub text: &'static str,
}

macro_rules! fields {
    ($($name:ident $constant:ident $bit:literal $width:literal $text:literal;)*) => {
        $(#[doc = concat!("Lowest bit of `", stringify!($name), "`.")] pub const $constant: usize = $bit;)*
        /// The layout, from the lowest bit up.
        pub const FIELDS: &[Field] = &[
            $(Field { name: stringify!($name), bit: $bit, width: $width, text: $text },)*
        ];
    };
}

fields! {
    base BASE_BIT 0 64 "Address of the buffer, or a packed endpoint: remote address `[31:0]`, remote port `[47:32]`, local port `[63:48]`.";
    connection CONNECTION_BIT 64 64 "Connection id; 0 means \"no connection\".";
    length LENGTH_BIT 128 32 "Bytes.";
    offset OFFSET_BIT 160 32 "Byte offset inside the buffer.";
    cookie COOKIE_BIT 192 32 "The host's own value, returned untouched.";
    flags FLAGS_BIT 224 16 "Flags, below.";
    status STATUS_BIT 240 8 "Status, below; 0 in requests.";
    reserved RESERVED_BIT 248 2 "0.";
    type TYPE_BIT 250 5 "Request or response type, below.";
    owner OWNER_BIT 255 1 "Phase of the pass that wrote the entry.";
}

/// Largest buffer one descriptor may name (bytes).
pub const MAXIMUM_BUFFER: u32 = 1 << 30;

/// A number and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// Its name.
    pub name: &'static str,
    /// The number; for a flag, the bit.
    pub value: u8,
    /// One sentence.
    pub text: &'static str,
}

macro_rules! flags {
    ($($name:ident $bit:literal $text:literal;)*) => {
        /// Masks of the flags field.
        pub mod flag {
            $(#[doc = $text] pub const $name: u16 = 1 << $bit;)*
        }
        /// Every flag, by bit.
        pub const FLAGS: &[Code] = &[$(Code { name: stringify!($name), value: $bit, text: $text },)*];
    };
}

macro_rules! codes {
    ($(#[$what:meta])* $kind:ident $all:ident { $($name:ident = $value:literal $text:literal;)* }) => {
        $(#[$what])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $kind {
            $(#[doc = $text] $name = $value,)*
        }
        #[doc = concat!("Every [`", stringify!($kind), "`], by number.")]
        pub const $all: &[Code] = &[$(Code { name: stringify!($name), value: $value, text: $text },)*];
    };
}

flags! {
    ASAP 0 "Request, buffer send: no delay criterion holds this buffer back (T5; reserved: without effect).";
    MODIFY 1 "Request, buffer send: the buffer changed since it was last sent (T8; reserved: without effect).";
    ABORT 2 "Request, termination: reset the connection instead of closing it in order.";
    HANDED_BACK 8 "Response, buffer receive: the buffer is handed back; nothing more will be written to it (R4).";
    END_OF_STREAM 9 "Response, buffer receive: the peer closed its direction; no byte follows this response.";
}

codes! {
    /// Request types (H2), host to engine.
    Request REQUESTS {
        BufferSend = 1 "Send `length` bytes at `base` on `connection`.";
        BufferAvailable = 2 "Receive into `length` bytes at `base` for `connection`. If that is a listener: for a connection it will accept; all buffers of a listener have one length.";
        Connect = 3 "Open a connection to the packed endpoint in `base`; a zero local port is refused. If `connection` is not 0, it names a listener, which lends a buffer to the connection if it has one left; the SYN announces its room.";
        Termination = 4 "Close `connection` (or a listener) in order, or with `flag::ABORT` at once.";
        Listen = 5 "Accept connections to the local port of the packed endpoint in `base`.";
        Cancellation = 6 "Cancel a pending request (reserved: answered with `Status::Unsupported`).";
        ConnectionAttribute = 7 "Read or write connection attributes (reserved: answered with `Status::Unsupported`).";
        AdapterAttribute = 8 "Read or write adapter attributes (reserved: answered with `Status::Unsupported`).";
    }
}

codes! {
    /// Response types (H3), engine to host.
    Response RESPONSES {
        BufferReceive = 1 "Bytes `offset .. offset + length` of the posted buffer at `base` hold received data.";
        BufferAvailable = 2 "The send buffer was acknowledged by the peer (or given up, see status) and is the host's again (T3).";
        ConnectionArrival = 3 "A listener accepted `connection`; `base` is the packed endpoint, `cookie` the listener's. If `length` is not 0, a buffer of the listener, of that length, is the connection's from now on.";
        ConnectionCompletion = 4 "The outcome of a connect request. If `length` is not 0, a buffer of the listener that the request named, of that length, is the connection's from now on. Status UnknownConnection: the request named no listener; Aborted: the listener was closed after the SYN had announced its buffer.";
        ListenResponse = 5 "The outcome of a listen request; `connection` is the listener's id.";
        TerminationResponse = 6 "The connection is gone and every buffer of it was returned before this response.";
        CancellationResponse = 7 "The outcome of a cancellation request.";
        ConnectionAttribute = 8 "The outcome of a connection attribute request.";
        AdapterAttribute = 9 "The outcome of an adapter attribute request.";
        Invalid = 31 "The request could not be understood: wrong owner bit, unknown type, or a failed read; `offset` holds the type found.";
    }
}

codes! {
    /// Status codes of responses.
    Status STATUSES {
        Success = 0 "The request succeeded.";
        UnknownType = 1 "The request type is not known.";
        UnknownConnection = 2 "The connection id is 0, was never given out, or its connection is gone; of a connect request: it is no listener's.";
        BadLength = 3 "Length zero, above `MAXIMUM_BUFFER`, or not that of the buffers a listener got before.";
        Unsupported = 4 "The request is known but this engine does not carry it out.";
        NoRoom = 5 "No connection slot, no message context or no place to wait for an address was free, or the bytes posted would be too many.";
        AddressInUse = 6 "The 4-tuple or listening port is in use.";
        Reset = 7 "The peer reset the connection, or an ICMP message said that the peer cannot be reached.";
        TimedOut = 8 "Retransmissions or address resolution ran out.";
        Aborted = 9 "The host aborted or closed the connection before the buffer was used up.";
        Closing = 10 "The connection is closing: nothing more can be sent on it.";
        BusError = 11 "A read of host memory failed.";
        BadOwner = 12 "The owner bit of the descriptor was not the one of this pass.";
        BadArgument = 13 "An address, port or flag has a value that is not allowed.";
    }
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

/// A connection id as the engine forms it: slot `[15:0]`, generation `[31:16]`, zero `[63:32]`. Opaque above the driver
/// (H9).
pub fn connection_id(slot: u16, generation: u16) -> u64 {
    u64::from(slot) | u64::from(generation) << 16
}
