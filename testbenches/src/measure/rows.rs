//! The rows: which run each is taken from, and its budget.

use super::application::{Load, Posting};
use super::figure::{frames, goodput_in, goodput_out, Budget, Figure};
use super::latency::{latencies, Latencies};
use super::rig::{Outcome, Setup, Surroundings};
use super::stages::{self, Probe};
use super::sweep::{self, Direction};
use crate::peers::{Script, PARTS};
use crate::rtl;
use crate::simulator::EnginePorts;
use anyhow::Result;
use stevedore_driver::Interrupts;
use stevedore_rtl::geometry::Geometry;

/// Payload that fills a frame of 64 bytes.
pub const SMALLEST: usize = 6;
/// "Many".
pub const MANY: usize = 1000;
const GIGABITS: &str = "Gb/s";
const FRAMES: &str = "Mframes/s";
const MEBIBYTE: f64 = (1 << 20) as f64;
const MESSAGE: f64 = (64 << 10) as f64;

/// What a row is measured with.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The engine.
    pub geometry: Geometry,
    /// What is around it.
    pub surroundings: Surroundings,
    /// Appended to the names.
    pub suffix: &'static str,
    /// Budget of the bulk rows, percent: one way, both ways.
    pub bulk: (f64, f64),
    /// Budget of the rows of smallest frames: one connection, many.
    pub smallest: (Budget, Budget),
    /// Windows a quarter as long.
    pub short: bool,
    /// Count what the engine's channels do.
    pub stages: bool,
}

impl Context {
    /// 64 bits, 10 GbE.
    pub fn narrow(short: bool, stages: bool) -> Self {
        let (bulk, smallest) = ((99.0, 98.0), (Budget::Percent(99.0), Budget::Percent(99.0)));
        let surroundings = Surroundings::narrow();
        Context { geometry: Geometry::DEFAULT, surroundings, suffix: "", bulk, smallest, short, stages }
    }

    /// 512 bits, 100 GbE.
    pub fn wide(short: bool, stages: bool) -> Self {
        let surroundings = Surroundings::wide();
        // A segment of one connection per 5 cycles, of many connections per 3.
        let smallest = (Budget::AtLeast(surroundings.clock / 5e6), Budget::AtLeast(surroundings.clock / 3e6));
        Context { geometry: Geometry::WIDE, surroundings, suffix: "_w512", bulk: (97.0, 97.0), smallest, short, stages }
    }

    /// A measurement in these surroundings.
    pub fn setup(&self, connections: usize, script: Script, load: Load) -> Setup {
        let mut setup = Setup::new(self.surroundings, connections, script, load);
        if self.short {
            (setup.window, setup.warm_up) = (setup.window / 4, setup.warm_up / 2);
        }
        setup
    }

    /// Runs it.
    pub fn measure(&self, setup: &Setup) -> Result<Outcome> {
        let (engine, probe) = self.engine()?;
        setup.measure(engine, probe.as_ref())
    }

    /// An engine, and its probe if stages are to be counted.
    pub fn engine(&self) -> Result<(Box<dyn EnginePorts>, Option<Probe>)> {
        if self.stages {
            let (engine, probe) = stages::engine(&self.geometry)?;
            return Ok((engine, Some(probe)));
        }
        Ok((rtl::engine(&self.geometry, None)?, None))
    }

    fn name(&self, row: &str) -> String {
        format!("{row}{}", self.suffix)
    }
}

/// Some rows from one run, or a few.
pub struct Case {
    /// The rows, without suffix.
    pub rows: &'static [&'static str],
    /// Measures them, in this order.
    pub run: fn(&Context) -> Result<Vec<Figure>>,
}

/// Bulk and smallest frames: measured at both widths.
pub const BOTH_WIDTHS: &[Case] = &[
    Case { rows: &["tx_bulk_1"], run: |context| bulk(context, 1, Direction::Transmit) },
    Case { rows: &["tx_bulk_1000"], run: |context| bulk(context, MANY, Direction::Transmit) },
    Case { rows: &["rx_bulk_1"], run: |context| bulk(context, 1, Direction::Receive) },
    Case { rows: &["rx_bulk_1000"], run: |context| bulk(context, MANY, Direction::Receive) },
    Case { rows: &["duplex_bulk_tx", "duplex_bulk_rx"], run: duplex },
    Case { rows: &["tx_min_1"], run: |context| smallest(context, "tx_min_1", 1, Direction::Transmit) },
    Case { rows: &["tx_min_many"], run: |context| smallest(context, "tx_min_many", MANY, Direction::Transmit) },
    Case { rows: &["rx_min_1"], run: |context| smallest(context, "rx_min_1", 1, Direction::Receive) },
    Case { rows: &["rx_min_many"], run: |context| smallest(context, "rx_min_many", MANY, Direction::Receive) },
];

