//! Changes drawn at random, block after block, and what survives them.

use super::sites::{sites, Site};
use super::trial::{Binaries, Outcome, Trial};
use crate::progress::Progress;
use crate::workspace::{cargo, program, root};
use crate::{lanes, process};
use anyhow::{ensure, Context, Result};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::SeedableRng;
use serde_json::{json, Value};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// The tests that cover the blocks of a folder, the quickest first.
const COVER: [(&str, &[&str]); 10] = [
    ("rtl/src/connection", &["leaves", "lookup", "tcp"]),
    ("rtl/src/dma", &["stream_dma", "rx", "tx"]),
    ("rtl/src/host", &["host"]),
    ("rtl/src/link", &["link"]),
    ("rtl/src/network", &["addresses", "network"]),
    ("rtl/src/rx", &["rx"]),
    ("rtl/src/stream", &["stream_dma", "host", "network"]),
    ("rtl/src/tx", &["tx"]),
    ("rtl/src/wire", &["leaves", "stream_dma"]),
    ("hdl/src/blocks", &["stream_dma", "host", "tx", "rx"]),
];

/// The tests of the whole engine, which hear of every change that no block's test noticed.
const ENGINE: [&str; 9] = [
    "engine_early_data",
    "engine_neighbours",
    "engine_link",
    "engine_stop",
    "engine_bad_input",
    "engine_transfer",
    "engine_faults",
    "engine_memory",
    "engine_many",
];

/// Verdicts that are no test's: nothing noticed, or nothing reached the place.
const SURVIVED: &str = "survived";
const UNREACHED: &str = "in no tested Verilog";

/// One change: its block, its place, and the lines around it as they are and as they are to be.
struct Change<'a> {
    block: &'a Block,
    site: Site,
    from: String,
    to: String,
}

impl Change<'_> {
    fn name(&self) -> String {
        format!("{}: {}: {}", relative(&self.block.file), self.site.what, self.site.from.trim())
    }

    /// For the tests.
    fn description(&self) -> Value {
        json!({ "from": self.from, "to": self.to, "every": true })
    }

    /// Under which the verdict is kept.
    fn key(&self) -> String {
        format!("{} -> {}", self.from, self.to)
    }
}

/// A block's file, and the text of every module made from it.
struct Block {
    file: PathBuf,
    modules: Vec<String>,
}

/// Tries `count` changes, each by itself, spread over all blocks or all in one, and lists the survivors. A run that was
/// broken off goes on where it was.
pub fn draw(count: usize, only: Option<&str>, seed: u64, patience: Duration) -> Result<()> {
    let folder = root().join("target/mutants");
    let blocks = blocks(&folder, only)?;
    let changes = changes(&blocks, count, seed);
    let name = format!("random-{}-{seed}", only.unwrap_or("all"));
    let kept = folder.join(format!("{name}.json"));
    let descriptions: Vec<Value> = changes.iter().map(Change::description).collect();
    let mut done: BTreeMap<String, String> =
        fs::read_to_string(&kept).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let numbered = changes.iter().enumerate();
    let waiting: Vec<_> = numbered.filter(|(_, change)| !done.contains_key(&change.key())).collect();
    let mut progress = Progress::new(waiting.len() + 1);
    let binaries = progress.quiet_step("building the tests", Binaries::build)?;
    let trial = Trial::new(&name, &descriptions)?;
    let shared = Mutex::new((progress, &mut done));
    lanes::each(waiting, |(number, change)| {
        let verdict = judge(change, number, &trial, &binaries, patience)?;
        let (progress, done) = &mut *shared.lock().expect("no lane panics");
        progress.announce(&format!("{verdict:40} {}", change.name()));
        done.insert(change.key(), verdict);
        Ok(fs::write(&kept, serde_json::to_string_pretty(done)?)?)
    })?;

    let (mut caught, mut survivors) = (0, Vec::new());
    for change in &changes {
        match done[&change.key()].as_str() {
            verdict @ (SURVIVED | UNREACHED) => survivors.push((change, verdict)),
            _ => caught += 1,
        }
    }
    println!("{caught} of {} changes were noticed (seed {seed})", changes.len());
    for (Change { block, site, .. }, verdict) in survivors {
        println!("{verdict}: {}\n    {}\n    {}", place(block, site), site.from.trim(), site.to.trim());
    }
    Ok(())
}

