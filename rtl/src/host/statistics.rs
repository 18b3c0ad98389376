//! Statistics counters.
//!
//! # Role
//! Counts one-cycle pulses of every block. The counters are the rows of the ABI's register table from `FIRST_COUNTER`
//! on.
//!
//! # Ports
//! `pulses`: bit i counts into counter i, in the order of the register map ([`pulse`] sets it). `index` selects,
//! `value` answers.
//!
//! # Handshake
//! None; every pulse of every cycle counts.
//!
//! # Latency
//! A pulse shows after at most two cycles a counter and four more; `value` follows `index` three cycles later. Counters
//! wrap at 2^32.
//!
//! # Counting
//! The counters live in a small memory. What has come since is collected in a few bits per counter and added to the
//! memory, one counter every two cycles, in turn; in every second cycle the memory is read for the host. The first lap
//! after reset clears.
//!
//! # Invariant
//! Bit order equals register order. A lap takes two cycles a counter, and 63 pulses can be collected: there is room for
//! 31 counters.
use stevedore_abi::register::{COUNTERS, FIRST_COUNTER};
use stevedore_hdl::prelude::*;

/// `pulses` with the bit of the counter at `register` set if `happens`.
#[kernel_fn]
pub fn pulse(pulses: Bits<COUNTERS>, register: u32, happens: bool) -> Bits<COUNTERS> {
    pulses.replace_bit((register - FIRST_COUNTER) as usize / 4, happens)
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// The pulses, which come from far away.
    seen: Bits<COUNTERS>,
    /// Pulses not yet in the memory.
    fresh: [Bits<6>; COUNTERS],
    /// Counter whose turn it is; those from there on were not yet cleared.
    turn: Bits<5>,
    cleared: bool,
    /// Its value is at the memory's output; what to add to it.
    adding: bool,
    more: Bits<6>,
}

/// The counters.
#[derive(LogicBlock, Default)]
pub struct Statistics {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Bit i: counter i counts this cycle.
    pub pulses: Signal<In, Bits<COUNTERS>>,
    /// Which counter to show.
    pub index: Signal<In, Bits<5>>,
    /// Its value, three cycles after `index`; undefined beyond the last.
    pub value: Signal<Out, Bits<32>>,
    state: Register<State>,
    memory: DualPortRam<Bits<32>>,
    shown: Flop<Bits<32>>,
}

impl Statistics {
    /// All counters at zero.
    pub fn new() -> Self {
        Self { memory: DualPortRam::new(COUNTERS), ..Self::default() }
    }
}

impl Logic for Statistics {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, memory, shown);
        let state = self.state.q.val();
        let mut next = state;
        let read = self.memory.read_data.val();
        next.seen = self.pulses.val();
        next.adding = !state.adding;
        let mut more = bits::<6>(0);
        for i in 0..COUNTERS {
            let chosen = state.turn == i as u64;
            more = more | mux(chosen, state.fresh[i], bits::<6>(0));
            let left = mux(chosen && !state.adding, bits::<6>(0), state.fresh[i]);
            next.fresh[i] = left + state.seen.get_bit(i);
        }
        // The cycle in which `adding` is set uses this sum; in all others nobody reads it.
        next.more = more;
        if state.adding {
            let last = state.turn == (COUNTERS as u64 - 1);
            next.turn = mux(last, bits::<5>(0), state.turn + 1);
            next.cleared = state.cleared || last;
        }
        self.memory.write_enable.next = state.adding;
        self.memory.write_address.next = resize::<16, 5>(state.turn);
        self.memory.write_data.next = mux(state.cleared, read, bits::<32>(0)) + resize::<32, 6>(state.more);
        self.memory.read_address.next = resize::<16, 5>(mux(state.adding, self.index.val(), state.turn));
        self.shown.d.next = mux(state.adding, self.shown.q.val(), read);
        self.value.next = self.shown.q.val();
        self.state.d.next = next;
    }
}
