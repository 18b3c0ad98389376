//! What a block shows to its own kernel: its ports, locals and the ports of its children, with their Verilog names.

use super::split::{fields, Field};
use super::{take_deposit, Body};
use rust_hdl::core::prelude::*;
use std::collections::{HashMap, HashSet};

/// How a kernel may use a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    OwnIn,
    OwnOut,
    OwnInOut,
    Local,
    ChildIn,
    ChildOut,
    ChildInOut,
    /// A port of a register that was replaced by one per field.
    Split,
}

/// A signal visible in a kernel.
#[derive(Clone, Debug)]
pub(crate) struct Visible {
    /// Path from the block, parts joined by `$`.
    pub(crate) raw: String,
    /// Verilog name in the module of the block.
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) width: usize,
    /// Position in [`Interface::children`] and the port name in the child.
    pub(crate) child: Option<(usize, String)>,
    /// What a register holds; empty for every other signal.
    pub(crate) fields: Vec<Field>,
}

/// All signals and children of one block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interface {
    pub(crate) signals: Vec<Visible>,
    pub(crate) by_raw: HashMap<String, usize>,
    /// Paths of the children, parts joined by `$`.
    pub(crate) children: Vec<String>,
    pub(crate) namer: Namer,
}

/// Hands out identifiers that are legal in Verilog and unique in a module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namer {
    taken: HashSet<String>,
}

impl Namer {
    /// A name as near to `wish` as possible.
    pub(crate) fn unique(&mut self, wish: &str) -> String {
        let mut base: String = wish.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if base.is_empty() || base.starts_with(|c: char| c.is_ascii_digit()) {
            base.insert(0, '_');
        }
        if KEYWORDS.contains(&base.as_str()) {
            base.push('_');
        }
        let mut name = base.clone();
        let mut n = 1;
        while !self.taken.insert(name.clone()) {
            name = format!("{base}_{n}");
            n += 1;
        }
        name
    }
}

/// Reserved words of Verilog and SystemVerilog: Verilator reads both.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "accept_on", "alias", "always", "always_comb", "always_ff", "always_latch", "and", "assert", "assign", "assume",
    "automatic", "before", "begin", "bind", "bins", "binsof", "bit", "break", "buf", "bufif0", "bufif1", "byte",
    "case", "casex", "casez", "cell", "chandle", "checker", "class", "clocking", "cmos", "config", "const",
    "constraint", "context", "continue", "cover", "covergroup", "coverpoint", "cross", "deassign", "default",
    "defparam", "design", "disable", "dist", "do", "edge", "else", "end", "endcase", "endchecker", "endclass",
    "endclocking", "endconfig", "endfunction", "endgenerate", "endgroup", "endinterface", "endmodule", "endpackage",
    "endprimitive", "endprogram", "endproperty", "endsequence", "endspecify", "endtable", "endtask", "enum", "event",
    "eventually", "expect", "export", "extends", "extern", "final", "first_match", "for", "force", "foreach",
    "forever", "fork", "forkjoin", "function", "generate", "genvar", "global", "highz0", "highz1", "if", "iff",
    "ifnone", "ignore_bins", "illegal_bins", "implements", "implies", "import", "incdir", "include", "initial",
    "inout", "input", "inside", "instance", "int", "integer", "interconnect", "interface", "intersect", "join",
    "join_any", "join_none", "large", "let", "liblist", "library", "local", "localparam", "logic", "longint",
    "macromodule", "matches", "medium", "modport", "module", "nand", "negedge", "nettype", "new", "nexttime", "nmos",
    "nor", "noshowcancelled", "not", "notif0", "notif1", "null", "or", "output", "package", "packed", "parameter",
    "pmos", "posedge", "primitive", "priority", "process", "program", "property", "protected", "pull0", "pull1",
    "pulldown", "pullup", "pulsestyle_ondetect", "pulsestyle_onevent", "pure", "rand", "randc", "randcase",
    "randsequence", "rcmos", "real", "realtime", "ref", "reg", "reject_on", "release", "repeat", "restrict", "return",
    "rnmos", "rpmos", "rtran", "rtranif0", "rtranif1", "s_always", "s_eventually", "s_nexttime", "s_until",
    "s_until_with", "scalared", "sequence", "shortint", "shortreal", "showcancelled", "signed", "small", "soft",
    "solve", "specify", "specparam", "static", "string", "strong", "strong0", "strong1", "struct", "super", "supply0",
    "supply1", "sync_accept_on", "sync_reject_on", "table", "tagged", "task", "this", "throughout", "time",
    "timeprecision", "timeunit", "tran", "tranif0", "tranif1", "tri", "tri0", "tri1", "triand", "trior", "trireg",
    "type", "typedef", "union", "unique", "unique0", "unsigned", "until", "until_with", "untyped", "use", "uwire",
    "var", "vectored", "virtual", "void", "wait", "wait_order", "wand", "weak", "weak0", "weak1", "while", "wildcard",
    "wire", "with", "within", "wor", "xnor", "xor",
];

