//! A thousand lives of connections that end at the worst moment.
use crate::stage::Stage;
use anyhow::{Context, Result};
use stevedore_testbenches::random::Random;
use stevedore_testbenches::simulator::BusOptions;

const RTO: u32 = 1_500;

/// Draws how the bus behaves in the next run.
fn draw(random: &mut Random, bus: &mut BusOptions, longest: u64, error: f64) {
    bus.latency = 20 << random.below(8);
    bus.latency = bus.latency.min(longest);
    bus.jitter = if random.below(2) == 0 { 20 } else { bus.latency };
    bus.reorder = random.below(2) == 0;
    bus.split = random.below(2) == 0;
    bus.request_stall = [0.0, 0.0, 0.3, 0.8][random.below(4) as usize];
    bus.completion_stall = [0.0, 0.0, 0.3, 0.6][random.below(4) as usize];
    bus.error = error;
}

/// Lengths of a message's buffers.
fn lengths(random: &mut Random) -> Vec<usize> {
    let count = 1 + random.below(6);
    let most = [9, 400, 3_000][random.below(3) as usize];
    (0..count).map(|_| 1 + random.below(most) as usize).collect()
}

/// One run: a few connections, posts, acknowledgements of what was seen or of more, and an end of some kind for each.
fn life(stage: &mut Stage, random: &mut Random, longest: u64, error: f64) -> Result<()> {
    draw(random, stage.device.transport_mut().read_bus().options_mut(), longest, error);
    let pause = stage.device.transport_mut().read_bus().options_mut().latency;
    let mut ports = Vec::new();
    for _ in 0..1 + random.below(3) {
        ports.push(stage.open()?);
    }
    for _ in 0..4 + random.below(12) {
        let port = ports[random.below(ports.len() as u64) as usize];
        let end = &stage.ends[&port];
        let (seen, acknowledged, posted) = (end.seen, end.acknowledged, end.posted);
        match random.below(10) {
            0..=3 => drop(stage.send(port, &lengths(random))?),
            4..=5 => stage.acknowledge(port, seen),
            6 => stage.acknowledge(
                port,
                acknowledged + random.below(u64::from(seen.saturating_sub(acknowledged)) + 1) as u32,
            ),
            // Bytes that are granted, and not yet read: the peer guesses.
            7 => stage.acknowledge(
                port,
                acknowledged + random.below(u64::from(posted.saturating_sub(acknowledged)) + 1) as u32,
            ),
            8 if random.below(4) == 0 => stage.reset(port),
            9 if random.below(4) == 0 => stage.abort(port)?,
            _ => stage.run(u64::from(RTO) / 2 + random.below(u64::from(RTO)))?,
        }
        stage.run(random.below(pause) + 1)?;
    }
    for port in ports {
        stage.run(random.below(pause / 4 + 1))?;
        if random.below(2) == 0 {
            stage.reset(port);
        }
        // Also if the reset was taken: nobody lives on, whatever the peer believed.
        stage.abort(port)?;
    }
    stage.homecoming()
}

fn lives(first: u64, longest: u64, error: f64) -> Result<()> {
    let mut stage = Stage::new(BusOptions::default(), RTO)?;
    let mut sent = 0;
    for seed in first..first + 250 {
        let mut random = Random::new(seed);
        life(&mut stage, &mut random, longest, error).with_context(|| format!("seed {seed}"))?;
        sent = stage.device.transport().counters().payload_out;
    }
    println!("{} cycles, {sent} bytes sent, {:?}", stage.now(), stage.device.transport().counters().traffic);
    anyhow::ensure!(sent > 100_000, "only {sent} bytes were sent");
    Ok(())
}

/// T3: 250 runs on buses that answer within 160 cycles: no read is answered after its buffer went home, every buffer
/// comes home exactly once, every slot and context is used again.
#[test]
fn quick_buses_read_nothing_that_went_home() -> Result<()> {
    lives(0, 160, 0.0)
}

/// T3: the same on buses that take up to 2,560 cycles, and as many again.
#[test]
fn slow_buses_read_nothing_that_went_home() -> Result<()> {
    lives(1_000, 2_560, 0.0)
}

/// T3: the same, other seeds.
#[test]
fn buses_of_all_kinds_read_nothing_that_went_home() -> Result<()> {
    lives(2_000, 1_280, 0.0)
}

/// T3: the same, and one read in twenty fails: a payload that is lost keeps no buffer for ever.
#[test]
fn failing_buses_keep_no_buffer() -> Result<()> {
    lives(3_000, 640, 0.05)
}
