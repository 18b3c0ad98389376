//! The running elaboration: arena of nodes, table of variables, stack of open statement lists.
//!
//! One elaboration runs per thread at a time. It is reached through a thread local, so that the standard operator
//! traits can be implemented for symbolic values and kernel functions take no context argument.
//!
//! ```text
//!   variable.rs variables of the module: made, referred to, assigned
//!   signal.rs   signals by path: what a kernel may read and drive
//!   vector.rs   vectors cut, joined and resized
//!   operator.rs operators, with constants folded
//! ```

mod operator;
mod signal;
mod variable;
mod vector;

pub(crate) use variable::{Kind, Var};

use super::node::*;
use crate::emit::interface::Interface;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

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

    /// Appends to the open statement list.
    pub(crate) fn push(&mut self, stmt: Stmt) {
        self.open.last_mut().expect("an open list").push(stmt);
    }
}
