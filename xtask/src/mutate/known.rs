//! Faults that once were in the RTL, from `testbenches/faults.json`: each is a part of the emitted Verilog and what
//! stands there in its stead, with the test that was written against it.

use super::trial::{Binaries, Outcome, Tests, Trial};
use crate::lanes;
use crate::progress::Progress;
use crate::workspace::root;
use anyhow::{bail, ensure, Context, Result};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

/// A fault.
struct Fault {
    name: String,
    what: String,
    /// The test binary, and part of the names of the tests in it.
    binary: String,
    filter: String,
    change: Value,
}

impl Fault {
    fn tests(&self) -> Tests<'_> {
        Tests { binary: &self.binary, filter: &self.filter, exact: false }
    }
}

/// Puts every fault whose name has one of `names` in it back, and fails if a test does not notice.
pub fn put_back(names: &[String], list: bool, patience: Duration) -> Result<()> {
    let path = root().join("testbenches").join("faults.json");
    let wanted = |fault: &Fault| names.is_empty() || names.iter().any(|name| fault.name.contains(name));
    let faults: Vec<Fault> = read(&path)?.into_iter().filter(wanted).collect();
    ensure!(!faults.is_empty(), "no fault in {} has such a name: see `cargo xtask mutate --list`", path.display());
    if list {
        for fault in &faults {
            println!("{:32} {} {}: {}", fault.name, fault.binary, fault.filter, fault.what);
        }
        return Ok(());
    }
    let mut progress = Progress::new(faults.len() + 1);
    let binaries = progress.quiet_step("building the tests", Binaries::build)?;
    let changes: Vec<Value> = faults.iter().map(|fault| fault.change.clone()).collect();
    let trial = Trial::new("known", &changes)?;
    let shared = Mutex::new((progress, Vec::new()));
    lanes::each(faults.iter().enumerate(), |(number, fault)| {
        let word = match trial.run(number, &binaries, fault.tests(), patience)? {
            Outcome::Caught(_) => "caught",
            Outcome::Survived => "SURVIVED",
            Outcome::Lost => "LOST",
        };
        let (progress, bad) = &mut *shared.lock().expect("no lane panics");
        progress.announce(&format!("{word:9} {:32} {}", fault.name, fault.what));
        if word != "caught" {
            bad.push(fault.name.as_str());
        }
        Ok(())
    })?;
    let bad = shared.into_inner().expect("no lane panics").1;
    if !bad.is_empty() {
        bail!(
            "{} of {} not noticed: {} (LOST: the Verilog has no such place any more; give such a fault another place \
             in {})",
            bad.len(),
            faults.len(),
            bad.join(", "),
            path.display()
        );
    }
    println!("all {} faults are noticed", faults.len());
    Ok(())
}

fn read(path: &Path) -> Result<Vec<Fault>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let faults: Vec<Value> = serde_json::from_str(&text).with_context(|| format!("{} is no list", path.display()))?;
    let of = |change: Value| {
        let part = |name: &str| {
            let value = change[name].as_str().map(str::to_string);
            value.with_context(|| format!("{}: no \"{name}\" in {change}", path.display()))
        };
        Ok(Fault {
            name: part("name")?,
            what: part("what")?,
            binary: part("test")?,
            filter: part("filter")?,
            change: change.clone(),
        })
    };
    faults.into_iter().map(of).collect()
}
