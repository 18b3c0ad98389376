//! The module writer: walks a tree of blocks and prints one module per distinct body.

use super::interface::{interface_of, Interface, Role};
use super::register::{parts_of, register_text, Part};
use super::{range, take_deposit, Body, KernelBody, Storage};
use rust_hdl::core::prelude::*;
use std::collections::{HashMap, HashSet};

/// Arguments for `verilator --lint-only -Wall`: the text holds many modules in one file, and names enum codes it may
/// not use.
pub const LINT_ARGS: &[&str] = &["-Wno-DECLFILENAME"];

const UNUSED: &str = "verilator lint_off UNUSEDSIGNAL";
const UNUSED_END: &str = "verilator lint_on UNUSEDSIGNAL";

/// The Verilog text of `top`, whose outermost module is called `name`. Panics, naming the block and signal, when the
/// design is not sound: a latch, an undriven signal, a write to an input.
pub fn verilog<B: Block>(top: &B, name: &str) -> String {
    let mut writer = Writer { name: name.to_string(), ..Writer::default() };
    top.accept("top", &mut writer);
    let mut out = String::from("// Generated from Rust: do not edit.\n`default_nettype none\n");
    writer.modules.iter().for_each(|m| out.push_str(m));
    writer.cores.iter().for_each(|c| out.push_str(c));
    out.push_str("\n`default_nettype wire\n");
    out
}

/// A block that has been visited.
struct Built {
    /// Path from its parent, parts joined by `$`.
    path: String,
    body: BuiltBody,
    /// Ports in order: name in the module, direction, width.
    ports: Vec<(String, Role, usize)>,
}

enum BuiltBody {
    Module(String),
    Register(Storage),
}

#[derive(Default)]
struct Writer {
    name: String,
    modules: Vec<String>,
    cores: Vec<String>,
    by_text: HashMap<String, String>,
    names: HashSet<String>,
    /// Open blocks: the children built so far and the namespace path within.
    stack: Vec<(Vec<Built>, Vec<String>)>,
}

impl Probe for Writer {
    fn visit_start_scope(&mut self, name: &str, _: &dyn Block) {
        let mut path: Vec<String> = self.stack.last().map(|s| s.1.clone()).unwrap_or_default();
        path.push(name.to_string());
        if let Some(open) = self.stack.last_mut() {
            open.1 = path;
        }
        self.stack.push((vec![], vec![]));
    }
    fn visit_start_namespace(&mut self, name: &str, _: &dyn Block) {
        if let Some(open) = self.stack.last_mut() {
            open.1.push(name.to_string());
        }
    }
    fn visit_end_namespace(&mut self, _: &str, _: &dyn Block) {
        if let Some(open) = self.stack.last_mut() {
            open.1.pop();
        }
    }
    fn visit_end_scope(&mut self, _: &str, node: &dyn Block) {
        let Some((children, _)) = self.stack.pop() else { return };
        let path = match self.stack.last_mut() {
            Some(open) => {
                let path = open.1.join("$");
                open.1.pop();
                path
            }
            None => String::new(),
        };
        let interface = interface_of(node);
        let ports = interface
            .signals
            .iter()
            .filter(|s| matches!(s.role, Role::OwnIn | Role::OwnOut | Role::OwnInOut))
            .map(|s| (s.name.clone(), s.role, s.width))
            .collect();
        take_deposit();
        let code = node.hdl();
        let is_top = self.stack.is_empty();
        let body = match (take_deposit(), code) {
            (Some(Body::Register(storage)), _) if !is_top => BuiltBody::Register(storage),
            (Some(Body::Register(_)), _) => panic!("this block cannot be a module of its own: wrap it"),
            (Some(Body::Kernel(kernel)), _) => {
                let text = module_of_kernel(&kernel, &children);
                BuiltBody::Module(self.keep(text, &kernel.type_name, is_top))
            }
            (Some(Body::Text { type_name, text, variables }), _) => {
                let text = module_of_text(&interface, &text, variables);
                BuiltBody::Module(self.keep(text, &type_name, is_top))
            }
            (None, Verilog::Custom(text)) => {
                let text = module_of_text(&interface, &text, true);
                BuiltBody::Module(self.keep(text, &path.replace('$', "_"), is_top))
            }
            (None, Verilog::Wrapper(wrapper)) => {
                let text = module_of_text(&interface, &wrapper.code, false);
                if !self.cores.contains(&wrapper.cores) {
                    self.cores.push(wrapper.cores);
                }
                BuiltBody::Module(self.keep(text, &path.replace('$', "_"), is_top))
            }
            (None, _) => {
                panic!("block `{}` has no translation: write its update with #[kernel]", path.replace('$', "."))
            }
        };
        if let Some(open) = self.stack.last_mut() {
            open.0.push(Built { path, body, ports });
        }
    }
}

