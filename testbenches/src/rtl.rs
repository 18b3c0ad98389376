//! The RTL engine as a model: elaborated once per geometry and process, built once per text and machine.

use crate::replay::kept;
use crate::simulator::{PcieCard, VerilatedEngine, VerilatedLink, LINK_PARAMETERS};
use anyhow::{bail, Result};
use std::path::Path;
use stevedore_rtl::elaborate;
use stevedore_rtl::geometry::Geometry;
use stevedore_verilated::{Source, Window};

/// Name of the top module.
pub const TOP: &str = "stevedore";
/// Name of the top module with a host link.
pub const LINKED_TOP: &str = "stevedore_link";

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

/// A running PCIe card, seen as an engine from behind a root complex; for `wave` see [`engine`].
pub fn card(geometry: &Geometry, wave: Option<(&Path, Window)>) -> Result<Box<PcieCard>> {
    Ok(Box::new(PcieCard::build(&traced(Source::new(CARD, card_verilog(geometry)?), wave))?))
}

/// A running engine; every signal of the window's cycles goes to the file, if one is given.
pub fn engine(geometry: &Geometry, wave: Option<(&Path, Window)>) -> Result<Box<VerilatedEngine>> {
    Ok(Box::new(VerilatedEngine::build(&traced(Source::new(TOP, verilog(geometry)?), wave))?))
}

/// A running engine behind a host link, likewise.
pub fn linked(geometry: &Geometry, wave: Option<(&Path, Window)>) -> Result<Box<VerilatedLink>> {
    let make = || elaborate::linked(geometry, &LINK_PARAMETERS, LINKED_TOP);
    let Some(text) = kept(format!("{LINKED_TOP} {geometry:?}"), make) else {
        bail!("the host link has streams of 64 bits, not of {}", geometry.width)
    };
    Ok(Box::new(VerilatedLink::build(&traced(Source::new(LINKED_TOP, text.to_string()), wave))?))
}

fn traced(source: Source, wave: Option<(&Path, Window)>) -> Source {
    match wave {
        Some((path, window)) => source.trace(path).window(window),
        None => source,
    }
}
