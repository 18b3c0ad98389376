//! From the text of a board's top to its bitstream: yosys, nextpnr, ecppack.

use super::ecp5::{object, Resources, SYNTHESIZE};
use super::place::{Stage, PLACER, ROUTER, SEED};
use super::run;
use crate::process::{self, capture, said};
use crate::scratch::Scratch;
use crate::tools::{Tool, Tools};
use anyhow::{bail, ensure, Context, Result};
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// What nextpnr holds a clock to that nobody gave a frequency, MHz.
const UNCONSTRAINED: f64 = 12.0;

/// How fast a clock may be and must be, MHz.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockResult {
    /// What was asked for.
    pub constraint: f64,
    /// What came out.
    pub achieved: f64,
}

/// A top placed and routed with its pins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Implementation {
    /// By the name of their net.
    pub clocks: BTreeMap<String, ClockResult>,
    /// The longest time from a register of one clock to one of another, nanoseconds.
    pub crossings: BTreeMap<String, f64>,
    /// Sites of the device taken, and how many there are.
    pub sites: BTreeMap<String, (u64, u64)>,
}

impl Implementation {
    fn read(report: &str) -> Result<Self> {
        let report: Value = serde_json::from_str(report).context("nextpnr's report is no JSON")?;
        let mut implementation = Implementation::default();
        for (name, clock) in object(&report["fmax"]) {
            let figure = |what: &str| clock[what].as_f64().with_context(|| format!("clock {name} without {what}"));
            let result = ClockResult { constraint: figure("constraint")?, achieved: figure("achieved")? };
            implementation.clocks.insert(name.clone(), result);
        }
        for path in report["critical_paths"].as_array().context("no paths")? {
            let (Some(from), Some(to)) = (path["from"].as_str(), path["to"].as_str()) else { continue };
            if from == to || [from, to].iter().any(|end| !end.contains("edge")) {
                continue;
            }
            let steps = path["path"].as_array().context("an empty path")?;
            let delay = steps.iter().filter_map(|step| step["delay"].as_f64()).sum();
            implementation.crossings.insert(format!("{from} -> {to}"), delay);
        }
        for (kind, count) in object(&report["utilization"]) {
            if let (Some(used @ 1..), Some(available)) = (count["used"].as_u64(), count["available"].as_u64()) {
                implementation.sites.insert(kind.clone(), (used, available));
            }
        }
        Ok(implementation)
    }

    /// An error that names each clock that has no frequency or misses it, and each crossing that takes longer than a
    /// cycle of the fastest clock: the bits of a position in Gray code would come late by more than one step.
    pub fn judge(&self) -> Result<()> {
        ensure!(!self.clocks.is_empty(), "no clock");
        let mut faults = vec![];
        for (name, clock) in &self.clocks {
            if clock.constraint <= UNCONSTRAINED {
                faults.push(format!("{name} has no frequency to reach"));
            } else if clock.achieved < clock.constraint {
                faults.push(format!("{name} reaches {:.1} of {:.1} MHz", clock.achieved, clock.constraint));
            }
        }
        let fastest = self.clocks.values().map(|clock| clock.constraint).fold(UNCONSTRAINED, f64::max);
        for (name, delay) in self.crossings.iter().filter(|(_, &delay)| delay > 1e3 / fastest) {
            faults.push(format!("{name} takes {delay:.1} ns"));
        }
        ensure!(faults.is_empty(), "clocks: {}", faults.join("; "));
        Ok(())
    }

    /// As text to be kept.
    pub fn to_json(&self) -> String {
        let hundredths = |value: f64| (value * 100.0).round() / 100.0;
        let clock = |clock: &ClockResult| {
            json!({
                "asked_mhz": hundredths(clock.constraint),
                "achieved_mhz": hundredths(clock.achieved),
                "margin_percent": hundredths((clock.achieved / clock.constraint - 1.0) * 100.0),
            })
        };
        let clocks: BTreeMap<_, _> = self.clocks.iter().map(|(name, result)| (name, clock(result))).collect();
        let crossings: BTreeMap<_, _> = self.crossings.iter().map(|(name, &delay)| (name, hundredths(delay))).collect();
        let share = |(used, available): (u64, u64)| hundredths(used as f64 / available as f64 * 100.0);
        let sites: Resources = self.sites.iter().map(|(kind, &(used, _))| (kind.clone(), used)).collect();
        let shares: BTreeMap<_, _> = self.sites.iter().map(|(kind, &counts)| (kind, share(counts))).collect();
        let value = json!({
            "clocks": clocks,
            "crossings_ns": crossings,
            "sites": sites,
            "percent_of_device": shares,
        });
        format!("{value:#}\n")
    }
}

