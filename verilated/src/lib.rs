//! Turns Verilog text into something Rust can run or measure.
//!
//! - [`Model`]: a Verilated model, built at run time from the text, cached by it, driven port by port.
//! - [`lint()`]: Verilator's opinion of the text, every warning on, waivers with reasons.
//! - [`yosys`]: structural check, generic netlist, ECP5 resource counts.
//! - [`tools`]: where those programs are, and one clear line when they are not.
//!
//! Nothing here knows the engine: a caller elaborates its design to Verilog text by whatever means and hands the text
//! over. Why models are built when a test asks for them, and not in a build script, is told in
//! `docs/decisions/002-verilator-at-run-time.md`.
//!
//! ```no_run
//! use stevedore_verilated::{Model, Source};
//! # fn main() -> anyhow::Result<()> {
//! # let verilog = String::new();
//! let mut model = Model::build(&Source::new("counter", verilog))?;
//! let (enable, count) = (model.port("enable"), model.port("count"));
//! model.set(enable, 1);
//! model.step();
//! assert_eq!(model.get(count), 1);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod cache;
mod compile;
mod library;
pub mod lint;
mod model;
mod mutant;
mod process;
mod scratch;
mod shim;
mod source;
pub mod tools;
mod waves;
pub mod yosys;

pub use lint::{lint, Waiver};
pub use model::{Model, Port};
pub use source::Source;
pub use waves::Window;
