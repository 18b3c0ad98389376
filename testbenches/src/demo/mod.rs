//! The demonstration: three transfers between an HTTP application on the engine and a peer, measured.
//!
//! 1. *download*: the peer fetches a file from the engine, which listens;
//! 2. *upload*: the peer stores a file on the engine;
//! 3. *fetch*: the engine connects to the peer and fetches a file.

mod kernel;
mod report;
mod run;
mod smoltcp;

pub use kernel::{kernel, serve};
pub use report::{Report, Stage};
pub use run::Demo;
pub use smoltcp::smoltcp;

use crate::bench::configuration;
use crate::sessions::Pattern;
use crate::simulator::{EnginePorts, Impairment, SimulatorOptions};
use std::path::PathBuf;
use stevedore_driver::Configuration;

/// The port the engine serves.
pub const HTTP_PORT: u16 = 80;
/// The port the peer serves.
pub const PEER_PORT: u16 = 8080;

/// The link's session.
const SESSION: u32 = 0xd0_0001;

/// An engine, and the way the driver takes to it.
pub enum Attached {
    /// Its own ports.
    Ports(Box<dyn EnginePorts>),
    /// Its host link: the engine has no ports but those of the wire.
    Link(Box<dyn EnginePorts>),
}

/// What to run.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Bytes of each file.
    pub size: u64,
    /// Mishaps on the wire, the same each way.
    pub impairment: Impairment,
    /// Of the frames of a link as many are lost, each way, besides.
    pub link_loss: f64,
    /// Seed of those.
    pub seed: u64,
    /// Bytes per cycle of the wire.
    pub rate: f64,
    /// Frames of the peer that may wait for the wire.
    pub backlog: usize,
    /// Capture file.
    pub capture: Option<PathBuf>,
    /// Scratch files of the kernel's programs.
    pub scratch: PathBuf,
}

impl DemoOptions {
    /// The file the engine serves.
    pub fn served(&self) -> Pattern {
        Pattern { seed: 0xd0_4e10ad, length: self.size }
    }

    /// The file the peer stores.
    pub fn stored(&self) -> Pattern {
        Pattern { seed: 0xb10ad, length: self.size }
    }

    /// The file the engine fetches.
    pub fn fetched(&self) -> Pattern {
        Self::fetched_of(self.size)
    }

    /// The same for a process that knows only its size.
    pub fn fetched_of(size: u64) -> Pattern {
        Pattern { seed: 0xfe7c4, length: size }
    }

    /// The driver's configuration: received bytes wait 100 microseconds of a clock of 156.25 MHz for their response at
    /// most, as they would with the driver's defaults.
    fn configuration() -> Configuration {
        let mut configuration = configuration();
        configuration.tcp.notify_delay = 15_625;
        configuration
    }

    fn simulator(&self) -> SimulatorOptions {
        SimulatorOptions {
            seed: self.seed,
            rate: self.rate,
            outward: self.impairment,
            inward: self.impairment,
            capture: self.capture.clone(),
            backlog: self.backlog,
            ..SimulatorOptions::default()
        }
    }
}
