//! The running elaboration: arena of nodes, table of variables, stack of open statement lists.
//!
//! One elaboration runs per thread at a time. It is reached through a thread local, so that the standard operator traits can be
//! implemented for symbolic values and kernel functions take no context argument.

use super::node::*;
use crate::emit::interface::{Interface, Role};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

/// What a Verilog variable is to the kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A signal, by its position in the interface.
    Signal(usize, Role),
    /// Bound once by `let`.
    Let,
    /// Bound by `let mut`.
    Mut,
}

/// A Verilog variable.
#[derive(Clone, Debug)]
pub(crate) struct Var {
    pub(crate) name: String,
    pub(crate) width: usize,
    pub(crate) kind: Kind,
    pub(crate) version: usize,
}

impl Var {
    /// Whether a reference keeps its meaning for the rest of the kernel.
    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self.kind, Kind::Let | Kind::Signal(_, Role::OwnIn | Role::ChildOut))
    }
}

/// State of one elaboration.
pub(crate) struct Context {
    pub(crate) block: String,
    pub(crate) interface: Interface,
    pub(crate) nodes: Vec<Entry>,
    pub(crate) vars: Vec<Var>,
    pub(crate) open: Vec<Vec<Stmt>>,
    /// Signals assigned on every path so far.
    pub(crate) assigned: HashSet<VarId>,
    /// Signals assigned on some path.
    pub(crate) touched: HashSet<VarId>,
    /// Enum variants mentioned: local parameter name, code, width.
    pub(crate) variants: HashMap<String, String>,
    pub(crate) variant_list: Vec<(String, usize, usize)>,
}

thread_local! {
    static CURRENT: RefCell<Option<Context>> = const { RefCell::new(None) };
}

/// Runs `body` as the kernel of `block` and returns what it recorded.
pub(crate) fn elaborate(block: &str, interface: Interface, body: impl FnOnce()) -> Context {
    let vars = interface
        .signals
        .iter()
        .enumerate()
        .map(|(i, s)| Var { name: s.name.clone(), width: s.width, kind: Kind::Signal(i, s.role), version: 0 })
        .collect();
    let context = Context {
        block: block.to_string(),
        interface,
        nodes: vec![],
        vars,
        open: vec![vec![]],
        assigned: HashSet::new(),
        touched: HashSet::new(),
        variants: HashMap::new(),
        variant_list: vec![],
    };
    CURRENT.with(|c| *c.borrow_mut() = Some(context));
    body();
    let context = CURRENT.with(|c| c.borrow_mut().take()).expect("elaboration is running");
    let mut latched: Vec<&str> =
        context.touched.difference(&context.assigned).map(|v| context.vars[*v].name.as_str()).collect();
    latched.sort_unstable();
    assert!(
        latched.is_empty(),
        "{block}: latch: not assigned on every path of the kernel: {} (give a default first)",
        latched.join(", ")
    );
    context
}

/// Access to the running elaboration.
pub(crate) fn with<R>(f: impl FnOnce(&mut Context) -> R) -> R {
    CURRENT.with(|c| f(c.borrow_mut().as_mut().expect("symbolic values exist only while a kernel is elaborated")))
}

impl Context {
    fn fail(&self, message: String) -> ! {
        panic!("{}: {message}", self.block)
    }

    /// Adds a node.
    pub(crate) fn add(&mut self, node: Node, width: usize) -> NodeId {
        assert!(width > 0, "{}: a value of no bits", self.block);
        self.nodes.push(Entry { node, width });
        self.nodes.len() - 1
    }

    pub(crate) fn width(&self, id: NodeId) -> usize {
        self.nodes[id].width
    }

    /// The bits of a constant.
    pub(crate) fn literal(&self, id: NodeId) -> Option<&[bool]> {
        match &self.nodes[id].node {
            Node::Literal(bits) => Some(bits),
            _ => None,
        }
    }

    /// A reference to the present value of a variable.
    pub(crate) fn refer(&mut self, var: VarId) -> NodeId {
        let Var { version, width, .. } = self.vars[var];
        self.add(Node::Var { var, version }, width)
    }

