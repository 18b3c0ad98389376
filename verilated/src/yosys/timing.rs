//! What place and route reports: how fast, how large, and which path is the slowest.

use super::harness::INSTANCE;
use super::synthesis::{object, Resources};
use anyhow::{Context, Result};
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// Kinds of cells that yosys makes: everything from `_<kind>_` on was added to the name of an RTL signal.
const KINDS: [&str; 7] = ["LUT4", "CCU2C", "PFUMX", "L6MUX21", "TRELLIS_FF", "TRELLIS_DPR16X4", "DP16KD"];

/// A stretch of a path inside logic that yosys named after one RTL signal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hop {
    /// The signal, by its place in the RTL: `tcp_i.pipeline_i.measures_q`.
    pub through: String,
    /// Time in logic, nanoseconds; at the first hop clock to output.
    pub logic: f64,
    /// Time on the wires that lead there, nanoseconds.
    pub routing: f64,
}

/// A design placed and routed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placement {
    /// The highest clock frequency, MHz.
    pub achieved: f64,
    /// Cells of the netlist as yosys counts them (`LUT4` without carry chains and LUT RAM), without the registers
    /// around the design.
    pub synthesized: Resources,
    /// Sites of the device taken, as nextpnr counts them: `TRELLIS_COMB` is a LUT of any use. The registers around the
    /// design are among them.
    pub sites: Resources,
    /// The slowest path from register to register, in its order; the first hop is where it starts, the last where it
    /// ends.
    pub critical: Vec<Hop>,
    /// Where paths end that leave less than a tenth of the period, the slowest first.
    pub tight: Vec<Ends>,
}

/// The registers of one RTL signal at which slow paths end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ends {
    /// The signal, by its place in the RTL.
    pub signal: String,
    /// How many of its bits, or of its memory's pins.
    pub count: usize,
    /// Time of the slowest of their paths, nanoseconds.
    pub slowest: f64,
}

impl Placement {
    /// From nextpnr's report, and the netlist's counts of which `registers` are not the design's. A path is tight if
    /// it is slower than nine tenths of the period of `aim` MHz.
    pub(super) fn read(report: &str, mut synthesized: Resources, registers: u64, aim: u32) -> Result<Self> {
        let report: Value = serde_json::from_str(report).context("no JSON")?;
        let (_, clock) = object(&report["fmax"]).next().context("no clock")?;
        let achieved = clock["achieved"].as_f64().context("no frequency")?;
        let sites = object(&report["utilization"])
            .filter_map(|(kind, count)| Some((kind.clone(), count["used"].as_u64().filter(|&used| used > 0)?)))
            .collect();
        let paths = report["critical_paths"].as_array().context("no paths")?;
        let clocked = |path: &&Value| ["from", "to"].iter().all(|end| path[end].as_str().is_some_and(is_edge));
        let path = paths.iter().find(clocked).context("no path between registers")?;
        let critical = hops(path["path"].as_array().context("an empty path")?)?;
        if let Some(count) = synthesized.get_mut("TRELLIS_FF") {
            *count = count.saturating_sub(registers);
        }
        let nets = report["detailed_net_timings"].as_array().context("no times of all nets")?;
        let tight = tight_ends(nets, 0.9 * 1e3 / f64::from(aim));
        Ok(Placement { achieved, synthesized, sites, critical, tight })
    }

    /// Nanoseconds the slowest path spends in logic, and on wires.
    pub fn delays(&self) -> (f64, f64) {
        self.critical.iter().fold((0.0, 0.0), |(logic, routing), hop| (logic + hop.logic, routing + hop.routing))
    }

    /// As text to be kept; `target` is the frequency the design must reach, MHz.
    pub fn to_json(&self, target: u32) -> String {
        let (logic, routing) = self.delays();
        let name = |hop: Option<&Hop>| hop.map(|hop| hop.through.clone()).unwrap_or_default();
        let hops: Vec<Value> = self
            .critical
            .iter()
            .map(
                |hop| json!({ "through": hop.through, "logic_ns": round(hop.logic), "routing_ns": round(hop.routing) }),
            )
            .collect();
        let value = json!({
            "achieved_mhz": round(self.achieved),
            "target_mhz": target,
            "margin_percent": round((self.achieved / f64::from(target) - 1.0) * 100.0),
            "synthesized": self.synthesized,
            "sites": self.sites,
            "critical_path": {
                "from": name(self.critical.first()),
                "to": name(self.critical.last()),
                "logic_ns": round(logic),
                "routing_ns": round(routing),
                "hops": hops,
            },
        });
        format!("{value:#}\n")
    }
}

/// The registers at which paths of more than `limit` nanoseconds end, by signal.
fn tight_ends(nets: &[Value], limit: f64) -> Vec<Ends> {
    let mut signals: BTreeMap<String, Ends> = BTreeMap::new();
    for end in nets.iter().filter_map(|net| net["endpoints"].as_array()).flatten() {
        // Of the two, early and late, the late one counts.
        let time = end["delay"][1].as_f64().unwrap_or(0.0);
        if let (Some(cell), true, true) =
            (end["cell"].as_str(), time > limit, end["event"].as_str().is_some_and(is_edge))
        {
            let ends = signals
                .entry(signal(cell))
                .or_insert_with_key(|signal| Ends { signal: signal.clone(), ..Ends::default() });
            ends.count += 1;
            ends.slowest = ends.slowest.max(time);
        }
    }
    let mut ends: Vec<Ends> = signals.into_values().collect();
    ends.sort_by(|a, b| b.slowest.total_cmp(&a.slowest));
    ends
}

fn is_edge(event: &str) -> bool {
    event.starts_with("posedge")
}

/// To hundredths: below that, nextpnr's model is not exact either.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The steps of a path, those inside logic of one name taken together.
fn hops(steps: &[Value]) -> Result<Vec<Hop>> {
    let mut hops: Vec<Hop> = Vec::new();
    for step in steps {
        let delay = step["delay"].as_f64().context("a step without delay")?;
        let through = signal(step["to"]["cell"].as_str().context("a step to no cell")?);
        if hops.last().is_none_or(|hop| hop.through != through) {
            hops.push(Hop { through, ..Hop::default() });
        }
        let hop = hops.last_mut().context("one was just added")?;
        *(if step["type"] == "routing" { &mut hop.routing } else { &mut hop.logic }) += delay;
    }
    Ok(hops)
}

/// The RTL signal a cell is named after.
fn signal(cell: &str) -> String {
    let inside = cell.strip_prefix(INSTANCE).and_then(|rest| rest.strip_prefix('.')).unwrap_or(cell);
    let end = KINDS.iter().filter_map(|kind| inside.find(&format!("_{kind}_"))).min();
    inside[..end.unwrap_or(inside.len())].to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tight_ends_are_counted_by_signal() {
        let end = |cell: &str, event: &str, time: f64| json!({ "cell": cell, "event": event, "delay": [0.5, time] });
        let nets = [
            json!({ "endpoints": [end("block.a_i.x_TRELLIS_FF_Q_1", "posedge c", 7.3), end("block.y_LUT4", "", 9.0)] }),
            json!({ "endpoints": [end("block.a_i.x_TRELLIS_FF_Q_2", "posedge c", 7.9)] }),
            json!({ "endpoints": [end("block.z_TRELLIS_FF_Q", "posedge c", 7.1)] }),
        ];
        let expected = Ends { signal: "a_i.x".into(), count: 2, slowest: 7.9 };
        assert_eq!(tight_ends(&nets, 7.2), [expected]);
    }
}
