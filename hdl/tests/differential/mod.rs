//! Three readers of one kernel must agree: rust-hdl's simulator, Verilator on our text, Verilator on what yosys
//! understood of our text. This drives a block in all three with the same random inputs.

#![allow(dead_code)] // Each test binary uses its own part.

use stevedore_hdl::prelude::*;
use stevedore_verilated::tools::{Tool, Tools};
use stevedore_verilated::{yosys, Model, Port, Source};

/// Printed in every failure.
pub const SEED: u64 = 0x0123_4567_89ab_cdef;

/// A small generator with a fixed seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
    /// Bits with many corner cases: zeros, ones, few bits, small numbers, the neighbour of another value.
    pub fn flat(&mut self, width: usize) -> Vec<bool> {
        let mut bits = match self.below(8) {
            0 => vec![false; width],
            1 => vec![true; width],
            2 => (0..width).map(|i| i < 3 && self.next() & 1 == 1).collect(),
            3 => (0..width).map(|i| i + 3 >= width && self.next() & 1 == 1).collect(),
            _ => (0..width).map(|_| self.next() & 1 == 1).collect(),
        };
        if self.below(4) == 0 {
            let at = self.below(width);
            bits[at] = !bits[at];
        }
        bits
    }
    pub fn value<T: Symbolic>(&mut self) -> T {
        T::from_flat(&self.flat(T::BITS))
    }
}

