//! A shell around a block that has more ports than the device has pins.
//!
//! Every input comes out of a register and every output ends in one, so that each path of the block, also those at its
//! border, is one from register to register and counts. The input registers are one shift register behind a single pin;
//! the output registers feed nothing and are marked to be kept. No LUT is added and none can be optimised away.

use super::synthesis::object;
use anyhow::{ensure, Context, Result};
use serde_json::Value;
use std::fmt::Write;

/// Name of the shell module.
pub(super) const SHELL: &str = "shell";
/// The block's instance in it: the prefix of every name inside.
pub(super) const INSTANCE: &str = "block";
/// The one port of the block that is a clock.
const CLOCK: &str = "clock";

/// The shell around module `top`, and how many registers it adds. `ports` is yosys's description of them.
pub(super) fn shell(top: &str, ports: &Value) -> Result<(String, u64)> {
    let (mut inputs, mut outputs, mut wires) = (0, 0, String::new());
    for (name, port) in object(ports).filter(|(name, _)| name.as_str() != CLOCK) {
        let bits = port["bits"].as_array().with_context(|| format!("port {name} has no bits"))?.len();
        let (register, count) =
            if port["direction"] == "input" { ("feed", &mut inputs) } else { ("result", &mut outputs) };
        write!(wires, ",\n    .{name}({register}[{}:{count}])", *count + bits - 1)?;
        *count += bits;
    }
    ensure!(ports.get(CLOCK).is_some() && inputs > 1 && outputs > 0, "{top} needs a clock, inputs and outputs");
    let text = format!(
        "module {SHELL}(input wire {CLOCK}, input wire serial);
  reg [{}:0] feed;
  wire [{last}:0] result;
  (* keep *) reg [{last}:0] caught;
  always @(posedge {CLOCK}) begin
    feed <= {{feed[{}:0], serial}};
    caught <= result;
  end
  {top} {INSTANCE}(.{CLOCK}({CLOCK}){wires});
endmodule
",
        inputs - 1,
        inputs - 2,
        last = outputs - 1,
    );
    Ok((text, (inputs + outputs) as u64))
}