    /// Looks a signal up by its path.
    pub(crate) fn signal(&self, raw: &str) -> VarId {
        match self.interface.by_raw.get(raw) {
            Some(position) => *position,
            None => self.fail(format!("no signal `{}`", raw.replace('$', "."))),
        }
    }

    /// The value of a signal, where a kernel may read it.
    pub(crate) fn read(&mut self, raw: &str) -> NodeId {
        let var = self.signal(raw);
        let path = raw.replace('$', ".");
        match self.vars[var].kind {
            Kind::Signal(_, Role::ChildIn) => {
                self.fail(format!("`{path}` is an input of a child: read the value you drive it with instead"))
            }
            Kind::Signal(_, Role::OwnOut | Role::Local) if !self.assigned.contains(&var) => {
                self.fail(format!("`{path}` is read before it is assigned on every path"))
            }
            _ => self.refer(var),
        }
    }

    /// Assigns a signal.
    pub(crate) fn drive(&mut self, raw: &str, value: NodeId) {
        let var = self.signal(raw);
        let path = raw.replace('$', ".");
        match self.vars[var].kind {
            Kind::Signal(_, Role::OwnIn) => {
                self.fail(format!("`{path}` is an input of this block: it cannot be assigned"))
            }
            Kind::Signal(_, Role::ChildOut) => {
                self.fail(format!("`{path}` is an output of a child: it cannot be assigned"))
            }
            _ => {}
        }
        self.assign(var, value);
        self.assigned.insert(var);
        self.touched.insert(var);
    }

    /// Checks that every variable `id` reads still has the value it had when the expression was built.
    pub(crate) fn check_fresh(&self, id: NodeId) {
        match &self.nodes[id].node {
            Node::Literal(_) | Node::Variant { .. } => {}
            Node::Var { var, version } => {
                if self.vars[*var].version != *version && !self.vars[*var].is_fixed() {
                    self.fail(format!(
                        "`{}` changes inside an expression that reads it: bind the expression with `let` first",
                        self.vars[*var].name
                    ))
                }
            }
            Node::Slice { base, .. } => self.check_fresh(*base),
            Node::Bit { base, index } => {
                self.check_fresh(*base);
                self.check_fresh(*index);
            }
            Node::Unary(_, a) | Node::Repeat(_, a) => self.check_fresh(*a),
            Node::Binary(_, a, b) => {
                self.check_fresh(*a);
                self.check_fresh(*b);
            }
            Node::Cat(parts) => parts.iter().for_each(|p| self.check_fresh(*p)),
            Node::Select { condition, yes, no } => {
                self.check_fresh(*condition);
                self.check_fresh(*yes);
                self.check_fresh(*no);
            }
        }
    }

    /// Appends an assignment to the open statement list.
    pub(crate) fn assign(&mut self, target: VarId, value: NodeId) {
        assert_eq!(self.vars[target].width, self.width(value), "{}: width of {}", self.block, self.vars[target].name);
        self.check_fresh(value);
        self.vars[target].version += 1;
        self.push(Stmt::Assign { target, value });
    }

    pub(crate) fn push(&mut self, stmt: Stmt) {
        self.open.last_mut().expect("an open list").push(stmt);
    }

    /// Creates a local variable.
    pub(crate) fn declare(&mut self, wish: &str, width: usize, kind: Kind) -> VarId {
        let name = self.interface.namer.unique(wish);
        self.vars.push(Var { name, width, kind, version: 0 });
        self.vars.len() - 1
    }

    /// Binds a value to a new variable that never changes.
    pub(crate) fn bind(&mut self, wish: &str, value: NodeId) -> NodeId {
        let keep = match self.nodes[value].node {
            Node::Literal(_) | Node::Variant { .. } => true,
            Node::Var { var, .. } => self.vars[var].is_fixed(),
            _ => false,
        };
        if keep {
            return value;
        }
        let width = self.width(value);
        let var = self.declare(wish, width, Kind::Let);
        self.assign(var, value);
        self.refer(var)
    }

