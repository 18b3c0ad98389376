//! A directory that exists for the length of one tool run.

use crate::cache;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Unique within the machine while it lives; removed when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A fresh, empty directory.
    pub fn new() -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = cache::directory().join(format!("scratch-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Scratch(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        std::fs::write(self.0.join(name), text).with_context(|| format!("cannot write {name}"))
    }

    /// Reads a file a tool left in it.
    pub fn read(&self, name: &str) -> Result<String> {
        std::fs::read_to_string(self.0.join(name)).with_context(|| format!("the tool left no {name}"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A directory that cannot be removed costs disk space only, and a destructor has nobody to tell.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
