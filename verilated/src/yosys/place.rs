//! Place and route for ECP5, by nextpnr.

use super::harness::{shell, SHELL};
use super::synthesis::{cells, describe, statistics_of, SYNTHESIZE};
use super::timing::Placement;
use super::{read, run};
use crate::process;
use crate::scratch::Scratch;
use crate::tools::{Tool, Tools};
use anyhow::{Context, Result};

/// The device: LFE5UM5G-85F, speed grade 8, in the package of the ECP5-5G Versa board. The board's own 45F is half of
/// the same fabric: nextpnr finds no legal place there for all the engine's LUTs.
const DEVICE: [&str; 5] = ["--um5g-85k", "--package", "CABGA381", "--speed", "8"];
/// How much the placer cares for time, against the length of wires. At nextpnr's own 10, wires across half the device
/// remain on paths that miss the clock.
pub(super) const PLACER: [&str; 2] = ["--placer-heap-timingweight", "100"];
/// It settles wire by wire and comes to an end with this engine, in a quarter of an hour on a quiet machine. Of
/// `router2` wires that share a place grew more with each round.
pub(super) const ROUTER: [&str; 2] = ["--router", "router1"];
/// Where the placer's random numbers begin: figures can be had again.
pub(super) const SEED: &str = "1";

/// What a run is about to do; a whole engine takes minutes for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Synthesis.
    Synthesize,
    /// Place and route.
    Place,
    /// The bitstream of what was placed and routed.
    Pack,
}

/// Synthesizes module `top` of `verilog`, flattened, between registers, then places and routes it. nextpnr is told to
/// aim at `aim` MHz; that it misses the aim is no error. `progress` hears of each stage as it begins.
pub fn place_ecp5(verilog: &str, top: &str, aim: u32, mut progress: impl FnMut(Stage)) -> Result<Placement> {
    progress(Stage::Synthesize);
    let scratch = Scratch::new()?;
    scratch.write("design.v", verilog)?;
    let (shell, registers) = shell(top, &describe(&scratch, top)?["ports"])?;
    scratch.write("design.v", &format!("{verilog}\n{shell}"))?;
    let script =
        format!("{}; {SYNTHESIZE} -top {SHELL} -json design.json; tee -q -o stat.json stat -json", read(SHELL));
    run(&scratch, &script)?;
    let synthesized = cells(&statistics_of(&scratch)?["design"], &[]);

    progress(Stage::Place);
    let mut command = Tools::of_workspace().command(Tool::NextpnrEcp5)?;
    command.current_dir(scratch.path()).args(DEVICE).args(PLACER).args(ROUTER).args([
        "--freq",
        &aim.to_string(),
        "--seed",
        SEED,
    ]);
    command.args(["--json", "design.json", "--report", "report.json", "--detailed-timing-report", "--quiet"]);
    // Two pins, whose place does not matter; and a missed aim is for the caller to judge.
    process::run(command.args(["--lpf-allow-unconstrained", "--timing-allow-fail"]))?;
    Placement::read(&scratch.read("report.json")?, synthesized, registers, aim).context("nextpnr's report")
}
