//! The size of the PCIe card on its device, an XCKU3P, compared with what was kept.

use crate::rtl::{card_verilog, CARD};
use anyhow::{bail, ensure, Context, Result};
use serde_json::{json, Value};
use std::collections::BTreeMap;
use stevedore_rtl::geometry::Geometry;
use stevedore_verilated::tools::workspace_root;
use stevedore_verilated::yosys::{synthesize_blocks, Family, Resources};

/// Where it is kept, from the workspace's root.
const REPORT: &str = "fpga/reports/xcku3p-card.json";
/// How far a count may be from the kept one, percent. Blocks of a few cells may differ by as many cells as `FEW`.
const TOLERANCE: f64 = 3.0;
const FEW: f64 = 40.0;

/// What is counted, and how much of it the device has. Block RAM is counted in halves: 18 Kbit.
const KINDS: [(&str, f64); 3] = [("LUT", 162_720.0), ("register", 325_440.0), ("block RAM", 720.0)];

/// Counts by kind, in the order of [`KINDS`].
type Counts = [f64; KINDS.len()];

/// Synthesizes the card with 1024 connections block by block, prints the share of the device, and compares with the
/// kept report, or keeps the new one.
///
/// # Errors
/// A count is more than 3 % away from the kept one.
pub fn check(bless: bool) -> Result<()> {
    let synthesis = synthesize_blocks(Family::UltrascalePlus, &card_verilog(&Geometry::DEFAULT)?, CARD)?;
    let mut blocks: BTreeMap<String, Counts> = BTreeMap::new();
    for (name, resources) in synthesis.blocks.iter().chain([(&"total".to_string(), &synthesis.total)]) {
        let name = if name.is_empty() { "wiring" } else { name };
        blocks.insert(name.to_string(), counts(resources));
    }
    println!("{:24} {:>8} {:>9} {:>10}", "block", KINDS[0].0, KINDS[1].0, KINDS[2].0);
    for (name, counts) in &blocks {
        println!("{name:24} {:>8} {:>9} {:>10}", counts[0], counts[1], counts[2]);
    }
    for ((kind, available), count) in KINDS.iter().zip(blocks["total"]) {
        println!("{:.1} % of the {kind}s of an XCKU3P", 100.0 * count / available);
    }
    let path = workspace_root().join(REPORT);
    if bless {
        let named = |counts: &Counts| -> Value { KINDS.iter().map(|kind| kind.0).zip(*counts).collect() };
        let of_device = KINDS.iter().zip(blocks["total"]).map(|(kind, count)| (kind.0, percent(count / kind.1)));
        let report = json!({
            "blocks": blocks.iter().map(|(name, counts)| (name.clone(), named(counts))).collect::<Value>(),
            "percent_of_device": of_device.collect::<Value>(),
        });
        std::fs::write(&path, format!("{report:#}\n")).with_context(|| format!("cannot write {REPORT}"))?;
        println!("kept in {REPORT}");
        return Ok(());
    }
    let again = "if that is meant, run `cargo xtask synth --card --bless` and commit it";
    let text = std::fs::read_to_string(&path).with_context(|| format!("no {REPORT}: {again}"))?;
    let kept: Value = serde_json::from_str(&text).with_context(|| format!("{REPORT} is no JSON"))?;
    let kept = kept["blocks"].as_object().with_context(|| format!("{REPORT} has no blocks"))?;
    ensure!(kept.keys().eq(blocks.keys()), "there are other blocks than in {REPORT}; {again}");
    let mut differences = Vec::new();
    for (name, counts) in &blocks {
        for ((kind, _), now) in KINDS.iter().zip(counts) {
            let before = kept[name][*kind].as_f64().with_context(|| format!("{REPORT}: no {kind} of {name}"))?;
            if (now - before).abs() > (before * TOLERANCE / 100.0).max(FEW) {
                differences.push(format!("{name}: {now} {kind}, was {before}"));
            }
        }
    }
    if !differences.is_empty() {
        bail!("the card differs by more than {TOLERANCE} % from {REPORT}; {again}:\n{}", differences.join("\n"));
    }
    println!("within {TOLERANCE} % of {REPORT}");
    Ok(())
}

fn percent(share: f64) -> f64 {
    (share * 1e4).round() / 100.0
}

/// LUT RAM takes LUTs, too: a cell of yosys's is as many as its name says or eight.
fn counts(resources: &Resources) -> Counts {
    let mut counts = [0.0; KINDS.len()];
    for (kind, count) in resources {
        let (place, each) = match kind.as_str() {
            "RAM32M16" | "RAM64M8" | "RAM64X8SW" => (0, 8.0),
            "RAM32M" | "RAM64M" => (0, 4.0),
            kind if kind.starts_with("LUT") || kind.starts_with("SRL") || kind.starts_with("INV") => (0, 1.0),
            kind if kind.starts_with("RAM32X1") || kind.starts_with("RAM64X1") => (0, 2.0),
            kind if kind.starts_with("FD") => (1, 1.0),
            "RAMB18E2" => (2, 1.0),
            "RAMB36E2" => (2, 2.0),
            _ => continue,
        };
        counts[place] += each * *count as f64;
    }
    counts
}
