//! Tells on a serial line what was counted.
//!
//! # Role
//! First signs of life: a board that reaches nobody on the wire still says why.
//!
//! # Ports
//! - `events`: each bit is an event of its kind. `pin`: the line.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! See [`Reporter`].
//!
//! # Invariant
//! Nothing but blocks and wires.
use crate::counters::KINDS;
use crate::{Counters, Reporter, UartTransmitter};
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock)]
pub struct StatusPort {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What happens.
    pub events: Signal<In, Bits<KINDS>>,
    /// The line.
    pub pin: Signal<Out, bool>,
    counters: Counters,
    reporter: Reporter,
    line: UartTransmitter,
}

impl StatusPort {
    /// Lines that begin with `name` every `period` cycles, with bits of `bit` cycles.
    pub fn new(name: &str, period: u64, bit: u64) -> Self {
        StatusPort {
            clock: Signal::default(),
            reset: Signal::default(),
            events: Signal::default(),
            pin: Signal::default(),
            counters: Counters::default(),
            reporter: Reporter::new(name, period),
            line: UartTransmitter::new(bit),
        }
    }
}

impl Logic for StatusPort {
    #[kernel]
    fn update(&mut self) {
        setup!(self, counters, reporter, line);
        self.counters.events.next = self.events.val();
        self.counters.select.next = self.reporter.select.val();
        self.reporter.count.next = self.counters.count.val();
        join!(self.reporter.m_byte => self.line.s_byte);
        self.pin.next = self.line.pin.val();
    }
}
