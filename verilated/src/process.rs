//! Runs a program to its end and turns a failure into an error that says what it printed.

use anyhow::{bail, Context, Result};
use std::process::{Command, Output};

/// Lines of output worth showing when a program fails: the first errors matter, the thousandth warning does not.
const SHOWN: usize = 40;

/// Runs `command`; anything but success becomes an error with the head of what it printed.
pub fn run(command: &mut Command) -> Result<Output> {
    let output = capture(command)?;
    if !output.status.success() {
        let said = said(&output);
        let lines: Vec<&str> = said.lines().collect();
        // Verilator prints warnings among the errors: those that stopped it come first.
        let (mut shown, rest): (Vec<&str>, Vec<&str>) =
            lines.iter().partition(|line| line.contains("%Error") || line.contains("error:") || line.contains("ERROR"));
        shown.extend(rest);
        shown.truncate(SHOWN);
        bail!("{} ({}):\n{}", command.get_program().to_string_lossy(), output.status, shown.join("\n"));
    }
    Ok(output)
}

/// Runs `command` and hands back whatever happened; only a program that cannot be started is an error.
pub fn capture(command: &mut Command) -> Result<Output> {
    command.output().with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))
}

/// Standard output and standard error as one text.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
