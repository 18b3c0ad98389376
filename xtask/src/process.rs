//! Runs programs: quietly with their output kept for the case of failure, or in full view.

use anyhow::{bail, Context, Result};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Runs `command` without showing its output; when it fails, the output is the error.
pub fn quiet(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", name(command)))?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        bail!("{} failed ({}):\n{}", name(command), output.status, said.trim_end());
    }
    Ok(said)
}

/// Runs `command` in full view, and shows every line of its standard output to `watch` as well.
pub fn watched(command: &mut Command, mut watch: impl FnMut(&str)) -> Result<()> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {}", name(command)))?;
    let output = BufReader::new(child.stdout.take().context("no pipe")?);
    let mut terminal = std::io::stdout();
    for line in output.split(b'\n') {
        let line = line?;
        terminal.write_all(&line)?;
        terminal.write_all(b"\n")?;
        watch(&String::from_utf8_lossy(&line));
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{} failed ({status}), see above", name(command));
    }
    Ok(())
}

/// The command line, for messages.
fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
