//! Resource counts on a family of devices.

use super::{read, run};
use crate::scratch::Scratch;
use anyhow::{Context, Result};
use serde_json::{json, Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Devices to count for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Lattice ECP5. Cells are `LUT4`, `CCU2C` (two bits of carry chain), `TRELLIS_FF`, `DP16KD` and `PDPW16KD` (block
    /// RAM), `TRELLIS_DPR16X4` (LUT RAM), `MULT18X18D`, and so on.
    Ecp5,
    /// AMD UltraScale+. Cells are `LUT1` to `LUT6`, `CARRY8`, `FDRE` and its like, `RAMB18E2` and `RAMB36E2` (block
    /// RAM), `RAM32M16` and its like (LUT RAM), and so on. There is no open timing for these devices.
    UltrascalePlus,
}

impl Family {
    /// yosys's command.
    fn command(self) -> &'static str {
        match self {
            Family::Ecp5 => SYNTHESIZE,
            Family::UltrascalePlus => "synth_xilinx -family xcup -noclkbuf -noiopad -flatten",
        }
    }
}

/// Cells by type, as yosys names them: see [`Family`].
pub type Resources = BTreeMap<String, u64>;

/// What a design costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synthesis {
    /// The flattened design, as it would be placed and routed.
    pub total: Resources,
    /// Each instance in the top module, flattened on its own and mapped with less effort; cells of the top module
    /// itself under `""`. The sum is somewhat above the total: no logic is optimised across the blocks' borders.
    pub blocks: BTreeMap<String, Resources>,
}

impl Synthesis {
    /// As text to be kept and compared with: sorted, one count per line.
    pub fn to_json(&self) -> String {
        let value = json!({ "total": self.total, "blocks": self.blocks });
        format!("{value:#}\n")
    }

    /// Reads what `to_json` wrote.
    pub fn from_json(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).context("a synthesis report that is no JSON")?;
        let resources = |value: &Value| -> Result<Resources> {
            object(value)
                .map(|(kind, count)| Ok((kind.clone(), count.as_u64().with_context(|| format!("{kind}: no count"))?)))
                .collect()
        };
        let blocks = object(&value["blocks"]).map(|(name, block)| Ok((name.clone(), resources(block)?)));
        Ok(Synthesis { total: resources(&value["total"])?, blocks: blocks.collect::<Result<_>>()? })
    }

    /// Every count in which this differs from `before`, a line each.
    pub fn differences(&self, before: &Synthesis) -> Vec<String> {
        let empty = Resources::new();
        let mut differences = compare("total", &self.total, &before.total);
        for name in self.blocks.keys().chain(before.blocks.keys()).collect::<BTreeSet<_>>() {
            let block = |synthesis: &Synthesis| synthesis.blocks.get(name).unwrap_or(&empty).clone();
            let label = if name.is_empty() { "top module" } else { name };
            differences.extend(compare(label, &block(self), &block(before)));
        }
        differences
    }
}

fn compare(what: &str, now: &Resources, before: &Resources) -> Vec<String> {
    let kinds: BTreeSet<_> = now.keys().chain(before.keys()).collect();
    let count = |resources: &Resources, kind| resources.get(kind).copied().unwrap_or(0);
    let pairs = kinds.into_iter().map(|kind| (kind, count(now, kind), count(before, kind)));
    pairs
        .filter(|(_, now, before)| now != before)
        .map(|(kind, now, before)| format!("{what}: {kind} {now}, was {before}"))
        .collect()
}

/// Synthesizes module `top` of `verilog` and counts cells: once flattened, once block by block, both at the same time.
pub fn synthesize(family: Family, verilog: &str, top: &str) -> Result<Synthesis> {
    let (total, blocks) = std::thread::scope(|scope| {
        let total = scope.spawn(|| total(family, verilog, top));
        let blocks = blocks(family, verilog, top);
        (total.join().expect("the other run does not panic"), blocks)
    });
    Ok(Synthesis { total: total?, blocks: blocks? })
}

