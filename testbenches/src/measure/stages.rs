//! Stage occupancy: for every channel between blocks, the cycles in which a word moved, waited, or was not there.
//!
//! The engine's Verilog gets one more output: `valid` and `ready` of each channel that leaves a block, or a block
//! inside a block, found by name in the text. Only a bench that asks for stages runs this model, so the others lose no
//! speed.

use crate::rtl;
use crate::simulator::{EnginePorts, Inputs, Outputs, VerilatedEngine};
use anyhow::{Context, Result};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::rc::Rc;
use stevedore_rtl::geometry::Geometry;
use stevedore_verilated::{Model, Port, Source};

/// The output added.
const PORT: &str = "stage_channels";
/// Blocks inside blocks inside the engine are details.
const DEPTH: usize = 2;

/// What a channel did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Block and channel, as in the sources: `placement.chain.m_piece`.
    pub name: String,
    /// Cycles in which a word moved.
    pub busy: u64,
    /// Cycles in which a word waited: what comes next is too slow.
    pub stalled: u64,
    /// Cycles without a word: the block itself, or what comes before it, has nothing to give.
    pub starved: u64,
    /// Cycles counted when the first word moved.
    pub first: Option<u64>,
}

impl Occupancy {
    /// Share of the cycles, percent: busy, stalled, starved.
    pub fn percent(&self) -> [f64; 3] {
        let all = (self.busy + self.stalled + self.starved).max(1) as f64;
        [self.busy, self.stalled, self.starved].map(|cycles| 100.0 * cycles as f64 / all)
    }
}

/// The counts of an engine that counts, shared with whoever wants to read them.
pub type Probe = Rc<RefCell<Vec<Occupancy>>>;

/// Starts counting anew.
pub fn clear(probe: &Probe) {
    for channel in probe.borrow_mut().iter_mut() {
        *channel = Occupancy { name: std::mem::take(&mut channel.name), ..Occupancy::default() };
    }
}

/// An engine that counts.
pub struct StagedEngine {
    engine: VerilatedEngine,
    port: Port,
    words: Vec<u32>,
    probe: Probe,
}

/// Builds one, or finds it built.
pub fn engine(geometry: &Geometry) -> Result<(Box<StagedEngine>, Probe)> {
    let (text, names) = instrumented(&rtl::verilog(geometry)?, rtl::TOP)?;
    let model = Model::build(&Source::new(rtl::TOP, text))?;
    let port = model.find_port(PORT).context("the model has no channels to count")?;
    let channel = |name| Occupancy { name, ..Occupancy::default() };
    let probe: Probe = Rc::new(RefCell::new(names.into_iter().map(channel).collect()));
    let engine = VerilatedEngine::new(model)?;
    Ok((Box::new(StagedEngine { engine, words: vec![0; port.words()], port, probe: Rc::clone(&probe) }), probe))
}

impl EnginePorts for StagedEngine {
    fn bytes(&self) -> usize {
        self.engine.bytes()
    }

    fn settle(&mut self, inputs: &mut Inputs, outputs: &mut Outputs) {
        self.engine.settle(inputs, outputs);
    }

    fn edge(&mut self) {
        self.engine.model().get_wide(self.port, &mut self.words);
        for (index, channel) in self.probe.borrow_mut().iter_mut().enumerate() {
            let bits = self.words[index / 16] >> (index % 16 * 2) & 3;
            if bits == 3 {
                channel.first.get_or_insert(channel.busy + channel.stalled + channel.starved);
                channel.busy += 1;
            }
            channel.stalled += u64::from(bits == 1);
            channel.starved += u64::from(bits & 1 == 0);
        }
        self.engine.edge();
    }
}

/// The parts of a module's text that are looked at.
#[derive(Default)]
struct Module<'a> {
    /// Channels that leave it.
    channels: Vec<&'a str>,
    /// Modules and names of the instances in it.
    instances: Vec<(&'a str, &'a str)>,
}

/// Adds the output to module `top`, and names the channels in the order of its bits: `valid` and `ready` of each.
fn instrumented(text: &str, top: &str) -> Result<(String, Vec<String>)> {
    let modules = modules(text);
    let mut names = Vec::new();
    walk(&modules, top, "", 0, &mut names);
    anyhow::ensure!(!names.is_empty(), "no channel in module {top}");
    let mut wires = String::new();
    for path in names.iter().rev() {
        let _ = write!(wires, "{}{path}_ready, {path}_valid", if wires.is_empty() { "" } else { ", " });
    }
    let head = format!("module {top} (");
    let start = text.find(&head).with_context(|| format!("no module {top}"))?;
    let body = text[start..].find(");").context("a module without ports")? + start;
    let end = text[body..].find("endmodule").context("a module without end")? + body;
    let bits = names.len() * 2 - 1;
    let instrumented = format!(
        "{}{head}\n    output wire [{bits}:0] {PORT},{}    assign {PORT} = {{{wires}}};\n{}",
        &text[..start],
        &text[start + head.len()..end],
        &text[end..]
    );
    Ok((instrumented, names.iter().map(|path| path.replace("_i.", ".")).collect()))
}

