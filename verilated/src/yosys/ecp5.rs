//! Resource counts on ECP5.

use super::{read, run};
use crate::scratch::Scratch;
use anyhow::{Context, Result};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Cells by type, as yosys names them: `LUT4`, `CCU2C` (two bits of carry chain), `TRELLIS_FF`, `DP16KD` and `PDPW16KD`
/// (block RAM), `TRELLIS_DPR16X4` (LUT RAM), `MULT18X18D`, and so on.
pub type Resources = BTreeMap<String, u64>;

/// What a design costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synthesis {
    /// The flattened design, as it would be placed and routed.
    pub total: Resources,
    /// Each instance in the top module, flattened on its own; cells of the top module itself under `""`. The sum is
    /// somewhat above the total: no logic is optimised across the blocks' borders.
    pub blocks: BTreeMap<String, Resources>,
}

/// Synthesizes module `top` of `verilog` for ECP5 and counts cells: once flattened, once block by block, both at the
/// same time.
pub fn synth_ecp5(verilog: &str, top: &str) -> Result<Synthesis> {
    let (total, blocks) = std::thread::scope(|scope| {
        let total = scope.spawn(|| total(verilog, top));
        let blocks = blocks(verilog, top);
        (total.join().expect("the other run does not panic"), blocks)
    });
    Ok(Synthesis { total: total?, blocks: blocks? })
}

/// Cells of the flattened design.
fn total(verilog: &str, top: &str) -> Result<Resources> {
    let scratch = Scratch::new()?;
    scratch.write("design.v", verilog)?;
    Ok(cells(&statistics(&scratch, top, "")?["design"], &[]))
}

/// Cells of every instance in the top module.
fn blocks(verilog: &str, top: &str) -> Result<BTreeMap<String, Resources>> {
    let scratch = Scratch::new()?;
    scratch.write("design.v", verilog)?;
    run(&scratch, &format!("{}; proc; select {top}; write_json -selected top.json", read(top)))?;
    let description: Value = serde_json::from_str(&scratch.read("top.json")?).context("yosys wrote no JSON")?;
    let instances: Vec<(&str, &str)> = object(&description["modules"][top]["cells"])
        .filter_map(|(name, cell)| Some((name.as_str(), cell["type"].as_str()?)))
        .filter(|(_, kind)| !kind.starts_with('$') || kind.starts_with("$paramod"))
        .collect();
    let modules: Vec<&str> = instances.iter().map(|&(_, module)| module).collect();
    let keep = if modules.is_empty() {
        String::new()
    } else {
        format!("; setattr -mod -set keep_hierarchy 1 {}", modules.join(" "))
    };
    let statistics = statistics(&scratch, top, &keep)?;
    let of_module = |name: &str| {
        let spelled = if name.starts_with('$') { name.to_string() } else { format!("\\{name}") };
        cells(&statistics["modules"][&spelled], &modules)
    };
    let mut blocks: BTreeMap<String, Resources> =
        instances.iter().map(|&(name, module)| (name.to_string(), of_module(module))).collect();
    blocks.insert(String::new(), of_module(top));
    Ok(blocks)
}

fn statistics(scratch: &Scratch, top: &str, prepare: &str) -> Result<Value> {
    let script = format!("{}{prepare}; synth_ecp5 -top {top}; tee -q -o stat.json stat -json", read(top));
    run(scratch, &script)?;
    serde_json::from_str(&scratch.read("stat.json")?).context("yosys's statistics are no JSON")
}

/// The counts of one module, without instances of `modules` and yosys's own book-keeping.
fn cells(module: &Value, modules: &[&str]) -> Resources {
    object(&module["num_cells_by_type"])
        .filter(|(kind, _)| !kind.starts_with('$') && !modules.contains(&kind.as_str()))
        .filter_map(|(kind, count)| Some((kind.clone(), count.as_u64()?)))
        .collect()
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}
