//! Turns: whose packet passes an arbiter of two inputs. A turn lasts a whole packet; turns alternate when both inputs wait.
use stevedore_hdl::prelude::*;

/// The state of an arbiter of two inputs.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Turn {
    /// A packet is under way.
    pub busy: bool,
    /// Input of the packet under way, or of the last one.
    pub owner: bool,
}

/// The input that may offer now: the owner of the packet under way, else the one that did not have the last turn, if
/// it wants one.
#[kernel_fn]
pub fn chosen(turn: Turn, wants_0: bool, wants_1: bool) -> bool {
    if turn.busy {
        turn.owner
    } else {
        mux(turn.owner, !wants_0, wants_1)
    }
}

/// The state after a beat of input `owner` was taken.
#[kernel_fn]
pub fn after(owner: bool, last: bool) -> Turn {
    Turn { busy: !last, owner }
}
