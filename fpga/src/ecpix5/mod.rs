//! The LambdaConcept ECPIX-5 with the 85F. Nobody has run any of this on a board yet.
//!
//! - [`pins`]: its pins.
//! - [`Clocking`]: its clocks and resets.
//! - [`EchoTop`]: a top that sends every frame back.
mod clocking;
mod echo_top;
pub mod pins;

pub use clocking::Clocking;
pub use echo_top::EchoTop;

use stevedore_hdl::prelude::*;

/// What nextpnr must be told of the device.
pub const DEVICE: [&str; 5] = ["--um5g-85k", "--package", "CABGA554", "--speed", "8"];
/// The oscillator, MHz.
pub const OSCILLATOR_MHZ: u64 = 100;
/// The clock of the streams and of the engine, MHz.
pub const ENGINE_MHZ: u64 = 100;
/// The clock of RGMII, MHz.
pub const WIRE_MHZ: u64 = 125;
/// By how much TXC is later than its data, picoseconds: the PHY adds nothing there.
pub const TXC_DELAY: u64 = 2000;
/// Bits per second of the serial line.
pub const BAUD: u64 = 115_200;
/// Name of the top's module.
pub const TOP: &str = "ecpix5_echo";

/// The Verilog of the top.
pub fn verilog() -> String {
    with_big_stack(|| stevedore_hdl::verilog(&EchoTop::default(), TOP))
}
