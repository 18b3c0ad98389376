//! The RTL engine as a model: elaborated once per geometry and process, built once per text and machine.

use crate::simulator::VerilatedEngine;
use anyhow::{bail, Result};
use std::path::Path;
use std::sync::Mutex;
use stevedore_rtl::elaborate;
use stevedore_rtl::geometry::Geometry;
use stevedore_verilated::Source;

/// Name of the top module.
pub const TOP: &str = "stevedore";

/// The engine's Verilog.
pub fn verilog(geometry: &Geometry) -> Result<String> {
    static TEXTS: Mutex<Vec<(Geometry, String)>> = Mutex::new(Vec::new());
    // A panic of another test's elaboration leaves the list as it was.
    let mut texts = TEXTS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some((_, text)) = texts.iter().find(|(known, _)| known == geometry) {
        return Ok(text.clone());
    }
    let Some(text) = elaborate::verilog(geometry, TOP) else { bail!("no engine of {} bits", geometry.width) };
    texts.push((*geometry, text.clone()));
    Ok(text)
}

/// A running engine; every signal of every cycle goes to `wave`, if given.
pub fn engine(geometry: &Geometry, wave: Option<&Path>) -> Result<Box<VerilatedEngine>> {
    let mut source = Source::new(TOP, verilog(geometry)?);
    if let Some(path) = wave {
        source = source.trace(path);
    }
    Ok(Box::new(VerilatedEngine::build(&source)?))
}
