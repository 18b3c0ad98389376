//! `if` and `match` in the symbolic world. The shadow body runs every branch that a signal may choose, one after the
//! other, and these objects turn what each branch recorded into a Verilog statement. Branches decided at elaboration
//! run alone.

use super::compare::known;
use super::context::{with, Kind};
use super::expr::Expr;
use super::index::Index;
use super::node::{Arm, NodeId, Stmt};
use super::value::{Leaf, SymValue, Symbolic};
use std::collections::HashSet;

/// An `if` under construction.
pub struct If {
    known: Option<bool>,
    condition: NodeId,
    before: HashSet<usize>,
    after_then: HashSet<usize>,
    then: Vec<Stmt>,
}

impl If {
    /// Starts an `if` on `condition`.
    pub fn new(condition: Expr<bool>) -> Self {
        let id = condition.id();
        let before = with(|c| {
            c.check_fresh(id);
            c.assigned.clone()
        });
        If { known: known(condition), condition: id, before, after_then: HashSet::new(), then: vec![] }
    }
    /// Whether both branches run.
    pub fn is_symbolic(&self) -> bool {
        self.known.is_none()
    }
    /// Whether to run the first branch; opens it.
    pub fn then(&mut self) -> bool {
        if self.known.is_none() {
            with(|c| c.open.push(vec![]));
        }
        self.known != Some(false)
    }
    /// Closes the first branch. Whether to run the second; opens it.
    pub fn otherwise(&mut self) -> bool {
        if self.known.is_none() {
            with(|c| {
                self.then = c.open.pop().unwrap_or_default();
                self.after_then = std::mem::replace(&mut c.assigned, self.before.clone());
                c.open.push(vec![]);
            });
        }
        self.known != Some(true)
    }
    /// Closes the `if`.
    pub fn end(self) {
        if self.known.is_none() {
            with(|c| {
                let otherwise = c.open.pop().unwrap_or_default();
                c.assigned = c.assigned.intersection(&self.after_then).copied().collect();
                c.push(Stmt::If { condition: self.condition, then: self.then, otherwise });
            });
        }
    }
}

/// A value that one of several branches gives.
pub struct Merge<S> {
    name: &'static str,
    value: Option<S>,
    symbolic: bool,
}

impl<S: SymValue> Merge<S> {
    /// `symbolic` is false when a single branch runs.
    pub fn new(name: &'static str, symbolic: bool) -> Self {
        Merge { name, value: None, symbolic }
    }
    /// The value of the branch that is open.
    pub fn set(&mut self, value: S) {
        if !self.symbolic {
            self.value = Some(value);
            return;
        }
        match self.value {
            None => {
                self.value = Some(value.map(self.name, &mut |name, leaf| {
                    Leaf(with(|c| {
                        let var = c.declare(name, c.width(leaf.0), Kind::Let);
                        c.assign(var, leaf.0);
                        c.refer(var)
                    }))
                }));
            }
            Some(first) => first.zip(value, &mut |target, value| {
                with(|c| {
                    if let super::node::Node::Var { var, .. } = c.nodes[target.0].node {
                        c.assign(var, value.0);
                    }
                })
            }),
        }
    }
    /// The merged value.
    pub fn take(self) -> S {
        self.value.expect("some branch ran")
    }
}

/// A value that `match` can select on.
pub trait Scrutinee: Copy {
    /// What its patterns are.
    type Pattern: Copy;
    /// The value, if it is known at elaboration.
    fn matches(self, pattern: Self::Pattern) -> Option<bool>;
    /// The selector of the Verilog case.
    fn selector(self) -> Leaf;
    /// A pattern as a label of that selector; `None` when it can never match.
    fn label(self, pattern: Self::Pattern) -> Option<Leaf>;
}

impl<T: Symbolic<Sym = Expr<T>>> Scrutinee for Expr<T> {
    type Pattern = T;
    fn matches(self, pattern: T) -> Option<bool> {
        with(|c| c.literal(self.id()).map(|bits| bits == pattern.to_flat()))
    }
    fn selector(self) -> Leaf {
        Leaf(self.id())
    }
    fn label(self, pattern: T) -> Option<Leaf> {
        Some(Leaf(pattern.constant().id()))
    }
}

