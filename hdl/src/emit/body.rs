//! From recorded statements to the pieces of a module body: continuous assignments and `always` blocks.
//!
//! A top-level assignment whose inputs never change their meaning becomes an `assign`; everything else stays
//! procedural, in as few statements per `always` block as data dependence allows, so that simulators see no false
//! combinational loops.

use crate::sym::context::{Context, Kind, Var};
use crate::sym::node::*;
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use petgraph::unionfind::UnionFind;
use std::collections::{HashMap, HashSet};

/// The arranged statements of one kernel.
#[derive(Default)]
pub(crate) struct Arranged {
    pub(crate) assigns: Vec<(VarId, NodeId)>,
    pub(crate) blocks: Vec<Vec<Stmt>>,
    /// Variables assigned in blocks.
    pub(crate) procedural: HashSet<VarId>,
    /// Locals that are left.
    pub(crate) locals: Vec<VarId>,
}

/// Arranges what a kernel recorded.
pub(crate) fn arrange(context: &mut Context) -> Arranged {
    let stmts = std::mem::take(&mut context.open[0]);
    let mut live = vec![false; context.vars.len()];
    let stmts = prune(stmts, &context.nodes, &context.vars, &mut live);
    let mut counts = vec![0; context.vars.len()];
    stmts.iter().for_each(|s| for_targets(s, &mut |v| counts[v] += 1));

    let mut arranged = Arranged::default();
    let mut fixed: Vec<bool> =
        context.vars.iter().zip(&counts).map(|(v, count)| matches!(v.kind, Kind::Signal(..)) && *count == 0).collect();
    let mut rest = vec![];
    for stmt in stmts {
        if let Stmt::Assign { target, value } = stmt {
            let mut stable = counts[target] == 1;
            for_reads(&context.nodes, value, &mut |v, _, _| stable &= fixed[v]);
            if stable {
                fixed[target] = true;
                arranged.assigns.push((target, value));
                continue;
            }
        }
        rest.push(stmt);
    }
    rest.iter().for_each(|s| {
        for_targets(s, &mut |v| {
            arranged.procedural.insert(v);
        })
    });
    for block in group(rest, &context.nodes) {
        // All that such a block reads has its final value.
        if let [Stmt::Assign { target, value }] = block[..] {
            arranged.assigns.push((target, value));
            arranged.procedural.remove(&target);
        } else {
            arranged.blocks.push(with_defaults(block, context, &counts));
        }
    }
    arranged.locals = (0..context.vars.len())
        .filter(|v| counts[*v] > 0 && !matches!(context.vars[*v].kind, Kind::Signal(..)))
        .collect();
    arranged
}

/// Drops assignments to locals that nothing reads, and branches that become empty. Reads follow writes in the text, so
/// one pass from the end suffices.
fn prune(stmts: Vec<Stmt>, nodes: &[Entry], vars: &[Var], live: &mut [bool]) -> Vec<Stmt> {
    let mut kept = vec![];
    for stmt in stmts.into_iter().rev() {
        match stmt {
            Stmt::Assign { target, value } => {
                if matches!(vars[target].kind, Kind::Signal(..)) || live[target] {
                    for_reads(nodes, value, &mut |v, _, _| {
                        live[v] = true;
                    });
                    kept.push(Stmt::Assign { target, value });
                }
            }
            Stmt::If { condition, then, otherwise } => {
                let otherwise = prune(otherwise, nodes, vars, live);
                let then = prune(then, nodes, vars, live);
                if !then.is_empty() || !otherwise.is_empty() {
                    for_reads(nodes, condition, &mut |v, _, _| {
                        live[v] = true;
                    });
                    kept.push(Stmt::If { condition, then, otherwise });
                }
            }
            Stmt::Case { selector, arms } => {
                let arms: Vec<Arm> = arms
                    .into_iter()
                    .map(|a| Arm { labels: a.labels, body: prune(a.body, nodes, vars, live) })
                    .collect();
                if arms.iter().any(|a| !a.body.is_empty()) {
                    for_reads(nodes, selector, &mut |v, _, _| {
                        live[v] = true;
                    });
                    kept.push(Stmt::Case { selector, arms });
                }
            }
        }
    }
    kept.reverse();
    kept
}

