//! What the engine told the host.

use crate::connection::{Connection, ConnectionStatistics, Listener};
use crate::memory::Buffer;
use stevedore_abi::descriptor::Endpoint;
use stevedore_abi::{Descriptor, Status};

/// One thing that happened, from [`crate::Device::poll`].
#[derive(Debug)]
pub enum Event {
    /// The listener accepts connections.
    Listening {
        /// Which.
        listener: Listener,
    },
    /// The listener could not be opened, or is closed now; its handle is void.
    ListenerClosed {
        /// Which.
        listener: Listener,
        /// `Success` if the host closed it.
        status: Status,
    },
    /// A peer connected to a listener.
    Accepted {
        /// Who listened.
        listener: Listener,
        /// The new connection, open.
        connection: Connection,
        /// Who it is.
        endpoint: Endpoint,
        /// Length of the listener's buffer that is the connection's now; 0 if it had none to give.
        room: usize,
    },
    /// A buffer posted to a listener came back and was never a connection's.
    Unused {
        /// Which; its handle may be void already.
        listener: Listener,
        /// The buffer.
        buffer: Buffer,
        /// `Aborted` if the listener was closed, or why the buffer was refused.
        status: Status,
    },
    /// A connect request succeeded.
    Connected {
        /// Which.
        connection: Connection,
        /// Length of the lender's buffer that is the connection's now; 0 if it had none to give, or nobody was asked.
        room: usize,
    },
    /// A connect request failed; its handle is void.
    ConnectFailed {
        /// Which.
        connection: Connection,
        /// Why.
        status: Status,
    },
    /// A message is wholly acknowledged, or given up: its buffers are the host's again (T3).
    Sent(SentMessage),
    /// Bytes arrived, or room came back (R4).
    Received(Receipt),
    /// The connection is gone, all its buffers came back before; its handle is void.
    Closed {
        /// Which.
        connection: Connection,
        /// `Success` after an orderly close.
        status: Status,
        /// All that went over it.
        statistics: ConnectionStatistics,
    },
    /// The answer to a request of [`crate::Device::post_descriptor`].
    Raw(Descriptor),
}

/// What became of a message.
#[derive(Debug)]
pub struct SentMessage {
    /// On which connection.
    pub connection: Connection,
    /// The number `send` gave it.
    pub message: u64,
    /// Its buffers, in the order they were given.
    pub buffers: Vec<Buffer>,
    /// Bytes the peer acknowledged; all of them if the status is `Success`.
    pub acknowledged: u64,
    /// `Success`, or why the rest was given up.
    pub status: Status,
}

/// Received bytes: `offset .. offset + length` of a buffer posted earlier. [`crate::Device::bytes`] shows them where
/// they lie.
#[derive(Debug)]
pub struct Receipt {
    /// On which connection.
    pub connection: Connection,
    /// First byte newly reported.
    pub offset: usize,
    /// Bytes newly reported; 0 if only room or an end is reported.
    pub length: usize,
    /// The peer closed its direction: no byte follows.
    pub end_of_stream: bool,
    /// The buffer, if it is the host's again; its length is what it was when posted.
    pub buffer: Option<Buffer>,
    /// `Success`, or why the buffer came back before it was full.
    pub status: Status,
    pub(crate) cookie: u32,
}
