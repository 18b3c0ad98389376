//! What both demos share: the server on the engine, stages, progress, the verdict.

use super::report::{Report, Stage};
use super::{DemoOptions, HTTP_PORT, SESSION};
use crate::bench::Bench;
use crate::peers::Peer;
use crate::sessions::{http_server, BufferPlan, Uploads};
use crate::simulator::{open_link, Counters, EnginePorts, LinkedSimulator, Simulated, Simulator};
use anyhow::{ensure, Result};
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};
use stevedore_abi::register::offset;
use stevedore_driver::Configuration;

/// Send and receive buffers of the application.
const BUFFER: usize = 64 << 10;
const DEPTH: usize = 4;
/// Cycles without a byte of payload, after which a transfer hangs. Longer than time-outs that back off twice.
const PATIENCE: u64 = 200_000_000;
/// Between two updates of the progress bar.
const REFRESH: Duration = Duration::from_millis(100);

/// Statistics registers at one moment.
#[derive(Clone, Copy, Default)]
struct Statistics {
    segments: u64,
    retransmissions: u64,
    descriptors: u64,
}

/// A demo under way.
pub struct Demo<P: Peer, T: Simulated<Peer = P> = Simulator<P>> {
    /// Device and application.
    pub bench: Bench<P, T>,
    /// What the server on the engine received.
    pub uploads: Uploads,
    options: DemoOptions,
    stages: Vec<Stage>,
    bar: ProgressBar,
    started: Instant,
    refreshed: Instant,
    simulated: u64,
}

impl<P: Peer> Demo<P> {
    /// Starts the engine and the server on it.
    pub fn start(
        engine: Box<dyn EnginePorts>,
        peer: P,
        options: &DemoOptions,
        configuration: &Configuration,
    ) -> Result<Self> {
        Self::on(Simulator::new(engine, peer, options.simulator())?, options, configuration)
    }
}

impl<P: Peer> Demo<P, LinkedSimulator<P>> {
    /// Starts the engine behind its link, and the server on it.
    pub fn start_linked(
        engine: Box<dyn EnginePorts>,
        peer: P,
        options: &DemoOptions,
        configuration: &Configuration,
    ) -> Result<Self> {
        let link = open_link(engine, peer, options.simulator(), options.link_loss, SESSION)?;
        Self::on(link, options, configuration)
    }
}

impl<P: Peer, T: Simulated<Peer = P>> Demo<P, T> {
    fn on(transport: T, options: &DemoOptions, configuration: &Configuration) -> Result<Self> {
        let plan = BufferPlan::whole(BUFFER, DEPTH);
        let mut bench = Bench::on(transport, configuration, plan)?;
        let uploads = Uploads::default();
        let (file, log) = (options.served(), uploads.clone());
        bench.serve(HTTP_PORT, move || http_server(file, log.clone()))?;
        let bar = ProgressBar::new(3 * options.size);
        let style = ProgressStyle::with_template("{prefix:10} [{bar:40}] {bytes}/{total_bytes}  {msg}")?;
        bar.set_style(style.progress_chars("=> "));
        let now = Instant::now();
        let (options, stages) = (options.clone(), Vec::new());
        Ok(Demo { bench, uploads, options, stages, bar, started: now, refreshed: now, simulated: 0 })
    }

    /// Runs a transfer until `done` and enters it into the table; an error if no byte moves for too long.
    pub fn stage(
        &mut self,
        name: &'static str,
        outward: bool,
        mut done: impl FnMut(&mut Bench<P, T>) -> Result<bool>,
    ) -> Result<()> {
        let (counters, statistics) = (self.counters(), self.statistics()?);
        let finished = self.bench.host.finished.len();
        let (mut moved, mut moved_at) = (0, counters.cycles);
        self.bar.set_prefix(name);
        while !done(&mut self.bench)? || self.bench.host.finished.len() == finished {
            self.bench.step()?;
            if self.refreshed.elapsed() > REFRESH {
                let now = self.counters();
                let bytes = now.payload_out + now.traffic.payload_written;
                if bytes != moved {
                    (moved, moved_at) = (bytes, now.cycles);
                }
                let waited = now.cycles - moved_at;
                ensure!(waited < PATIENCE, "{name}: no byte for {waited} cycles: {:?}", now.since(&counters));
                self.refresh(&counters, outward);
            }
        }
        let after = self.statistics()?;
        let ended = &self.bench.host.finished[finished..];
        let received = ended.iter().map(|finished| finished.statistics.received).sum();
        for finished in ended {
            ensure!(finished.result.is_ok(), "{name}: {}", finished.result.clone().err().unwrap_or_default());
        }
        self.stages.push(Stage {
            name,
            bytes: self.options.size,
            outward,
            counters: self.counters().since(&counters),
            segments: after.segments - statistics.segments,
            retransmissions: after.retransmissions - statistics.retransmissions,
            descriptors: after.descriptors - statistics.descriptors,
            received,
        });
        Ok(())
    }

    /// Waits until everything is home, and gives the verdict: an error for a leak, a reset or payload that crossed the
    /// bus twice.
    pub fn finish(mut self) -> Result<Report> {
        self.bench.finish()?;
        self.bar.finish_and_clear();
        let counters = self.counters();
        let elapsed = self.started.elapsed();
        let report = Report { stages: self.stages, rate: self.options.rate, elapsed, cycles: counters.cycles };
        println!("{report}");
        // What the wire repeats of a connection that is over is answered with RST.
        let answers = if self.options.impairment.repeats() { counters.late_resets } else { 0 };
        let resets = counters.resets - answers;
        ensure!(resets == 0, "{resets} segments with RST were seen, {answers} to what the wire repeated not counted");
        let (read, sent) = (counters.traffic.payload_read, counters.payload_out);
        ensure!(read == sent, "{read} payload bytes were read, {sent} sent: not once per transmission (T1)");
        Ok(report)
    }

    fn counters(&self) -> Counters {
        self.bench.device.transport().counters()
    }

    fn statistics(&mut self) -> Result<Statistics> {
        let mut register = |offset| self.bench.device.register(offset).map(u64::from);
        Ok(Statistics {
            segments: register(offset::STAT_SEGMENTS_IN)? + register(offset::STAT_SEGMENTS_OUT)?,
            retransmissions: register(offset::STAT_RETRANSMISSIONS)?,
            descriptors: register(offset::STAT_REQUESTS)? + register(offset::STAT_RESPONSES)?,
        })
    }

    fn refresh(&mut self, before: &Counters, outward: bool) {
        let counters = self.counters();
        let moved = counters.since(before);
        let bytes = if outward { moved.payload_out } else { moved.traffic.payload_written };
        let speed = (counters.cycles - self.simulated) as f64 / self.refreshed.elapsed().as_secs_f64();
        self.bar.set_position(self.stages.len() as u64 * self.options.size + bytes.min(self.options.size));
        self.bar.set_message(format!("{:.0} thousand cycles/s", speed / 1e3));
        (self.refreshed, self.simulated) = (Instant::now(), counters.cycles);
    }
}
