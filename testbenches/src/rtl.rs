//! The RTL engine as a model: elaborated once per geometry and process, built once per text and machine.

use crate::replay::kept;
use crate::simulator::VerilatedEngine;
use anyhow::{bail, Result};
use std::path::Path;
use stevedore_rtl::elaborate;
use stevedore_rtl::geometry::Geometry;
use stevedore_verilated::{Source, Window};

/// Name of the top module.
pub const TOP: &str = "stevedore";

/// The engine's Verilog.
pub fn verilog(geometry: &Geometry) -> Result<String> {
    let Some(text) = kept(format!("{TOP} {geometry:?}"), || elaborate::verilog(geometry, TOP)) else {
        bail!("no engine of {} bits", geometry.width)
    };
    Ok(text.to_string())
}

/// Name of the top module of a PCIe card.
pub const CARD: &str = "stevedore_card";

/// The Verilog of a PCIe card.
pub fn card_verilog(geometry: &Geometry) -> Result<String> {
    let Some(text) = kept(format!("{CARD} {geometry:?}"), || elaborate::card_verilog(geometry, CARD)) else {
        bail!("no engine of {} bits", geometry.width)
    };
    Ok(text.to_string())
}

/// A running engine; every signal of the window's cycles goes to the file, if one is given.
pub fn engine(geometry: &Geometry, wave: Option<(&Path, Window)>) -> Result<Box<VerilatedEngine>> {
    let mut source = Source::new(TOP, verilog(geometry)?);
    if let Some((path, window)) = wave {
        source = source.trace(path).window(window);
    }
    Ok(Box::new(VerilatedEngine::build(&source)?))
}
