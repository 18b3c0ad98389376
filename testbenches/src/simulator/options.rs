//! Options of a simulation: bus, wire, pace, capture.

use super::link::Impairment;
use super::read_bus::BusOptions;
use std::path::PathBuf;

/// How a simulation is set up.
#[derive(Clone, Debug)]
pub struct SimulatorOptions {
    /// The bus.
    pub bus: BusOptions,
    /// The wire from the engine to the peer.
    pub outward: Impairment,
    /// The wire from the peer to the engine.
    pub inward: Impairment,
    /// Seed of what happens on the wire.
    pub seed: u64,
    /// Bytes per cycle of the wire, each way; 8 is 10 GbE at 156.25 MHz.
    pub rate: f64,
    /// Nanoseconds a cycle stands for in the capture.
    pub nanoseconds_per_cycle: f64,
    /// Cycles that pass when the driver has nothing to do but poll.
    pub pause: u64,
    /// Frames of the peer that may wait for the wire.
    pub backlog: usize,
    /// Capture file.
    pub capture: Option<PathBuf>,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        SimulatorOptions {
            bus: BusOptions::default(),
            outward: Impairment::default(),
            inward: Impairment::default(),
            seed: 1,
            rate: 8.0,
            nanoseconds_per_cycle: 6.4,
            pause: 64,
            backlog: 64,
            capture: None,
        }
    }
}