impl Writer {
    /// Adds a module unless one with the same text exists; returns its name. `\u{1}` stands for the name in the text.
    fn keep(&mut self, text: String, wish: &str, is_top: bool) -> String {
        if is_top {
            self.modules.push(text.replace('\u{1}', &self.name));
            return self.name.clone();
        }
        if let Some(name) = self.by_text.get(&text) {
            return name.clone();
        }
        let base = format!("{}_{}", self.name, wish.replace('$', "_"));
        let mut name = base.clone();
        let mut n = 1;
        while !self.names.insert(name.clone()) {
            name = format!("{base}_{n}");
            n += 1;
        }
        self.modules.push(text.replace('\u{1}', &name));
        self.by_text.insert(text, name.clone());
        name
    }
}

/// A declaration; a reader that leaves some bits alone is told so.
fn declare(out: &mut String, line: &str, unused: bool, end: &str) {
    if unused {
        out.push_str(&format!(
            "    /* {UNUSED} */ // part of a vector or bundle is not needed here\n\
             {line}{end}\n    /* {UNUSED_END} */\n"
        ));
    } else {
        out.push_str(&format!("{line}{end}\n"));
    }
}

fn header(interface: &Interface, variables: &dyn Fn(&str) -> bool, unused: &dyn Fn(&str, usize) -> bool) -> String {
    let ports: Vec<_> =
        interface.signals.iter().filter(|s| matches!(s.role, Role::OwnIn | Role::OwnOut | Role::OwnInOut)).collect();
    let mut out = String::from("\nmodule \u{1} (\n");
    for (i, s) in ports.iter().enumerate() {
        let end = if i + 1 < ports.len() { "," } else { "" };
        let kind = match s.role {
            Role::OwnIn => "input wire",
            Role::OwnInOut => "inout wire",
            _ if variables(&s.name) => "output reg",
            _ => "output wire",
        };
        let line = format!("    {kind} {}{}", range(s.width), s.name);
        declare(&mut out, &line, s.role == Role::OwnIn && unused(&s.name, s.width), end);
    }
    out.push_str(");\n");
    out
}

fn module_of_text(interface: &Interface, text: &str, variables: bool) -> String {
    let mut out = header(interface, &|_| variables, &|_, _| false);
    out.push_str(text);
    out.push_str("endmodule\n");
    out
}

