//! What a block was given and what it gave, and the proof that its Verilog gives the same.
use anyhow::{ensure, Result};
use stevedore_hdl::prelude::*;
use stevedore_verilated::{Model, Port};

/// All ports of a block, cycle by cycle, as they are just before the rising edge.
#[derive(Default)]
pub struct Recording {
    /// Name, width, driven by the block.
    ports: Vec<(String, usize, bool)>,
    /// Words of 32 bits, port after port, cycle after cycle.
    words: Vec<u32>,
    cycles: usize,
}

impl Recording {
    /// Adds a cycle.
    pub fn record(&mut self, block: &dyn Block) {
        let mut listing = Listing::default();
        block.accept("top", &mut listing);
        self.ports = listing.ports;
        self.words.append(&mut listing.words);
        self.cycles += 1;
    }

    /// Drives `model` with the recorded inputs and compares its outputs with the recorded ones.
    pub fn replay(&self, model: &mut Model) -> Result<()> {
        let ports: Vec<Port> = self.ports.iter().map(|(name, ..)| model.port(name)).collect();
        let mut rest = &self.words[..];
        for cycle in 0..self.cycles {
            let mut outputs = Vec::new();
            for ((name, width, output), &port) in self.ports.iter().zip(&ports) {
                let (value, tail) = rest.split_at(width.div_ceil(32));
                rest = tail;
                if *output {
                    outputs.push((name, port, value));
                } else {
                    model.set_wide(port, value);
                }
            }
            model.eval();
            for (name, port, expected) in outputs {
                let mut got = vec![0; port.words()];
                model.get_wide(port, &mut got);
                ensure!(got == expected, "cycle {cycle}: {name} is {expected:x?} stepped, {got:x?} Verilated");
            }
            model.step();
        }
        Ok(())
    }
}

/// Collects the block's own ports, without its clock.
#[derive(Default)]
struct Listing {
    path: Vec<String>,
    depth: usize,
    ports: Vec<(String, usize, bool)>,
    words: Vec<u32>,
}

impl Probe for Listing {
    fn visit_start_scope(&mut self, _: &str, _: &dyn Block) {
        self.depth += 1;
    }
    fn visit_end_scope(&mut self, _: &str, _: &dyn Block) {
        self.depth -= 1;
    }
    fn visit_start_namespace(&mut self, name: &str, _: &dyn Block) {
        self.path.push(name.to_string());
    }
    fn visit_end_namespace(&mut self, _: &str, _: &dyn Block) {
        self.path.pop();
    }
    fn visit_atom(&mut self, name: &str, atom: &dyn Atom) {
        let output = match atom.kind() {
            AtomKind::OutputParameter => true,
            AtomKind::InputParameter if name != "clock" => false,
            _ => return,
        };
        if self.depth != 1 {
            return;
        }
        let name: Vec<&str> = self.path.iter().map(String::as_str).chain([name]).collect();
        let literal = format!("{:x}", atom.verilog());
        let digits = literal.rsplit('h').next().expect("width, 'h, digits").as_bytes();
        let mut words: Vec<u32> = digits
            .rchunks(8)
            .map(|word| {
                std::str::from_utf8(word).ok().and_then(|word| u32::from_str_radix(word, 16).ok()).expect("hex digits")
            })
            .collect();
        words.resize(atom.bits().div_ceil(32), 0);
        self.words.append(&mut words);
        self.ports.push((name.join("_").replace('$', "_"), atom.bits(), output));
    }
}
