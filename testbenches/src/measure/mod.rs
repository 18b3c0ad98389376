//! What `cargo xtask bench` measures, and how.
//!
//! ```text
//!   rows.rs         the rows: setups, budgets              sweep.rs   goodput as one thing varies
//!   rig.rs          Setup -> engine, bus, wire, peer -> Outcome: counters over a window in the steady state
//!   application.rs  the host's side                        peers::LinePeer   the far end
//!   latency.rs      stopwatch rows                 stages.rs stage occupancy, cycles.rs the cycle table
//!   figure.rs       Outcome -> value, limit, percent       report.rs  table, JSON, baseline; plot.rs  drawings
//! ```
//!
//! Nothing is assumed about limits: what a frame costs on the wire and a byte on the bus is what the models counted in
//! that run.

pub mod application;
pub mod cycles;
pub mod figure;
pub mod latency;
pub mod plot;
pub mod report;
pub mod rig;
pub mod rows;
pub mod stages;
pub mod sweep;

pub use figure::{Budget, Figure, Record};
pub use rig::{Outcome, Rig, Setup, Surroundings};
pub use rows::{Case, Context, BOTH_WIDTHS, NARROW_ONLY};
pub use stages::Occupancy;
