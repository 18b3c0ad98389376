//! What yosys makes of the text: a reader of Verilog that shares nothing with Verilator.

mod bitstream;
mod harness;
mod place;
mod synthesis;
mod timing;

use crate::process::{capture, said};
use crate::scratch::Scratch;
use crate::tools::{Tool, Tools};
use anyhow::{bail, Context, Result};

pub use bitstream::{bitstream, ClockResult, Implementation};
pub use place::{place_ecp5, Stage};
pub use synthesis::{synthesize, synthesize_blocks, Family, Resources, Synthesis};
pub use timing::{Ends, Hop, Placement};

/// What a structural check found; each entry is a line about one signal or one loop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Signals that hold their value without a clock.
    pub latches: Vec<String>,
    /// Signals that are read but driven by nothing.
    pub undriven: Vec<String>,
    /// Signals driven more than once.
    pub multiply_driven: Vec<String>,
    /// Logic whose output feeds its own input.
    pub loops: Vec<String>,
}

impl Report {
    /// Nothing was found.
    pub fn is_clean(&self) -> bool {
        *self == Report::default()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds = [
            ("latch", &self.latches),
            ("undriven", &self.undriven),
            ("multiply driven", &self.multiply_driven),
            ("loop", &self.loops),
        ];
        for (kind, findings) in kinds {
            for finding in findings {
                writeln!(f, "{kind}: {finding}")?;
            }
        }
        Ok(())
    }
}

/// Reads module `top` of `verilog`, flattens it and looks for latches, undriven signals, signals with several drivers
/// and combinational loops, across module borders. An undeclared name or a missing module is an error.
pub fn check(verilog: &str, top: &str) -> Result<Report> {
    let scratch = Scratch::new()?;
    scratch.write("design.v", verilog)?;
    let script = format!(
        "{}; proc; flatten; opt_expr; select -write latches t:$dlatch t:$adlatch t:$dlatchsr; check",
        read(top)
    );
    let log = run(&scratch, &script)?;
    let mut report =
        Report { latches: scratch.read("latches")?.lines().map(String::from).collect(), ..Report::default() };
    for line in log.lines() {
        let Some(finding) = line.strip_prefix("Warning: ") else { continue };
        let finding = finding.to_string();
        if finding.contains("conflicting drivers") {
            report.multiply_driven.push(finding);
        } else if finding.contains("no driver") {
            report.undriven.push(finding);
        } else if finding.contains("logic loop") {
            report.loops.push(finding);
        }
    }
    Ok(report)
}

/// The same design as a flat netlist of simple gates and flip-flops, in Verilog, with the ports of `top`: built into a
/// [`Model`](crate::Model) it behaves as yosys understood the text. Memories become flip-flops, so this is for blocks.
pub fn netlist(verilog: &str, top: &str) -> Result<String> {
    let scratch = Scratch::new()?;
    scratch.write("design.v", verilog)?;
    let script =
        format!("{}; synth -flatten -noabc -top {top}; opt_clean -purge; write_verilog -noattr netlist.v", read(top));
    run(&scratch, &script)?;
    scratch.read("netlist.v")
}

/// The commands every script begins with. A name nobody declared is an error here, not a wire of one bit.
fn read(top: &str) -> String {
    format!("read_verilog -noautowire design.v; hierarchy -check -top {top}")
}

/// Runs a script in the scratch directory (the packaged yosys sees nothing outside it) and returns the log.
fn run(scratch: &Scratch, script: &str) -> Result<String> {
    scratch.write("script.ys", &script.replace("; ", "\n"))?;
    let mut command = Tools::of_workspace().command(Tool::Yosys)?;
    let output = capture(command.current_dir(scratch.path()).args(["-q", "-l", "log", "-s", "script.ys"]))?;
    if !output.status.success() {
        let said = said(&output);
        let error = said.lines().find(|line| line.contains("ERROR")).unwrap_or(&said);
        bail!("yosys: {error}");
    }
    scratch.read("log").context("yosys left no log")
}
