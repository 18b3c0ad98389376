//! Waveforms on request: a test need not say anything for `cargo xtask wave` to record it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Names the directory waveforms go to. Unset, only sources that ask for it are traced.
const VARIABLE: &str = "STEVEDORE_WAVES";

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
