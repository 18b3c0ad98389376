//! A device, its application and its surroundings, ready to run: what every scenario and the demo start from.

use crate::peers::{Peer, SmoltcpOptions, SmoltcpPeer};
use crate::sessions::{BufferPlan, Exchange, HostApplication, Session};
use crate::simulator::{EnginePorts, Impairment, Simulated, Simulator, SimulatorOptions};
use anyhow::{bail, ensure, Result};
use std::net::Ipv4Addr;
use stevedore_driver::{Configuration, Connection, Device, FreeResources, Listener, TcpTuning};

/// The engine's address.
pub const ENGINE: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
/// The peer's address.
pub const PEER: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
/// Bits of the network prefix of both.
pub const PREFIX: u8 = 24;
const ENGINE_MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x01];
const PEER_MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x02];

/// Cycles within which everything must come home once nothing more is asked.
const HOMECOMING: u64 = 3_000_000;

/// A configuration for simulations: one microsecond is one cycle, so that time-outs do not dominate the run, and
/// TIME-WAIT is short.
pub fn configuration() -> Configuration {
    Configuration {
        cycles_per_microsecond: Some(1),
        hash_key: Some(0x5eed_1234),
        tcp: TcpTuning {
            initial_rto: 100_000,
            minimum_rto: 20_000,
            maximum_rto: 2_000_000,
            delayed_ack: 2_000,
            time_wait: 50_000,
            retry_limit: 12,
            notify_delay: 1_000,
            ..TcpTuning::default()
        },
        ..Configuration::new(ENGINE_MAC, ENGINE, PREFIX)
    }
}

/// The smoltcp peer for simulations; its second takes 100,000 cycles.
pub fn smoltcp_peer() -> SmoltcpPeer {
    SmoltcpPeer::new(SmoltcpOptions { microseconds_per_cycle: 10.0, ..SmoltcpOptions::new(PEER_MAC, PEER, PREFIX) })
}

/// All of it.
pub struct Bench<P: Peer, T: Simulated<Peer = P> = Simulator<P>> {
    /// The driver, with the simulator as its transport, or a link with one behind it.
    pub device: Device<T>,
    /// The application.
    pub host: HostApplication,
    /// Sleep until interrupts instead of polling.
    pub interrupts: bool,
    free: FreeResources,
    listeners: Vec<Listener>,
}

impl<P: Peer> Bench<P> {
    /// Connects and starts everything.
    pub fn new(
        engine: Box<dyn EnginePorts>,
        peer: P,
        options: SimulatorOptions,
        configuration: &Configuration,
        plan: BufferPlan,
    ) -> Result<Self> {
        Self::on(Simulator::new(engine, peer, options)?, configuration, plan)
    }
}

impl<P: Peer, T: Simulated<Peer = P>> Bench<P, T> {
    /// Starts everything over a transport.
    pub fn on(transport: T, configuration: &Configuration, plan: BufferPlan) -> Result<Self> {
        let mut device = Device::open(transport, configuration)?;
        let free = settled_resources(&mut device)?;
        Ok(Bench { device, host: HostApplication::new(plan), interrupts: true, free, listeners: Vec::new() })
    }

