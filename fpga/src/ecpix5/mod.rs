//! The LambdaConcept ECPIX-5 with the 85F. Nobody has run any of this on a board yet.
//!
//! - [`pins`]: its pins.
//! - [`Clocking`]: its clocks and resets.
//! - [`EchoTop`]: a top that sends every frame back.
//! - [`EngineTop`]: a top with an engine behind its host link.
mod clocking;
mod echo_top;
mod engine_top;
pub mod pins;

pub use clocking::Clocking;
pub use echo_top::EchoTop;
pub use engine_top::EngineTop;

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
/// Name of the module of the top without an engine.
pub const TOP: &str = "ecpix5_echo";
/// Name of the module of the top with an engine.
pub const ENGINE_TOP: &str = "ecpix5";

/// The Verilog of the top without an engine.
pub fn verilog() -> String {
    with_big_stack(|| stevedore_hdl::verilog(&EchoTop::default(), TOP))
}

/// The Verilog of the top with an engine.
pub fn engine_verilog() -> String {
    with_big_stack(|| stevedore_hdl::verilog(&EngineTop::default(), ENGINE_TOP))
}
