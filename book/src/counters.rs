//! The fault tree promises to list every counter.

use crate::Document;
use anyhow::{ensure, Context, Result};
use regex::Regex;
use std::collections::BTreeSet;
use std::path::Path;

/// Where the counters are defined.
const REGISTERS: &str = "host-driver/abi/src/register.rs";
/// Where they are listed.
const PAGE: &str = "docs/fault-tree.md";

/// Counters that are missing in the list.
pub fn check(root: &Path, documents: &[Document]) -> Result<Vec<String>> {
    let registers = std::fs::read_to_string(root.join(REGISTERS)).with_context(|| format!("no {REGISTERS}"))?;
    let page = documents.iter().find(|document| document.path == Path::new(PAGE));
    let listed = counters(&page.with_context(|| format!("no {PAGE}"))?.text);
    let defined = counters(&registers);
    ensure!(!defined.is_empty(), "{REGISTERS} defines no counter");
    Ok(defined.difference(&listed).map(|counter| format!("{PAGE}: {counter} is not in the list")).collect())
}

fn counters(text: &str) -> BTreeSet<String> {
    let pattern = Regex::new(r"\bSTAT_[A-Z0-9_]+").expect("a pattern of this file");
    pattern.find_iter(text).map(|found| found.as_str().to_string()).collect()
}
