//! The MAC at RGMII's pins: Verilated with models of the pins' flip-flops, both edges of each clock, unrelated clocks.
#[path = "gigabit/bad_frames.rs"]
mod bad_frames;
#[path = "gigabit/bench.rs"]
mod bench;
#[path = "gigabit/clean.rs"]
mod clean;
#[path = "gigabit/latencies.rs"]
mod latencies;
#[path = "gigabit/rate.rs"]
mod rate;
#[path = "gigabit/sweep.rs"]
mod sweep;
#[path = "gigabit/transmitter.rs"]
mod transmitter;
