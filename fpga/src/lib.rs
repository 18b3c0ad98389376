//! What stands around the engine on a board: tops, primitives of the devices, pins and constraints.
//!
//! - [`ecp5`]: the primitives that no synthesis infers, wrapped, with models for simulation.
//! - [`constraints`]: a table of pins and clocks, and its text for nextpnr (LPF) and for the vendor's tool (XDC).
//! - [`ecpix5`]: the LambdaConcept ECPIX-5.
#![warn(missing_docs)]
#![forbid(unsafe_code)]
#![allow(clippy::redundant_field_names, reason = "kernels are read as hardware: all fields named")]

pub mod constraints;
pub mod counters;
pub mod echo;
pub mod ecp5;
pub mod ecpix5;
pub mod reporter;
pub mod rgmii_port;
pub mod status_port;
pub mod stretch;
pub mod uart_transmitter;

pub use counters::Counters;
pub use echo::Echo;
pub use reporter::Reporter;
pub use rgmii_port::RgmiiPort;
pub use status_port::StatusPort;
pub use stretch::Stretch;
pub use uart_transmitter::UartTransmitter;
