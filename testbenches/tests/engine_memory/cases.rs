//! The ways in which a buffer came home too early, each with its timing swept.
use crate::stage::Stage;
use anyhow::Result;
use stevedore_testbenches::simulator::BusOptions;

const RTO: u32 = 20_000;

fn bus(latency: u64) -> BusOptions {
    BusOptions { latency, jitter: 20, ..BusOptions::default() }
}

/// T3: the host aborts while reads take 3,000 cycles: no buffer comes back, and no termination is reported, before the
/// last of them is answered.
#[test]
fn abort_waits_for_slow_reads() -> Result<()> {
    let mut stage = Stage::new(bus(3_000), 100_000)?;
    for wait in (200..9_000).step_by(400) {
        println!("abort {wait} cycles after the post");
        let port = stage.open()?;
        stage.send(port, &[8_000])?;
        stage.run(wait)?;
        stage.abort(port)?;
        stage.homecoming()?;
        stage.run(8_000)?;
    }
    Ok(())
}

/// T3: an abort right behind a post.
#[test]
fn abort_right_behind_a_post_waits_for_the_reads() -> Result<()> {
    let mut stage = Stage::new(bus(150), RTO)?;
    for wait in (30..400).step_by(5) {
        println!("abort {wait} cycles after the post");
        let port = stage.open()?;
        stage.send(port, &[3_000])?;
        stage.run(wait)?;
        stage.abort(port)?;
        stage.homecoming()?;
    }
    Ok(())
}

/// T3: the peer resets the connection while its segments are being read.
#[test]
fn reset_of_the_peer_waits_for_the_reads() -> Result<()> {
    let mut stage = Stage::new(bus(150), RTO)?;
    for wait in (100..500).step_by(5) {
        println!("reset {wait} cycles after the post");
        let port = stage.open()?;
        stage.send(port, &[8_000])?;
        stage.run(wait)?;
        stage.reset(port);
        stage.homecoming()?;
    }
    Ok(())
}

/// When a segment that nobody acknowledges is sent again, counted from the post, and how often it was seen by then.
fn retransmission(stage: &mut Stage) -> Result<u64> {
    let port = stage.open()?;
    let posted = stage.now();
    stage.send(port, &[100])?;
    stage.until("it is sent again", |stage| stage.ends[&port].data_frames.len() == 2)?;
    let again = stage.ends[&port].data_frames[1] - posted;
    stage.abort(port)?;
    stage.homecoming()?;
    Ok(again)
}

/// T3, the ordinary case: a retransmission waits behind another connection's reads while the acknowledgement of what it
/// sends again comes in. The buffer is acknowledged, and yet about to be read.
#[test]
fn acknowledged_retransmission_waits_for_its_read() -> Result<()> {
    let mut stage = Stage::new(bus(150), RTO)?;
    let again = retransmission(&mut stage)?;
    let mut crossed = 0;
    for wait in (0..420).step_by(6) {
        let (many, late) = (stage.open()?, stage.open()?);
        let posted = stage.now();
        stage.send(late, &[100])?;
        stage.run(again - 500)?;
        stage.send(many, &[365; 8])?;
        stage.run(150 + wait)?;
        stage.acknowledge(late, 100);
        stage.run(600)?;
        crossed += usize::from(stage.ends[&late].data_frames.len() > 1);
        println!(
            "acknowledged {} cycles after the post; sent {:?}",
            stage.now() - posted,
            stage.ends[&late].data_frames
        );
        for port in [many, late] {
            stage.abort(port)?;
        }
        stage.homecoming()?;
    }
    anyhow::ensure!(crossed > 10, "only {crossed} acknowledgements crossed the retransmission");
    Ok(())
}
