//! Function reset: carries out a function-level reset.
//!
//! # Role
//! The host resets the function: the engine must stop and forget, nothing of what was under way may come later, and
//! the carrier must hear when that is so.
//!
//! # Ports
//! - `asked`: the host resets the function; high until `done` was heard. `done`: it is reset.
//! - `halt`: the engine shall stop. `halted`: it has, and none of its reads is under way. `engine_reset`: resets it.
//! - `quiet`: nothing of the adapter is under way.
//! - `resetting`: the function is being reset: what cannot leave is thrown away, the host's accesses wait, messages
//!   and masks are forgotten.
//!
//! # Handshake
//! `done` stays high until `asked` falls.
//!
//! # Latency
//! As long as the engine needs, the reads on the bus are answered or their time is up, and twice [`CALM_CYCLES`].
//!
//! # Invariant
//! When the engine is reset, engine and adapter have been calm for [`CALM_CYCLES`]: longer than anything can be on its
//! way from a register to the next. It stays in reset for as long, which is longer than a soft reset.
use crate::host::RESET_CYCLES;
use stevedore_hdl::prelude::*;

/// Cycles for which all must be calm, and of the engine's reset.
pub const CALM_CYCLES: u64 = 2 * RESET_CYCLES;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    Drains,
    Resets,
    Done,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
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
    /// The engine shall stop.
    pub halt: Signal<Out, bool>,
    /// The engine has stopped.
    pub halted: Signal<In, bool>,
    /// The engine's reset.
    pub engine_reset: Signal<Out, bool>,
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
        let up = state.cycles == CALM_CYCLES - 1;
        next.cycles = bits::<6>(0);
        match state.phase {
            Phase::Idle => {
                if self.asked.val() {
                    next.phase = Phase::Drains;
                }
            }
            Phase::Drains => {
                if self.halted.val() && self.quiet.val() {
                    next.cycles = state.cycles + 1;
                    if up {
                        next.phase = Phase::Resets;
                        next.cycles = bits::<6>(0);
                    }
                }
            }
            Phase::Resets => {
                next.cycles = state.cycles + 1;
                if up {
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
        self.halt.next = state.phase == Phase::Drains || state.phase == Phase::Resets;
        self.engine_reset.next = state.phase == Phase::Resets;
        self.resetting.next = state.phase != Phase::Idle;
        self.state.d.next = next;
    }
}
