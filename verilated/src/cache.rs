//! Built things, kept by the hash of all that went into them.
//!
//! An entry is a directory. It is made in a neighbouring directory and renamed when complete, so an entry that exists
//! is whole, also after a crash. A lock file per entry lets the tests of many processes and threads ask for the same
//! model at once: the first builds, the others wait and find it.

use crate::tools::workspace_root;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Where entries live unless a caller says otherwise. Not below `CARGO_TARGET_DIR`: a model depends on no cargo
/// setting, so all of them share it.
pub fn directory() -> PathBuf {
    workspace_root().join("target").join("verilated")
}

/// An entry's name: a hash over every part, each with its length so that parts cannot run into each other.
pub fn key<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The directory of entry `key` below `cache`; `make` fills it if it is not there yet.
pub fn entry(cache: &Path, key: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let entry = cache.join(key);
    if entry.is_dir() {
        return Ok(entry);
    }
    fs::create_dir_all(cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let lock = File::create(cache.join(format!("{key}.lock"))).context("cannot create a lock file")?;
    lock.lock().context("cannot lock a cache entry")?;
    if entry.is_dir() {
        return Ok(entry);
    }
    let partial = cache.join(format!("{key}.partial"));
    // A build that failed leaves its files for the reader of its error message; the next attempt clears them.
    if partial.is_dir() {
        fs::remove_dir_all(&partial).context("cannot clear an unfinished build")?;
    }
    fs::create_dir(&partial).context("cannot create a build directory")?;
    make(&partial)?;
    fs::rename(&partial, &entry).context("cannot move a finished build into place")?;
    Ok(entry)
}
