//! Waveforms on request: a test need not say anything for `cargo xtask wave` to record it.

use anyhow::{bail, Result};
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Mutex;

/// Names the directory waveforms go to. Unset, only sources that ask for it are traced.
const VARIABLE: &str = "STEVEDORE_WAVES";
/// The cycles they show, as `FROM..TO`.
const WINDOW_VARIABLE: &str = "STEVEDORE_WAVE_CYCLES";

/// The cycles a waveform shows: a busy engine writes some hundred bytes in each, and gigabytes in a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first.
    pub from: u64,
    /// The first that is not shown.
    pub to: u64,
}

impl Default for Window {
    fn default() -> Self {
        Window { from: 0, to: 200_000 }
    }
}

impl Window {
    /// Its bounds in the waveform's time.
    pub(crate) fn nanoseconds(self) -> (u64, u64) {
        (self.from.saturating_mul(10), self.to.saturating_mul(10))
    }
}

impl FromStr for Window {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let bounds = text.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
        match bounds {
            Some((from, to)) if from < to => Ok(Window { from, to }),
            _ => bail!("{text:?} is no window of cycles: write FROM..TO, as in 1000..3000"),
        }
    }
}

impl Display for Window {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        write!(formatter, "{}..{}", self.from, self.to)
    }
}

/// The window asked for in the environment.
pub fn window() -> Result<Window> {
    std::env::var(WINDOW_VARIABLE).map_or(Ok(Window::default()), |text| text.parse())
}

/// Where a model of module `top` is to write its waveform, if anywhere: the file is named after the test, which gives
/// its thread its name, and after the module.
pub fn requested(top: &str) -> Option<PathBuf> {
    let directory = std::env::var_os(VARIABLE)?;
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("thread").replace("::", ".");
    Some(Path::new(&directory).join(format!("{}.fst", numbered(format!("{test}.{top}")))))
}

/// The name the first time, then with a number: several instances in one test are several files.
fn numbered(name: String) -> String {
    static USED: Mutex<Option<HashMap<String, u32>>> = Mutex::new(None);
    let mut used = USED.lock().expect("counting does not panic");
    let count = used.get_or_insert_default().entry(name.clone()).or_insert(0);
    *count += 1;
    match *count {
        1 => name,
        number => format!("{name}.{number}"),
    }
}
