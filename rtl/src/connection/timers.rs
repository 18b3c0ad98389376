//! The scan behind every deadline: one slot after the other, over and over.
//!
//! # Role
//! Names the slot that the next idle cycle of the pipeline may tick; the event stages compare the deadlines in its
//! record with the clock. After reset it names every row once for erasure first, since a memory has no reset.
//!
//! # Ports
//! `clock`, `reset`. `m_tick`: the next slot. `scanned`: pulse, a round ends.
//!
//! # Handshake
//! A channel that is always valid.
//!
//! # Latency
//! None: the slot is a register.
//!
//! # Invariant
//! Every slot from 1 up is named once per round, so a deadline is late by at most one round of `connections` ticks.
use stevedore_hdl::prelude::*;

/// A slot to be ticked.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Tick {
    /// The slot.
    pub slot: Bits<16>,
    /// Erase its row instead.
    pub erase: bool,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Timers {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous.
    pub reset: Signal<In, bool>,
    /// The next slot.
    pub m_tick: Source<Tick>,
    /// A round ends.
    pub scanned: Signal<Out, bool>,
    next: Register<Tick>,
    _last: usize,
}

impl Timers {
    /// A scan over `connections` slots.
    pub fn new(connections: usize) -> Self {
        Self { next: Register::new(Tick { slot: bits(0), erase: true }), _last: connections - 1, ..Self::default() }
    }
}

impl Logic for Timers {
    #[kernel]
    fn update(&mut self) {
        setup!(self, next);
        let tick = self.next.q.val();
        let mut next = tick;
        let last = tick.slot == bits::<16>(self._last as u64);
        if self.m_tick.ready.val() {
            if last {
                next = Tick { slot: bits::<16>(1), erase: false };
            } else {
                next.slot = tick.slot + 1;
            }
        }
        self.next.d.next = next;
        self.scanned.next = self.m_tick.ready.val() && last;
        self.m_tick.valid.next = true;
        self.m_tick.bits.next = tick;
    }
}
