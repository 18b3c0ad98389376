//! Goodput as one thing varies: for the plots, and for the rows that say it must not vary.

use super::application::{Load, Posting};
use super::figure::{goodput_in, goodput_out};
use super::rig::{Outcome, Setup};
use super::rows::{Context, MANY};
use crate::peers::Script;
use anyhow::Result;

/// Which way payload goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the engine.
    Transmit,
    /// To the engine.
    Receive,
}

impl Direction {
    /// As in the rows' names.
    pub fn short(self) -> &'static str {
        match self {
            Direction::Transmit => "tx",
            Direction::Receive => "rx",
        }
    }

    /// Gb/s: measured, limit.
    pub fn goodput(self, outcome: &Outcome) -> (f64, f64) {
        match self {
            Direction::Transmit => goodput_out(outcome),
            Direction::Receive => goodput_in(outcome),
        }
    }

    /// Script and load that keep this direction full.
    pub fn saturating(self, posting: Posting) -> (Script, Load) {
        match self {
            Direction::Transmit => (Script::Take, Load { send: Some(posting), ..Load::default() }),
            Direction::Receive => (Script::Stream, Load { receive: Some(posting), ..Load::default() }),
        }
    }
}

/// Full segments and messages of 64 KB; four messages ahead on a few connections, two on many.
pub fn bulk(context: &Context, connections: usize, direction: Direction) -> Setup {
    let depth = if connections < 100 { 4 } else { 2 };
    let (script, load) = direction.saturating(Posting::whole(depth));
    context.setup(connections, script, load)
}

/// One run.
#[derive(Clone, Debug)]
pub struct Point {
    /// What was varied.
    pub at: f64,
    /// The same in words.
    pub label: String,
    /// Gb/s.
    pub goodput: f64,
    /// Gb/s the wire would have carried.
    pub limit: f64,
}

fn point(context: &Context, setup: &Setup, direction: Direction, at: f64, label: String) -> Result<Point> {
    let (goodput, limit) = direction.goodput(&context.measure(setup)?);
    Ok(Point { at, label, goodput, limit })
}

/// Over the number of connections.
pub fn connections(context: &Context, direction: Direction) -> Result<Vec<Point>> {
    let run = |count: usize| {
        let setup = bulk(context, count, direction);
        point(context, &setup, direction, count as f64, format!("{count} connections"))
    };
    [1, 4, 16, 64, 256, MANY].into_iter().map(run).collect()
}

/// Over the latency of host memory.
pub fn latencies(context: &Context, direction: Direction) -> Result<Vec<Point>> {
    let run = |nanoseconds: u64| {
        let mut setup = bulk(context, 1, direction);
        (setup.latency, setup.jitter) = (nanoseconds * 95 / 100, nanoseconds / 10);
        // What is on its way in slow start must be over.
        setup.warm_up += 60 * context.surroundings.cycles(nanoseconds);
        point(context, &setup, direction, nanoseconds as f64, format!("{nanoseconds} ns"))
    };
    [250, 500, 1000, 2000, 4000].into_iter().map(run).collect()
}

/// One buffer of 64 KB, and lists of pages.
pub fn buffers(context: &Context, direction: Direction) -> Result<Vec<Point>> {
    let run = |(posting, label): (Posting, &str)| {
        let (script, load) = direction.saturating(posting);
        let setup = context.setup(1, script, load);
        point(context, &setup, direction, posting.piece as f64, label.to_string())
    };
    [(Posting::whole(4), "64 KB buffers"), (Posting::pages(4), "4 KB pages")].into_iter().map(run).collect()
}

/// Over the payload of a segment.
pub fn segments(context: &Context, direction: Direction) -> Result<Vec<Point>> {
    let run = |bytes: usize| {
        let mut setup = bulk(context, 1, direction);
        (setup.segment, setup.mss) = (bytes, bytes as u16);
        point(context, &setup, direction, bytes as f64, format!("{bytes} bytes"))
    };
    [6, 32, 64, 128, 256, 512, 1024, 1460].into_iter().map(run).collect()
}

/// The worst point.
pub fn lowest(points: &[Point]) -> &Point {
    points.iter().min_by(|one, other| one.goodput.total_cmp(&other.goodput)).expect("a sweep has points")
}

/// The best.
pub fn highest(points: &[Point]) -> &Point {
    points.iter().max_by(|one, other| one.goodput.total_cmp(&other.goodput)).expect("a sweep has points")
}
