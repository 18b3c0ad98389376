//! The table at the end.

use crate::simulator::Counters;
use std::fmt;
use std::time::Duration;

/// What one transfer took.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name.
    pub name: &'static str,
    /// Payload bytes of the file.
    pub bytes: u64,
    /// The file went from the engine to the peer.
    pub outward: bool,
    /// What happened meanwhile.
    pub counters: Counters,
    /// Statistics registers, over the same time.
    pub segments: u64,
    /// Segments sent again.
    pub retransmissions: u64,
    /// Requests taken and responses written.
    pub descriptors: u64,
    /// Bytes the host received.
    pub received: u64,
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Report {
    /// In their order.
    pub stages: Vec<Stage>,
    /// Bytes per cycle of the wire.
    pub rate: f64,
    /// Time spent simulating.
    pub elapsed: Duration,
    /// Cycles of the whole run.
    pub cycles: u64,
}

impl Report {
    /// Cycles per second.
    pub fn speed(&self) -> f64 {
        self.cycles as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Payload as a share of what full frames of 1460 bytes could carry.
    fn goodput(&self, stage: &Stage) -> f64 {
        stage.bytes as f64 / (stage.counters.cycles as f64 * self.rate * 1460.0 / 1538.0)
    }
}

fn ratio(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_string(),
        _ => format!("{:.6}", part as f64 / whole as f64),
    }
}

type Row<'a> = (&'a str, Box<dyn Fn(&Stage) -> String + 'a>);

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let rows: Vec<Row> = vec![
            ("bytes", Box::new(|stage| stage.bytes.to_string())),
            ("cycles", Box::new(|stage| stage.counters.cycles.to_string())),
            ("goodput, % of the wire's limit", Box::new(|stage| format!("{:.2}", 100.0 * self.goodput(stage)))),
            ("segments in and out", Box::new(|stage| stage.segments.to_string())),
            ("retransmissions", Box::new(|stage| stage.retransmissions.to_string())),
            (
                "payload read per byte sent",
                Box::new(|stage| ratio(stage.counters.traffic.payload_read, stage.counters.payload_out)),
            ),
            (
                "payload written per byte received",
                Box::new(|stage| ratio(stage.counters.traffic.payload_written, stage.received)),
            ),
            ("descriptors", Box::new(|stage| stage.descriptors.to_string())),
            ("interrupts", Box::new(|stage| stage.counters.interrupts.to_string())),
            (
                "longest notification delay, cycles",
                Box::new(|stage| stage.counters.traffic.longest_notification.to_string()),
            ),
        ];
        write!(formatter, "{:36}", "")?;
        for stage in &self.stages {
            write!(formatter, "{:>14}", stage.name)?;
        }
        for (name, value) in rows {
            write!(formatter, "\n{name:36}")?;
            for stage in &self.stages {
                write!(formatter, "{:>14}", value(stage))?;
            }
        }
        let (millions, seconds) = (self.speed() / 1e6, self.elapsed.as_secs_f64());
        write!(formatter, "\n{} cycles in {seconds:.1} s: {millions:.3} million cycles per second", self.cycles)
    }
}
