//! The cycle table: when the first word moved on each channel between blocks, on the way of a SYN, of an answer and of
//! a question through an idle engine whose host memory answers at once.

use super::application::{Load, Posting};

use super::rig::Rig;
use super::rows::{Context, SMALLEST};
use super::stages::{self, Occupancy, Probe};
use crate::peers::Script;
use anyhow::{ensure, Context as _, Result};
use std::fmt::Write as _;

/// Cycles within which each way is over.
const PATIENCE: u64 = 100_000;
/// Cycles for which the way of a question is followed behind its payload: the word to the host.
const BEHIND: u64 = 40;

/// A way through the engine.
struct Way {
    title: &'static str,
    /// What cycle 0 is, and what the end is.
    bounds: &'static str,
    /// Cycle and channel, in that order.
    steps: Vec<(u64, String)>,
    /// Cycle of the end.
    total: u64,
}

/// The page, made by this command.
pub fn page(context: &Context, command: &str) -> Result<String> {
    let mut text = format!(
        "# Cycles\n\nMade by `{command}`; do not edit. The automated run compares.\n\n\
         An idle engine of {} bits, host memory that answers at once, segments of {SMALLEST} bytes of payload. A row is \
         the first\nword on a channel: the block named in front of the channel gave the word in that cycle.\n",
        context.geometry.width
    );
    for way in ways(context)? {
        let _ = writeln!(text, "\n## {}\n\n{}\n\n| cycle | channel |\n|---:|---|", way.title, way.bounds);
        let mut over = false;
        for (cycle, channel) in &way.steps {
            if *cycle > way.total && !over {
                let _ = writeln!(text, "| **{}** | **the end** |", way.total);
                over = true;
            }
            let _ = writeln!(text, "| {cycle} | `{channel}` |");
        }
        if !over {
            let _ = writeln!(text, "| **{}** | **the end** |", way.total);
        }
    }
    Ok(text)
}

fn ways(context: &Context) -> Result<[Way; 3]> {
    let receive = Some(Posting { message: 64 << 10, piece: 64 << 10, depth: 2 });
    let load = Load { receive, answer: Some(SMALLEST), ..Load::default() };
    let mut setup = context.setup(1, Script::Ask(SMALLEST as u64), load);
    (setup.segment, setup.latency, setup.jitter) = (SMALLEST, 0, 0);
    let (engine, probe) = context.engine()?;
    let probe = probe.context("an engine that counts")?;
    let mut rig = Rig::new(engine, &setup)?;

    cycle_until(&mut rig, |rig| rig.device.transport().watch.frame_taken.is_some())?;
    let begun = restart(&rig, &probe);
    cycle_until(&mut rig, |rig| rig.device.transport().watch.frame_begun.is_some())?;
    let watch = rig.device.transport().watch;
    let (taken, answered) = (watch.frame_taken.context("a SYN")?, watch.frame_begun.context("a SYN-ACK")?);
    let opening = Way {
        title: "SYN to SYN-ACK",
        bounds: "Cycle 0: the last byte of a SYN was taken. The end: the first byte of the SYN-ACK is offered.",
        steps: steps(&probe, begun, taken, answered),
        total: answered - taken,
    };

    rig.open(1)?;
    let messages = rig.application.messages;
    let end = rig.now() + PATIENCE;
    while rig.application.messages == messages {
        ensure!(rig.now() < end, "no question arrived; {:?}", rig.peer().faults);
        rig.application.step(&mut rig.device)?;
        if rig.application.messages == messages {
            rig.device.transport_mut().cycle();
        }
    }
    // The doorbell is on its way: everything from here on belongs to this answer and the next question.
    rig.device.transport_mut().start_watch();
    let begun = restart(&rig, &probe);
    cycle_until(&mut rig, |rig| rig.device.transport().watch.frame_begun.is_some())?;
    let watch = rig.device.transport().watch;
    let (doorbell, first) = (watch.doorbell.context("a doorbell")?, watch.frame_begun.context("an answer")?);
    let answer = Way {
        title: "Doorbell to wire",
        bounds: "Cycle 0: the doorbell was written. The end: the first byte of the segment is offered to the wire.",
        steps: steps(&probe, begun, doorbell, first),
        total: first - doorbell,
    };

    cycle_until(&mut rig, |rig| rig.device.transport().watch.frame_taken.is_some())?;
    let begun = restart(&rig, &probe);
    cycle_until(&mut rig, |rig| rig.device.transport().watch.payload_written.is_some())?;
    let watch = rig.device.transport().watch;
    let (taken, written) = (watch.frame_taken.context("a question")?, watch.payload_written.context("its payload")?);
    (0..BEHIND).for_each(|_| rig.device.transport_mut().cycle());
    let question = Way {
        title: "Wire to memory",
        bounds: "Cycle 0: the last byte of a segment was taken. The end: the first byte of its payload is on the bus; \
                 the rows behind\nthe end are the word to the host.",
        steps: steps(&probe, begun, taken, written + BEHIND),
        total: written - taken,
    };
    Ok([opening, answer, question])
}

/// Simulates until something is so.
fn cycle_until(rig: &mut Rig, so: impl Fn(&Rig) -> bool) -> Result<()> {
    let end = rig.now() + PATIENCE;
    while !so(rig) {
        ensure!(rig.now() < end, "the engine does not go on; {:?}", rig.peer().faults);
        rig.device.transport_mut().cycle();
    }
    Ok(())
}

/// Counts anew; the cycle that is counted first.
fn restart(rig: &Rig, probe: &Probe) -> u64 {
    stages::clear(probe);
    rig.now()
}

/// The channels with a word from cycle `from` to cycle `to`, told from `from`; `begun` is the cycle counted first.
/// Channels that always move, like the scan of the timers, are no part of a way.
fn steps(probe: &Probe, begun: u64, from: u64, to: u64) -> Vec<(u64, String)> {
    let always = |channel: &Occupancy| channel.busy * 4 > channel.busy + channel.stalled + channel.starved;
    let step = |channel: &Occupancy| {
        let cycle = begun + channel.first?;
        (!always(channel) && (from..=to).contains(&cycle)).then(|| (cycle - from, channel.name.clone()))
    };
    let mut steps: Vec<(u64, String)> = probe.borrow().iter().filter_map(step).collect();
    steps.sort_unstable();
    steps
}
