//! Registers: the only storage beside memories.
//!
//! # Role
//! A [`Register`] keeps the control state of a block and has a reset. A [`Flop`] keeps payload that a valid bit
//! elsewhere guards and has no reset. Both appear in the Verilog of their parent as an `always` block, not as a module.
//!
//! # Ports
//! - `clock`: the clock of the parent. `reset`: the synchronous reset of the parent; a [`Flop`] has no such port.
//! - `d`: the next value, from the parent. `q`: the value, for the parent.
//!
//! # Handshake
//! None: `q` takes a new value at every rising edge of the clock.
//!
//! # Latency
//! One cycle from `d` to `q`.
//!
//! # Invariant
//! A [`Register`] has its reset value at power-up, and after every edge at which `reset` is high. A [`Flop`] has
//! `T::default()` at power-up. The value changes at rising edges only.

use crate::emit::{deposit, Body, Storage};
use crate::sym::Symbolic;
use rust_hdl::core::prelude::*;

/// A register with synchronous reset, for control state.
#[derive(Clone, Debug, LogicBlock)]
pub struct Register<T: Symbolic> {
    /// The next value.
    pub d: Signal<In, T>,
    /// The value, one cycle after `d`.
    pub q: Signal<Out, T>,
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous: `q` takes the reset value at the next edge.
    pub reset: Signal<In, bool>,
    _reset_value: T,
}

impl<T: Symbolic> Register<T> {
    /// A register with this value after reset and at power-up.
    pub fn new(reset_value: T) -> Self {
        Register {
            d: Signal::default(),
            q: Signal::new_with_default(reset_value),
            clock: Signal::default(),
            reset: Signal::default(),
            _reset_value: reset_value,
        }
    }
}

impl<T: Symbolic> Default for Register<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Symbolic> Logic for Register<T> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.q.next = if self.reset.val() { self._reset_value } else { self.d.val() };
        }
    }
    fn connect(&mut self) {
        self.q.connect();
    }
    fn hdl(&self) -> Verilog {
        register(self._reset_value.to_flat(), true)
    }
}

/// A register without reset, for payload that a valid bit elsewhere guards.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Flop<T: Symbolic> {
    /// The next value.
    pub d: Signal<In, T>,
    /// The value, one cycle after `d`; `T::default()` at power-up.
    pub q: Signal<Out, T>,
    /// Rising edge.
    pub clock: Signal<In, Clock>,
}

impl<T: Symbolic> Logic for Flop<T> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.q.next = self.d.val();
        }
    }
    fn connect(&mut self) {
        self.q.connect();
    }
    fn hdl(&self) -> Verilog {
        register(T::default().to_flat(), false)
    }
}

/// Leaves what the writer of the parent needs; the stock writer gets nothing it could print.
fn register(initial: Vec<bool>, has_reset: bool) -> Verilog {
    deposit(Body::Register(Storage { initial, has_reset }));
    Verilog::Empty
}
