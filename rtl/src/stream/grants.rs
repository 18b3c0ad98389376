//! Which of several inputs may offer: the one idea behind every arbiter of the design.
//!
//! # Role
//! Inside `FrameArbiter`, `dma::ReadArbiter`, `dma::WriteArbiter` and `network::Network`, which differ in what they
//! move.
//!
//! # Ports
//! - `valid`: bit i: input i offers something.
//! - `ready`: what the owner offers would be taken.
//! - `last`: it is the last of its packet.
//! - `owner`: one bit: the input that may offer.
//!
//! # Handshake
//! What is offered and not taken stays with its owner.
//!
//! # Latency
//! The owner is known when the cycle begins, so nothing hangs on a choice but one multiplexer: an arbiter that asks who
//! wants to go before it decides has the decision in front of every bit. The price is a cycle for an input that was
//! idle, unless it is input 0: while nobody wants to go the grant is input 0's, which should be the one that is in a
//! hurry.
//!
//! # Invariant
//! A grant lasts a whole packet; then it goes to the next input in the ring that waits: nobody waits for more than one
//! packet of each other input.
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq)]
struct State<const N: usize> {
    /// A packet is under way.
    busy: bool,
    owner: Bits<N>,
}

impl<const N: usize> Default for State<N> {
    /// The value after reset.
    fn default() -> Self {
        assert!(N >= 2, "one input needs no arbiter");
        Self { busy: false, owner: 1.into() }
    }
}

/// Grants to `N` inputs; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Grants<const N: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Who offers something.
    pub valid: Signal<In, Bits<N>>,
    /// What the owner offers would be taken.
    pub ready: Signal<In, bool>,
    /// It is the last of its packet.
    pub last: Signal<In, bool>,
    /// Who may offer; one bit.
    pub owner: Signal<Out, Bits<N>>,
    state: Register<State<N>>,
}

/// The first of `waiting` behind the owner in the ring; nobody if nobody waits.
#[kernel_fn]
fn following<const N: usize>(owner: Bits<N>, waiting: Bits<N>) -> Bits<N> {
    let mut next = Bits::<N>::default();
    for from in 0..N {
        let mut seeks = owner.get_bit(from);
        for distance in 1..N {
            let to = (from + distance) % N;
            next = next.replace_bit(to, next.get_bit(to) || (seeks && waiting.get_bit(to)));
            seeks = seeks && !waiting.get_bit(to);
        }
    }
    next
}

impl<const N: usize> Logic for Grants<N> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let valid = self.valid.val();
        let ready = self.ready.val();
        let owner = state.owner;
        let offers = (valid & owner).any();
        let others = valid & !owner;
        let busy = if offers && ready { !self.last.val() } else { state.busy };
        let stays = busy || (offers && !ready);
        let moved = if others.any() {
            following::<N>(owner, others)
        } else if offers {
            owner
        } else {
            bits::<N>(1)
        };
        self.state.d.next = State::<N> { busy, owner: if stays { owner } else { moved } };
        self.owner.next = owner;
    }
}