/// Calls `f` on every variable a statement assigns.
pub(crate) fn for_targets(stmt: &Stmt, f: &mut dyn FnMut(VarId)) {
    match stmt {
        Stmt::Assign { target, .. } => f(*target),
        Stmt::If { then, otherwise, .. } => then.iter().chain(otherwise).for_each(|s| for_targets(s, f)),
        Stmt::Case { arms, .. } => arms.iter().flat_map(|a| &a.body).for_each(|s| for_targets(s, f)),
    }
}

/// Calls `f` on every variable a statement reads, with the bits read (low, width).
pub(crate) fn for_stmt_reads(stmt: &Stmt, nodes: &[Entry], f: &mut dyn FnMut(VarId, usize, usize)) {
    match stmt {
        Stmt::Assign { value, .. } => for_reads(nodes, *value, f),
        Stmt::If { condition, then, otherwise } => {
            for_reads(nodes, *condition, f);
            then.iter().chain(otherwise).for_each(|s| for_stmt_reads(s, nodes, f));
        }
        Stmt::Case { selector, arms } => {
            for_reads(nodes, *selector, f);
            arms.iter().flat_map(|a| &a.body).for_each(|s| for_stmt_reads(s, nodes, f));
        }
    }
}

/// Splits statements into blocks: statements with a common target share one; a read of a variable that is assigned
/// again later joins the reader to its writer; blocks that read each other are joined.
fn group(stmts: Vec<Stmt>, nodes: &[Entry]) -> Vec<Vec<Stmt>> {
    let mut joined: UnionFind<usize> = UnionFind::new(stmts.len());
    let mut writers: HashMap<VarId, Vec<usize>> = HashMap::new();
    for (i, stmt) in stmts.iter().enumerate() {
        for_targets(stmt, &mut |v| {
            let list = writers.entry(v).or_default();
            if list.last() != Some(&i) {
                list.push(i);
            }
        });
    }
    for pair in writers.values().flat_map(|list| list.windows(2)) {
        joined.union(pair[0], pair[1]);
    }
    let mut reads: Vec<(usize, usize)> = vec![];
    for (i, stmt) in stmts.iter().enumerate() {
        for_stmt_reads(stmt, nodes, &mut |v, _, _| {
            let Some(&last) = writers.get(&v).and_then(|list| list.last()) else { return };
            if last >= i {
                joined.union(i, last);
            } else {
                reads.push((i, last));
            }
        });
    }
    let after: DiGraphMap<usize, ()> =
        reads.into_iter().map(|(reader, writer)| (joined.find(reader), joined.find(writer))).collect();
    for pair in tarjan_scc(&after).iter().flat_map(|component| component.windows(2)) {
        joined.union(pair[0], pair[1]);
    }
    let mut order: Vec<usize> = vec![];
    let mut groups: HashMap<usize, Vec<Stmt>> = HashMap::new();
    for (i, stmt) in stmts.into_iter().enumerate() {
        let root = joined.find(i);
        if !groups.contains_key(&root) {
            order.push(root);
        }
        groups.entry(root).or_default().push(stmt);
    }
    order.into_iter().map(|root| groups.remove(&root).unwrap_or_default()).collect()
}

/// Whether a statement assigns `var` on every path.
fn assigns(stmt: &Stmt, var: VarId) -> bool {
    match stmt {
        Stmt::Assign { target, .. } => *target == var,
        Stmt::If { then, otherwise, .. } => {
            then.iter().any(|s| assigns(s, var)) && otherwise.iter().any(|s| assigns(s, var))
        }
        Stmt::Case { arms, .. } => arms.iter().all(|a| a.body.iter().any(|s| assigns(s, var))),
    }
}

/// Gives locals that live in a branch only a value at the top, so that no tool sees a latch.
fn with_defaults(block: Vec<Stmt>, context: &mut Context, counts: &[usize]) -> Vec<Stmt> {
    let mut targets = vec![];
    let mut seen = HashSet::new();
    for stmt in &block {
        for_targets(stmt, &mut |v| {
            if seen.insert(v) {
                targets.push(v);
            }
        });
    }
    let mut out = vec![];
    for v in targets {
        let local = counts[v] > 0 && !matches!(context.vars[v].kind, Kind::Signal(..));
        if local && !block.iter().any(|s| assigns(s, v)) {
            let width = context.vars[v].width;
            let zero = context.add(Node::Literal(vec![false; width]), width);
            out.push(Stmt::Assign { target: v, value: zero });
        }
    }
    out.extend(block);
    out
}
