//! Changes of the Verilog, and the tests run against one of them.

use crate::workspace::{root, OPTIMIZE};
use anyhow::{bail, Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Tell the tests which changes there are, which of them shows, and where to say which have a place in the Verilog. As
/// in `verilated/src/mutant.rs`.
const FAULTS: &str = "STEVEDORE_FAULTS";
const CHOSEN: &str = "STEVEDORE_FAULT";
const FOUND: &str = "STEVEDORE_FAULTS_FOUND";
/// No change has this number.
const NONE: usize = i32::MAX as usize;
/// Among the marks of a test: that it passed with no change chosen, and how many milliseconds it took.
const WHOLE: &str = "milliseconds";
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

/// A test: its binary, and part of its name or the whole.
#[derive(Clone, Copy, Debug)]
pub struct Tests<'a> {
    /// The binary.
    pub binary: &'a str,
    /// A part of the names of the tests that are meant.
    pub filter: &'a str,
    /// The test of exactly that name is meant.
    pub exact: bool,
}

impl Binaries {
    /// Builds the tests of the testbenches, as `cargo xtask test` does.
    pub fn build() -> Result<Self> {
        let mut command = crate::workspace::cargo(OPTIMIZE);
        command.args(["test", "--no-run", "--message-format", "json", "--package", "stevedore-testbenches", "--tests"]);
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

    /// The names of all binaries.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The names of a binary's tests.
    pub fn tests(&self, binary: &str) -> Result<Vec<String>> {
        let mut command = Command::new(self.path(binary)?);
        let listed = crate::process::quiet(command.args(["--list", "--format", "terse"]))?;
        Ok(listed.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_string).collect())
    }

    fn path(&self, binary: &str) -> Result<&PathBuf> {
        self.0.get(binary).with_context(|| format!("there are no tests called {binary}"))
    }
}

/// Changes on trial: their descriptions and the models that have them all lie in a folder of their own, which goes when
/// all trials have ended. A run that was broken off leaves the folder, so that its models are found again.
pub struct Trial {
    folder: PathBuf,
}

impl Trial {
    /// Of `changes`: objects with `from`, `to` and, if every place is meant, `every`. `name` is that of the folder.
    pub fn new(name: &str, changes: &[Value]) -> Result<Self> {
        let trial = Trial { folder: root().join("target/mutants").join(name) };
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

    /// Where tests say which changes have a place in their Verilog.
    fn found(&self, tests: Tests) -> PathBuf {
        self.folder.join("found").join(tests.binary).join(tests.filter)
    }

    /// Runs a test once with the changes in its models and none chosen: it must pass. It has then said which changes it
    /// reaches. Does nothing if that happened before.
    pub fn rehearse(&self, binaries: &Binaries, test: Tests, patience: Duration) -> Result<()> {
        let whole = self.found(test).join(WHOLE);
        if !whole.exists() {
            let begun = Instant::now();
            if let Outcome::Caught(test) = self.run(NONE, binaries, test, patience * BUILDING)? {
                bail!("{test} fails without a change");
            }
            fs::write(&whole, begun.elapsed().as_millis().to_string())?;
        }
        Ok(())
    }

    /// The milliseconds that a rehearsed test took, if the change has a place in its Verilog.
    pub fn reaches(&self, number: usize, test: Tests) -> Result<Option<u64>> {
        let found = self.found(test);
        let took = || Ok(fs::read_to_string(found.join(WHOLE))?.parse()?);
        if found.join(number.to_string()).exists() {
            took().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Runs tests against the change of this number. They are stopped at the first failure, and when one takes longer
    /// than `patience`.
    pub fn run(&self, number: usize, binaries: &Binaries, tests: Tests, patience: Duration) -> Result<Outcome> {
        let found = self.found(tests);
        fs::create_dir_all(&found)?;
        let mut command = Command::new(binaries.path(tests.binary)?);
        command.args([tests.filter, "--nocapture"]).args(tests.exact.then_some("--exact"));
        // A group of its own, so that all it started can be stopped with it.
        command.process_group(0);
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
            bail!("{} {test} cannot be run:\n{}", tests.binary, lines.join("\n"));
        }
        Ok(match failed {
            _ if number != NONE && !found.join(number.to_string()).exists() => Outcome::Lost,
            None => Outcome::Survived,
            Some(test) => Outcome::Caught(format!("{} {test}", tests.binary)),
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
