//! The prescaler every timer of the engine hangs off.
//!
//! # Role
//! Divides the clock by `cycles_per_microsecond` and counts microseconds. Feeds the pipeline, lookup, network and
//! interrupt moderation. A simulation may set the divisor lower than the clock's, so that engine time passes faster.
//!
//! # Ports
//! - `cycles_per_microsecond`: the divisor, from the register file.
//! - `now`: the microseconds counted since reset, for the pipeline, the lookup, the network and the interrupt
//!   moderation.
//!
//! # Handshake
//! None. `now` changes at most once a cycle and wraps after 2^32 microseconds: users compare differences.
//!
//! # Latency
//! One cycle. A divisor of 0 counts as 1.
//!
//! # Invariant
//! `now` never jumps: it grows by exactly one, so a deadline cannot be stepped over.
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    cycle: Bits<16>,
    now: Bits<32>,
    /// This cycle is the microsecond's last.
    last: bool,
}

/// Microsecond counter.
#[derive(LogicBlock, Default)]
pub struct Timebase {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Clock cycles per microsecond of engine time.
    pub cycles_per_microsecond: Signal<In, Bits<16>>,
    /// Engine time in microseconds.
    pub now: Signal<Out, Bits<32>>,
    state: Register<State>,
}

impl Logic for Timebase {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let mut next = self.state.q.val();
        // Compared a cycle ahead, for both ways the count can go.
        let limit = self.cycles_per_microsecond.val();
        let soon = next.cycle + 2 >= limit;
        if next.last {
            next.cycle = bits::<16>(0);
            next.now = next.now + 1;
            next.last = limit <= 1;
        } else {
            next.cycle = next.cycle + 1;
            next.last = soon;
        }
        self.state.d.next = next;
        self.now.next = self.state.q.val().now;
    }
}
