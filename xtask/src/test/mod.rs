//! `cargo xtask test`: all that must hold before a change is merged. The automated run does exactly this.

mod binaries;
mod lanes;

use crate::process;
use crate::progress::Progress;
use crate::setup::{self, Need};
use crate::workspace::{cargo, program, OPTIMIZED_KERNELS};
use anyhow::{bail, ensure, Result};
use lanes::Counts;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// One check.
struct Step {
    name: String,
    command: Command,
    kind: Kind,
}

/// How a check is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Alone; what it prints is of interest only if it fails.
    Quiet,
    /// Alone and in full view.
    Loud,
    /// It keeps one core busy: beside others of its kind, as many as there are cores. What it prints is shown when it
    /// has ended.
    Single,
}

/// All but the test binaries, in the order in which they fail fastest; among those of one core, the long ones first.
fn steps() -> Vec<Step> {
    let quiet = |name, arguments: &[&str]| step(name, arguments, Kind::Quiet);
    let mut documentation = quiet("documentation", &["doc", "--workspace", "--no-deps"]);
    documentation.command.env("RUSTDOCFLAGS", "-D warnings");
    let mut steps = vec![
        quiet("formatting", &["fmt", "--all", "--check"]),
        quiet("clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        documentation,
        examples(),
        run("demo", "demo", &[], Kind::Loud),
        run("synthesis, card", "elaborate", &["synth", "--card"], Kind::Single),
        run("synthesis", "elaborate", &["synth"], Kind::Single),
        run("bitstream", "board", &["bitstream", "ecpix5"], Kind::Single),
        run("bench, short", "bench", &["--short"], Kind::Single),
        run("cycle table", "bench", &["--cycles", "docs/cycles.md", "--check"], Kind::Single),
        run("lint", "elaborate", &["lint"], Kind::Single),
        run("card, cocotb", "xtask", &["cocotb"], Kind::Single),
        run("book", "book", &["--check"], Kind::Single),
    ];
    if kernel_can_be_peer() {
        let mishaps = ["--peer", "kernel", "--loss", "1", "--reorder", "1", "--duplicate", "1", "--size", "4194304"];
        // Both write the same files, so neither runs beside the other.
        steps.push(run("demo, kernel", "demo", &["--peer", "kernel"], Kind::Loud));
        steps.push(run("demo, mishaps", "demo", &mishaps, Kind::Loud));
        steps.push(step("guest", &["xtask", "guest"], Kind::Loud));
    } else {
        println!("skipped: the demos with the kernel and the guest, which need root and /dev/net/tun");
    }
    steps
}

/// Whether this process may make a TAP device in a network namespace of its own.
pub fn kernel_can_be_peer() -> bool {
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    root && Path::new("/dev/net/tun").exists()
}

/// A program of the workspace.
fn run(name: &'static str, binary: &str, arguments: &[&str], kind: Kind) -> Step {
    let words: Vec<&str> = program(binary).into_iter().chain(arguments.iter().copied()).collect();
    step(name, &words, kind)
}

/// The examples in the documentation.
fn examples() -> Step {
    step("tests, examples", &["test", "--workspace", "--doc"], Kind::Quiet)
}

fn step(name: &str, arguments: &[&str], kind: Kind) -> Step {
    Step { name: name.to_string(), command: cargo(arguments.iter().copied()), kind }
}

/// How a step went.
struct Outcome {
    name: String,
    passed: bool,
    time: Duration,
    counts: Counts,
}

/// Runs every check, or those named in `only`, also after one has failed, and prints a table of how they went.
pub fn all(quick: bool, only: &[String]) -> Result<()> {
    setup::ensure(Need::Everything)?;
    std::env::set_var(OPTIMIZED_KERNELS, "1");
    let mut steps = if quick { vec![examples()] } else { steps() };
    let wanted = |step: &Step| only.is_empty() || only.iter().any(|part| step.name.contains(part.as_str()));
    let known = |steps: &[Step], part: &String| steps.iter().any(|step| step.name.contains(part.as_str()));
    // What stands in no other check's name can only be that of a test binary.
    let without_tests =
        !only.is_empty() && only.iter().all(|part| !"tests".contains(part.as_str()) && known(&steps, part));
    if !without_tests {
        steps.extend(binaries::compiled()?);
    }
    if let Some(unknown) = only.iter().find(|part| !known(&steps, part)) {
        let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        bail!("no check is called {unknown:?}; there are:\n{}", names.join("\n"));
    }
    steps.retain(wanted);
    let mut progress = Progress::new(steps.len());
    let (single, alone): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(|step| step.kind == Kind::Single);
    let mut outcomes: Vec<Outcome> = alone.into_iter().map(|step| run_step(step, &mut progress)).collect();
    outcomes.extend(lanes::run(single, &mut progress));
    println!();
    let mut all = Counts::default();
    for outcome in &outcomes {
        let word = if outcome.passed { "ok" } else { "FAILED" };
        println!("{word:6}  {:>6.1} s  {:32} {}", outcome.time.as_secs_f64(), outcome.name, outcome.counts.note());
        all.0.iter_mut().zip(outcome.counts.0).for_each(|(sum, count)| *sum += count);
    }
    println!("{}", all.note());
    let failed: Vec<&str> =
        outcomes.iter().filter(|outcome| !outcome.passed).map(|outcome| outcome.name.as_str()).collect();
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

fn run_step(mut step: Step, progress: &mut Progress) -> Outcome {
    let began = Instant::now();
    let mut counts = Counts::default();
    let result = if step.kind == Kind::Loud {
        progress.loud_step(&step.name, || process::watched(&mut step.command, |line| counts.add(line)))
    } else {
        progress.quiet_step(&step.name, || {
            process::quiet(&mut step.command).map(|said| said.lines().for_each(|line| counts.add(line)))
        })
    };
    if let Err(error) = &result {
        eprintln!("{error:#}");
    }
    Outcome { name: step.name, passed: result.is_ok(), time: began.elapsed(), counts }
}
