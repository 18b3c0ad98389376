//! Primitives of the ECP5 (Lattice FPGA-TN-02032, FPGA-TN-02200).
//!
//! A design's text names a primitive and nothing else, whoever reads it. Who reads it brings the primitives: yosys its
//! own library, Verilator [`MODELS`]. `docs/decisions/018-second-clock.md` says why.
mod delay;
mod input_ddr;
mod output_ddr;
mod pll;

pub use delay::Delay;
pub use input_ddr::InputDdr;
pub use output_ddr::OutputDdr;
pub use pll::Pll;

/// Models of the primitives in Verilog, to be appended to a design that Verilator reads.
pub const MODELS: &str = include_str!("models.v");