/// Measured at 64 bits only.
pub const NARROW_ONLY: &[Case] = &[
    Case { rows: &["request_response_many"], run: request_response },
    Case { rows: &["open_close_many"], run: open_close },
    Case { rows: &["rx_latency", "tx_latency", "syn_latency"], run: latency },
    Case { rows: &["descriptor_bytes_per_64k_tx", "bus_read_bytes_per_payload_byte"], run: transmit_costs },
    Case { rows: &["descriptor_bytes_per_64k_rx"], run: receive_descriptors },
    Case { rows: &["interrupts_per_mb"], run: interrupts },
    Case { rows: &["tx_across_connections"], run: |context| across(context, "connections", Direction::Transmit) },
    Case { rows: &["rx_across_connections"], run: |context| across(context, "connections", Direction::Receive) },
    Case { rows: &["tx_across_latencies"], run: |context| across(context, "latencies", Direction::Transmit) },
    Case { rows: &["rx_across_latencies"], run: |context| across(context, "latencies", Direction::Receive) },
    Case { rows: &["tx_across_buffers"], run: |context| across(context, "buffers", Direction::Transmit) },
    Case { rows: &["rx_across_buffers"], run: |context| across(context, "buffers", Direction::Receive) },
];

fn bulk(context: &Context, connections: usize, direction: Direction) -> Result<Vec<Figure>> {
    let outcome = context.measure(&sweep::bulk(context, connections, direction))?;
    let (value, limit) = direction.goodput(&outcome);
    let name = context.name(&format!("{}_bulk_{connections}", direction.short()));
    let budget = Budget::Percent(context.bulk.0);
    Ok(vec![Figure::rate(&name, value, limit, GIGABITS, budget).of(&outcome)])
}

fn duplex(context: &Context) -> Result<Vec<Figure>> {
    let load = Load { send: Some(Posting::whole(4)), receive: Some(Posting::whole(4)), ..Load::default() };
    let outcome = context.measure(&context.setup(1, Script::Stream, load))?;
    let rows = [("duplex_bulk_tx", goodput_out(&outcome)), ("duplex_bulk_rx", goodput_in(&outcome))];
    let figure = |(row, (value, limit)): (&str, (f64, f64))| {
        let budget = Budget::Percent(context.bulk.1);
        Figure::rate(&context.name(row), value, limit, GIGABITS, budget).of(&outcome)
    };
    Ok(rows.into_iter().map(figure).collect())
}

fn smallest(context: &Context, row: &str, connections: usize, direction: Direction) -> Result<Vec<Figure>> {
    let mut setup = sweep::bulk(context, connections, direction);
    (setup.segment, setup.mss) = (SMALLEST, SMALLEST as u16);
    let mut outcome = context.measure(&setup)?;
    let mut paced = String::new();
    if !outcome.losses.is_empty() {
        // An engine that is too slow drops, and TCP does the rest: what it can take is found by offering less.
        for cycles in [2.5, 3.0, 3.5, 4.0, 4.25, 4.5, 4.75, 5.0, 5.5, 6.0, 7.0, 8.0, 10.0, 12.0, 16.0, 20.0, 24.0] {
            setup.spacing = (cycles * PARTS as f64) as u64;
            outcome = context.measure(&setup)?;
            if outcome.losses.is_empty() {
                paced = format!("frames every {cycles} cycles: closer, and the engine drops some");
                break;
            }
        }
    }
    let (value, limit) = frames(direction.goodput(&outcome), SMALLEST as u64);
    let cycles = context.surroundings.clock / value / 1e6;
    let budget = if connections == 1 { context.smallest.0 } else { context.smallest.1 };
    let figure = Figure::rate(&context.name(row), value, limit, FRAMES, budget);
    let mut waits = String::new();
    if !figure.passes() && !context.short {
        // What falls short is measured with the stages counted, once more if they were not yet, to say where words
        // wait.
        let channels = if context.stages {
            outcome.stages.clone()
        } else {
            Context { stages: true, ..*context }.measure(&setup)?.stages
        };
        waits = format!("words wait at {}", stages::fullest(&channels));
    }
    Ok(vec![figure.noting(format!("a segment per {cycles:.2} cycles")).noting(paced).noting(waits).of(&outcome)])
}

fn request_response(context: &Context) -> Result<Vec<Figure>> {
    let receive = Some(Posting { message: 4096, piece: 4096, depth: 2 });
    let load = Load { receive, answer: Some(SMALLEST), ..Load::default() };
    let mut setup = context.setup(MANY, Script::Ask(SMALLEST as u64), load);
    setup.segment = SMALLEST;
    let outcome = context.measure(&setup)?;
    let millions = context.surroundings.clock / 1e6;
    let counters = &outcome.counters;
    let value = outcome.answers as f64 / counters.cycles as f64 * millions;
    let limit = context.surroundings.rate() / counters.largest_out.wire.max(1) as f64 * millions;
    let spare = counters.frames_out as f64 / outcome.answers.max(1) as f64;
    let figure = Figure::rate(&context.name("request_response_many"), value, limit, FRAMES, Budget::Percent(99.0));
    Ok(vec![figure.noting(format!("{spare:.2} frames sent per answer")).of(&outcome)])
}

