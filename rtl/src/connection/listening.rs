//! Half-open connections and their listeners: a connection in SYN-RECEIVED that came through a listener ends when the
//! listener does, and until it is open one of the listener's buffers may be promised to it.
//!
//! Until its handshake is complete the host knows nothing of such a connection, so nobody would be there to take it, or
//! to post room for it. A connect request of the host may ask a listener for a buffer in the same way. It ends with
//! that listener only if it was promised one, because its SYN has announced a window that nothing would be behind.
//!
//! Which slots listen, and how long their buffers are, is kept in a table of its own beside the records
//! (`pipeline.rs`), and how many they can still promise in another (`stock.rs`): an event has one row of the records,
//! and the listener's is another. The record remembers who its listener was; the scan of the timers, and the segment
//! that would complete the handshake, ask for it.
//!
//! A promise moves nothing. A SYN or a connect request that opens a connection takes one off the count, and the SYN-ACK
//! or SYN announces the length of one buffer. The segment that completes the handshake has the receive chain move the
//! first buffer of the listener into the chain of the connection (`rx/lender.rs`). If the connection ends before, the
//! count goes up again with its teardown. So a listener that ends finds all buffers that it still owes in its own
//! chain, and any of them fits any promise, because all of a listener's buffers have one length.
use crate::bundles::{ConnectionRecord, Event, EventKind, Farewell, TcpState};
use stevedore_hdl::prelude::*;

/// The largest window a SYN segment can announce.
const LARGEST_WINDOW: u64 = 65535;

/// What is known of a slot.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Listening {
    /// A listener has it.
    pub alive: bool,
    /// Of this generation.
    pub generation: Bits<16>,
    /// All of its buffers have this length; 0 before the first.
    pub length: Bits<32>,
    /// `length` is not 0: found out on the way to the table.
    pub sized: bool,
}

/// What a record says about its slot.
#[kernel_fn]
pub fn listening_of(record: ConnectionRecord) -> Listening {
    Listening {
        alive: record.hard.state == TcpState::Listen,
        generation: record.hard.generation,
        length: record.hard.rcv_room,
        sized: false,
    }
}

/// The listener an event is about.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Lender {
    /// Its slot.
    pub slot: Bits<16>,
    /// Its generation.
    pub generation: Bits<16>,
}

/// First stage: a listener's own requests are about itself, the event that begins a connection names its listener, and
/// all later ones find it in the record.
#[kernel_fn]
pub fn lender_of(event: Event, record: ConnectionRecord) -> Lender {
    let recover = record.soft.recover;
    if event.kind == EventKind::PostReceive || event.kind == EventKind::Listen {
        Lender { slot: event.slot, generation: event.generation }
    } else if event.kind == EventKind::Connect || (event.kind == EventKind::Segment && event.fresh) {
        Lender { slot: event.listener, generation: event.listener_generation }
    } else {
        Lender { slot: recover.get_bits::<16>(0), generation: recover.get_bits::<16>(16) }
    }
}

/// What is known of the listener an event is about.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Listener {
    /// Which is asked for.
    pub asked: Lender,
    /// What its slot has now.
    pub found: Listening,
    /// There is a buffer that is not promised.
    pub stock: bool,
}

/// What the event does to the buffers of a listener, and for whom.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Lending {
    /// A connection begins, and a buffer is promised to it.
    pub promise: bool,
    /// `promise`: its length.
    pub length: Bits<32>,
    /// The listener gets one more buffer.
    pub stocks: bool,
    /// What was promised to a half-open connection that is over can be promised again.
    pub returns: bool,
    /// A listener begins: it has nothing yet.
    pub clears: bool,
    /// The connection is half open, and the listener it depends on is gone.
    pub orphan: bool,
    /// A connect request asks for a buffer of something that is no listener.
    pub unlent: bool,
}

/// Second stage. `opens`: the event is a SYN or a connect request that opens a connection; `known`: it is for this very
/// connection; `alike`: a post with the length of those before it.
#[kernel_fn]
pub fn judge_lending(
    event: Event,
    record: ConnectionRecord,
    opens: bool,
    known: bool,
    alike: bool,
    listener: Listener,
) -> Lending {
    let hard = record.hard;
    let stands = listener.found.alive && listener.found.generation == listener.asked.generation;
    let ends = hard.farewell != Farewell::None && !hard.reset_now;
    let half = hard.state == TcpState::SynSent || hard.state == TcpState::SynReceived;
    let names = listener.asked.slot.any() || listener.asked.generation.any();
    Lending {
        // The length may come a few cycles after the count.
        promise: opens && stands && listener.stock && listener.found.sized,
        length: listener.found.length,
        stocks: event.kind == EventKind::PostReceive
            && known
            && hard.state == TcpState::Listen
            && alike
            && !event.abort,
        returns: event.kind == EventKind::Transmit && ends && hard.promised && stands,
        clears: event.kind == EventKind::Listen,
        orphan: half && (hard.promised || !hard.active) && !stands,
        unlent: event.kind == EventKind::Connect && names && !stands,
    }
}

/// Third stage: the window that announces what is promised.
#[kernel_fn]
pub fn promised_window(p: Lending) -> Bits<16> {
    let window =
        if p.length.get_bits::<16>(16).any() { bits::<16>(LARGEST_WINDOW) } else { p.length.get_bits::<16>(0) };
    if p.promise {
        window
    } else {
        bits::<16>(0)
    }
}