impl Scrutinee for Index {
    type Pattern = usize;
    fn matches(self, _: usize) -> Option<bool> {
        None
    }
    fn selector(self) -> Leaf {
        Leaf(self.id())
    }
    fn label(self, pattern: usize) -> Option<Leaf> {
        let width = with(|c| c.width(self.id()));
        let label = Index::constant(pattern).id();
        (with(|c| c.width(label)) <= width).then(|| Leaf(with(|c| c.resize(label, width))))
    }
}

macro_rules! native {
    ($($t: ty),*) => { $(
        impl Scrutinee for $t {
            type Pattern = $t;
            fn matches(self, pattern: $t) -> Option<bool> {
                Some(self == pattern)
            }
            fn selector(self) -> Leaf {
                unreachable!("decided at elaboration")
            }
            fn label(self, _: $t) -> Option<Leaf> {
                unreachable!("decided at elaboration")
            }
        }
    )* };
}
native!(usize, u64, u32, u16, u8, i32);

/// A `match` under construction.
pub struct Match<S: Scrutinee> {
    scrutinee: S,
    selector: Option<Leaf>,
    known: bool,
    done: bool,
    before: HashSet<usize>,
    after: Option<HashSet<usize>>,
    arms: Vec<Arm>,
    labels: Vec<NodeId>,
    in_arm: bool,
}

impl<S: Scrutinee> Match<S> {
    /// Starts a `match`; `some` is one of its patterns, to find out whether the arm is known.
    pub fn new(scrutinee: S, some: Option<S::Pattern>) -> Self {
        let known = match some {
            Some(pattern) => scrutinee.matches(pattern).is_some(),
            None => false,
        };
        let selector = (!known && some.is_some()).then(|| scrutinee.selector());
        if let Some(leaf) = selector {
            with(|c| c.check_fresh(leaf.0));
        }
        Match {
            scrutinee,
            selector,
            known: known || some.is_none(),
            done: false,
            before: with(|c| c.assigned.clone()),
            after: None,
            arms: vec![],
            labels: vec![],
            in_arm: false,
        }
    }
    /// Whether several arms run.
    pub fn is_symbolic(&self) -> bool {
        !self.known
    }
    /// Whether to run the arm with these patterns; opens it.
    pub fn arm(&mut self, patterns: &[S::Pattern]) -> bool {
        if self.known {
            let hit = !self.done && patterns.iter().any(|p| self.scrutinee.matches(*p) == Some(true));
            self.done |= hit;
            return hit;
        }
        let labels: Vec<NodeId> = patterns.iter().filter_map(|p| self.scrutinee.label(*p)).map(|l| l.0).collect();
        if labels.is_empty() {
            return false;
        }
        self.open(labels);
        true
    }
    /// The last arm: Rust has checked that it takes whatever is left.
    pub fn last_arm(&mut self, patterns: &[S::Pattern]) -> bool {
        if self.known {
            return !self.done;
        }
        let labels = patterns.iter().filter_map(|p| self.scrutinee.label(*p)).map(|l| l.0).collect();
        self.open(labels);
        true
    }
    fn open(&mut self, labels: Vec<NodeId>) {
        self.close();
        self.labels = labels;
        self.in_arm = true;
        with(|c| {
            c.assigned = self.before.clone();
            c.open.push(vec![]);
        });
    }
    fn close(&mut self) {
        if !std::mem::take(&mut self.in_arm) {
            return;
        }
        let labels = std::mem::take(&mut self.labels);
        with(|c| {
            let body = c.open.pop().unwrap_or_default();
            self.arms.push(Arm { labels, body });
            self.after = Some(match self.after.take() {
                None => c.assigned.clone(),
                Some(others) => others.intersection(&c.assigned).copied().collect(),
            });
        });
    }
    /// Closes the `match`.
    pub fn end(mut self) {
        if self.known {
            return;
        }
        self.close();
        with(|c| {
            c.assigned = self.after.take().unwrap_or_default();
            if let Some(selector) = self.selector {
                c.push(Stmt::Case { selector: selector.0, arms: std::mem::take(&mut self.arms) });
            }
        });
    }
}
