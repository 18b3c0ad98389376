//! The clock of the connection pipeline: microseconds in 33 bits, which stand still when the scan of the deadlines
//! does.
//!
//! # Role
//! Extends the engine's 32-bit microseconds, so that a delay of 32 bits is less than half of what the clock can tell
//! apart. A host that takes no responses stops the pipeline and with it the scan, for as long as it likes: time that
//! passes then is left out, because a deadline that nobody looks at for half the clock's range would seem to lie ahead
//! again (`deadline.rs`). Neighbours: `host/timebase.rs`, the scan in `timers.rs`, the stages of `pipeline.rs`.
//!
//! # Ports
//! `clock`, `reset`. `now`: the engine's microseconds. `scanned`: the scan has ended a round over all slots. `time`:
//! the pipeline's.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! Two cycles from `now` to `time`.
//!
//! # Invariant
//! While the scan makes no round, `time` moves by no more than 2^20 microseconds.
use stevedore_hdl::prelude::*;

/// Bit of the count of microseconds without a round that stops the clock.
const PATIENCE_BIT: usize = 20;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// `now` in the last cycle.
    last: Bits<32>,
    /// How far it had moved.
    step: Bits<32>,
    time: Bits<33>,
    /// Microseconds since the scan finished its last round.
    since: Bits<21>,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct PipelineClock {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous.
    pub reset: Signal<In, bool>,
    /// The engine's microseconds.
    pub now: Signal<In, Bits<32>>,
    /// The scan has ended a round over all slots.
    pub scanned: Signal<In, bool>,
    /// The pipeline's microseconds.
    pub time: Signal<Out, Bits<33>>,
    state: Register<State>,
}

impl Logic for PipelineClock {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let runs = !state.since.get_bit(PATIENCE_BIT);
        next.last = self.now.val();
        next.step = self.now.val() - state.last;
        if runs {
            next.time = state.time + resize::<33, 32>(state.step);
        }
        if self.scanned.val() {
            next.since = Default::default();
        } else if runs {
            let far = from_bool(state.step.get_bits::<12>(PATIENCE_BIT).any());
            next.since = state.since + cat::<1, 20, 21>(far, state.step.get_bits::<20>(0));
        }
        self.state.d.next = next;
        self.time.next = state.time;
    }
}
