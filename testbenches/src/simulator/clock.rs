//! The clock loop: one pass is one cycle of the engine and of every model around it.

use super::acknowledged::Acknowledged;
use super::counters::{segment, Counters};
use super::egress::Egress;
use super::ends::Ends;
use super::ingress::Ingress;
use super::link::Link;
use super::memory::{HostMemory, Violation};
use super::options::SimulatorOptions;
use super::packets::Packets;
use super::pcap::{record, Capture};
use super::ports::{Changed, EnginePorts, Inputs, Outputs};
use super::read_bus::ReadBus;
use super::registers::RegisterPort;
use super::stalled::Stalled;
use super::watch::Watch;
use super::write_bus::WriteBus;
use crate::peers::Peer;
use anyhow::Result;
use stevedore_rtl::host::RESET_CYCLES;

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
    /// None for an engine that keeps received bytes elsewhere.
    acknowledged: Option<Acknowledged>,
    counters: Counters,
    ends: Ends,
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
        // 128 bytes, doubled so often.
        let [maximum_read, maximum_write] =
            [options.bus.maximum_read, options.bus.maximum_write].map(|bytes| (bytes / 128).ilog2() as u8);
        let acknowledged = engine.places_before_it_acknowledges().then(Acknowledged::default);
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
            inputs: Inputs { changed: Changed::ALL, reset: true, maximum_read, maximum_write, ..Inputs::default() },
            outputs: Outputs::default(),
            now: 0,
            wake: u64::MAX,
            peer_wake: 0,
            sent: Vec::new(),
            stalled: Stalled::default(),
            acknowledged,
            counters: Counters::default(),
            ends: Ends::default(),
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
        for _ in 0..RESET_CYCLES {
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
        let frame = self.egress.commit(inputs, outputs, &mut self.memory, now);
        if let Some(acknowledged) = &mut self.acknowledged {
            let bytes = frame.as_deref().unwrap_or(self.egress.partial());
            acknowledged.outward(bytes, frame.is_some(), &mut self.memory, now);
        }
        if let Some(frame) = frame {
            self.counters.frames_out += 1;
            let seen = segment(&frame);
            self.counters.payload_out += seen.payload;
            self.counters.largest_out.take(seen.payload, frame.len());
            self.counters.wire_out_end = self.egress.free_at();
            self.counters.resets += u64::from(seen.reset);
            self.counters.late_resets += u64::from(self.ends.late_reset(&seen, true));
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
                if let Some(acknowledged) = &mut self.acknowledged {
                    acknowledged.inward(&frame.bytes);
                }
                self.counters.frames_in += 1;
                let seen = segment(&frame.bytes);
                self.counters.payload_in += seen.payload;
                self.counters.largest_in.take(seen.payload, frame.bytes.len());
                self.counters.resets += u64::from(seen.reset);
                self.counters.late_resets += u64::from(self.ends.late_reset(&seen, false));
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

    /// Stops the engine from the bus's side, or lets it go on.
    pub fn halt(&mut self, halt: bool) {
        self.inputs.halt = halt;
        self.inputs.changed.add(Changed::RESET);
    }

    /// The engine is stopped by [`Simulator::halt`].
    pub fn halted(&self) -> bool {
        self.outputs.halted
    }

    /// Resets the engine, its registers among the rest. Nothing may be under way.
    pub fn restart(&mut self) {
        self.inputs.reset = true;
        self.inputs.changed.add(Changed::RESET);
        for _ in 0..RESET_CYCLES {
            self.engine.settle(&mut self.inputs, &mut self.outputs);
            self.engine.edge();
        }
        self.inputs.reset = false;
        self.inputs.changed.add(Changed::RESET);
    }

    /// Cycles so far.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// The interrupt line.
    pub fn interrupt(&self) -> bool {
        self.outputs.interrupt
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

    /// Cycles in which the engine did not take a beat from the wire.
    pub fn overruns(&self) -> u64 {
        self.ingress.overruns
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
