//! Changes of the Verilog, and the tests run against one of them.

use crate::workspace::root;
use anyhow::{bail, Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{mpsc, Arc, Mutex};
use std::time::{Duration, Instant};

/// Tell the tests which changes there are, which of them shows, and where to say which have a place in the Verilog. As
/// in `verilated/src/mutant.rs`.
const FAULTS: &str = "STEVEDORE_FAULTS";
const CHOSEN: &str = "STEVEDORE_FAULT";
const FOUND: &str = "STEVEDORE_FAULTS_FOUND";
/// No change has this number.
const NONE: usize = i32::MAX as usize;
/// Among the marks of a test binary: all of its tests have run with no change chosen.
const WHOLE: &str = "whole";
/// How many times the patience with others that run has, because models are built in it.
const BUILDING: u32 = 10;

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

    /// Whether a change has a place in the Verilog of a binary's tests. To find out, all of them run once with the
    /// changes in their models and none chosen: they must pass.
    pub fn reaches(&self, number: usize, binaries: &Binaries, binary: &str, patience: Duration) -> Result<bool> {
        let whole = self.found(binary).join(WHOLE);
        let turn = self.turns.lock().expect("no lane panics").entry(binary.to_string()).or_default().clone();
        let turn = turn.lock().expect("no lane panics");
        if !whole.exists() {
            if let Outcome::Caught(test) = self.run(NONE, binaries, (binary, ""), patience * BUILDING)? {
                bail!("{test} fails without a change");
            }
            fs::write(&whole, "")?;
        }
        drop(turn);
        Ok(self.found(binary).join(number.to_string()).exists())
    }

    /// Runs the tests whose names contain `filter` against the change of this number. They are stopped at the first
    /// failure, and when one takes longer than `patience`.
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
        let mut command = Command::new(path);
        // A group of its own, so that all it started can be stopped with it.
        command.args([filter, "--nocapture"]).process_group(0);
        // Where cargo would start them.
        command.current_dir(root().join("testbenches"));
        command.env(FAULTS, self.file()).env(CHOSEN, number.to_string()).env(FOUND, &found);
        // One core: other changes are on trial at the same time. A backtrace nobody reads takes seconds.
        command.env("RUST_TEST_THREADS", "1").env("RUST_BACKTRACE", "0");
        let (failed, said) = first_failure(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?, patience)?;
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

/// The first test that fails, and what was said. A program that ends badly without naming a test crashed, and one that
/// finishes no test for as long as `patience` hangs.
fn first_failure(mut child: Child, patience: Duration) -> Result<(Option<String>, String)> {
    let errors = child.stderr.take().context("no pipe")?;
    let listener = std::thread::spawn(move || std::io::read_to_string(errors).unwrap_or_default());
    let output = BufReader::new(child.stdout.take().context("no pipe")?);
    let (sender, lines) = mpsc::channel();
    let reader =
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let stop =
        || Command::new("kill").args(["--", &format!("-{}", child.id())]).status().context("cannot stop the tests");
    let (mut said, mut current, mut failed, mut since) = (String::new(), String::new(), None, Instant::now());
    loop {
        match lines.recv_timeout(patience.saturating_sub(since.elapsed())) {
            Ok(line) => {
                // What a test prints stands between its name and the verdict.
                if let Some((name, _)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) {
                    (current, since) = (name.to_string(), Instant::now());
                }
                if failed.is_none() && (line == "FAILED" || line.ends_with(" ... FAILED")) {
                    failed = Some(current.clone());
                    stop()?;
                }
                said += &line;
                said.push('\n');
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                failed.get_or_insert_with(|| format!("{current} (no end)"));
                stop()?;
                since = Instant::now();
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    drop(reader.join());
    let status = child.wait()?;
    said += &listener.join().unwrap_or_default();
    if !status.success() && failed.is_none() {
        failed = Some(format!("{current} (crash)"));
    }
    Ok((failed, said))
}
