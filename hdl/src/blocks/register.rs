//! Registers: the only storage beside memories.
//!
//! Both appear in the Verilog of their parent as an `always` block, not as a module.

use crate::emit::print::constant;
use crate::emit::{deposit, Body};
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
        let value = constant(&self._reset_value.to_flat());
        inline(move |port| {
            let (q, d, clock, reset) = (port("q"), port("d"), port("clock"), port("reset"));
            format!(
                "    initial {q} = {value};\n    always @(posedge {clock}) begin\n        if ({reset}) {q} <= {value};\n        else {q} <= {d};\n    end\n"
            )
        })
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
        let value = constant(&T::default().to_flat());
        inline(move |port| {
            let (q, d, clock) = (port("q"), port("d"), port("clock"));
            format!("    initial {q} = {value};\n    always @(posedge {clock}) {q} <= {d};\n")
        })
    }
}

/// Leaves text for the parent; the stock writer gets the same with the port names themselves.
fn inline(text: impl Fn(crate::emit::Resolver) -> String + 'static) -> Verilog {
    let stock = text(&|port| port.to_string());
    deposit(Body::Inline(Box::new(text)));
    Verilog::Custom(stock)
}
