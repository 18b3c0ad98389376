//! Turns: which of two inputs may offer. A turn lasts a whole packet; turns alternate when both inputs wait.
//!
//! Whose turn it is, is known when the cycle begins, so nothing hangs on a choice but one multiplexer: an arbiter that
//! asks who wants to go before it decides has the decision in front of every bit. The price is a cycle for input 1 if
//! it was idle: while nobody wants the turn it is input 0's, which should be the one that is in a hurry.
use stevedore_hdl::prelude::*;

/// The state of an arbiter of two inputs.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Turn {
    /// A packet is under way.
    pub busy: bool,
    /// The input that may offer.
    pub owner: bool,
}

/// What happens in a cycle.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Offer {
    /// The owner of the turn offers something.
    pub valid: bool,
    /// It would be taken.
    pub ready: bool,
    /// It is the last of its packet.
    pub last: bool,
    /// The other input waits.
    pub other: bool,
}

/// The state after a cycle. What is offered and not taken stays.
#[kernel_fn]
pub fn following(turn: Turn, offer: Offer) -> Turn {
    let taken = offer.valid && offer.ready;
    let busy = if taken { !offer.last } else { turn.busy };
    let stays = busy || (offer.valid && !offer.ready);
    let moved = if offer.other { !turn.owner } else { turn.owner && offer.valid };
    Turn { busy, owner: if stays { turn.owner } else { moved } }
}
