//! Write ledger: whose burst the memory port has just taken.
//!
//! # Role
//! Beside `dma::WriteArbiter`, which mixes bursts of payload and of responses and keeps their order: the ledger notes
//! the owner of each burst as its last beat goes in, and tells it again as the last beat comes out at the port. So
//! `host::ResponseWriter` announces responses when they are out. The ledger also counts the placements that are out,
//! for `tx::Transmitter`: no segment acknowledges bytes that memory has not got.
//!
//! # Ports
//! `entered` bit i: the last beat of a burst of input i went into the arbiter. `left`: the last beat of a burst was
//! taken at the port. `written` bit i: it was one of input i. `placement_ends`: that beat was the last of a placement.
//! `placements_written`: how many were, modulo 2^16.
//!
//! # Handshake
//! None. The arbiter and what stands behind it hold the last beats of at most four bursts.
//!
//! # Latency
//! None from `left` to `written`, one cycle to `placements_written`.
//!
//! # Invariant
//! The oldest burst is in bit 0: bursts leave in the order in which they went in.
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Owners of the bursts inside, the oldest first.
    owners: Bits<4>,
    count: Bits<3>,
    placements: Bits<16>,
}

/// The ledger; see the module's text.
#[derive(LogicBlock, Default)]
pub struct WriteLedger {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// A burst of input 0 or 1 went in.
    pub entered: Signal<In, Bits<2>>,
    /// A burst came out.
    pub left: Signal<In, bool>,
    /// It was the last of a placement.
    pub placement_ends: Signal<In, bool>,
    /// Placements that came out, modulo 2^16.
    pub placements_written: Signal<Out, Bits<16>>,
    /// Whose it was.
    pub written: Signal<Out, Bits<2>>,
    state: Register<State>,
}

impl Logic for WriteLedger {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let left = self.left.val();
        let second = state.owners.get_bit(0);
        self.written.next = bits::<2>(0).replace_bit(0, left && !second).replace_bit(1, left && second);
        self.placements_written.next = state.placements;
        next.placements = state.placements + (left && self.placement_ends.val());
        if left {
            next.owners = state.owners >> 1;
            next.count = state.count - 1;
        }
        let entered = self.entered.val();
        if entered.any() {
            let owner = bits::<4>(0).replace_bit(0, entered.get_bit(1));
            next.owners = next.owners | (owner << next.count);
            next.count = next.count + 1;
        }
        self.state.d.next = next;
    }
}