fn open_close(context: &Context) -> Result<Vec<Figure>> {
    let receive = Some(Posting { message: 64, piece: 64, depth: 1 });
    let load = Load { receive, closes: true, ..Load::default() };
    let outcome = context.measure(&context.setup(MANY / 2, Script::Visit, load))?;
    let (counters, visits) = (&outcome.counters, outcome.visits.max(1) as f64);
    let value = counters.cycles as f64 / visits;
    let busier = counters.wire_in.max(counters.wire_out) as f64;
    let limit = busier / visits / context.surroundings.rate();
    let each = |frames: u64| frames as f64 / visits;
    let note = format!("{:.2} frames in, {:.2} out each", each(counters.frames_in), each(counters.frames_out));
    let figure = Figure::cost(&context.name("open_close_many"), value, limit, "cycles", Budget::AtMost(64.0));
    Ok(vec![figure.noting(note).of(&outcome)])
}

fn latency(context: &Context) -> Result<Vec<Figure>> {
    let small = latencies(context, SMALLEST)?;
    let large = latencies(context, 1460)?;
    let Latencies { receive, transmit, open, stages } = small;
    let cycles = |row, value: u64, limit: f64| {
        Figure::cost(&context.name(row), value as f64, limit, "cycles", Budget::AtMost(limit))
    };
    Ok([
        cycles("rx_latency", receive.max(large.receive), 32.0)
            .noting(format!("worst; {receive} with {SMALLEST} bytes, {} with 1460", large.receive)),
        cycles("tx_latency", transmit, 64.0).noting(format!(
            "worst, {SMALLEST} bytes; {} with 1460, whose 183 beats must pass for the checksum",
            large.transmit
        )),
        cycles("syn_latency", open, 32.0),
    ]
    .map(|figure| Figure { stages: stages.clone(), ..figure })
    .to_vec())
}

fn transmit_costs(context: &Context) -> Result<Vec<Figure>> {
    let mut setup = sweep::bulk(context, 1, Direction::Transmit);
    setup.window *= 2;
    let outcome = context.measure(&setup)?;
    let counters = &outcome.counters;
    let payload = counters.traffic.payload_read as f64;
    let both_ways =
        counters.bus_to_engine as f64 + (counters.read_requests * setup.surroundings.packets.request) as f64;
    let ratio = counters.bus_to_engine as f64 / payload;
    Ok(vec![
        descriptors(context, "descriptor_bytes_per_64k_tx", &outcome, payload).of(&outcome),
        Figure::cost(&context.name("bus_read_bytes_per_payload_byte"), ratio, 1.12, "bytes", Budget::AtMost(1.12))
            .noting(format!("completions with their headers; {:.3} with the requests, other way", both_ways / payload)),
    ])
}

fn receive_descriptors(context: &Context) -> Result<Vec<Figure>> {
    let mut setup = sweep::bulk(context, 1, Direction::Receive);
    setup.window *= 2;
    // The peer that asks most of the engine: every segment has PSH.
    setup.push = 1;
    let outcome = context.measure(&setup)?;
    let payload = outcome.counters.traffic.payload_written as f64;
    let figure = descriptors(context, "descriptor_bytes_per_64k_rx", &outcome, payload);
    Ok(vec![figure.noting("every segment with PSH").of(&outcome)])
}

fn descriptors(context: &Context, row: &str, outcome: &Outcome, payload: f64) -> Figure {
    let traffic = &outcome.counters.traffic;
    let per_message = |bytes: u64| bytes as f64 * MESSAGE / payload;
    let (requests, responses) = (per_message(traffic.table_read), per_message(traffic.table_written));
    let figure = Figure::cost(&context.name(row), requests + responses, 128.0, "bytes", Budget::AtMost(128.0));
    figure.noting(format!("{requests:.1} requests, {responses:.1} responses"))
}

fn interrupts(context: &Context) -> Result<Vec<Figure>> {
    let mut setup = sweep::bulk(context, 1, Direction::Receive);
    setup.interrupts = Some(Interrupts { enabled: true, delay: 50, count: 8 });
    let outcome = context.measure(&setup)?;
    let counters = &outcome.counters;
    let value = counters.interrupts as f64 * MEBIBYTE / counters.traffic.payload_written as f64;
    let limit = MEBIBYTE / MESSAGE;
    let name = context.name("interrupts_per_mb");
    let figure = Figure::cost(&name, value, limit, "interrupts", Budget::AtMost(limit));
    Ok(vec![figure.noting("received, delay 50 us, count 8").of(&outcome)])
}

/// The lowest goodput over a sweep against the highest.
fn across(context: &Context, what: &str, direction: Direction) -> Result<Vec<Figure>> {
    let points = match what {
        "connections" => sweep::connections(context, direction)?,
        "latencies" => sweep::latencies(context, direction)?,
        _ => sweep::buffers(context, direction)?,
    };
    let (lowest, highest) = (sweep::lowest(&points), sweep::highest(&points));
    let name = context.name(&format!("{}_across_{what}", direction.short()));
    let figure = Figure::rate(&name, lowest.goodput, highest.goodput, GIGABITS, Budget::Percent(99.0));
    Ok(vec![figure.noting(format!("lowest at {}, limit is the highest", lowest.label))])
}
