//! Changes of the Verilog, and the tests run against one of them.

use crate::workspace::root;
use anyhow::{bail, Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Tell the tests which changes there are, which of them shows, and where to say which have a place in the Verilog. As
/// in `verilated/src/mutant.rs`.
const FAULTS: &str = "STEVEDORE_FAULTS";
const CHOSEN: &str = "STEVEDORE_FAULT";
const FOUND: &str = "STEVEDORE_FAULTS_FOUND";
/// No change has this number.
const NONE: usize = i32::MAX as usize;
/// Among the marks of a test binary: all of its tests have run with no change chosen, and how many seconds that took.
const WHOLE: &str = "seconds";
/// How many times the patience with others that run has, because models are built in it.
const BUILDING: u32 = 6;

/// What the tests said.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// This test failed, or hung.
    Caught(String),
    /// All passed.
    Survived,
    /// The Verilog has no such place.
    Lost,
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

/// Changes on trial: their descriptions and the models that have them all lie in a folder of their own, which goes when
/// all trials have ended. A run that was broken off leaves the folder, so that its models are found again.
pub struct Trial {
    folder: PathBuf,
    /// Held by whoever runs a binary's tests without a change; others wait for the result.
    turns: Mutex<HashMap<String, Arc<Mutex<()>>>>,
}

impl Trial {
    /// Of `changes`: objects with `from`, `to` and, if every place is meant, `every`. `name` is that of the folder.
    pub fn new(name: &str, changes: &[Value]) -> Result<Self> {
        let trial = Trial { folder: root().join("target/mutants").join(name), turns: Mutex::default() };
        let description = serde_json::to_string_pretty(changes)?;
        if fs::read_to_string(trial.file()).is_ok_and(|text| text == description) {
            return Ok(trial);
        }
        if trial.folder.exists() {
            fs::remove_dir_all(&trial.folder).context("cannot clear the folder of other changes")?;
        }
        fs::create_dir_all(&trial.folder).context("cannot make a folder for the changes")?;
        fs::write(trial.file(), description)?;
        Ok(trial)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("faults.json")
    }

    /// Where the tests say which changes have a place in their Verilog.
    fn found(&self, binary: &str) -> PathBuf {
        self.folder.join("found").join(binary)
    }

    /// Whether a change has a place in the Verilog of a binary's tests, and how many seconds these tests take without a
    /// change. To find out, all of them run once with the changes in their models and none chosen: they must pass.
    pub fn reaches(&self, number: usize, binaries: &Binaries, binary: &str, patience: Duration) -> Result<Option<u64>> {
        let whole = self.found(binary).join(WHOLE);
        let turn = self.turns.lock().expect("no lane panics").entry(binary.to_string()).or_default().clone();
        let turn = turn.lock().expect("no lane panics");
        if !whole.exists() {
            let begun = Instant::now();
            if let Outcome::Caught(test) = self.run(NONE, binaries, (binary, ""), patience * BUILDING)? {
                bail!("{test} fails without a change");
            }
            fs::write(&whole, begun.elapsed().as_secs().to_string())?;
        }
        drop(turn);
        let found = self.found(binary).join(number.to_string()).exists();
        Ok(if found { Some(fs::read_to_string(whole)?.parse()?) } else { None })
    }

    /// Runs the tests whose names contain `filter` against the change of this number. They are stopped at the first
    /// failure, and after `patience` without an end.
    pub fn run(
        &self,
        number: usize,
        binaries: &Binaries,
        (binary, filter): (&str, &str),
        patience: Duration,
    ) -> Result<Outcome> {
        let found = self.found(binary);
        fs::create_dir_all(&found)?;
        let path = binaries.0.get(binary).with_context(|| format!("there are no tests called {binary}"))?;
        // `timeout` stops the test and all it started.
        let mut command = Command::new("timeout");
        command.arg(patience.as_secs().to_string()).arg(path).args([filter, "--nocapture"]);
        // Where cargo would start them.
        command.current_dir(root().join("testbenches"));
        command.env(FAULTS, self.file()).env(CHOSEN, number.to_string()).env(FOUND, &found);
        // One core: other changes are on trial at the same time. A backtrace nobody reads takes seconds.
        command.env("RUST_TEST_THREADS", "1").env("RUST_BACKTRACE", "0");
        let (failed, said) = first_failure(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)?;
        let signs =
            ["cannot build module", "places look like this one", "not one line differs", "lines are gone or new"];
        if let (Some(test), Some(sign)) = (&failed, signs.iter().find(|sign| said.contains(*sign))) {
            let lines = said.lines().skip_while(|line| !line.contains(sign)).take(20).collect::<Vec<_>>();
            bail!("{binary} {test} cannot be run:\n{}", lines.join("\n"));
        }
        Ok(match failed {
            _ if number != NONE && !found.join(number.to_string()).exists() => Outcome::Lost,
            None => Outcome::Survived,
            Some(test) => Outcome::Caught(format!("{binary} {test}")),
        })
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
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
