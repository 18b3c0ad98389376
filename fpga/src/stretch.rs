//! Makes a pulse long enough to be seen.
//!
//! # Role
//! Between events and a light.
//!
//! # Ports
//! - `pulse`: an event. `light`: high for a while after each.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! One cycle.
//!
//! # Invariant
//! The light goes out 2 to the power of `BITS` cycles after the last event, not before.
use stevedore_hdl::prelude::*;

/// Bits of the counter: 42 ms at 100 MHz.
const BITS: usize = 22;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Stretch {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// An event.
    pub pulse: Signal<In, bool>,
    /// Events happen.
    pub light: Signal<Out, bool>,
    left: Register<Bits<BITS>>,
}

impl Logic for Stretch {
    #[kernel]
    fn update(&mut self) {
        setup!(self, left);
        let left = self.left.q.val();
        self.left.d.next = mux(self.pulse.val(), !bits::<BITS>(0), mux(left.any(), left - 1, left));
        self.light.next = left.any();
    }
}
