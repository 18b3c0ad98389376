//! One change of the Verilog, and the tests run against it.

use crate::workspace::root;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Tells the tests which change it is; the mark says that the change found its place. As in `verilated/src/mutant.rs`.
const VARIABLE: &str = "STEVEDORE_MUTANT";
const MARK: &str = ".found";

/// What the tests said.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// This test failed, or hung.
    Caught(String),
    /// All passed.
    Survived,
    /// The Verilog has no such place.
    Lost,
    /// It is no Verilog with the change in it, or has several such places.
    Broken,
}

/// Test binaries by name, with their paths.
pub struct Binaries(BTreeMap<String, PathBuf>);

impl Binaries {
    /// Builds the tests of the testbenches.
    pub fn build() -> Result<Self> {
        let mut command = crate::workspace::cargo(["test", "--no-run", "--message-format", "json"]);
        command.args(["--package", "stevedore-testbenches", "--tests"]);
        let output = command.stderr(Stdio::piped()).output().context("cannot start cargo")?;
        anyhow::ensure!(
            output.status.success(),
            "the tests do not build:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let mut found = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let message: Value = serde_json::from_str(line).context("cargo's messages")?;
            let is_test = message["target"]["kind"][0] == "test";
            if let (true, Some(name), Some(path)) =
                (is_test, message["target"]["name"].as_str(), message["executable"].as_str())
            {
                found.insert(name.to_string(), PathBuf::from(path));
            }
        }
        Ok(Binaries(found))
    }
}

/// A change on trial: its description and the models that have the change lie in a folder of the trial's own, which
/// goes when the trial does.
pub struct Trial {
    folder: PathBuf,
}

impl Trial {
    /// Of `change`: an object with `from`, `to` and, if every place is meant, `every`.
    pub fn new(change: &Value) -> Result<Self> {
        static TRIALS: AtomicUsize = AtomicUsize::new(0);
        let number = TRIALS.fetch_add(1, Ordering::Relaxed);
        let folder = root().join("target/mutants").join(format!("trial-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).context("cannot make a folder for the change")?;
        let trial = Trial { folder };
        fs::write(trial.file(), change.to_string())?;
        Ok(trial)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("fault.json")
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}

/// Runs the tests whose names contain `filter` against the change on trial. They are stopped at the first failure, and
/// after `patience` without an end.
pub fn run(binaries: &Binaries, trial: &Trial, binary: &str, filter: &str, patience: Duration) -> Result<Outcome> {
    let file = trial.file();
    let mark = PathBuf::from(format!("{}{MARK}", file.display()));
    if mark.exists() {
        fs::remove_file(&mark)?;
    }
    let path = binaries.0.get(binary).with_context(|| format!("there are no tests called {binary}"))?;
    // `timeout` stops the test and all it started.
    let mut command = Command::new("timeout");
    command.arg(patience.as_secs().to_string()).arg(path).args([filter, "--nocapture"]);
    // Where cargo would start them. Another change is on trial on the next core.
    command.current_dir(root().join("testbenches")).env(VARIABLE, &file);
    command.env("RUST_TEST_THREADS", "1").env("RUST_BACKTRACE", "0");
    let (failed, said) = first_failure(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)?;
    let broken =
        ["cannot build module", "places look like this one"].iter().any(|sign| said.contains(sign)) && failed.is_some();
    Ok(match failed {
        _ if broken => Outcome::Broken,
        _ if !mark.exists() => Outcome::Lost,
        None => Outcome::Survived,
        Some(test) => Outcome::Caught(format!("{binary} {test}")),
    })
}

/// The first test that fails, and what was said. A program that ends badly without naming a test hung or crashed.
fn first_failure(mut child: Child) -> Result<(Option<String>, String)> {
    let errors = child.stderr.take().context("no pipe")?;
    let listener = std::thread::spawn(move || std::io::read_to_string(errors).unwrap_or_default());
    let (mut said, mut failed) = (String::new(), None);
    for line in BufReader::new(child.stdout.take().context("no pipe")?).lines() {
        let line = line?;
        let verdict = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED"));
        if let (Some(test), None) = (verdict, &failed) {
            failed = Some(test.to_string());
            // `timeout` hands the signal on to all it started.
            Command::new("kill").arg(child.id().to_string()).status().context("cannot stop the tests")?;
        }
        said += &line;
        said.push('\n');
    }
    let status = child.wait()?;
    said += &listener.join().unwrap_or_default();
    if !status.success() && failed.is_none() {
        failed = Some("(no end)".to_string());
    }
    Ok((failed, said))
}