    /// Serves `port` with sessions, and waits until the engine listens.
    pub fn serve<S: Session + 'static>(&mut self, port: u16, factory: impl FnMut() -> S + 'static) -> Result<()> {
        let listening = self.host.listening;
        self.wait_for_room()?;
        self.listeners.push(self.host.serve(&mut self.device, port, factory)?);
        self.run(1_000_000, |bench| bench.host.listening > listening)
    }

    /// Opens a connection for a session.
    pub fn open(
        &mut self,
        remote: (Ipv4Addr, u16),
        local_port: u16,
        session: impl Session + 'static,
    ) -> Result<Connection> {
        self.wait_for_room()?;
        Ok(self.host.open(&mut self.device, remote, local_port, session)?)
    }

    /// The same; the listener opened last, if there is one, lends the connection a buffer.
    pub fn open_with_lender(
        &mut self,
        remote: (Ipv4Addr, u16),
        local_port: u16,
        session: impl Session + 'static,
    ) -> Result<Connection> {
        self.wait_for_room()?;
        let lender = self.listeners.last().copied();
        Ok(self.host.open_with(&mut self.device, lender, remote, local_port, session)?)
    }

    /// Works until the input table has room for a request.
    pub fn wait_for_room(&mut self) -> Result<()> {
        while !self.device.has_room(1)? {
            self.step()?;
        }
        Ok(())
    }

    /// Cycles so far.
    pub fn now(&self) -> u64 {
        self.device.transport().now()
    }

    /// Works until `done`; an error if that takes more than `limit` cycles, or the engine does what it must not.
    pub fn run(&mut self, limit: u64, mut done: impl FnMut(&mut Self) -> bool) -> Result<()> {
        let end = self.now() + limit;
        while !done(self) {
            ensure!(self.now() < end, "not done after {limit} cycles: {}", self.state());
            self.step()?;
        }
        Ok(())
    }

    /// Works off what happened, or lets a moment pass.
    pub fn step(&mut self) -> Result<()> {
        if !self.host.step(&mut self.device)? {
            if self.interrupts {
                self.device.wait(500)?;
            } else {
                self.device.progress()?;
            }
        }
        Ok(())
    }

    /// Resets the engine: every connection and listener is gone, the application starts anew.
    pub fn restart(&mut self) -> Result<()> {
        let buffers = self.device.reset().map_err(|rejected| rejected.error)?;
        ensure!(
            buffers.len() == self.host.lent_buffers(),
            "{} buffers of {} home",
            buffers.len(),
            self.host.lent_buffers()
        );
        ensure!(self.device.transport().payload_grants() == 0, "payload is still granted");
        self.host = HostApplication::new(self.host.plan().clone());
        self.listeners.clear();
        let free = settled_resources(&mut self.device)?;
        ensure!(free == self.free, "{free:?} free after a reset, {:?} at the start", self.free);
        Ok(())
    }

    /// Asks for the end of every listener, and does not wait for it.
    pub fn close_listeners(&mut self) -> Result<()> {
        for listener in std::mem::take(&mut self.listeners) {
            self.wait_for_room()?;
            self.device.close_listener(listener)?;
        }
        Ok(())
    }

    /// Closes the listeners and waits until everything is home: slots, contexts, tags, buffers, grants. An error names
    /// what is not.
    pub fn finish(&mut self) -> Result<()> {
        self.close_listeners()?;
        let end = self.now() + HOMECOMING;
        loop {
            while self.host.step(&mut self.device)? {}
            let free = self.device.free_resources()?;
            let memory = self.device.transport().payload_grants();
            let (active, lent, posted) = (self.host.active(), self.host.lent_buffers(), self.device.outstanding());
            if free == self.free && (active, lent, posted, memory) == (0, 0, 0, 0) {
                return Ok(());
            }
            if self.now() > end {
                bail!(
                    "leak: {free:?} free of {:?}, {active} connections, {lent} buffers lent, {posted} posted, {memory} \
                     granted",
                    self.free
                );
            }
            self.device.wait(1_000)?;
        }
    }

    /// The sessions of the host that failed.
    pub fn failures(&self) -> Vec<String> {
        let failed = self.host.finished.iter().filter_map(|finished| finished.result.clone().err());
        failed.collect()
    }

    fn state(&self) -> String {
        let finished = self.host.finished.len();
        format!(
            "{} connections active, {finished} finished, {:?}",
            self.host.active(),
            self.device.transport().counters()
        )
    }
}

/// What is free once the engine has filled its free lists, which takes a cycle or so for each entry after reset.
pub(crate) fn settled_resources<T: Simulated>(device: &mut Device<T>) -> Result<FreeResources> {
    let mut free = device.free_resources()?;
    loop {
        device.transport_mut().cycles(500);
        let now = device.free_resources()?;
        if now == free {
            return Ok(free);
        }
        free = now;
    }
}

/// Who opens the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// The engine listens.
    Peer,
    /// The engine connects.
    Engine,
}

