//! One row of the table: a measured value, the limit counted in the same run, and what the budget says.

use super::rig::Outcome;
use super::stages::Occupancy;
use serde::{Deserialize, Serialize};

/// What the budget asks of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// At least this much of the limit, percent.
    Percent(f64),
    /// At most this value.
    AtMost(f64),
    /// At least this value.
    AtLeast(f64),
}

/// What `--json` writes of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The row.
    pub name: String,
    /// Measured.
    pub value: f64,
    /// What the wire or the bus would have allowed, counted in the same run; for latencies and other costs the budget.
    pub limit: f64,
    /// How good the value is against the limit; more is better in every row.
    pub percent: f64,
    /// Unit of both.
    pub unit: String,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Figure {
    /// For `--json`.
    pub record: Record,
    /// What is asked.
    pub budget: Budget,
    /// What else is worth knowing.
    pub note: String,
    /// What the engine's channels did, if that was counted.
    pub stages: Vec<Occupancy>,
}

impl Figure {
    /// A figure of which more is better.
    pub fn rate(name: &str, value: f64, limit: f64, unit: &str, budget: Budget) -> Self {
        Figure::new(name, value, limit, 100.0 * value / limit, unit, budget)
    }

    /// A figure of which less is better.
    pub fn cost(name: &str, value: f64, limit: f64, unit: &str, budget: Budget) -> Self {
        Figure::new(name, value, limit, 100.0 * limit / value, unit, budget)
    }

    fn new(name: &str, value: f64, limit: f64, percent: f64, unit: &str, budget: Budget) -> Self {
        // Three digits behind the point are exact enough for any difference that matters, and keep the kept file
        // readable.
        let round = |value: f64| (value * 1e3).round() / 1e3;
        let record = Record {
            name: name.to_string(),
            value: round(value),
            limit: round(limit),
            percent: round(percent),
            unit: unit.to_string(),
        };
        Figure { record, budget, note: String::new(), stages: Vec::new() }
    }

    /// Adds to the note.
    pub fn noting(mut self, note: impl Into<String>) -> Self {
        let note = note.into();
        if !self.note.is_empty() && !note.is_empty() {
            self.note += "; ";
        }
        self.note += &note;
        self
    }

    /// What is worth knowing of the run: losses, stages.
    pub fn of(mut self, outcome: &Outcome) -> Self {
        self.stages = outcome.stages.clone();
        self.noting(outcome.losses.as_str())
    }

    /// The budget is kept.
    pub fn passes(&self) -> bool {
        match self.budget {
            Budget::Percent(percent) => self.record.percent >= percent,
            Budget::AtMost(value) => self.record.value <= value,
            Budget::AtLeast(value) => self.record.value >= value,
        }
    }
}

/// Payload from the engine and what the wire, or the bus if that is narrower, would have carried; Gb/s.
pub fn goodput_out(outcome: &Outcome) -> (f64, f64) {
    let counters = &outcome.counters;
    let giga = outcome.surroundings.clock * 8.0 / 1e9;
    // From the end of one frame on the wire to the end of another: exact.
    let value = counters.payload_out as f64 / counters.wire_out_end * giga;
    let wire = wire_share(outcome, counters.largest_out);
    let bus = bus_share(outcome, counters.traffic.payload_read, counters.bus_to_engine);
    (value, wire.min(bus) * giga)
}

/// The same for payload placed in host memory.
pub fn goodput_in(outcome: &Outcome) -> (f64, f64) {
    let counters = &outcome.counters;
    let giga = outcome.surroundings.clock * 8.0 / 1e9;
    let value = counters.traffic.payload_written as f64 / counters.cycles as f64 * giga;
    let wire = wire_share(outcome, counters.largest_in);
    let bus = bus_share(outcome, counters.traffic.payload_written, counters.bus_to_host);
    (value, wire.min(bus) * giga)
}

/// Payload bytes a cycle if the wire carried nothing but the largest segments seen.
fn wire_share(outcome: &Outcome, largest: crate::simulator::Largest) -> f64 {
    outcome.surroundings.rate() * largest.payload as f64 / largest.wire.max(1) as f64
}

/// Payload bytes a cycle if the bus were busy all the time with the mix that was seen.
fn bus_share(outcome: &Outcome, payload: u64, carried: u64) -> f64 {
    outcome.surroundings.packets.rate * payload as f64 / carried.max(1) as f64
}

/// Millions of frames a second, from Gb/s of payload in frames of `payload` bytes.
pub fn frames((value, limit): (f64, f64), payload: u64) -> (f64, f64) {
    let each = payload as f64 * 8.0 / 1e3;
    (value / each, limit / each)
}
