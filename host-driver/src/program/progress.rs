//! How far a transfer is: a bar on a terminal, a line every few seconds in a log.

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Time between lines.
const INTERVAL: Duration = Duration::from_secs(5);

/// Counts bytes.
pub struct Progress {
    what: String,
    total: Option<u64>,
    done: u64,
    began: Instant,
    told: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Of `what`, whose length is not known yet.
    pub fn new(what: &str) -> Self {
        let style = "{prefix} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}";
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length().with_prefix(what.to_string());
            bar.with_style(ProgressStyle::with_template(style).expect("the template is valid"))
        });
        let now = Instant::now();
        Progress { what: what.to_string(), total: None, done: 0, began: now, told: now, bar }
    }

    /// So many bytes will come.
    pub fn announce(&mut self, total: u64) {
        self.total = Some(total);
        self.bar.iter().for_each(|bar| bar.set_length(total));
    }

    /// So many more came.
    pub fn advance(&mut self, bytes: u64) {
        self.done += bytes;
        match &self.bar {
            Some(bar) => bar.set_position(self.done),
            None if self.told.elapsed() > INTERVAL => {
                self.told = Instant::now();
                let total = self.total.map_or(String::new(), |total| format!(" of {}", HumanBytes(total)));
                eprintln!("{}: {}{total}", self.what, HumanBytes(self.done));
            }
            None => {}
        }
    }

    /// The end: how much, and how fast.
    pub fn finish(&self) -> String {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
        let seconds = self.began.elapsed().as_secs_f64();
        let speed = HumanBytes((self.done as f64 / seconds.max(1e-6)) as u64);
        format!("{} bytes in {seconds:.1} s, {speed}/s", self.done)
    }
}
