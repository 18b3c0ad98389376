//! Flip-flops of a pin that sends at both edges of a clock.
//!
//! # Role
//! Between logic that knows one edge and a pin.
//!
//! # Ports
//! - `clock`: the clock of the data. `rising`, `falling`: what the pin is to show from a rising edge on, and from the
//!   falling edge behind it. `pin`: the pin.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! Both halves are taken at a rising edge. In simulation the pin shows the first at once; the device takes two cycles
//! longer, for all pins alike.
//!
//! # Invariant
//! The halves of one cycle stay together.
use rust_hdl::core::prelude::*;

/// ODDRX1F; see the module.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct OutputDdr {
    /// Both edges.
    pub clock: Signal<In, Clock>,
    /// From the rising edge on.
    pub rising: Signal<In, bool>,
    /// From the falling edge behind it on.
    pub falling: Signal<In, bool>,
    /// The pin.
    pub pin: Signal<Out, bool>,
    _low: bool,
}

impl Logic for OutputDdr {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.pin.next = self.rising.val();
            self._low = self.falling.val();
        }
        if self.clock.neg_edge() {
            self.pin.next = self._low;
        }
    }
    fn connect(&mut self) {
        self.pin.connect();
    }
    fn hdl(&self) -> Verilog {
        let code = "    ODDRX1F cell_i (.D0(rising), .D1(falling), .SCLK(clock), .RST(1'b0), .Q(pin));\n".to_string();
        Verilog::Wrapper(Wrapper { code, cores: String::new() })
    }
}