/// Which test notices a change, if one does: those of the block first, then those of the engine.
fn judge(change: &Change, number: usize, trial: &Trial, binaries: &Binaries, patience: Duration) -> Result<String> {
    let file = &change.block.file;
    let folder = relative(file.parent().unwrap_or(file));
    let cover = COVER.iter().find(|(of, _)| *of == folder).map_or(&[][..], |(_, tests)| tests);
    let mut verdict = UNREACHED;
    for test in cover.iter().chain(&ENGINE) {
        if !trial.reaches(number, binaries, test, patience)? {
            continue;
        }
        if let Outcome::Caught(test) = trial.run(number, binaries, (test, ""), patience)? {
            return Ok(test);
        }
        verdict = SURVIVED;
    }
    Ok(verdict.to_string())
}

/// The changes: block, place, and the lines around it as they are and as they are to be. A block after the other gives
/// one, until there are `count` or no block has another.
fn changes(blocks: &[Block], count: usize, seed: u64) -> Vec<Change<'_>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut waiting: Vec<(&Block, Vec<(&String, Site)>)> = blocks.iter().map(|block| (block, places(block))).collect();
    waiting.shuffle(&mut random);
    waiting.iter_mut().for_each(|(_, places)| places.shuffle(&mut random));
    let mut drawn = Vec::new();
    while drawn.len() < count && waiting.iter().any(|(_, places)| !places.is_empty()) {
        for (block, places) in &mut waiting {
            let Some((module, site)) = places.pop() else { continue };
            let lines: Vec<&str> = module.lines().collect();
            let around = |line: &str| format!("{}\n{line}\n{}", lines[site.line - 1], lines[site.line + 1]);
            let (from, to) = (around(&site.from), around(&site.to));
            drawn.push(Change { block, site, from, to });
        }
    }
    drawn.truncate(count);
    drawn
}

/// The places of a block. What stands in several shapes of it is one change, made in all of them.
fn places(block: &Block) -> Vec<(&String, Site)> {
    let mut seen = HashSet::new();
    let all = block.modules.iter().flat_map(|module| sites(module).into_iter().map(move |site| (module, site)));
    all.filter(|(_, site)| seen.insert((site.from.clone(), site.to.clone()))).collect()
}

/// The blocks of the small engine, by file.
fn blocks(folder: &Path, only: Option<&str>) -> Result<Vec<Block>> {
    let directory = folder.join("verilog");
    let mut elaborate = cargo(program("elaborate"));
    elaborate.args(["verilog", "--geometry", "small"]).arg(&directory);
    process::quiet(&mut elaborate)?;
    let text = fs::read_to_string(directory.join("stevedore.v"))?;
    let mut by_file: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for module in text.split("\nmodule ").skip(1) {
        let name = module.split_whitespace().next().context("a module has a name")?;
        if let Some(file) = file_of(name) {
            by_file.entry(file).or_default().push(module.split("\nendmodule").next().unwrap_or(module).to_string());
        }
    }
    let wanted = |file: &Path| only.is_none_or(|only| file.file_stem().is_some_and(|stem| stem == only));
    let names: Vec<String> = by_file.keys().map(|file| relative(file)).collect();
    let blocks: Vec<Block> = by_file
        .into_iter()
        .filter(|(file, modules)| wanted(file) && modules.iter().any(|module| !sites(module).is_empty()))
        .map(|(file, modules)| Block { file, modules })
        .collect();
    ensure!(!blocks.is_empty(), "no block of that name that could be changed; there are {}", names.join(", "));
    Ok(blocks)
}

/// The file a module was made from: `stevedore_skid_buffer_2` is `SkidBuffer`'s second shape.
fn file_of(module: &str) -> Option<PathBuf> {
    let name = module.strip_prefix("stevedore_")?;
    let bare = name.trim_end_matches(|character: char| character.is_ascii_digit()).trim_end_matches('_');
    let folders = COVER.iter().map(|(folder, _)| root().join(folder));
    folders.flat_map(|folder| [name, bare].map(|stem| folder.join(format!("{stem}.rs")))).find(|file| file.is_file())
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// File and line where what the place assigns is named, as far as that can be told from its name.
fn place(block: &Block, site: &Site) -> String {
    let file = relative(&block.file);
    let words = site.from.trim().trim_start_matches("assign ");
    let name = words.split(' ').next().unwrap_or_default();
    let text = fs::read_to_string(&block.file).unwrap_or_default();
    let parts: Vec<&str> = name.split('_').collect();
    let spellings = (0..parts.len()).map(|at| {
        let (first, rest) = parts.split_at(at);
        [first.join("_"), rest.join("_")].iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(".")
    });
    let lines = |spelling: String| {
        let names = [format!("let {spelling} "), format!("{spelling} = "), format!("{spelling}.next = ")];
        text.lines().position(|line| names.iter().any(|name| line.contains(name)))
    };
    match spellings.into_iter().find_map(lines) {
        Some(line) => format!("{file}:{}", line + 1),
        None => file,
    }
}
