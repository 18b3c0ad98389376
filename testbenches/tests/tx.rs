//! The transmit path: Verilator's lint, random commands against a model, and the cycle budgets.
#[path = "tx/budget.rs"]
mod budget;
#[path = "tx/chain.rs"]
mod chain;
#[path = "tx/dut.rs"]
mod dut;
#[path = "tx/frames.rs"]
mod frames;
#[path = "tx/host.rs"]
mod host;
#[path = "tx/lint.rs"]
mod lint;
#[path = "tx/stall.rs"]
mod stall;
#[path = "tx/sweep.rs"]
mod sweep;
#[path = "tx/world.rs"]
mod world;
