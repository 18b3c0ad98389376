//! `cargo xtask test`: all that must hold before a change is merged. The automated run does exactly this.

use crate::process;
use crate::progress::Progress;
use crate::setup;
use crate::workspace::{cargo, program};
use anyhow::{bail, ensure, Result};
use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// One check.
struct Step {
    name: &'static str,
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

/// In the order in which they fail fastest; the long ones of one core first among themselves.
fn steps() -> Vec<Step> {
    let quiet = |name, arguments: &[&str]| step(name, arguments, Kind::Quiet);
    let mut documentation = quiet("documentation", &["doc", "--workspace", "--no-deps"]);
    documentation.command.env("RUSTDOCFLAGS", "-D warnings");
    let mut steps = vec![
        quiet("formatting", &["fmt", "--all", "--check"]),
        quiet("clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        documentation,
        tests(),
        run("demo", "demo", &[], Kind::Loud),
        run("synthesis", "elaborate", &["synth"], Kind::Single),
        run("bench, short", "bench", &["--short"], Kind::Single),
        run("cycle table", "bench", &["--cycles", "docs/cycles.md", "--check"], Kind::Single),
        run("lint", "elaborate", &["lint"], Kind::Single),
        run("book", "book", &["--check"], Kind::Single),
    ];
    if kernel_can_be_peer() {
        let mishaps = ["--peer", "kernel", "--loss", "1", "--reorder", "1", "--duplicate", "1", "--size", "4194304"];
        // Both write the same files, so neither runs beside the other.
        steps.push(run("demo, kernel", "demo", &["--peer", "kernel"], Kind::Loud));
        steps.push(run("demo, mishaps", "demo", &mishaps, Kind::Loud));
    } else {
        println!("skipped: the demos with the kernel, which need root and /dev/net/tun");
    }
    steps
}

/// Whether this process may make a TAP device in a network namespace of its own.
fn kernel_can_be_peer() -> bool {
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    root && Path::new("/dev/net/tun").exists()
}

/// A program of the testbenches.
fn run(name: &'static str, binary: &str, arguments: &[&str], kind: Kind) -> Step {
    let words: Vec<&str> = program(binary).into_iter().chain(arguments.iter().copied()).collect();
    step(name, &words, kind)
}

fn tests() -> Step {
    step("tests", &["test", "--workspace", "--no-fail-fast"], Kind::Loud)
}

fn step(name: &'static str, arguments: &[&str], kind: Kind) -> Step {
    Step { name, command: cargo(arguments.iter().copied()), kind }
}

/// How a step went.
struct Outcome {
    name: &'static str,
    passed: bool,
    time: Duration,
    note: String,
}

/// Runs every check, or those named in `only`, also after one has failed, and prints a table of how they went.
pub fn all(quick: bool, only: &[String]) -> Result<()> {
    setup::ensure()?;
    let mut steps = if quick { vec![tests()] } else { steps() };
    let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
    for part in only {
        ensure!(
            names.iter().any(|name| name.contains(part)),
            "no check is called {part:?}; there are {}",
            names.join(", ")
        );
    }
    steps.retain(|step| only.is_empty() || only.iter().any(|part| step.name.contains(part)));
    let mut progress = Progress::new(steps.len());
    let (single, alone): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(|step| step.kind == Kind::Single);
    let mut outcomes: Vec<Outcome> = alone.into_iter().map(|step| run_step(step, &mut progress)).collect();
    outcomes.extend(side_by_side(single, &mut progress));
    println!();
    for outcome in &outcomes {
        let word = if outcome.passed { "ok" } else { "FAILED" };
        println!("{word:6}  {:>6.1} s  {:16} {}", outcome.time.as_secs_f64(), outcome.name, outcome.note);
    }
    let failed: Vec<&str> = outcomes.iter().filter(|outcome| !outcome.passed).map(|outcome| outcome.name).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn run_step(mut step: Step, progress: &mut Progress) -> Outcome {
    let began = Instant::now();
    let mut counts = Counts::default();
    let result = if step.kind == Kind::Loud {
        progress.loud_step(step.name, || process::watched(&mut step.command, |line| counts.add(line)))
    } else {
        progress.quiet_step(step.name, || process::quiet(&mut step.command).map(drop))
    };
    if let Err(error) = &result {
        eprintln!("{error:#}");
    }
    Outcome { name: step.name, passed: result.is_ok(), time: began.elapsed(), note: counts.note() }
}

/// Runs checks of one core each, as many at a time as there are cores.
fn side_by_side(steps: Vec<Step>, progress: &mut Progress) -> Vec<Outcome> {
    let lanes = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let waiting = Mutex::new(VecDeque::from(steps));
    let shared = Mutex::new((progress, Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| loop {
                // The lock is released before the step runs.
                let next = waiting.lock().expect("no lane panics").pop_front();
                let Some(mut step) = next else { break };
                shared.lock().expect("no lane panics").0.announce(step.name);
                let began = Instant::now();
                let result = process::quiet(&mut step.command);
                let (passed, said) = (result.is_ok(), result.unwrap_or_else(|error| format!("{error:#}")));
                let mut shared = shared.lock().expect("no lane panics");
                println!("{}:\n{}", step.name, said.trim_end());
                shared.1.push(Outcome { name: step.name, passed, time: began.elapsed(), note: String::new() });
            });
        }
    });
    shared.into_inner().expect("no lane panics").1
}

/// Tests passed, failed and ignored over all test binaries.
#[derive(Default)]
struct Counts([u64; 3]);

impl Counts {
    /// Takes in a line of `cargo test`: `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
    fn add(&mut self, line: &str) {
        let Some((_, numbers)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for (count, part) in self.0.iter_mut().zip(numbers.split("; ")) {
            *count += part.split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
        }
    }

    fn note(&self) -> String {
        match self.0 {
            [0, 0, 0] => String::new(),
            [passed, failed, ignored] => format!("{passed} passed, {failed} failed, {ignored} ignored"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_binaries_add_up() {
        let mut counts = Counts::default();
        counts.add("running 4 tests");
        counts.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s");
        counts.add("test result: FAILED. 20 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        assert_eq!(counts.note(), "23 passed, 2 failed, 1 ignored");
    }
}
