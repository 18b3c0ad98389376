//! The clock loop: one pass is one cycle of the engine and of every model around it.

use super::counters::{segment, Counters};
use super::egress::Egress;
use super::ingress::Ingress;
use super::link::{Impairment, Link};
use super::memory::{HostMemory, Violation};
use super::packets::Packets;
use super::pcap::Capture;
use super::ports::{Changed, EnginePorts, Inputs, Outputs, Word};
use super::read_bus::{BusOptions, ReadBus};
use super::registers::RegisterPort;
use super::watch::Watch;
use super::write_bus::WriteBus;
use crate::peers::Peer;
use anyhow::Result;
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

/// An engine and its surroundings.
pub struct Simulator<P: Peer> {
    engine: Box<dyn EnginePorts>,
    /// Who is at the far end of the wire.
    pub peer: P,
    /// Host memory.
    pub memory: HostMemory,
    pub(super) registers: RegisterPort,
    read_bus: ReadBus,
    write_bus: WriteBus,
    packets: Packets,
    egress: Egress,
    ingress: Ingress,
    /// From the engine.
    outward: Link,
    /// To the engine.
    inward: Link,
    inputs: Inputs,
    pub(super) outputs: Outputs,
    pub(super) now: u64,
    /// When links and peer must be looked at.
    wake: u64,
    peer_wake: u64,
    /// Frames of the peer on their way into `inward`.
    sent: Vec<Vec<u8>>,
    stalled: Stalled,
    counters: Counters,
    /// The stopwatch, to be started for measuring latencies.
    pub watch: Watch,
    capture: Option<Capture>,
    backlog: usize,
    pub(super) pause: u64,
    pub(super) cycles_per_microsecond: u64,
    pub(super) next_address: u64,
    pub(super) output_entries: u64,
}

impl<P: Peer> Simulator<P> {
    /// Connects everything and resets the engine.
    pub fn new(engine: Box<dyn EnginePorts>, peer: P, options: SimulatorOptions) -> Result<Self> {
        let bytes = engine.bytes();
        let full_frame = (1538.0 / options.rate) as u64;
        let capture = match &options.capture {
            Some(path) => Some(Capture::create(path, options.nanoseconds_per_cycle)?),
            None => None,
        };
        let mut simulator = Simulator {
            engine,
            peer,
            memory: HostMemory::default(),
            registers: RegisterPort::default(),
            write_bus: WriteBus::new(&options.bus, bytes),
            packets: Packets::new(options.bus.packets),
            read_bus: ReadBus::new(options.bus, bytes),
            egress: Egress::new(bytes, options.rate),
            ingress: Ingress::new(bytes, options.rate),
            outward: Link::new(options.outward, options.seed.wrapping_mul(2), full_frame),
            inward: Link::new(options.inward, options.seed.wrapping_mul(2) + 1, full_frame),
            inputs: Inputs { changed: Changed::ALL, reset: true, ..Inputs::default() },
            outputs: Outputs::default(),
            now: 0,
            wake: u64::MAX,
            peer_wake: 0,
            sent: Vec::new(),
            stalled: Stalled::default(),
            counters: Counters::default(),
            watch: Watch::default(),
            capture,
            backlog: options.backlog,
            pause: options.pause,
            // What the register wakes up with; writes to it are watched.
            cycles_per_microsecond: 156,
            // Just below 4 GiB: some buffers of every run lie across that line.
            next_address: 0xfff0_0000,
            output_entries: 0,
        };
        for _ in 0..8 {
            simulator.engine.settle(&mut simulator.inputs, &mut simulator.outputs);
            simulator.engine.edge();
        }
        simulator.inputs.reset = false;
        simulator.inputs.changed.add(Changed::RESET);
        simulator.wake = 0;
        Ok(simulator)
    }

