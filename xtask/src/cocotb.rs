//! `cargo xtask cocotb`: the card in cocotb, against models of the bus and packets that nobody here wrote.

use crate::setup::{self, Need};
use crate::workspace::{cargo, program, root, tools};
use anyhow::{ensure, Result};
use std::process::Command;

/// The outermost module; `stevedore_testbenches::rtl` names it.
const TOP: &str = "stevedore_card";

/// Writes the card's Verilog, builds it and runs the tests in `testbenches/cocotb`: all, or those with one of `tests`
/// in their names.
pub fn run(tests: &[String]) -> Result<()> {
    setup::ensure(Need::Models)?;
    let directory = root().join("target/cocotb");
    let folder = directory.to_string_lossy();
    let words = program("elaborate").into_iter().chain(["verilog", &folder, "--geometry", "small", "--card"]);
    ensure!(cargo(words).status()?.success(), "no Verilog of the card");
    let mut command = Command::new(tools().join("venv/bin/python"));
    command.arg(root().join("testbenches/cocotb/run.py"));
    command.arg(directory.join(format!("{TOP}.v"))).arg(TOP).arg(directory.join("build")).args(tests);
    ensure!(command.status()?.success(), "a test in testbenches/cocotb failed, see above");
    Ok(())
}