/// Makes `name`.bit of module `top` of `verilog` in `directory`, for the device that `device` tells nextpnr of, with
/// the pins and clocks of `lpf`, and leaves the texts and logs beside it. `progress` hears of each stage as it begins.
///
/// # Errors
/// A port without a pin, a clock without a frequency, a clock too slow: then there is no bitstream.
pub fn bitstream(
    verilog: &str,
    top: &str,
    device: &[&str],
    lpf: &str,
    directory: &Path,
    mut progress: impl FnMut(Stage),
) -> Result<Implementation> {
    progress(Stage::Synthesize);
    let scratch = Scratch::new()?;
    scratch.write("design.v", verilog)?;
    scratch.write("design.lpf", lpf)?;
    // The primitives first: a module that nobody knows is an error.
    let script = format!(
        "read_verilog -lib +/ecp5/cells_sim.v +/ecp5/cells_bb.v; read_verilog -noautowire design.v; \
         hierarchy -check -top {top}; {SYNTHESIZE} -top {top} -json design.json"
    );
    run(&scratch, &script)?;

    progress(Stage::Place);
    let mut command = Tools::of_workspace().command(Tool::NextpnrEcp5)?;
    command.current_dir(scratch.path()).args(device).args(PLACER).args(ROUTER).args(["--seed", SEED]);
    command.args(["--json", "design.json", "--lpf", "design.lpf", "--textcfg", "design.config"]);
    let output = capture(command.args(["--report", "report.json", "--log", "nextpnr.log"]))?;
    keep(&scratch, directory, top, &[("design.v", "v"), ("design.lpf", "lpf"), ("nextpnr.log", "log")])?;
    // It ends with an error if a clock is too slow, too: the report says which.
    let implementation = match scratch.read("report.json") {
        Ok(report) => Implementation::read(&report)?,
        Err(_) => bail!("nextpnr: {}", errors(&said(&output))),
    };
    keep(&scratch, directory, top, &[("report.json", "json")])?;
    implementation.judge()?;
    ensure!(output.status.success(), "nextpnr: {}", errors(&said(&output)));

    progress(Stage::Pack);
    let mut command = Tools::of_workspace().command(Tool::Ecppack)?;
    command.current_dir(scratch.path()).args(["--compress", "design.config", "design.bit"]);
    process::run(&mut command)?;
    keep(&scratch, directory, top, &[("design.bit", "bit")])?;
    Ok(implementation)
}

/// Copies files to be looked at afterwards, if they are there.
fn keep(scratch: &Scratch, directory: &Path, top: &str, files: &[(&str, &str)]) -> Result<()> {
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    for (file, ending) in files {
        let (from, to) = (scratch.path().join(file), directory.join(format!("{top}.{ending}")));
        if from.is_file() {
            std::fs::copy(&from, &to).with_context(|| format!("cannot write {}", to.display()))?;
        }
    }
    Ok(())
}

fn errors(said: &str) -> String {
    let errors: Vec<&str> = said.lines().filter(|line| line.contains("ERROR")).collect();
    errors.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_without_frequency_and_slow_clocks_are_faults() {
        let of = |constraint, achieved| {
            let clocks = BTreeMap::from([("tick".to_string(), ClockResult { constraint, achieved })]);
            Implementation { clocks, ..Implementation::default() }.judge().map_err(|error| error.to_string())
        };
        assert_eq!(of(100.0, 100.0), Ok(()));
        assert!(of(12.0, 200.0).unwrap_err().contains("tick has no frequency"));
        assert!(of(125.0, 124.9).unwrap_err().contains("tick reaches 124.9 of 125.0 MHz"));
        assert!(Implementation::default().judge().is_err());
        let clocks = BTreeMap::from([("tick".to_string(), ClockResult { constraint: 125.0, achieved: 200.0 })]);
        let crossing = |delay| {
            let crossings = BTreeMap::from([("posedge tick -> posedge tock".to_string(), delay)]);
            Implementation { clocks: clocks.clone(), crossings, ..Implementation::default() }.judge()
        };
        assert!(crossing(7.9).is_ok());
        assert!(crossing(8.1).unwrap_err().to_string().contains("tock takes 8.1 ns"));
    }

    #[test]
    fn report_is_read_with_its_crossings() {
        let report = r#"{"fmax": {"a": {"constraint": 100.0, "achieved": 150.5}},
            "utilization": {"DCCA": {"used": 2, "available": 56}, "MULT": {"used": 0, "available": 5}},
            "critical_paths": [{"from": "posedge a", "to": "posedge a", "path": [{"delay": 9.0}]},
                {"from": "posedge a", "to": "posedge b", "path": [{"delay": 1.0}, {"delay": 0.5}]},
                {"from": "<async>", "to": "posedge a", "path": [{"delay": 2.0}]}]}"#;
        let read = Implementation::read(report).unwrap();
        assert_eq!(read.clocks["a"], ClockResult { constraint: 100.0, achieved: 150.5 });
        assert_eq!(read.crossings, BTreeMap::from([("posedge a -> posedge b".to_string(), 1.5)]));
        assert_eq!(read.sites, BTreeMap::from([("DCCA".to_string(), (2, 56))]));
        assert!(read.to_json().contains("\"margin_percent\": 50.5"), "{}", read.to_json());
    }
}
