//! Numbered steps with their times: a spinner on a terminal, plain lines in a log.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Counts the steps of one command.
pub struct Progress {
    total: usize,
    done: usize,
}

impl Progress {
    /// For `total` steps.
    pub fn new(total: usize) -> Self {
        Progress { total, done: 0 }
    }

    /// Runs one step whose output nobody sees, under a spinner.
    pub fn quiet_step<T>(&mut self, what: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done += 1;
        let label = format!("[{}/{}] {what}", self.done, self.total);
        let began = Instant::now();
        let spinner = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}").expect("the template is valid");
            let spinner = ProgressBar::new_spinner().with_style(style).with_message(label.clone());
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        if spinner.is_none() {
            eprint!("{label}");
        }
        let result = step();
        if let Some(spinner) = spinner {
            spinner.finish_and_clear();
            eprint!("{label}");
        }
        let outcome = if result.is_ok() { "done" } else { "FAILED" };
        eprintln!(": {outcome} after {:.1} s", began.elapsed().as_secs_f64());
        result
    }

    /// Announces one step that prints for itself.
    pub fn loud_step<T>(&mut self, what: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        self.announce(what);
        step()
    }

    /// Announces a step that goes on by itself.
    pub fn announce(&mut self, what: &str) {
        self.done += 1;
        eprintln!("[{}/{}] {what}", self.done, self.total);
    }
}
