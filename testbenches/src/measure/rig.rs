//! One measurement: an engine under load, the counters at the beginning and at the end of a window in the steady state.

use super::application::{Application, Load};
use super::stages::{self, Occupancy, Probe};
use crate::bench::{settled_resources, ENGINE, PEER, PREFIX};
use crate::peers::{Ends, LineOptions, LinePeer, Script};
use crate::simulator::{BusOptions, Counters, EnginePorts, PacketOptions, Simulator, SimulatorOptions};
use anyhow::{ensure, Result};
use stevedore_abi::register::offset;
use stevedore_driver::{Configuration, Device, Interrupts, TcpTuning};

const ENGINE_MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x01];
const PEER_MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x02];
const PORT: u16 = 80;
/// log2 of the entries of either table: room for what 1,000 connections post at the start.
const TABLE: u8 = 13;
/// Cycles between two looks of the polling host.
const POLL: u64 = 64;
/// Frames of the peer that wait at its end of the wire.
const BACKLOG: usize = 4;

/// Clock, wire and bus of an engine.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// Clock, Hz.
    pub clock: f64,
    /// Bits per second of the wire.
    pub wire: f64,
    /// The bus.
    pub packets: PacketOptions,
    /// Longest read request and longest write burst of the geometry.
    pub maximum: (u32, u32),
}

impl Surroundings {
    /// 10 GbE, PCI Express Gen3 x8, 156.25 MHz: an engine of 64 bits.
    pub fn narrow() -> Self {
        let clock = 156.25e6;
        Surroundings { clock, wire: 10e9, packets: PacketOptions::pcie(8.0, 8, clock), maximum: (512, 256) }
    }

    /// 100 GbE, PCI Express Gen4 x16, 322 MHz: an engine of 512 bits. Gen4 x8 would carry the payload, but not its
    /// headers.
    pub fn wide() -> Self {
        let clock = 322e6;
        Surroundings { clock, wire: 100e9, packets: PacketOptions::pcie(16.0, 16, clock), maximum: (512, 256) }
    }

    /// Bytes per cycle of the wire.
    pub fn rate(&self) -> f64 {
        self.wire / 8.0 / self.clock
    }

    /// Cycles in so many nanoseconds.
    pub fn cycles(&self, nanoseconds: u64) -> u64 {
        (nanoseconds as f64 * self.clock / 1e9).round() as u64
    }
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Clock, wire, bus.
    pub surroundings: Surroundings,
    /// Connections.
    pub connections: usize,
    /// What the peer does.
    pub script: Script,
    /// What the host does.
    pub load: Load,
    /// Payload bytes of the peer's segments.
    pub segment: usize,
    /// Time between two frames of the peer, in parts of a cycle (`peers::line::PARTS`); 0 is as the wire allows.
    pub spacing: u64,
    /// The engine's MSS setting.
    pub mss: u16,
    /// The peer pushes the end of every run of so many bytes.
    pub push: u64,
    /// Latency of host memory, nanoseconds.
    pub latency: u64,
    /// Up to this much more.
    pub jitter: u64,
    /// The host sleeps until interrupted instead of polling; its moderation.
    pub interrupts: Option<Interrupts>,
    /// Cycles from the last connection's first buffers to the window.
    pub warm_up: u64,
    /// Cycles of the window.
    pub window: u64,
}

impl Setup {
    /// Full segments, host memory at 1 us with a tenth of jitter.
    pub fn new(surroundings: Surroundings, connections: usize, script: Script, load: Load) -> Self {
        Setup {
            surroundings,
            connections,
            script,
            load,
            segment: 1460,
            spacing: 0,
            mss: 1460,
            push: 64 << 10,
            latency: 950,
            jitter: 100,
            interrupts: None,
            warm_up: 60_000,
            window: 200_000,
        }
    }

    fn simulator(&self) -> SimulatorOptions {
        let surroundings = &self.surroundings;
        let bus = BusOptions {
            latency: surroundings.cycles(self.latency),
            jitter: surroundings.cycles(self.jitter),
            packets: surroundings.packets,
            maximum_read: surroundings.maximum.0,
            maximum_write: surroundings.maximum.1,
            ..BusOptions::default()
        };
        SimulatorOptions {
            bus,
            rate: surroundings.rate(),
            pause: POLL,
            backlog: BACKLOG,
            ..SimulatorOptions::default()
        }
    }

    fn configuration(&self) -> Configuration {
        let interrupts = self.interrupts.unwrap_or(Interrupts { enabled: false, delay: 0, count: 1 });
        Configuration {
            hash_key: Some(0x5eed_1234),
            input_size: TABLE,
            output_size: TABLE,
            cycles_per_microsecond: Some((self.surroundings.clock / 1e6) as u16),
            interrupts,
            tcp: TcpTuning { mss: self.mss, ..TcpTuning::default() },
            ..Configuration::new(ENGINE_MAC, ENGINE, PREFIX)
        }
    }

    fn peer(&self) -> LineOptions {
        let ends = Ends { mac: PEER_MAC, ip: PEER, engine_mac: ENGINE_MAC, engine_ip: ENGINE };
        LineOptions {
            segment: self.segment,
            spacing: self.spacing,
            push: self.push,
            ..LineOptions::new(ends, PORT, self.connections, self.script)
        }
    }
}