/// Connections with a smoltcp peer, each carrying patterns both ways.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Seed of patterns, wire and bus.
    pub seed: u64,
    /// Who opens.
    pub opener: Opener,
    /// Connections at once.
    pub connections: usize,
    /// Bytes from the engine on each.
    pub out: u64,
    /// Bytes to the engine on each.
    pub back: u64,
    /// The host's buffers.
    pub plan: BufferPlan,
    /// Wire, bus, and everything else.
    pub options: SimulatorOptions,
    /// Longest run, cycles.
    pub limit: u64,
    /// Payload is fetched again for every transmission (T1); the software double keeps it instead.
    pub fetches_again: bool,
}

impl Scenario {
    /// One connection on a perfect wire and bus.
    pub fn new(seed: u64, opener: Opener, out: u64, back: u64) -> Self {
        let options = SimulatorOptions { seed, ..SimulatorOptions::default() };
        let plan = BufferPlan::whole(16384, 4);
        Scenario { seed, opener, connections: 1, out, back, plan, options, limit: 50_000_000, fetches_again: true }
    }

    /// The same mishaps on both directions of the wire.
    pub fn impaired(mut self, impairment: Impairment) -> Self {
        (self.options.outward, self.options.inward) = (impairment, impairment);
        self
    }

    /// Runs it on `engine`: every byte must arrive, every resource come home, and payload cross the bus once per
    /// transmission (T1) and once per reception (R1).
    pub fn run(&self, engine: Box<dyn EnginePorts>) -> Result<Bench<SmoltcpPeer>> {
        let mut bench = Bench::new(engine, smoltcp_peer(), self.options.clone(), &configuration(), self.plan.clone())?;
        let pairs =
            (0..self.connections as u64).map(|index| Exchange::pair(self.seed << 20 | index, self.out, self.back));
        match self.opener {
            Opener::Peer => {
                // Which connection is accepted first is not known: each gets a port of its own.
                for (index, (near, far)) in pairs.enumerate() {
                    let port = 1000 + index as u16;
                    bench.serve(port, move || near.clone())?;
                    let peer = &mut bench.device.transport_mut().peer;
                    peer.open((ENGINE, port), 20_000 + index as u16, far).map_err(anyhow::Error::msg)?;
                }
                bench.device.transport_mut().wake_peer();
            }
            Opener::Engine => {
                // A plan with buffers for a listener is one for connections that borrow them.
                if self.plan.listener_depth > 0 {
                    bench.serve(999, || Exchange::pair(0, 0, 0).0)?;
                }
                for (index, (near, far)) in pairs.enumerate() {
                    let (port, local) = (1000 + index as u16, 20_000 + index as u16);
                    bench.device.transport_mut().peer.serve(port, 1, move || far.clone());
                    bench.open_with_lender((PEER, port), local, near)?;
                }
            }
        }
        let all = self.connections;
        bench.run(self.limit, |bench| bench.host.finished.len() == all)?;
        bench.run(self.limit, |bench| bench.device.transport().peer.finished.len() >= all)?;
        bench.finish()?;
        self.verify(&bench)?;
        Ok(bench)
    }

    fn verify(&self, bench: &Bench<SmoltcpPeer>) -> Result<()> {
        let failures = bench.failures();
        ensure!(failures.is_empty(), "{} sessions of the host failed: {:?}", failures.len(), failures.first());
        let broken: Vec<_> = bench.device.transport().peer.finished.iter().filter(|result| result.is_err()).collect();
        ensure!(broken.is_empty(), "{} sessions of the peer failed: {:?}", broken.len(), broken.first());
        for finished in &bench.host.finished {
            let statistics = finished.statistics;
            let moved = (statistics.handed_over, statistics.sent, statistics.received);
            ensure!(moved == (self.out, self.out, self.back), "statistics (H8) of a connection: {statistics:?}");
        }
        let counters = bench.device.transport().counters();
        let all = self.connections as u64;
        ensure!(
            counters.traffic.payload_written == all * self.back,
            "payload written more than once (R1): {counters:?}"
        );
        let once = counters.traffic.payload_read == counters.payload_out;
        ensure!(
            once || !self.fetches_again || self.options.bus.error > 0.0,
            "payload not read once per transmission (T1): {counters:?}"
        );
        Ok(())
    }
}
