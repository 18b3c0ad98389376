//! Flip-flops of a pin that receives at both edges of a clock.
//!
//! # Role
//! Between a pin and logic that knows one edge.
//!
//! # Ports
//! - `clock`: the clock of the data. `pin`: the pin. `rising`, `falling`: what it showed at a rising edge, and at the
//!   falling edge behind it.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! Both halves appear with the rising edge behind them.
//!
//! # Invariant
//! `rising` and `falling` belong to one cycle.
use rust_hdl::core::prelude::*;

/// IDDRX1F; see the module.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct InputDdr {
    /// Both edges.
    pub clock: Signal<In, Clock>,
    /// The pin.
    pub pin: Signal<In, bool>,
    /// At the rising edge.
    pub rising: Signal<Out, bool>,
    /// At the falling edge behind it.
    pub falling: Signal<Out, bool>,
    _caught: [bool; 2],
}

impl Logic for InputDdr {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.rising.next = self._caught[0];
            self.falling.next = self._caught[1];
            self._caught[0] = self.pin.val();
        }
        if self.clock.neg_edge() {
            self._caught[1] = self.pin.val();
        }
    }
    fn connect(&mut self) {
        self.rising.connect();
        self.falling.connect();
    }
    fn hdl(&self) -> Verilog {
        let code = "    IDDRX1F cell_i (.D(pin), .SCLK(clock), .RST(1'b0), .Q0(rising), .Q1(falling));\n".to_string();
        Verilog::Wrapper(Wrapper { code, cores: String::new() })
    }
}