fn modules(text: &str) -> HashMap<&str, Module<'_>> {
    let mut found: HashMap<&str, Module> = HashMap::new();
    let mut current = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("module ").and_then(|rest| rest.strip_suffix(" (")) {
            current = name;
            found.insert(name, Module::default());
            continue;
        }
        let Some(module) = found.get_mut(current) else { continue };
        let port = line.trim().trim_end_matches(',');
        if let Some(channel) = port.strip_prefix("output wire m_").and_then(|rest| rest.strip_suffix("_valid")) {
            module.channels.push(channel);
        } else if let Some((kind, name)) = line.trim().strip_suffix(" (").and_then(|head| head.split_once(' ')) {
            if name.ends_with("_i") {
                module.instances.push((kind, name));
            }
        }
    }
    found
}

fn walk(modules: &HashMap<&str, Module>, module: &str, path: &str, depth: usize, names: &mut Vec<String>) {
    let Some(found) = modules.get(module) else { return };
    if depth > 0 {
        names.extend(found.channels.iter().map(|channel| format!("{path}m_{channel}")));
    }
    if depth < DEPTH {
        for (kind, name) in &found.instances {
            // A register at an outlet says what the outlet says.
            if !kind.contains("skid_buffer") {
                walk(modules, kind, &format!("{path}{name}."), depth + 1, names);
            }
        }
    }
}

/// The channels of a row as text, the fullest first; those that never had a word are left out.
pub fn table(row: &str, channels: &[Occupancy]) -> String {
    let mut text =
        format!("{row}: {:40} {:>7} {:>8} {:>8}  percent of cycles\n", "channel", "busy", "stalled", "starved");
    for channel in sorted(channels) {
        let [busy, stalled, starved] = channel.percent();
        let _ = writeln!(
            text,
            "{:width$}{:40} {busy:>7.2} {stalled:>8.2} {starved:>8.2}",
            "",
            channel.name,
            width = row.len() + 2
        );
    }
    text
}

/// The way of a word through the engine: when the first one moved on each channel, in that order.
pub fn trail(row: &str, channels: &[Occupancy]) -> String {
    let mut moved: Vec<(u64, &str)> =
        channels.iter().filter_map(|channel| Some((channel.first?, channel.name.as_str()))).collect();
    moved.sort_unstable();
    moved.iter().fold(format!("{row}: first word of each channel, by cycle\n"), |mut text, (cycle, name)| {
        let _ = writeln!(text, "{cycle:>8} {name}");
        text
    })
}

/// Where words waited longest, and for what share of the cycles: what comes behind these channels is too slow.
pub fn fullest(channels: &[Occupancy]) -> String {
    // A channel without a word moved is a stock nobody asked for.
    let used = channels.iter().filter(|channel| channel.busy > 0);
    let mut waiting: Vec<(f64, &str)> = used.map(|channel| (channel.percent()[1], channel.name.as_str())).collect();
    waiting.sort_by(|one, other| other.0.total_cmp(&one.0));
    let named: Vec<String> = waiting.iter().take(3).map(|(share, name)| format!("`{name}` {share:.0} %")).collect();
    named.join(", ")
}

/// Those that had words, the fullest first.
pub fn sorted(channels: &[Occupancy]) -> Vec<&Occupancy> {
    let mut used: Vec<&Occupancy> = channels.iter().filter(|channel| channel.busy + channel.stalled > 0).collect();
    used.sort_by_key(|channel| channel.starved);
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "module leaf (
    input wire clock,
    output wire m_out_valid,
    input wire m_out_ready
);
endmodule
module top (
    input wire clock
);
    wire a_m_out_valid;
    leaf a_i (
        .clock(clock)
    );
endmodule
";

    #[test]
    fn channels_are_found_and_brought_out() {
        let (text, names) = instrumented(TEXT, "top").unwrap();
        assert_eq!(names, ["a.m_out"]);
        assert!(text.contains("output wire [1:0] stage_channels,"), "{text}");
        assert!(text.contains("assign stage_channels = {a_i.m_out_ready, a_i.m_out_valid};"), "{text}");
    }
}
