//! Adapter and shim between the two models.
use crate::engine::{Burst, Engine};
use crate::host::Host;
use stevedore_rtl::pcie::ultrascale::Endpoint;
use stevedore_testbenches::random::Random;
use stevedore_testbenches::replay::{Compiled, Dut};

/// A period of the time-out, short enough for a test.
pub const PERIOD: u64 = 1 << 12;
/// Longest read and longest burst of the engine.
pub const MAXIMUM_READ: u64 = 512;
/// See [`MAXIMUM_READ`].
pub const MAXIMUM_WRITE: u64 = 256;

/// Everything that runs.
pub struct World<const W: usize, const K: usize> {
    pub dut: Compiled,
    pub random: Random,
    pub engine: Engine<W, K>,
    pub host: Host,
}

impl<const W: usize, const K: usize> World<W, K> {
    /// After reset, as bus master with MSI-X enabled. `pace`: how often each side is willing, in percent.
    pub fn new(seed: u64, pace: u64) -> Self {
        Self::with_period(seed, pace, PERIOD)
    }

    /// The same with another time-out: the slowest hosts and engines need more time.
    pub fn with_period(seed: u64, pace: u64, period: u64) -> Self {
        println!("W {W}, seed {seed}, pace {pace}");
        let make = |&period: &u64| Endpoint::<W, K>::new(MAXIMUM_READ as usize, period);
        let mut dut = Compiled::once(&format!("endpoint_{W}"), &period, make).expect("a model");
        dut.reset();
        let mut world = World { dut, random: Random::new(seed), engine: Engine::new(pace), host: Host::new(pace) };
        world.set("bus_master", 1);
        world.set("message_enable", 1);
        world
    }

    pub fn set(&mut self, name: &str, value: u64) {
        let port = self.dut.model.port(name);
        self.dut.model.set(port, value);
    }

    pub fn get(&self, name: &str) -> u64 {
        self.dut.model.get(self.dut.model.port(name))
    }

    pub fn step(&mut self) {
        self.engine.before(&mut self.dut, &mut self.random);
        self.host.before(&mut self.dut, &mut self.random);
        self.dut.settle();
        self.engine.after(&self.dut, &mut self.random);
        self.host.after(&self.dut, &mut self.random);
        self.dut.step();
    }

    pub fn steps(&mut self, cycles: u64) {
        (0..cycles).for_each(|_| self.step());
    }

    /// Until `done`, at most `limit` cycles.
    pub fn until(&mut self, limit: u64, mut done: impl FnMut(&mut Self) -> bool) {
        let end = self.dut.cycle() + limit;
        while !done(self) {
            assert!(self.dut.cycle() < end, "not done after {limit} cycles");
            self.step();
        }
    }

    /// Until nothing is wanted or under way, and a little longer: more than should come would come now.
    pub fn finish(&mut self, limit: u64) {
        self.until(limit, |world| world.engine.idle() && world.host.idle());
        self.steps(200);
    }

    /// Reads of any address and length inside blocks of `block` bytes.
    pub fn want_reads(&mut self, count: u64, block: u64) {
        for _ in 0..count {
            let address = self.random.below(1 << 40);
            let most = block - address % block;
            let length = if self.random.percent(30) { most } else { self.random.within(1, most) };
            self.engine.wanted.push_back((address, length));
        }
    }

    /// Bursts of any address and length inside blocks of `block` bytes.
    pub fn want_bursts(&mut self, count: u64, block: u64) {
        for _ in 0..count {
            let address = self.random.below(1 << 40);
            let most = block - address % block;
            let length = if self.random.percent(30) { most } else { self.random.within(1, most) };
            let bytes = self.random.bytes(length as usize);
            let may_pass = self.random.percent(50);
            self.engine.bursts.push_back(Burst { address, bytes, may_pass });
        }
    }

    /// Every read that was not to fail came back with what is in memory; returns how many failed.
    pub fn check_reads(&self) -> usize {
        let good = self.engine.done.iter().filter(|done| done.bytes.is_some());
        for done in good {
            let expected: Vec<u8> = (done.address..done.address + done.length).map(|at| self.host.byte(at)).collect();
            assert!(done.bytes.as_ref() == Some(&expected), "{:#x}, {} bytes", done.address, done.length);
        }
        self.engine.done.iter().filter(|done| done.bytes.is_none()).count()
    }

    /// The posted packets, without those at the addresses of messages, are the bursts in their order.
    pub fn check_bursts(&self, messages: &[u64]) {
        let posted = self.host.posted.iter().filter(|posted| !messages.contains(&posted.address));
        let came: Vec<Burst> = posted
            .map(|posted| Burst { address: posted.address, bytes: posted.bytes.clone(), may_pass: posted.relaxed })
            .collect();
        assert!(came == self.engine.accepted, "{} packets, {} bursts", came.len(), self.engine.accepted.len());
    }
}
