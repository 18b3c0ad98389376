//! `cargo xtask wave`: runs tests with waveforms on.

use crate::process;
use crate::setup::{self, Need};
use crate::workspace::{cargo, root};
use anyhow::{bail, ensure, Context, Result};
use clap::Args;
use std::fs;

/// Which tests to run.
#[derive(Args)]
pub struct Wave {
    /// Part of the tests' names
    name: String,
    /// Cycles the waveforms show, as FROM..TO [default: 0..200000]
    #[arg(short, long, value_parser = window)]
    cycles: Option<String>,
    /// The package they are in
    #[arg(short, long, default_value = "stevedore-testbenches")]
    package: String,
}

/// Benches write a waveform per model into the directory this variable names.
const VARIABLE: &str = "STEVEDORE_WAVES";
/// ... with the cycles this one tells.
const WINDOW_VARIABLE: &str = "STEVEDORE_WAVE_CYCLES";

/// Looks at the window before anything is built; the model reads it (`verilated/src/waves.rs`).
fn window(text: &str) -> Result<String> {
    let bounds =
        text.split_once("..").and_then(|(from, to)| Some((from.parse::<u64>().ok()?, to.parse::<u64>().ok()?)));
    ensure!(bounds.is_some_and(|(from, to)| from < to), "write FROM..TO, as in 1000..3000");
    Ok(text.to_string())
}

/// Runs the tests and lists what they wrote.
pub fn run(wave: &Wave) -> Result<()> {
    setup::ensure(Need::Models)?;
    let folder = root().join("target").join("waves");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot clear the last waveforms")?;
    }
    let mut command = cargo(["test", "--package", &wave.package, &wave.name]);
    command.env(VARIABLE, &folder).envs(wave.cycles.iter().map(|cycles| (WINDOW_VARIABLE, cycles)));
    let outcome = process::watched(&mut command, |_| ());
    let mut files: Vec<_> = fs::read_dir(&folder).into_iter().flatten().flatten().map(|file| file.path()).collect();
    files.sort();
    for file in &files {
        println!("{}", file.display());
    }
    // A failing test is what waveforms are for: its files are listed before its failure is passed on.
    outcome?;
    if files.is_empty() {
        bail!("no test with {:?} in its name drives a Verilated model", wave.name);
    }
    Ok(())
}
