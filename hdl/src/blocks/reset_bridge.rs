//! A reset for a clock that knows nothing of the reset's source.
//!
//! # Role
//! One in front of the blocks of each clock of a board: whatever is wrong elsewhere (a PLL without lock, another
//! clock's reset) holds these blocks in reset.
//!
//! # Ports
//! - `clock`: the clock of the blocks. `reset_in`: of any clock, straight out of a register or a primitive.
//!   `reset_out`: synchronous to `clock`, for the blocks.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! `reset_out` rises at once, even while `clock` stands still, so that no reset is too short to be seen. It falls at
//! the third edge of `clock` at which `reset_in` is low.
//!
//! # Invariant
//! `reset_out` is high at power-up, and falls at an edge of `clock` only. These flip-flops are the only ones of the
//! design that have an asynchronous reset: the clock of a PHY may stand still just when its blocks must be reset. All
//! others are reset synchronously, by `reset_out`: what its rise does to their inputs is over before they leave reset.

use crate::emit::{deposit, Body};
use rust_hdl::core::prelude::*;

/// See the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct ResetBridge {
    /// Rising edge; the clock of the blocks.
    pub clock: Signal<In, Clock>,
    /// The reset as it comes.
    pub reset_in: Signal<In, bool>,
    /// The reset of the blocks.
    pub reset_out: Signal<Out, bool>,
    _stages: [bool; 2],
}

impl Default for ResetBridge {
    fn default() -> Self {
        ResetBridge {
            clock: Signal::default(),
            reset_in: Signal::default(),
            reset_out: Signal::new_with_default(true),
            _stages: [true; 2],
        }
    }
}

impl Logic for ResetBridge {
    fn update(&mut self) {
        if self.reset_in.val() {
            self._stages = [true; 2];
            self.reset_out.next = true;
        } else if self.clock.pos_edge() {
            self.reset_out.next = self._stages[1];
            self._stages = [false, self._stages[0]];
        }
    }
    fn connect(&mut self) {
        self.reset_out.connect();
    }
    fn hdl(&self) -> Verilog {
        let text = "    (* ASYNC_REG = \"TRUE\", keep *) reg [2:0] stages;\n\
                    \x20   initial stages = 3'b111;\n\
                    \x20   /* verilator lint_off SYNCASYNCNET */ // the source may reset blocks of its own clock, too\n\
                    \x20   always @(posedge clock or posedge reset_in) begin\n\
                    \x20       if (reset_in) stages <= 3'b111;\n\
                    \x20       else stages <= {stages[1:0], 1'b0};\n\
                    \x20   end\n\
                    \x20   /* verilator lint_on SYNCASYNCNET */\n\
                    \x20   assign reset_out = stages[2];\n"
            .to_string();
        deposit(Body::Text { type_name: "reset_bridge".to_string(), text: text.clone(), variables: false });
        Verilog::Custom(text)
    }
}
