//! `cargo xtask pace`: does the engine simulate faster than it did? The bench of another commit and that of this
//! checkout take turns, on the same machine, in the same minutes.

use crate::process::quiet;
use crate::progress::Progress;
use crate::setup::{self, Need};
use crate::workspace::{cargo, root};
use anyhow::{Context, Result};
use clap::Args;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What to compare.
#[derive(Args)]
pub struct Pace {
    /// Rows of the bench to simulate
    #[arg(default_values_t = ["rx_bulk_1000".to_string(), "tx_bulk_1000".to_string()])]
    rows: Vec<String>,
    /// The commit to compare with
    #[arg(long, default_value = "HEAD~1")]
    against: String,
    /// Turns each; the quickest counts
    #[arg(long, default_value_t = 3)]
    turns: usize,
}

/// A checkout with its bench built.
struct Side {
    name: String,
    folder: PathBuf,
    /// Seconds of the quickest turn.
    best: f64,
}

/// Builds both, lets them take turns, and prints how they compare.
pub fn run(pace: &Pace) -> Result<()> {
    setup::ensure(Need::Models)?;
    let commit = quiet(git(&["rev-parse", "--verify", "--short"]).arg(format!("{}^{{commit}}", pace.against)))
        .with_context(|| format!("there is no commit {}", pace.against))?;
    let commit = commit.trim().to_string();
    let other = root().join("target/pace").join(&commit);
    let mut progress = Progress::new(4 + 2 * pace.turns);
    progress.quiet_step(&format!("checkout of {commit}"), || check_out(&commit, &other))?;
    let side = |name: &str, folder: &Path| Side { name: name.into(), folder: folder.into(), best: f64::INFINITY };
    let mut sides = [side(&commit, &other), side("this checkout", root())];
    progress.quiet_step("building both benches", || sides.iter().try_for_each(build))?;
    for side in &sides {
        // The first run builds the models.
        progress.quiet_step(&format!("{}: models", side.name), || quiet(&mut side.bench(&pace.rows)).map(drop))?;
    }
    for turn in 1..=pace.turns {
        for side in &mut sides {
            let mut bench = side.bench(&pace.rows);
            let begun = Instant::now();
            progress.quiet_step(&format!("{}: turn {turn}", side.name), || quiet(&mut bench).map(drop))?;
            side.best = side.best.min(begun.elapsed().as_secs_f64());
        }
    }
    let [before, now] = sides;
    for side in [&before, &now] {
        println!("{:16} {:8.1} s for {}", side.name, side.best, pace.rows.join(", "));
    }
    println!("{:.2} times as fast as {}", before.best / now.best, before.name);
    Ok(())
}

impl Side {
    fn bench(&self, rows: &[String]) -> Command {
        let mut command = Command::new(self.folder.join("target/debug/bench"));
        command.current_dir(&self.folder).args(rows);
        command
    }
}

fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(root()).args(arguments);
    command
}

fn check_out(commit: &str, folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        quiet(git(&["worktree", "add", "--detach"]).arg(folder).arg(commit))?;
        symlink(root().join(".tools"), folder.join(".tools")).context("cannot share the tools")?;
    }
    Ok(())
}

fn build(side: &Side) -> Result<()> {
    // The whole workspace's features, as `cargo test` builds it.
    let mut command = cargo(["build", "--bin", "bench"]);
    quiet(command.current_dir(&side.folder)).map(drop)
}
