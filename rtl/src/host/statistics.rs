//! Statistics counters.
//!
//! # Role
//! Counts one-cycle pulses of every block; the register file reads counter i at `STAT_FRAMES_IN + 4 i`.
//!
//! # Ports
//! `pulses`: bit i counts into counter i, in the order of the register map. `index` selects, `value` answers.
//!
//! # Handshake
//! None; every pulse of every cycle counts, one cycle later.
//!
//! # Latency
//! A pulse shows after one cycle; `value` follows `index` a cycle later. Counters wrap at 2^32.
//!
//! # Invariant
//! Bit order equals register order: `COUNTERS` rows from `STAT_FRAMES_IN` on.
use stevedore_hdl::prelude::*;

/// Number of counters.
pub const COUNTERS: usize = 18;

/// The counters.
#[derive(LogicBlock)]
pub struct Statistics {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Bit i: counter i counts this cycle.
    pub pulses: Signal<In, Bits<18>>,
    /// Which counter to show.
    pub index: Signal<In, Bits<5>>,
    /// Its value, a cycle after `index`; 0 beyond the last.
    pub value: Signal<Out, Bits<32>>,
    counter: [Register<Bits<32>>; COUNTERS],
    seen: Register<Bits<18>>,
    shown: Flop<Bits<32>>,
}

impl Default for Statistics {
    fn default() -> Self {
        Statistics {
            clock: Signal::default(),
            reset: Signal::default(),
            pulses: Signal::default(),
            index: Signal::default(),
            value: Signal::default(),
            counter: std::array::from_fn(|_| Register::default()),
            seen: Register::default(),
            shown: Flop::default(),
        }
    }
}

impl Logic for Statistics {
    #[kernel]
    fn update(&mut self) {
        setup!(self, seen);
        clocks!(self, shown);
        // The pulses come from far away.
        self.seen.d.next = self.pulses.val();
        let mut value = bits::<32>(0);
        for i in 0..COUNTERS {
            setup!(self, counter[i]);
            let count = self.counter[i].q.val();
            self.counter[i].d.next = count + self.seen.q.val().get_bit(i);
            if self.index.val() == i as u64 {
                value = count;
            }
        }
        self.shown.d.next = value;
        self.value.next = self.shown.q.val();
    }
}