/// The ports of a register; the first two have the type of what it holds.
const REGISTER_PORTS: [&str; 4] = ["d", "q", "clock", "reset"];

#[derive(Default)]
struct Listing {
    interface: Interface,
    /// Path parts below the block, with `true` for a scope (child) and `false` for a namespace (bundle).
    path: Vec<(String, bool)>,
    depth: usize,
}

impl Listing {
    fn enter(&mut self, name: &str, scope: bool) {
        self.path.push((name.to_string(), scope));
        if scope {
            self.depth += 1;
            if self.depth == 2 {
                self.interface.children.push(self.joined(1, ""));
            }
        }
    }

    fn leave(&mut self) {
        if let Some((_, true)) = self.path.pop() {
            self.depth -= 1;
        }
    }

    /// Only the ports of registers keep their fields.
    fn end_child(&mut self, node: &dyn Block) {
        let number = self.interface.children.len() - 1;
        let own = |signal: &&mut Visible| signal.child.as_ref().is_some_and(|(child, _)| *child == number);
        let mut ports: Vec<&mut Visible> = self.interface.signals.iter_mut().filter(own).collect();
        let register_port = |(_, port): &(usize, String)| REGISTER_PORTS.contains(&port.as_str());
        // Asking a block what it is costs an elaboration, but for registers.
        let looks_so = ports.iter().all(|signal| signal.child.as_ref().is_some_and(register_port));
        if !looks_so || !is_register(node) {
            ports.iter_mut().for_each(|signal| signal.fields.clear());
        }
    }

    fn joined(&self, from: usize, last: &str) -> String {
        let mut parts: Vec<&str> = self.path[from..].iter().map(|p| p.0.as_str()).collect();
        if !last.is_empty() {
            parts.push(last);
        }
        parts.join("$")
    }
}

fn is_register(node: &dyn Block) -> bool {
    node.hdl();
    matches!(take_deposit(), Some(Body::Register(_)))
}

impl Probe for Listing {
    fn visit_start_scope(&mut self, name: &str, _: &dyn Block) {
        self.enter(name, true);
    }
    fn visit_start_namespace(&mut self, name: &str, _: &dyn Block) {
        self.enter(name, false);
    }
    fn visit_atom(&mut self, name: &str, atom: &dyn Atom) {
        let own = self.depth == 1;
        let role = match (atom.kind(), own) {
            _ if self.depth > 2 => return,
            (AtomKind::InputParameter, true) => Role::OwnIn,
            (AtomKind::OutputParameter, true) => Role::OwnOut,
            (AtomKind::InOutParameter, true) => Role::OwnInOut,
            (AtomKind::LocalSignal, true) => Role::Local,
            (AtomKind::InputParameter, false) => Role::ChildIn,
            (AtomKind::OutputParameter, false) => Role::ChildOut,
            (AtomKind::InOutParameter, false) => Role::ChildInOut,
            _ => return,
        };
        let raw = self.joined(1, name);
        let child = (!own).then(|| {
            let scope = self.path.iter().rposition(|p| p.1).unwrap_or(0);
            (self.interface.children.len() - 1, self.joined(scope + 1, name))
        });
        let wish = raw.replace('$', "_");
        let name = self.interface.namer.unique(&wish);
        let position = self.interface.signals.len();
        self.interface.by_raw.insert(raw.clone(), position);
        let is_storage = child.as_ref().is_some_and(|(_, port)| REGISTER_PORTS[..2].contains(&port.as_str()));
        let fields = if is_storage { fields(atom) } else { vec![] };
        self.interface.signals.push(Visible { raw, name, role, width: atom.bits(), child, fields });
    }
    fn visit_end_namespace(&mut self, _: &str, _: &dyn Block) {
        self.leave();
    }
    fn visit_end_scope(&mut self, _: &str, node: &dyn Block) {
        if self.depth == 2 {
            self.end_child(node);
        }
        self.leave();
    }
}

/// Lists the signals of `block`. Own ports are named first, so that a child's name never changes a port's.
pub(crate) fn interface_of(block: &dyn Block) -> Interface {
    let mut listing = Listing::default();
    block.accept("top", &mut listing);
    let mut interface = listing.interface;
    interface.namer = Namer::default();
    let mut order: Vec<usize> = (0..interface.signals.len()).collect();
    order.sort_by_key(|i| interface.signals[*i].child.is_some());
    for i in order {
        let wish = interface.signals[i].raw.replace('$', "_");
        interface.signals[i].name = interface.namer.unique(&wish);
    }
    interface
}
