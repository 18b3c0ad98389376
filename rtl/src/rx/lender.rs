//! Lender: moves the first buffer of a listener into the chain of a connection whose handshake is complete.
//!
//! # Role
//! One of the units of the [`ReceiveChain`](super::ReceiveChain): carries out what `lends` asks for, before the rest of
//! that command. No context is copied: the record of the listener's chain holds the whole context of its head, so with
//! another tail it is the record of the connection's. The [`Returner`](super::Returner) takes the head off what is
//! left. The record it works on stays with its owner.
//!
//! ```text
//! claim: the connection's placeholder is kept
//!   └── read: the listener's record comes
//!         └── give: the connection's record is written
//!               └── behead: the next context becomes the listener's head
//!                     └── keep: the listener's record is written
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! `active` rises with the connection's record in `chain`, and stays until `done`. From `fetches` on, `chain` must show
//! the listener's record.
//!
//! # Latency
//! Eight cycles.
//!
//! # Invariant
//! The connection has no buffer and the listener has one: the pipeline promises no more than were posted, and keeps a
//! promise once.
use super::chain_record::{Chain, Store};
use stevedore_hdl::prelude::*;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// The connection's record is there, the listener's leaves the memory.
    #[default]
    Claim,
    /// The listener's record is there.
    Read,
    /// Its first buffer becomes the connection's.
    Give,
    /// The returner works.
    Behead,
    /// The rest stays the listener's.
    Keep,
}

/// The lender.
#[derive(LogicBlock, Default)]
pub struct Lender {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// There is something to lend.
    pub active: Signal<In, bool>,
    /// To this connection.
    pub slot: Signal<In, Bits<16>>,
    /// By this listener.
    pub listener: Signal<In, Bits<16>>,
    /// The record at work.
    pub chain: Signal<In, Chain>,
    /// The listener's record is to be at work from the next cycle on.
    pub fetches: Signal<Out, bool>,
    /// The returner is to take the head off it.
    pub beheads: Signal<Out, bool>,
    /// The returner has done so with the end of this cycle.
    pub beheaded: Signal<In, bool>,
    /// A record to be written.
    pub store: Signal<Out, Store>,
    /// All is done with the end of this cycle.
    pub done: Signal<Out, bool>,
    state: Register<Phase>,
    /// The connection's.
    placeholder: Flop<Bits<16>>,
}

impl Logic for Lender {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, placeholder);
        let phase = self.state.q.val();
        let chain = self.chain.val();
        let mut next = phase;
        match phase {
            Phase::Claim => {
                if self.active.val() {
                    next = Phase::Read;
                }
            }
            Phase::Read => next = Phase::Give,
            Phase::Give => next = Phase::Behead,
            Phase::Behead => {
                if self.beheaded.val() {
                    next = Phase::Keep;
                }
            }
            Phase::Keep => next = Phase::Claim,
        }
        self.state.d.next = next;

        let claims = phase == Phase::Claim;
        let gives = phase == Phase::Give;
        let keeps = phase == Phase::Keep;
        let placeholder = self.placeholder.q.val();
        self.placeholder.d.next = if claims { chain.tail } else { placeholder };
        self.fetches.next = phase == Phase::Read;
        self.beheads.next = phase == Phase::Behead;
        let given = Chain { next: placeholder, tail: placeholder, ..chain };
        self.store.next = Store {
            valid: gives || keeps,
            slot: if gives { self.slot.val() } else { self.listener.val() },
            chain: if gives { given } else { chain },
        };
        self.done.next = keeps;
    }
}