    /// One cycle.
    pub fn cycle(&mut self) {
        let now = self.now;
        if now >= self.wake {
            self.wake = self.serve_wire(now);
        }
        let inputs = &mut self.inputs;
        self.registers.drive(inputs);
        self.read_bus.drive(inputs, &mut self.packets, now);
        self.write_bus.drive(inputs, &self.packets, now);
        self.egress.drive(inputs, now);
        self.ingress.drive(inputs, now);
        let interrupt = self.outputs.interrupt;
        self.engine.settle(inputs, &mut self.outputs);
        if self.watch.running {
            self.watch_wire(now);
        }
        let (inputs, outputs) = (&mut self.inputs, &self.outputs);
        self.counters.interrupts += u64::from(outputs.interrupt && !interrupt);
        self.stalled.check(inputs, outputs, &mut self.memory, now);
        self.registers.commit(inputs, outputs, &mut self.memory, &mut self.watch, now);
        self.write_bus.commit(inputs, outputs, &mut self.memory, &mut self.packets, &mut self.watch, now);
        self.read_bus.commit(inputs, outputs, &mut self.memory, &mut self.packets, now);
        self.ingress.commit(inputs, outputs);
        if let Some(frame) = self.egress.commit(inputs, outputs, &mut self.memory, now) {
            self.counters.frames_out += 1;
            let seen = segment(&frame);
            self.counters.payload_out += seen.payload;
            self.counters.largest_out.take(seen.payload, frame.len());
            self.counters.wire_out_end = self.egress.free_at();
            self.counters.resets += u64::from(seen.reset);
            record(&mut self.capture, &mut self.memory, &frame, now);
            self.outward.send(frame, now);
            self.wake = self.wake.min(self.outward.next_due().unwrap_or(u64::MAX));
        }
        self.engine.edge();
        self.now = now + 1;
    }

    /// What the stopwatch wants to know of the wire.
    #[cold]
    fn watch_wire(&mut self, now: u64) {
        let (inputs, outputs) = (&self.inputs, &self.outputs);
        if inputs.rx_valid && outputs.rx_ready && inputs.rx_last {
            Watch::first(&mut self.watch.frame_taken, now);
        }
        let waits = self.watch.doorbell.is_some() && self.watch.frame_begun.is_none();
        self.watch.host_wait += u64::from(waits && !inputs.completion_valid && !self.read_bus.is_idle());
        if inputs.tx_ready && outputs.tx_valid && !self.egress.is_inside() && self.watch.frame_begun.is_none() {
            self.watch.frame_begun = Some(now);
        }
    }

    /// Starts the stopwatch.
    pub fn start_watch(&mut self) {
        self.watch = Watch::started();
    }

    /// Many cycles.
    pub fn cycles(&mut self, count: u64) {
        for _ in 0..count {
            self.cycle();
        }
    }

    /// Moves frames between links, peer and ingress; returns when to look again.
    #[cold]
    fn serve_wire(&mut self, now: u64) -> u64 {
        let mut delivered = false;
        while let Some(frame) = self.outward.receive(now) {
            // A network card drops what failed the frame check.
            if !frame.damaged {
                self.peer.deliver(frame.bytes);
                delivered = true;
            }
        }
        if delivered || now >= self.peer_wake {
            let room = self.backlog.saturating_sub(self.inward.len());
            self.peer_wake = self.peer.poll(now, room, &mut self.sent).max(now + 1);
            for frame in self.sent.drain(..) {
                self.inward.send(frame, now);
            }
        }
        if self.ingress.is_free(now) {
            if let Some(frame) = self.inward.receive(now) {
                let frame = self.ingress.start(frame, now);
                self.counters.frames_in += 1;
                let seen = segment(&frame.bytes);
                self.counters.payload_in += seen.payload;
                self.counters.largest_in.take(seen.payload, frame.bytes.len());
                self.counters.resets += u64::from(seen.reset);
                record(&mut self.capture, &mut self.memory, &frame.bytes, now);
            }
        }
        let arrival = self.inward.next_due().map(|due| due.max(self.ingress.free_from(now)));
        let soonest = [self.outward.next_due(), arrival].into_iter().flatten().min();
        soonest.unwrap_or(u64::MAX).max(now + 1).min(self.peer_wake)
    }

    /// Lets the peer work at the next cycle: something was asked of it from outside.
    pub fn wake_peer(&mut self) {
        self.peer_wake = self.now;
        self.wake = self.now;
    }