/// An engine under load.
pub struct Rig {
    /// Driver and simulator.
    pub device: Device<Simulator<LinePeer>>,
    /// The application.
    pub application: Application,
    sleeps: bool,
}

impl Rig {
    /// Starts everything: the engine listens, and the peer's connections are on their way.
    pub fn new(engine: Box<dyn EnginePorts>, setup: &Setup) -> Result<Self> {
        let simulator = Simulator::new(engine, LinePeer::new(setup.peer()), setup.simulator())?;
        let mut device = Device::open(simulator, &setup.configuration())?;
        // Right after reset the engine fills its free lists; nobody measures that.
        settled_resources(&mut device)?;
        device.listen(PORT)?;
        let application = Application::new(setup.load);
        let mut rig = Rig { device, application, sleeps: setup.interrupts.is_some() };
        // The peer must not knock before somebody listens.
        while !rig.application.listening {
            rig.step()?;
        }
        rig.device.transport_mut().start_watch();
        rig.device.transport_mut().peer.start();
        rig.device.transport_mut().wake_peer();
        Ok(rig)
    }

    /// Cycles so far.
    pub fn now(&self) -> u64 {
        self.device.transport().now()
    }

    /// The counts so far.
    pub fn counters(&self) -> Counters {
        self.device.transport().counters()
    }

    /// The peer.
    pub fn peer(&self) -> &LinePeer {
        &self.device.transport().peer
    }

    /// Runs for `cycles`.
    pub fn run(&mut self, cycles: u64) -> Result<()> {
        let end = self.now() + cycles;
        while self.now() < end {
            self.step()?;
        }
        Ok(())
    }

    /// One look of the host, and what passes until the next.
    pub fn step(&mut self) -> Result<()> {
        self.application.step(&mut self.device)?;
        if self.sleeps {
            self.device.wait(100)?;
        } else {
            self.device.progress()?;
        }
        Ok(())
    }

    /// Runs until every connection is open and the engine has its first buffers.
    pub fn open(&mut self, connections: usize) -> Result<()> {
        let limit = self.now() + 200_000 + 2_000 * connections as u64;
        while self.application.accepted < connections || !self.settled()? {
            if self.application.accepted == connections {
                self.application.posts = true;
            }
            ensure!(
                self.now() < limit,
                "{} of {connections} connections open after {limit} cycles; {:?} {:?}",
                self.application.accepted,
                self.peer().faults.first(),
                self.counters()
            );
            self.step()?;
        }
        Ok(())
    }

    /// The engine has fetched the first requests. Where questions are answered there are always more.
    fn settled(&mut self) -> Result<bool> {
        let posted = self.application.posts && self.application.is_idle();
        Ok(posted && (self.application.answers() || self.device.has_room(1 << TABLE)?))
    }

    /// An error if anything went wrong that makes the figures worthless.
    pub fn verify(&self) -> Result<()> {
        ensure!(self.application.faults.is_empty(), "on the host: {:?}", self.application.faults);
        ensure!(self.peer().faults.is_empty(), "at the peer: {:?}", self.peer().faults);
        Ok(())
    }
}

/// What happened in the window.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Counters over the window.
    pub counters: Counters,
    /// Clock, wire, bus.
    pub surroundings: Surroundings,
    /// Connections opened, used and closed.
    pub visits: u64,
    /// Answers complete at the peer.
    pub answers: u64,
    /// Frames the engine dropped and segments sent again by either side over the whole run, in words; empty if there
    /// were none.
    pub losses: String,
    /// What the engine's channels did in the window, if that was counted.
    pub stages: Vec<Occupancy>,
}

impl Setup {
    /// Runs it on `engine`; a probe of that engine counts in the window only.
    pub fn measure(&self, engine: Box<dyn EnginePorts>, probe: Option<&Probe>) -> Result<Outcome> {
        let mut rig = Rig::new(engine, self)?;
        rig.open(self.connections)?;
        rig.run(self.warm_up)?;
        probe.into_iter().for_each(stages::clear);
        let (before, visits, answers) = (rig.counters(), rig.peer().visits, rig.peer().answers);
        rig.run(self.window)?;
        let counters = rig.counters().since(&before);
        let stages = probe.map_or(Vec::new(), |probe| probe.borrow().clone());
        let (visits, answers) = (rig.peer().visits - visits, rig.peer().answers - answers);
        rig.verify()?;
        let losses = rig.peer().retransmissions;
        let mut what = vec![(losses, "sent again by the peer")];
        for (register, name) in [
            (offset::STAT_DROP_FULL, "dropped by a full frame buffer"),
            (offset::STAT_DROP_OUT_OF_ORDER, "dropped out of order"),
            (offset::STAT_DROP_NO_CONNECTION, "dropped without a connection"),
            (offset::STAT_RETRANSMISSIONS, "sent again by the engine"),
        ] {
            what.push((u64::from(rig.device.register(register)?), name));
        }
        let what: Vec<String> =
            what.into_iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
        Ok(Outcome { counters, surroundings: self.surroundings, visits, answers, losses: what.join(", "), stages })
    }
}
