//! `cargo xtask mutate`: puts known faults back into the Verilog, one at a time, and runs the tests that must notice.
//!
//! The faults stand in `testbenches/faults.json`: each is a part of the emitted Verilog and what stands there in its
//! stead, with the test that was written against it. No Rust is built again: the text is changed on its way to
//! Verilator (`verilated/src/mutant.rs`).

use crate::process;
use crate::progress::Progress;
use crate::setup;
use crate::workspace::{cargo, root};
use anyhow::{bail, ensure, Context, Result};
use clap::Args;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which faults to put back.
#[derive(Args)]
pub struct Mutate {
    /// Parts of the faults' names; all of them if there is none
    names: Vec<String>,
    /// List the faults and their tests, and run nothing
    #[arg(long)]
    list: bool,
    /// Seconds after which tests that do not end are stopped: the fault hangs them, and so is noticed
    #[arg(long, default_value_t = 300)]
    patience: u32,
}

/// Tells the tests which fault it is; the mark says that the fault found its place. As in `verilated/src/mutant.rs`.
const VARIABLE: &str = "STEVEDORE_MUTANT";
const MARK: &str = ".found";

/// A fault.
struct Fault {
    name: String,
    what: String,
    /// The test binary, and part of the names of the tests in it.
    binary: String,
    filter: String,
    description: Value,
}

/// What the tests said.
enum Outcome {
    /// A test failed.
    Caught,
    /// All passed.
    Survived,
    /// The Verilog has no such place any more.
    Lost,
    /// It is no Verilog with the fault in it, or has several such places.
    Broken,
}

/// Puts every fault asked for back, and fails if a test does not notice.
pub fn run(mutate: &Mutate) -> Result<()> {
    let path = root().join("testbenches").join("faults.json");
    let wanted = |fault: &Fault| mutate.names.is_empty() || mutate.names.iter().any(|name| fault.name.contains(name));
    let faults: Vec<Fault> = read(&path)?.into_iter().filter(wanted).collect();
    ensure!(!faults.is_empty(), "no fault in {} has such a name: see `cargo xtask mutate --list`", path.display());
    if mutate.list {
        for fault in &faults {
            println!("{:32} {} {}: {}", fault.name, fault.binary, fault.filter, fault.what);
        }
        return Ok(());
    }
    setup::ensure()?;
    let mut progress = Progress::new(faults.len() + 1);
    let mut build = cargo(["test", "--package", "stevedore-testbenches", "--no-run"]);
    progress.quiet_step("building the tests", || process::quiet(&mut build))?;
    let mut bad = Vec::new();
    for fault in &faults {
        let word = match progress.quiet_step(&fault.name, || put_back(fault, mutate.patience))? {
            Outcome::Caught => "caught",
            Outcome::Survived => "SURVIVED",
            Outcome::Lost => "LOST",
            Outcome::Broken => "BROKEN",
        };
        println!("{word:9} {:32} {}", fault.name, fault.what);
        if word != "caught" {
            bad.push(fault.name.as_str());
        }
    }
    if !bad.is_empty() {
        bail!(
            "{} of {} not noticed: {} (LOST: the Verilog has no such place any more, BROKEN: it has several, or does \
             not build with the fault; give such a fault another place in {})",
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
    let of = |description: Value| {
        let part = |name: &str| {
            let value = description[name].as_str().map(str::to_string);
            value.with_context(|| format!("{}: no \"{name}\" in {description}", path.display()))
        };
        Ok(Fault {
            name: part("name")?,
            what: part("what")?,
            binary: part("test")?,
            filter: part("filter")?,
            description: description.clone(),
        })
    };
    faults.into_iter().map(of).collect()
}

/// Runs the tests of one fault, through `timeout`, which stops all they started.
fn put_back(fault: &Fault, patience: u32) -> Result<Outcome> {
    let folder = root().join("target").join("mutants");
    fs::create_dir_all(&folder).context("cannot make a folder for the fault")?;
    let file = folder.join("fault.json");
    let mark = PathBuf::from(format!("{}{MARK}", file.display()));
    if mark.exists() {
        fs::remove_file(&mark)?;
    }
    fs::write(&file, fault.description.to_string())?;
    let test = cargo(["test", "--package", "stevedore-testbenches", "--test", &fault.binary, "--", &fault.filter]);
    let mut command = Command::new("timeout");
    command.arg(patience.to_string()).arg(test.get_program()).args(test.get_args());
    let said = process::quiet(command.current_dir(root()).env(VARIABLE, &file)).err().map(|error| error.to_string());
    let broken =
        |said: &str| ["cannot build module", "places look like this one"].iter().any(|text| said.contains(text));
    Ok(match said {
        Some(said) if broken(&said) => Outcome::Broken,
        _ if !mark.exists() => Outcome::Lost,
        None => Outcome::Survived,
        Some(_) => Outcome::Caught,
    })
}