    /// Sends a frame to the engine from nowhere.
    pub fn inject(&mut self, frame: Vec<u8>) {
        self.inward.send(frame, self.now);
        self.wake = self.now;
    }

    /// Cycles so far.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// The counts so far.
    pub fn counters(&self) -> Counters {
        Counters {
            cycles: self.now,
            wire_out: self.egress.wire_bytes,
            wire_in: self.ingress.wire_bytes,
            read_requests: self.read_bus.requests,
            write_bursts: self.write_bus.bursts,
            bus_to_engine: self.packets.to_engine.bytes,
            bus_to_host: self.packets.to_host.bytes,
            traffic: self.memory.traffic,
            ..self.counters
        }
    }

    /// The reading half of the bus.
    pub fn read_bus(&mut self) -> &mut ReadBus {
        &mut self.read_bus
    }

    /// Frames lost, held, doubled, damaged on the way out and on the way in.
    pub fn mishaps(&self) -> [[u64; 4]; 2] {
        [self.outward.mishaps, self.inward.mishaps]
    }

    /// Changes what the wire does, out and in.
    pub fn impair(&mut self, outward: Impairment, inward: Impairment) {
        *self.outward.impairment_mut() = outward;
        *self.inward.impairment_mut() = inward;
    }

    /// Cycles in which the engine did not take a beat from the wire.
    pub fn overruns(&self) -> u64 {
        self.ingress.overruns
    }

    /// Cycles in which the engine left the wire waiting inside a frame.
    pub fn underruns(&self) -> u64 {
        self.egress.underruns
    }

    /// The first thing the engine did that it must not.
    pub fn violation(&self) -> Option<Violation> {
        let overrun = (self.ingress.overruns > 0).then(|| Violation {
            cycle: self.now,
            what: format!("the engine did not take {} beats from the wire", self.ingress.overruns),
        });
        self.memory.violations().first().cloned().or(overrun)
    }
}

fn record(capture: &mut Option<Capture>, memory: &mut HostMemory, frame: &[u8], now: u64) {
    if let Some(Err(error)) = capture.as_mut().map(|capture| capture.record(frame, now)) {
        *capture = None;
        memory.violate(now, format!("the capture cannot be written: {error:#}"));
    }
}

/// A beat that was offered and not taken must be offered again unchanged.
#[derive(Default)]
struct Stalled {
    write: Option<(u64, Word, u64, bool)>,
    request: Option<(u64, u32, u8)>,
    transmit: Option<(Word, u64, bool)>,
}

impl Stalled {
    #[inline]
    fn check(&mut self, inputs: &Inputs, outputs: &Outputs, memory: &mut HostMemory, now: u64) {
        if self.write.is_some() || (outputs.write_valid && !inputs.write_ready) {
            let beat = (outputs.write_address, outputs.write_data, outputs.write_strobe, outputs.write_last);
            let kept = check("write", &mut self.write, outputs.write_valid.then_some(beat), inputs.write_ready);
            kept.unwrap_or_else(|what| memory.violate(now, what));
        }
        if self.request.is_some() || (outputs.request_valid && !inputs.request_ready) {
            let request = (outputs.request_address, outputs.request_length, outputs.request_tag);
            let offered = outputs.request_valid.then_some(request);
            let kept = check("read request", &mut self.request, offered, inputs.request_ready);
            kept.unwrap_or_else(|what| memory.violate(now, what));
        }
        if self.transmit.is_some() || (outputs.tx_valid && !inputs.tx_ready) {
            let beat = (outputs.tx_data, outputs.tx_keep, outputs.tx_last);
            let kept = check("transmit", &mut self.transmit, outputs.tx_valid.then_some(beat), inputs.tx_ready);
            kept.unwrap_or_else(|what| memory.violate(now, what));
        }
    }
}

fn check<B: PartialEq>(name: &str, stalled: &mut Option<B>, offered: Option<B>, ready: bool) -> Result<(), String> {
    let changed = stalled.is_some() && *stalled != offered;
    *stalled = if ready { None } else { offered };
    match changed {
        true => Err(format!("a {name} beat that was not taken changed")),
        false => Ok(()),
    }
}
