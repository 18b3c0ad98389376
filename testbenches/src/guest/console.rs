//! The guest's console: lines from QEMU, with an end to all waiting.

use super::Killed;
use anyhow::{bail, Context, Result};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// A running guest; killed when dropped.
pub struct Console {
    _qemu: Killed,
    lines: Receiver<String>,
    end: Instant,
    patience: Duration,
}

impl Console {
    /// Starts QEMU.
    pub fn start(command: &mut Command, patience: Duration) -> Result<Console> {
        let mut qemu = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot start QEMU")?;
        let output = qemu.stdout.take().context("no output")?;
        let (line, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut bytes = Vec::new();
            while output.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
                let text = String::from_utf8_lossy(&bytes).trim_end().to_string();
                if line.send(text).is_err() {
                    return;
                }
                bytes.clear();
            }
        });
        Ok(Console { _qemu: Killed(qemu), lines, end: Instant::now() + patience, patience })
    }

    /// The next line; none when the guest is off.
    pub fn next_line(&mut self) -> Result<Option<String>> {
        match self.lines.recv_timeout(self.end.saturating_duration_since(Instant::now())) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => bail!("the guest is not done after {} s", self.patience.as_secs()),
        }
    }
}

/// The first line that a program prints.
pub fn first_line(output: &mut impl Read) -> Result<String> {
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok(line.trim_end().to_string())
}
