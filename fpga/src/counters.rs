//! Counts events.
//!
//! # Role
//! Keeps the statistics of a port for whoever reports them.
//!
//! # Ports
//! - `events`: each bit is an event of its kind in this cycle. `select`: which counter is wanted. `count`: that
//!   counter.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! A counter changes one cycle after its event; `count` follows `select` one cycle later.
//!
//! # Invariant
//! Counters begin at 0 with a reset and go on at 0 behind their greatest value.
use stevedore_hdl::prelude::*;

/// Kinds of events.
pub const KINDS: usize = 8;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Counters {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What happens.
    pub events: Signal<In, Bits<KINDS>>,
    /// Which is wanted.
    pub select: Signal<In, Bits<3>>,
    /// How often it happened.
    pub count: Signal<Out, Bits<32>>,
    counts: [Register<Bits<32>>; KINDS],
    chosen: Flop<Bits<32>>,
}

impl Logic for Counters {
    #[kernel]
    fn update(&mut self) {
        clocks!(self, chosen);
        let mut chosen = bits::<32>(0);
        for i in 0..KINDS {
            self.counts[i].clock.next = self.clock.val();
            self.counts[i].reset.next = self.reset.val();
            let count = self.counts[i].q.val();
            self.counts[i].d.next = count + self.events.val().get_bit(i);
            if self.select.val() == i as u64 {
                chosen = count;
            }
        }
        self.chosen.d.next = chosen;
        self.count.next = self.chosen.q.val();
    }
}
