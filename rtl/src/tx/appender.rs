//! Appends a message context to a chain.
//!
//! # Role
//! Carries out `Append` for [`super::send_chain::SendChain`]: fills the chain's placeholder, links a free entry behind
//! it and makes that the new placeholder.
//!
//! # Ports
//! - `s_command`: `SendCommand`: `Append` commands, from the dispatcher of the send chain.
//! - `s_free`: a free entry, from the pool.
//! - `tail`: the placeholder of the connection, from [`super::chains::Chains`].
//! - `write`, `write_entry`, `write_context`: the context that fills the placeholder, for the pool.
//! - `tail_write`: the new placeholder, for [`super::chains::Chains`].
//!
//! # Handshake
//! `s_command` is taken only with a free entry on `s_free` (the dispatcher sees to it); `tail` must show the slot's row
//! in the cycle after.
//!
//! # Latency
//! Accepted in cycle 0, context and tail written in cycle 2; the next command from cycle 3.
//!
//! # Invariant
//! Commands dispatched after an `Append` read the pool in their cycle 2 at the earliest, one cycle after the write.
use super::record::{MessageContext, Position, PositionWrite};
use crate::bundles::SendCommand;
use stevedore_hdl::prelude::*;

/// The steps of an append.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    /// The tail comes out of its table.
    Look,
    /// Everything is written.
    Link,
}

/// Appends message contexts.
#[derive(LogicBlock, Default)]
pub struct Appender {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// `Append` commands.
    pub s_command: Sink<SendCommand>,
    /// The new placeholder.
    pub s_free: Sink<Bits<16>>,
    /// The present placeholder, the cycle after a command is taken.
    pub tail: Signal<In, Bits<16>>,
    /// Write the pool.
    pub write: Signal<Out, bool>,
    /// Where.
    pub write_entry: Signal<Out, Bits<16>>,
    /// What.
    pub write_context: Signal<Out, MessageContext>,
    /// Moves the tail.
    pub tail_write: Signal<Out, PositionWrite>,
    phase: Register<Phase>,
    slot: Flop<Bits<16>>,
    entry: Flop<Bits<16>>,
    context: Flop<MessageContext>,
}

impl Logic for Appender {
    #[kernel]
    fn update(&mut self) {
        setup!(self, phase);
        clocks!(self, slot, entry, context);
        let command = self.s_command.bits.val();
        let free = self.s_free.bits.val();
        let phase = self.phase.q.val();
        let slot = self.slot.q.val();
        let context = self.context.q.val();
        let link = phase == Phase::Link;

        let mut next = phase;
        let mut next_slot = slot;
        let mut next_entry = self.entry.q.val();
        let mut next_context = context;
        match phase {
            Phase::Idle => {
                next_slot = command.slot;
                next_context = MessageContext {
                    address: command.address,
                    length: command.length,
                    cookie: command.cookie,
                    next: bits::<16>(0),
                };
                if self.s_command.valid.val() {
                    next = Phase::Look;
                }
            }
            Phase::Look => {
                next_entry = self.tail.val();
                next = Phase::Link;
            }
            Phase::Link => {
                next = Phase::Idle;
            }
        }
        self.phase.d.next = next;
        self.slot.d.next = next_slot;
        self.entry.d.next = next_entry;
        self.context.d.next = next_context;

        self.s_command.ready.next = phase == Phase::Idle;
        self.s_free.ready.next = link;
        self.write.next = link;
        self.write_entry.next = self.entry.q.val();
        self.write_context.next = MessageContext { next: free, ..context };
        let tail = Position { entry: free, offset: bits::<32>(0) };
        self.tail_write.next = PositionWrite { enable: link, slot: slot, position: tail };
    }
}