    /// A node that can be sliced: a variable or a constant.
    pub(crate) fn named(&mut self, value: NodeId) -> NodeId {
        match self.nodes[value].node {
            Node::Var { .. } | Node::Literal(_) => value,
            _ => self.bind("t", value),
        }
    }

    /// Bits `lo..lo + width`; bits past the end read 0.
    pub(crate) fn slice(&mut self, value: NodeId, lo: usize, width: usize) -> NodeId {
        let whole = self.width(value);
        if lo == 0 && width == whole {
            return value;
        }
        if lo >= whole {
            return self.add(Node::Literal(vec![false; width]), width);
        }
        if lo + width > whole {
            let part = self.slice(value, lo, whole - lo);
            return self.resize(part, width);
        }
        if let Node::Slice { base, lo: inner } = self.nodes[value].node {
            return self.add(Node::Slice { base, lo: inner + lo }, width);
        }
        let named = self.named(value);
        let node = match &self.nodes[named].node {
            Node::Literal(bits) => Node::Literal(bits[lo..lo + width].to_vec()),
            _ => Node::Slice { base: named, lo },
        };
        self.add(node, width)
    }

    /// Zero-extends or truncates.
    pub(crate) fn resize(&mut self, value: NodeId, width: usize) -> NodeId {
        let old = self.width(value);
        if width <= old {
            return self.slice(value, 0, width);
        }
        if let Some(bits) = self.literal(value) {
            let mut bits = bits.to_vec();
            bits.resize(width, false);
            return self.add(Node::Literal(bits), width);
        }
        let zeros = self.add(Node::Literal(vec![false; width - old]), width - old);
        self.add(Node::Cat(vec![zeros, value]), width)
    }

    /// Joins parts, most significant first.
    pub(crate) fn cat(&mut self, parts: Vec<NodeId>) -> NodeId {
        let mut merged: Vec<NodeId> = vec![];
        for part in parts {
            match merged.last().and_then(|above| self.adjacent(*above, part)) {
                Some(both) => *merged.last_mut().expect("a part above") = both,
                None => merged.push(part),
            }
        }
        let parts = merged;
        if let [one] = parts[..] {
            return one;
        }
        let width = parts.iter().map(|p| self.width(*p)).sum();
        if parts.iter().all(|p| self.literal(*p).is_some()) {
            let bits = parts.iter().rev().flat_map(|p| self.literal(*p).unwrap_or_default().to_vec()).collect();
            return self.add(Node::Literal(bits), width);
        }
        self.add(Node::Cat(parts), width)
    }

    /// `hi` directly above `lo` as one slice of a variable, if that is what they are.
    fn adjacent(&mut self, hi: NodeId, lo: NodeId) -> Option<NodeId> {
        let (Node::Slice { base, lo: from }, Node::Slice { base: same, lo: to }) =
            (&self.nodes[lo].node, &self.nodes[hi].node)
        else {
            return None;
        };
        let (base, from, to) = (*base, *from, *to);
        let (Node::Var { var: a, version: v }, Node::Var { var: b, version: w }) =
            (&self.nodes[base].node, &self.nodes[*same].node)
        else {
            return None;
        };
        if a != b || v != w || from + self.width(lo) != to {
            return None;
        }
        let width = self.width(lo) + self.width(hi);
        if width == self.width(base) {
            return Some(base);
        }
        Some(self.add(Node::Slice { base, lo: from }, width))
    }