/// A block whose ports the harness knows by name.
pub trait Subject {
    /// Sets the inputs at random, and lists them.
    fn drive(&mut self, random: &mut Random) -> Vec<(&'static str, Vec<bool>)>;
    /// Lists the outputs.
    fn outputs(&self) -> Vec<(&'static str, Vec<bool>)>;
}

/// Models of several modules behind one wrapper, whose ports are `module__port`.
pub struct Models {
    models: Vec<(&'static str, Model)>,
}

/// The Verilog text of one subject.
pub struct Module {
    pub name: String,
    pub text: String,
    /// Name, width, whether it is an output.
    pub ports: Vec<(String, usize, bool)>,
}

/// Elaborates a block.
pub fn module<B: Block>(block: &B, name: &str) -> Module {
    #[derive(Default)]
    struct Ports {
        depth: usize,
        bundle: String,
        list: Vec<(String, usize, bool)>,
    }
    impl Probe for Ports {
        fn visit_start_scope(&mut self, _: &str, _: &dyn Block) {
            self.depth += 1;
        }
        fn visit_end_scope(&mut self, _: &str, _: &dyn Block) {
            self.depth -= 1;
        }
        fn visit_start_namespace(&mut self, name: &str, _: &dyn Block) {
            self.bundle = format!("{name}_");
        }
        fn visit_end_namespace(&mut self, _: &str, _: &dyn Block) {
            self.bundle.clear();
        }
        fn visit_atom(&mut self, name: &str, atom: &dyn Atom) {
            let output = atom.kind() == AtomKind::OutputParameter;
            if self.depth == 1 && (output || atom.kind() == AtomKind::InputParameter) {
                // The writer's answer to a reserved word.
                let suffix = if name == "table" { "_" } else { "" };
                self.list.push((format!("{}{name}{suffix}", self.bundle), atom.bits(), output));
            }
        }
    }
    let mut ports = Ports::default();
    block.accept("top", &mut ports);
    Module { name: name.to_string(), text: verilog(block, name), ports: ports.list }
}

/// A module that holds one instance of each and shows all their ports; a port `clock` is shared.
fn wrapper(modules: &[Module]) -> String {
    let (mut ports, mut body) = (vec!["input wire clock".to_string()], String::new());
    for m in modules {
        let mut pins = vec![];
        for (port, width, output) in &m.ports {
            if port == "clock" {
                pins.push("        .clock(clock)".to_string());
                continue;
            }
            let direction = if *output { "output" } else { "input" };
            ports.push(format!("{direction} wire [{}:0] {}__{port}", width - 1, m.name));
            pins.push(format!("        .{port}({}__{port})", m.name));
        }
        body.push_str(&format!("    {} {}_i (\n{}\n    );\n", m.name, m.name, pins.join(",\n")));
    }
    let texts: String = modules.iter().map(|m| m.text.as_str()).collect();
    format!("{texts}\nmodule top (\n    {}\n);\n{body}endmodule\n", ports.join(",\n    "))
}

/// What yosys writes back.
#[derive(Clone, Copy)]
pub enum Netlist {
    /// Simple gates and flip-flops.
    Gates,
    /// Its own operators after optimisation, for text whose gates would take minutes.
    Words,
}

impl Models {
    /// Builds the text, and what yosys makes of it.
    pub fn build(modules: &[Module], netlist: Netlist) -> Models {
        let text = wrapper(modules);
        let understood = match netlist {
            Netlist::Gates => yosys::netlist(&text, "top").expect("yosys takes the text"),
            Netlist::Words => words_of(&text),
        };
        let build =
            |text: &str| Model::build(&Source::new("top", text).cxx_flags(["-O1"])).expect("Verilator takes the text");
        Models { models: vec![("verilator", build(&text)), ("yosys netlist", build(&understood))] }
    }

    /// Drives the inputs of one module in all models.
    pub fn set(&mut self, module: &str, inputs: &[(&'static str, Vec<bool>)]) {
        for (_, model) in &mut self.models {
            for (name, bits) in inputs {
                let port = port_of(model, module, name);
                model.set_wide(port, &words(bits));
            }
        }
    }

    /// Lets outputs follow, or steps the clock.
    pub fn advance(&mut self, clock: bool) {
        self.models.iter_mut().for_each(|(_, m)| if clock { m.step() } else { m.eval() });
    }

    /// Compares the outputs of one module.
    pub fn compare(
        &self,
        module: &str,
        round: usize,
        inputs: &[(&'static str, Vec<bool>)],
        outputs: &[(&'static str, Vec<bool>)],
    ) {
        for (reader, model) in &self.models {
            for (name, bits) in outputs {
                let port = port_of(model, module, name);
                let mut got = vec![0; port.words()];
                model.get_wide(port, &mut got);
                if got != words(bits) {
                    let shown: Vec<String> = inputs.iter().map(|(n, b)| format!("{n} = {}", hex(b))).collect();
                    panic!(
                        "{module}.{name}, seed {SEED:#x}, round {round}: {reader} gives {got:x?}, rust {}; inputs {}",
                        hex(bits),
                        shown.join(", ")
                    );
                }
            }
        }
    }
}

fn port_of(model: &Model, module: &str, name: &str) -> Port {
    model.port(&format!("{module}__{name}"))
}

fn words(bits: &[bool]) -> Vec<u32> {
    bits.chunks(32).map(|w| w.iter().enumerate().fold(0, |sum, (i, b)| sum | (u32::from(*b) << i))).collect()
}

fn hex(bits: &[bool]) -> String {
    let words: Vec<String> = words(bits).iter().rev().map(|w| format!("{w:08x}")).collect();
    words.join("_")
}

/// The design as yosys writes it back after `proc` and word-level optimisation.
fn words_of(text: &str) -> String {
    let folder = std::env::temp_dir().join(format!("stevedore-differential-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    std::fs::write(folder.join("design.v"), text).expect("the design is written");
    let script = "read_verilog -noautowire design.v; hierarchy -check -top top; proc; flatten; opt; wreduce; peepopt; \
                  opt_clean -purge; write_verilog -noattr netlist.v";
    let mut command = Tools::of_workspace().command(Tool::Yosys).expect("yosys is there");
    let status = command.current_dir(&folder).args(["-q", "-p", script]).status().expect("yosys runs");
    assert!(status.success(), "yosys does not take the text");
    let netlist = std::fs::read_to_string(folder.join("netlist.v")).expect("yosys wrote a netlist");
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
    netlist
}
