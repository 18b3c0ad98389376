//! Variables of the module: made, referred to, assigned.
//!
//! An expression means its variables as they were when it was built, but stands in the text where it is used: every
//! assignment gives its target a new version, by which an expression that comes too late is found out.

use super::Context;
use crate::emit::interface::Role;
use crate::sym::node::*;

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

impl Context {
    /// Creates a local variable.
    pub(crate) fn declare(&mut self, wish: &str, width: usize, kind: Kind) -> VarId {
        let name = self.interface.namer.unique(wish);
        self.vars.push(Var { name, width, kind, version: 0 });
        self.vars.len() - 1
    }

    /// A reference to the present value of a variable.
    pub(crate) fn refer(&mut self, var: VarId) -> NodeId {
        let Var { version, width, .. } = self.vars[var];
        self.add(Node::Var { var, version }, width)
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

    /// Assigns several variables at once, as Rust assigns a record: all values are read before any changes.
    pub(crate) fn store(&mut self, pairs: &[(NodeId, NodeId)]) {
        let mut work: Vec<(VarId, NodeId)> = vec![];
        for (target, value) in pairs {
            let Node::Var { var, .. } = self.nodes[*target].node else {
                self.fail("assignment to a value that is not a `let mut` variable".to_string())
            };
            let newest = self.vars[var].version;
            let unchanged =
                matches!(self.nodes[*value].node, Node::Var { var: v, version } if (v, version) == (var, newest));
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
