//! Function reset: carries out a function-level reset.
//!
//! # Role
//! The host resets the function: the engine must stop and forget, nothing of what was under way may come later, and
//! the carrier must hear when that is so.
//!
//! # Ports
//! - `asked`: the host resets the function; high until `done` was heard. `done`: it is reset.
//! - `restart`: the engine shall reset itself: a pulse. `idle`: it has, and nothing of it is under way.
//! - `quiet`: nothing of the adapter is under way.
//! - `resetting`: the function is being reset: what cannot leave is thrown away, messages and masks are forgotten.
//!
//! # Handshake
//! `done` stays high until `asked` falls.
//!
//! # Latency
//! As long as the engine needs, the reads on the bus are answered or their time is up, and twice [`CALM_CYCLES`].
//!
//! # Invariant
//! When `done` rises the engine is idle, and has been for [`CALM_CYCLES`] together with the adapter: longer than
//! anything can be on its way from a register to the next.
use stevedore_hdl::prelude::*;

/// Cycles from `restart` until `idle` is believed, and for which everything must be calm.
pub const CALM_CYCLES: u64 = 32;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    Restarts,
    Drains,
    Done,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    restart: bool,
    cycles: Bits<6>,
}

/// The sequencer.
#[derive(LogicBlock, Default)]
pub struct FunctionReset {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The host resets the function.
    pub asked: Signal<In, bool>,
    /// The function is reset.
    pub done: Signal<Out, bool>,
    /// The engine shall reset itself.
    pub restart: Signal<Out, bool>,
    /// The engine is reset, and nothing of it is under way.
    pub idle: Signal<In, bool>,
    /// Nothing of the adapter is under way.
    pub quiet: Signal<In, bool>,
    /// The function is being reset.
    pub resetting: Signal<Out, bool>,
    state: Register<State>,
}

impl Logic for FunctionReset {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        next.restart = false;
        next.cycles = bits::<6>(0);
        match state.phase {
            Phase::Idle => {
                if self.asked.val() {
                    next.phase = Phase::Restarts;
                    next.restart = true;
                }
            }
            Phase::Restarts => {
                next.cycles = state.cycles + 1;
                if state.cycles == CALM_CYCLES - 1 {
                    next.phase = Phase::Drains;
                    next.cycles = bits::<6>(0);
                }
            }
            Phase::Drains => {
                if self.idle.val() && self.quiet.val() {
                    next.cycles = state.cycles + 1;
                }
                if state.cycles == CALM_CYCLES - 1 {
                    next.phase = Phase::Done;
                }
            }
            Phase::Done => {
                if !self.asked.val() {
                    next.phase = Phase::Idle;
                }
            }
        }
        self.done.next = state.phase == Phase::Done;
        self.restart.next = state.restart;
        self.resetting.next = state.phase != Phase::Idle;
        self.state.d.next = next;
    }
}
