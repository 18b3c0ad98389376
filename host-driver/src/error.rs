//! What can go wrong, by whose fault it is.

use crate::memory::Buffer;
use crate::transport::TransportError;
use stevedore_abi::Descriptor;

/// A call that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The way to the engine failed.
    #[error("transport: {0}")]
    Transport(#[from] TransportError),
    /// No engine answers at this register file.
    #[error("no engine here: register MAGIC reads {found:#010x}")]
    NotAnEngine {
        /// What MAGIC read.
        found: u32,
    },
    /// The engine speaks another version of the interface.
    #[error("interface version {major}.{minor} is not supported")]
    UnsupportedVersion {
        /// Found in VERSION `[31:16]`.
        major: u16,
        /// Found in VERSION `[15:0]`.
        minor: u16,
    },
    /// A value of the configuration, or an endpoint, is not allowed.
    #[error("{what}: {value} is not allowed")]
    BadArgument {
        /// Which value.
        what: &'static str,
        /// The value.
        value: u64,
    },
    /// The input table has no room: poll, then try again.
    #[error("the input table is full")]
    RingFull,
    /// The handle names no connection, or one that is gone.
    #[error("no such connection")]
    UnknownConnection,
    /// The handle names no listener, or one that is gone.
    #[error("no such listener")]
    UnknownListener,
    /// The connection is not open yet.
    #[error("the connection is not open yet")]
    NotConnected,
    /// The connection is being closed.
    #[error("the connection is closing")]
    Closing,
    /// A buffer of no bytes, or an empty list.
    #[error("a buffer without bytes")]
    EmptyBuffer,
    /// A buffer longer than one descriptor may name.
    #[error("a buffer of {length} bytes; the limit is {limit}")]
    BufferTooLarge {
        /// Its length.
        length: usize,
        /// `abi::descriptor::MAXIMUM_BUFFER`.
        limit: usize,
    },
    /// More requests posted at once than cookies exist for.
    #[error("too many requests are posted")]
    TooManyRequests,
    /// The engine was asked to stop and did not: something it reads is never answered, or something it sends never
    /// taken.
    #[error("the engine does not come to rest")]
    NotAtRest,
    /// The engine did what it must not do.
    #[error("engine: {0}")]
    Fault(#[from] Fault),
}

/// A response, or a ring index, that an engine in order never produces. The response is skipped; polling may go on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The type of the response is not one of the ABI's.
    #[error("a response of unknown type: {0:?}")]
    UnknownResponse(Descriptor),
    /// The status of the response is not defined.
    #[error("a response of unknown status: {0:?}")]
    UnknownStatus(Descriptor),
    /// The response answers nothing that was asked.
    #[error("a response to nothing: {0:?}")]
    Unexpected(Descriptor),
    /// The response names bytes outside the buffer it is about, or reports bytes twice.
    #[error("a response about bytes that were not posted: {0:?}")]
    BadExtent(Descriptor),
    /// More input entries fetched than were ever posted.
    #[error("the engine says it fetched {fetched} input entries (modulo 65536) when {posted} were posted")]
    BadInputIndex {
        /// What it says, modulo 2^16.
        fetched: u16,
        /// What was posted, modulo 2^16.
        posted: u16,
    },
}

/// A refused call that was given buffers: here they are again.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Rejected {
    /// Why.
    #[source]
    pub error: Error,
    /// The buffers of the call, in its order.
    pub buffers: Vec<Buffer>,
}
