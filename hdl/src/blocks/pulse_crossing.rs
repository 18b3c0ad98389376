//! Carries pulses of one cycle from one clock to another.
//!
//! # Role
//! Events to be counted, such as frames dropped, on their way to where the counters are.
//!
//! # Ports
//! - `from_clock`, `pulse_in`: each cycle in which it is high is an event. `to_clock`, `pulse_out`: a cycle for each.
//!
//! # Handshake
//! None. Between the beginnings of two events there must be two cycles of `to_clock`, or both are lost.
//!
//! # Latency
//! A cycle of `from_clock`, then two to three of `to_clock`.
//!
//! # Invariant
//! An event is a change of `level`, a register that nothing resets: a reset makes no event.

use super::{Flop, Synchroniser};
use crate::prelude::*;

/// See the module.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct PulseCrossing {
    /// Rising edge, where the events come from.
    pub from_clock: Signal<In, Clock>,
    /// Rising edge, where they go to.
    pub to_clock: Signal<In, Clock>,
    /// An event in this cycle of `from_clock`.
    pub pulse_in: Signal<In, bool>,
    /// An event in this cycle of `to_clock`.
    pub pulse_out: Signal<Out, bool>,
    level: Flop<bool>,
    crossing: Synchroniser<bool>,
    last: Flop<bool>,
}

impl Logic for PulseCrossing {
    #[kernel]
    fn update(&mut self) {
        clocks_on!(self, from_clock, level);
        clocks_on!(self, to_clock, crossing, last);
        self.level.d.next = self.level.q.val() != self.pulse_in.val();
        self.crossing.d.next = self.level.q.val();
        self.last.d.next = self.crossing.q.val();
        self.pulse_out.next = self.crossing.q.val() != self.last.q.val();
    }
}
