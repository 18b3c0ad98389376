//! What stands around the engine on a board: tops, primitives of the devices, pins and constraints.
//!
//! - [`ecp5`]: the primitives that no synthesis infers, wrapped, with models for simulation.
//! - [`constraints`]: a table of pins and clocks, and its text for nextpnr (LPF) and for the vendor's tool (XDC).
//! - [`ecpix5`]: the LambdaConcept ECPIX-5.
#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod constraints;
pub mod echo;
pub mod ecp5;
pub mod ecpix5;
pub mod rgmii_port;
pub mod stretch;

pub use echo::Echo;
pub use rgmii_port::RgmiiPort;
pub use stretch::Stretch;