    /// An operator; constants fold where an elaboration-time condition may depend on it.
    pub(crate) fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        let width = match op {
            Binary::Eq | Binary::Ne | Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => 1,
            _ => self.width(a),
        };
        if !matches!(op, Binary::Shl | Binary::Shr) {
            assert_eq!(self.width(a), self.width(b), "{}: operands of {}", self.block, op.symbol());
        }
        if let Some(folded) = self.fold(op, a, b) {
            return folded;
        }
        self.add(Node::Binary(op, a, b), width)
    }

    fn fold(&mut self, op: Binary, a: NodeId, b: NodeId) -> Option<NodeId> {
        let (left, right) = (self.literal(a).map(<[bool]>::to_vec), self.literal(b).map(<[bool]>::to_vec));
        let one_bit = |v: &Option<Vec<bool>>| v.as_ref().map(|bits| bits[0]);
        let bit = match (op, one_bit(&left), one_bit(&right)) {
            (Binary::LogicAnd, Some(true), _) | (Binary::LogicOr, Some(false), _) => return Some(b),
            (Binary::LogicAnd, _, Some(true)) | (Binary::LogicOr, _, Some(false)) => return Some(a),
            (Binary::LogicAnd, Some(false), _) | (Binary::LogicAnd, _, Some(false)) => false,
            (Binary::LogicOr, Some(true), _) | (Binary::LogicOr, _, Some(true)) => true,
            (Binary::Eq, Some(_), Some(_)) => left == right,
            (Binary::Ne, Some(_), Some(_)) => left != right,
            _ => return None,
        };
        Some(self.add(Node::Literal(vec![bit]), 1))
    }

    /// Logical negation of a one-bit value.
    pub(crate) fn logic_not(&mut self, a: NodeId) -> NodeId {
        if let Some(bits) = self.literal(a) {
            let flipped = vec![!bits[0]];
            return self.add(Node::Literal(flipped), 1);
        }
        if let Node::Unary(Unary::LogicNot, inner) = self.nodes[a].node {
            return inner;
        }
        self.add(Node::Unary(Unary::LogicNot, a), 1)
    }
}

impl Context {
    /// Assigns several variables at once, as Rust assigns a record: all values are read before any changes.
    pub(crate) fn store(&mut self, pairs: &[(NodeId, NodeId)]) {
        let mut work: Vec<(VarId, NodeId)> = vec![];
        for (target, value) in pairs {
            let Node::Var { var, .. } = self.nodes[*target].node else {
                self.fail("assignment to a value that is not a `let mut` variable".to_string())
            };
            let unchanged = matches!(self.nodes[*value].node, Node::Var { var: v, version } if v == var && version == self.vars[v].version);
            if !unchanged {
                work.push((var, *value));
            }
        }
        let targets: Vec<VarId> = work.iter().map(|w| w.0).collect();
        if work.len() > 1 {
            for (own, value) in &mut work {
                let mut crosses = false;
                for_reads(&self.nodes, *value, &mut |v, _, _| crosses |= v != *own && targets.contains(&v));
                if crosses {
                    let wish = format!("{}_new", self.vars[*own].name);
                    *value = self.bind(&wish, *value);
                }
            }
        }
        for (target, value) in work {
            self.assign(target, value);
        }
    }
}

impl Context {
    /// One bit at a run-time position; 0 past the end.
    pub(crate) fn bit(&mut self, value: NodeId, index: NodeId) -> NodeId {
        let (width, index_width) = (self.width(value), self.width(index));
        // An index exactly as wide as the vector needs can neither leave it nor draw a lint warning.
        let exact = width > 1 && index_width < usize::BITS as usize && (1usize << index_width) == width;
        if exact {
            let base = self.named(value);
            if matches!(self.nodes[base].node, Node::Var { .. }) {
                return self.add(Node::Bit { base, index }, 1);
            }
        }
        let shifted = self.binary(Binary::Shr, value, index);
        self.slice(shifted, 0, 1)
    }

    /// `value` with the bits from `lo` up replaced by `part`.
    pub(crate) fn insert(&mut self, value: NodeId, lo: usize, part: NodeId) -> NodeId {
        let (whole, width) = (self.width(value), self.width(part));
        assert!(lo + width <= whole, "{}: {width} bits at {lo} of {whole}", self.block);
        let value = self.named(value);
        let mut parts = vec![];
        if lo + width < whole {
            parts.push(self.slice(value, lo + width, whole - lo - width));
        }
        parts.push(part);
        if lo > 0 {
            parts.push(self.slice(value, 0, lo));
        }
        self.cat(parts)
    }
}