/// The same, block by block only: the total is the sum. Half the work.
pub fn synthesize_blocks(family: Family, verilog: &str, top: &str) -> Result<Synthesis> {
    let blocks = blocks(family, verilog, top)?;
    let mut total = Resources::new();
    for (kind, count) in blocks.values().flatten() {
        *total.entry(kind.clone()).or_default() += count;
    }
    Ok(Synthesis { total, blocks })
}

/// Cells of the flattened design.
fn total(family: Family, verilog: &str, top: &str) -> Result<Resources> {
    let scratch = Scratch::new()?;
    scratch.write("design.v", verilog)?;
    Ok(cells(&statistics(family, &scratch, top, "")?["design"], &[]))
}

/// The synthesis everybody here runs. LUTs of four inputs only: functions of five and more, made of several LUTs and a
/// multiplexer that must sit beside them, cost more LUTs in this design and tie the placer's hands.
pub(super) const SYNTHESIZE: &str = "synth_ecp5 -nowidelut";

/// Has LUT mapping, which is most of the time, try less hard: half the time, one LUT in a hundred more. Good enough to
/// see which block grew.
const FAST: &str = "; scratchpad -copy abc9.script.default.fast abc9.script";

/// Module `top` of the scratch directory's `design.v` as yosys sees it: its `ports` and `cells`.
pub(super) fn describe(scratch: &Scratch, top: &str) -> Result<Value> {
    run(scratch, &format!("{}; proc; select {top}; write_json -selected top.json", read(top)))?;
    let mut description: Value = serde_json::from_str(&scratch.read("top.json")?).context("yosys wrote no JSON")?;
    Ok(description["modules"][top].take())
}

/// Cells of every instance in the top module.
fn blocks(family: Family, verilog: &str, top: &str) -> Result<BTreeMap<String, Resources>> {
    let scratch = Scratch::new()?;
    scratch.write("design.v", verilog)?;
    let description = describe(&scratch, top)?;
    let instances: Vec<(&str, &str)> = object(&description["cells"])
        .filter_map(|(name, cell)| Some((name.as_str(), cell["type"].as_str()?)))
        .filter(|(_, kind)| !kind.starts_with('$') || kind.starts_with("$paramod"))
        .collect();
    let modules: Vec<&str> = instances.iter().map(|&(_, module)| module).collect();
    let mut keep = FAST.to_string();
    if !modules.is_empty() {
        keep += &format!("; setattr -mod -set keep_hierarchy 1 {}", modules.join(" "));
    }
    let statistics = statistics(family, &scratch, top, &keep)?;
    let of_module = |name: &str| {
        let spelled = if name.starts_with('$') { name.to_string() } else { format!("\\{name}") };
        cells(&statistics["modules"][&spelled], &modules)
    };
    let mut blocks: BTreeMap<String, Resources> =
        instances.iter().map(|&(name, module)| (name.to_string(), of_module(module))).collect();
    blocks.insert(String::new(), of_module(top));
    Ok(blocks)
}

fn statistics(family: Family, scratch: &Scratch, top: &str, prepare: &str) -> Result<Value> {
    let command = family.command();
    let script = format!("{}{prepare}; {command} -top {top}; tee -q -o stat.json stat -json", read(top));
    run(scratch, &script)?;
    statistics_of(scratch)
}

/// What a script's last `tee -q -o stat.json stat -json` wrote.
pub(super) fn statistics_of(scratch: &Scratch) -> Result<Value> {
    serde_json::from_str(&scratch.read("stat.json")?).context("yosys's statistics are no JSON")
}

/// The counts of one module, without instances of `modules` and yosys's own book-keeping.
pub(super) fn cells(module: &Value, modules: &[&str]) -> Resources {
    object(&module["num_cells_by_type"])
        .filter(|(kind, _)| !kind.starts_with('$') && !modules.contains(&kind.as_str()))
        .filter_map(|(kind, count)| Some((kind.clone(), count.as_u64()?)))
        .collect()
}

pub(super) fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}
