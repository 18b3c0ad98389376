//! The test binaries of the workspace, each a check of one core: packed side by side with everything else that needs
//! one core, none waits for the last test of another.

use super::{Kind, Step};
use crate::workspace::cargo;
use anyhow::{ensure, Context, Result};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// Those that keep a core busy longest, the longest first: begun first, they end together with the many short ones.
const LONG: [&str; 12] = [
    "engine_faults",
    "engine_transfer",
    "rx",
    "tcp",
    "tx",
    "leaves",
    "network",
    "stream_dma",
    "engine_bad_input",
    "differential_operators",
    "engine_early_data",
    "lookup",
];

/// Compiles all tests, with cargo's progress in view; one check for each binary, the longest first.
pub fn compiled() -> Result<Vec<Step>> {
    let mut command = cargo(["test", "--workspace", "--no-run", "--message-format", "json-render-diagnostics"]);
    let output = command.stderr(Stdio::inherit()).stdin(Stdio::null()).output().context("cannot start cargo")?;
    ensure!(output.status.success(), "the tests do not compile, see above");
    let text = String::from_utf8(output.stdout).context("cargo's messages")?;
    let mut steps: Vec<Step> = text.lines().filter_map(step).collect();
    ensure!(!steps.is_empty(), "cargo names no test binary");
    let place = |step: &Step| LONG.iter().position(|long| step.name == name(long)).unwrap_or(LONG.len());
    steps.sort_by_key(place);
    Ok(steps)
}

fn name(target: &str) -> String {
    format!("tests, {target}")
}

/// The check a message of cargo's stands for, if the message is that of a test binary.
fn step(message: &str) -> Option<Step> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_test = message["reason"] == "compiler-artifact" && message["profile"]["test"] == true;
    let executable = message["executable"].as_str().filter(|_| is_test)?;
    let package = Path::new(message["manifest_path"].as_str()?).parent()?;
    let target = message["target"]["name"].as_str()?;
    let whole = message["target"]["kind"].as_array()?.iter().any(|kind| kind == "test");
    let mut command = Command::new(executable);
    command.current_dir(package).env("CARGO_MANIFEST_DIR", package).env("RUST_TEST_THREADS", "1");
    let name = if whole { name(target) } else { name(&format!("{target} (units)")) };
    Some(Step { name, command, kind: Kind::Single })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_binaries_are_told_from_other_artifacts() {
        let message = |test: bool, kind: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","profile":{{"test":{test}}},"executable":"/t/rx-1",
                   "manifest_path":"/w/testbenches/Cargo.toml","target":{{"name":"rx","kind":["{kind}"]}}}}"#
            )
        };
        assert_eq!(step(&message(true, "test")).unwrap().name, "tests, rx");
        assert_eq!(step(&message(true, "lib")).unwrap().name, "tests, rx (units)");
        assert!(step(&message(false, "bin")).is_none() && step("no message").is_none());
    }
}
