//! Half-open connections and their listeners: a connection in SYN-RECEIVED that came through a listener ends when the
//! listener does.
//!
//! Until its handshake is complete the host knows nothing of such a connection, so nobody would be there to take it.
//! Which slots listen is kept in a table of its own beside the records (`pipeline.rs`): an event has one row of
//! the records, and the listener's is another. The record remembers who its listener was; the scan of the timers,
//! and the segment that would complete the handshake, ask for it.
use crate::bundles::{ConnectionRecord, TcpState};
use stevedore_hdl::prelude::*;

/// What is known of a slot.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Listening {
    /// A listener has it.
    pub alive: bool,
    /// Of this generation.
    pub generation: Bits<16>,
}

/// What a record says about its slot.
#[kernel_fn]
pub fn listening_of(record: ConnectionRecord) -> Listening {
    Listening { alive: record.hard.state == TcpState::Listen, generation: record.hard.generation }
}

/// Second stage: the connection is half open, and its listener is gone.
#[kernel_fn]
pub fn orphaned(record: ConnectionRecord, listener: Listening) -> bool {
    let generation = record.soft.recover.get_bits::<16>(16);
    let passive = record.hard.state == TcpState::SynReceived && !record.hard.active;
    passive && !(listener.alive && listener.generation == generation)
}
