//! Internet checksum check (RFC 1071) of a stream of 16-bit words, `W` bits a cycle.
//!
//! # Role
//! Two of these stand in [`Verifier`](super::Verifier), one for the IPv4 header, one for the TCP segment with its
//! pseudo header.
//!
//! ```text
//! words -> [ sums of four words ] -> [ W > 64: to two sums ] -> [ + accumulator ] -> [ fold, compare ] -> right
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! None: it takes a beat in every cycle with `valid`.
//!
//! # Latency
//! `right` belongs to the words of 3 cycles before (W = 64; 4 cycles above).
//!
//! # Invariant
//! The accumulator does not fold while it counts: 32,768 words of 16 bits fit in 31 bits. The order of the two bytes of
//! a word does not matter to the outcome, so words are taken as they lie in the beat.
use crate::wire::checksum::{lane_sums, pair_sums};
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// The group sums are valid / belong to a first beat.
    grouped: bool,
    grouped_first: bool,
    /// The sums behind the second adder stage are valid / belong to a first beat.
    merged: bool,
    merged_first: bool,
    /// Sum of the frame so far.
    sum: Bits<32>,
    /// `sum` is minus zero in ones' complement.
    right: bool,
}

/// Checksum check of a stream of words.
#[derive(LogicBlock, Default)]
pub struct Checksum<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Words to add; bytes that do not count are 0.
    pub words: Signal<In, Bits<W>>,
    /// `words` counts.
    pub valid: Signal<In, bool>,
    /// The sum starts anew with these words.
    pub first: Signal<In, bool>,
    /// The sum is 0xffff: as it must be when the checksum field is among the words.
    pub right: Signal<Out, bool>,
    state: Register<State>,
    groups: Flop<Bits<W>>,
    merges: Flop<Bits<W>>,
}

impl<const W: usize> Logic for Checksum<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, groups, merges);
        let state = self.state.q.val();
        let mut next = state;

        self.groups.d.next = lane_sums(pair_sums(self.words.val()));
        next.grouped = self.valid.val();
        next.grouped_first = self.first.val();

        let groups = self.groups.q.val();
        self.merges.d.next = lane_sums(lane_sums(groups));
        next.merged = state.grouped;
        next.merged_first = state.grouped_first;

        // At W = 64 one group is all there is: the second stage is left out.
        let lanes = if W > 64 { self.merges.q.val() } else { groups };
        let counts = if W > 64 { state.merged } else { state.grouped };
        let first = if W > 64 { state.merged_first } else { state.grouped_first };
        let carried = if first { bits::<32>(0) } else { state.sum };
        if counts {
            next.sum = carried + (lanes.get_bits::<32>(0) + lanes.get_bits::<32>(32));
        }

        let folded = resize::<17, 16>(state.sum.get_bits::<16>(0)) + resize::<17, 16>(state.sum.get_bits::<16>(16));
        next.right = folded == 0xffff || folded == 0x1fffe;
        self.right.next = state.right;
        self.state.d.next = next;
    }
}
