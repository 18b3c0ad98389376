//! Handles, and what the driver knows about what they stand for.

use crate::memory::Buffer;
use std::collections::HashMap;
use stevedore_abi::Status;

/// A connection. Opaque (H9), never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Connection(pub(crate) u64);

/// A listener. Opaque (H9), never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Listener(pub(crate) u64);

/// What went over a connection so far (H8), bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionStatistics {
    /// Handed over by the application to be sent.
    pub handed_over: u64,
    /// Of these, acknowledged by the peer.
    pub sent: u64,
    /// Room posted to receive.
    pub posted: u64,
    /// Of this, filled and reported.
    pub received: u64,
    /// Send buffers the engine has now.
    pub send_buffers: u32,
    /// Receive buffers the engine has now.
    pub receive_buffers: u32,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The connect request is out.
    Opening,
    /// Open under the engine's id.
    Open,
    /// The host asked to close it; bytes of the peer may still come.
    Closing,
    /// The engine is done with it; buffers posted too late are still to come back.
    Gone(Status),
}

/// A message of several pieces on its way.
#[derive(Debug)]
pub(crate) struct Message {
    /// Pieces not back yet.
    pub missing: usize,
    /// Pieces that are back, each at its place.
    pub buffers: Vec<Option<Buffer>>,
    /// Cookies of the pieces.
    pub cookies: Vec<u32>,
    /// Bytes acknowledged.
    pub acknowledged: u64,
    /// The first status that was not success.
    pub status: Status,
}

/// What the driver keeps of a connection.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    pub phase: Phase,
    /// The engine's id; 0 while opening.
    pub id: u64,
    pub statistics: ConnectionStatistics,
    pub messages: HashMap<u64, Message>,
    pub next_message: u64,
    /// Termination requests made.
    pub terminations: u32,
}

impl ConnectionState {
    pub fn new(phase: Phase, id: u64) -> Self {
        ConnectionState {
            phase,
            id,
            statistics: ConnectionStatistics::default(),
            messages: HashMap::new(),
            next_message: 0,
            terminations: 0,
        }
    }

    /// Nothing of the connection is with the engine any more.
    pub fn is_home(&self) -> bool {
        self.statistics.send_buffers == 0 && self.statistics.receive_buffers == 0
    }
}

/// What the driver keeps of a listener.
#[derive(Debug)]
pub(crate) struct ListenerState {
    /// The engine's id; 0 until it answered.
    pub id: u64,
    /// Cookie of the listen request.
    pub cookie: u32,
    /// The host asked to close it.
    pub closing: bool,
    /// Length of its buffers; 0 before the first.
    pub buffer_length: usize,
}
