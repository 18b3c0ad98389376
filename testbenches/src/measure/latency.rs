//! Latencies: a question and its answer on an otherwise idle engine, timed by the simulator's stopwatch.

use super::application::{Load, Posting};
use super::rig::Rig;
use super::rows::Context;
use super::stages::{self, Occupancy};
use crate::peers::Script;
use anyhow::{ensure, Context as _, Result};

/// Rounds timed: host latency is jittered, so each meets the engine's schedules elsewhere.
const ROUNDS: u64 = 32;
/// Cycles after which a round is not coming back.
const PATIENCE: u64 = 100_000;

/// The longest seen, cycles.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    /// Last byte of a frame in, to first byte of its payload out on the bus.
    pub receive: u64,
    /// Doorbell to first byte on the wire, less the time host memory took to answer.
    pub transmit: u64,
    /// Last byte of a SYN in, to first byte of the SYN-ACK out.
    pub open: u64,
    /// What the engine's channels did in the last round, if that was counted.
    pub stages: Vec<Occupancy>,
}

/// Times rounds of questions and answers of `size` bytes.
pub fn latencies(context: &Context, size: usize) -> Result<Latencies> {
    let receive = Some(Posting { message: 64 << 10, piece: 64 << 10, depth: 2 });
    let load = Load { receive, answer: Some(size), ..Load::default() };
    let mut setup = context.setup(1, Script::Ask(size as u64), load);
    setup.segment = size;
    let (engine, probe) = context.engine()?;
    let mut rig = Rig::new(engine, &setup)?;
    rig.open(1)?;
    let opening = rig.device.transport().watch;
    let syn = opening.frame_taken.context("no SYN was seen")?;
    let syn_ack = opening.frame_begun.context("no SYN-ACK was seen")?;
    let mut worst = Latencies { open: syn_ack - syn, ..Latencies::default() };
    for _ in 0..ROUNDS {
        let (messages, end) = (rig.application.messages, rig.now() + PATIENCE);
        while rig.application.messages == messages {
            ensure!(rig.now() < end, "no question arrived; {:?}", rig.peer().faults);
            rig.application.step(&mut rig.device)?;
            if rig.application.messages != messages {
                // The doorbell is on its way: everything from here on belongs to this answer and the next question.
                rig.device.transport_mut().start_watch();
                probe.iter().for_each(stages::clear);
            }
            rig.device.transport_mut().cycle();
        }
        while rig.device.transport().watch.payload_written.is_none() {
            ensure!(rig.now() < end, "an answer was not followed by a question; {:?}", rig.peer().faults);
            rig.device.transport_mut().cycle();
        }
        let watch = rig.device.transport().watch;
        let seen = "the next question cannot come before the answer is on the wire";
        let (doorbell, begun) = (watch.doorbell.context(seen)?, watch.frame_begun.context(seen)?);
        let (taken, written) = (watch.frame_taken.context(seen)?, watch.payload_written.context(seen)?);
        worst.transmit = worst.transmit.max((begun - doorbell).saturating_sub(watch.host_wait));
        worst.receive = worst.receive.max(written - taken);
    }
    rig.verify()?;
    worst.stages = probe.map_or(Vec::new(), |probe| probe.borrow().clone());
    Ok(worst)
}