fn module_of_kernel(kernel: &KernelBody, children: &[Built]) -> String {
    let interface = &kernel.interface;
    let owner = &kernel.type_name;
    let procedural: HashSet<&str> = kernel.variables.iter().map(String::as_str).collect();
    let mut assigned: HashMap<&str, (&str, bool)> =
        kernel.assigns.iter().map(|(n, v, plain)| (n.as_str(), (v.as_str(), *plain))).collect();
    let mut uses = kernel.uses.clone();

    // Text connected to each child port, by raw path.
    let mut connection: HashMap<&str, String> = HashMap::new();
    let mut direct: HashSet<&str> = HashSet::new();
    for s in &interface.signals {
        let driven = procedural.contains(s.name.as_str()) || assigned.contains_key(s.name.as_str());
        match s.role {
            Role::ChildIn if !driven => panic!("{owner}: input `{}` of a child is not driven", s.raw.replace('$', ".")),
            Role::OwnOut if !driven => panic!("{owner}: output `{}` is not driven", s.raw.replace('$', ".")),
            _ => {}
        }
        let alias = match (s.role, assigned.get(s.name.as_str())) {
            (Role::ChildIn, Some((text, true))) => Some(text.to_string()),
            _ => None,
        };
        if alias.is_some() {
            direct.insert(s.name.as_str());
        }
        connection.insert(s.raw.as_str(), alias.unwrap_or_else(|| s.name.clone()));
    }
    for name in &direct {
        assigned.remove(name);
    }

    // Children first: their connections count as uses.
    let mut instances = String::new();
    for child in children {
        let port_text = |port: &str| {
            let raw = format!("{}${port}", child.path);
            let found = interface.by_raw.get(&raw).map(|i| connection[interface.signals[*i].raw.as_str()].clone());
            found.unwrap_or_else(|| panic!("{owner}: no port `{raw}`"))
        };
        match &child.body {
            BuiltBody::Register(storage) => {
                let reset = storage.has_reset.then(|| port_text("reset"));
                let parts: Vec<Part> = parts_of(interface, &child.path)
                    .map(|(part, width)| (port_text(&format!("q{part}")), port_text(&format!("d{part}")), width))
                    .collect();
                instances.push_str(&register_text(&storage.initial, &parts, &port_text("clock"), reset));
            }
            BuiltBody::Module(module) => {
                let raw_ports: Vec<&str> = interface
                    .signals
                    .iter()
                    .filter(|s| s.child.as_ref().is_some_and(|(c, _)| interface.children[*c] == child.path))
                    .map(|s| s.raw.as_str())
                    .collect();
                let lines: Vec<String> = child
                    .ports
                    .iter()
                    .zip(raw_ports)
                    .map(|((port, ..), raw)| format!("        .{port}({})", connection[raw]))
                    .collect();
                let instance = child.path.replace('$', "_");
                instances.push_str(&format!("    {module} {instance}_i (\n{}\n    );\n", lines.join(",\n")));
            }
        }
    }
    for s in &interface.signals {
        if s.role == Role::ChildIn {
            uses.add(&s.name, 0, s.width);
        }
    }

    let unused = |name: &str, width: usize| !uses.all(name, width);
    let mut out = header(interface, &|name| procedural.contains(name), &unused);
    kernel.parameters.iter().for_each(|p| out.push_str(p));
    let inline: HashSet<&str> =
        children.iter().filter(|c| matches!(c.body, BuiltBody::Register(_))).map(|c| c.path.as_str()).collect();
    for s in &interface.signals {
        let register = s.role == Role::ChildOut
            && s.child.as_ref().is_some_and(|(c, _)| inline.contains(interface.children[*c].as_str()));
        let kind = match s.role {
            Role::Local | Role::ChildIn if procedural.contains(s.name.as_str()) => "reg",
            Role::Local | Role::ChildIn if assigned.contains_key(s.name.as_str()) => "wire",
            Role::ChildOut if register => "reg",
            Role::ChildOut | Role::ChildInOut => "wire",
            _ => continue,
        };
        let line = format!("    {kind} {}{}", range(s.width), s.name);
        declare(&mut out, &line, unused(&s.name, s.width), ";");
    }
    for local in &kernel.locals {
        let kind = if local.variable { "reg" } else { "wire" };
        let line = format!("    {kind} {}{}", range(local.width), local.name);
        declare(&mut out, &line, unused(&local.name, local.width), ";");
    }
    for (name, text, _) in &kernel.assigns {
        if !direct.contains(name.as_str()) {
            out.push_str(&format!("    assign {name} = {text};\n"));
        }
    }
    kernel.blocks.iter().for_each(|b| out.push_str(b));
    out.push_str(&instances);
    out.push_str("endmodule\n");
    out
}
