//! Initial sequence numbers: a clock of 4 microseconds and the secret hash of the tuple (RFC 6528 3, RFC 9293 3.4.1).
//!
//! # Role
//! `Lookup` takes a number for every connection it opens.
//!
//! # Ports
//! `clock`, `reset`. `now`: microseconds. `capture`: a number is taken for the tuple whose hash is `hash`. `number`:
//! the last one taken.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! One cycle from `capture` to `number`.
//!
//! # Invariant
//! The clock of 32 bits goes on when the microseconds wrap, which they do four times as often.
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// How often the microseconds have wrapped, modulo 4: a clock that ticks every 4 us needs two more bits.
    wraps: Bits<2>,
    /// The microseconds were in the second half of their range.
    late: bool,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct InitialSequence {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Microseconds.
    pub now: Signal<In, Bits<32>>,
    /// A number is taken.
    pub capture: Signal<In, bool>,
    /// F of RFC 6528 3 for the tuple.
    pub hash: Signal<In, Bits<32>>,
    /// The number taken last.
    pub number: Signal<Out, Bits<32>>,
    state: Register<State>,
    taken: Flop<Bits<32>>,
}

impl Logic for InitialSequence {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, taken);
        let state = self.state.q.val();
        let mut next = state;
        let now = self.now.val();
        next.late = now.get_bit(31);
        if state.late && !now.get_bit(31) {
            next.wraps = state.wraps + 1;
        }
        self.state.d.next = next;
        let number = self.hash.val() + cat::<2, 30, 32>(state.wraps, now.get_bits::<30>(2));
        self.taken.d.next = if self.capture.val() { number } else { self.taken.q.val() };
        self.number.next = self.taken.q.val();
    }
}
