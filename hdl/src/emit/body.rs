//! From recorded statements to the pieces of a module body: continuous assignments and `always` blocks.
//!
//! A top-level assignment whose inputs never change their meaning becomes an `assign`; everything else stays
//! procedural, in as few statements per `always` block as data dependence allows, so that simulators see no false
//! combinational loops.

use crate::sym::context::{Context, Kind, Var};
use crate::sym::node::*;
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
    let mut live = HashSet::new();
    let stmts = prune(stmts, &context.nodes, &context.vars, &mut live);
    let mut counts: HashMap<VarId, usize> = HashMap::new();
    stmts.iter().for_each(|s| for_targets(s, &mut |v| *counts.entry(v).or_default() += 1));

    let mut arranged = Arranged::default();
    let mut fixed: HashSet<VarId> = context
        .vars
        .iter()
        .enumerate()
        .filter(|(i, v)| matches!(v.kind, Kind::Signal(..)) && !counts.contains_key(i))
        .map(|(i, _)| i)
        .collect();
    let mut rest = vec![];
    for stmt in stmts {
        if let Stmt::Assign { target, value } = stmt {
            let mut stable = counts[&target] == 1;
            for_reads(&context.nodes, value, &mut |v, _, _| stable &= fixed.contains(&v));
            if stable {
                fixed.insert(target);
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
        .filter(|v| counts.contains_key(v) && !matches!(context.vars[*v].kind, Kind::Signal(..)))
        .collect();
    arranged
}

/// Drops assignments to locals that nothing reads, and branches that become empty. Reads follow writes in the text, so
/// one pass from the end suffices.
fn prune(stmts: Vec<Stmt>, nodes: &[Entry], vars: &[Var], live: &mut HashSet<VarId>) -> Vec<Stmt> {
    let mut kept = vec![];
    for stmt in stmts.into_iter().rev() {
        match stmt {
            Stmt::Assign { target, value } => {
                if matches!(vars[target].kind, Kind::Signal(..)) || live.contains(&target) {
                    for_reads(nodes, value, &mut |v, _, _| {
                        live.insert(v);
                    });
                    kept.push(Stmt::Assign { target, value });
                }
            }
            Stmt::If { condition, then, otherwise } => {
                let otherwise = prune(otherwise, nodes, vars, live);
                let then = prune(then, nodes, vars, live);
                if !then.is_empty() || !otherwise.is_empty() {
                    for_reads(nodes, condition, &mut |v, _, _| {
                        live.insert(v);
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
                        live.insert(v);
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

/// Calls `f` on every variable a statement reads.
fn for_stmt_reads(stmt: &Stmt, nodes: &[Entry], f: &mut dyn FnMut(VarId)) {
    match stmt {
        Stmt::Assign { value, .. } => for_reads(nodes, *value, &mut |v, _, _| f(v)),
        Stmt::If { condition, then, otherwise } => {
            for_reads(nodes, *condition, &mut |v, _, _| f(v));
            then.iter().chain(otherwise).for_each(|s| for_stmt_reads(s, nodes, f));
        }
        Stmt::Case { selector, arms } => {
            for_reads(nodes, *selector, &mut |v, _, _| f(v));
            arms.iter().flat_map(|a| &a.body).for_each(|s| for_stmt_reads(s, nodes, f));
        }
    }
}

/// Splits statements into blocks: statements with a common target share one; a read of a variable that is assigned
/// again later joins the reader to its writer; blocks that read each other are joined.
fn group(stmts: Vec<Stmt>, nodes: &[Entry]) -> Vec<Vec<Stmt>> {
    let n = stmts.len();
    let mut parent: Vec<usize> = (0..n).collect();
    fn find(parent: &mut [usize], mut i: usize) -> usize {
        while parent[i] != i {
            parent[i] = parent[parent[i]];
            i = parent[i];
        }
        i
    }
    let mut writers: HashMap<VarId, Vec<usize>> = HashMap::new();
    for (i, stmt) in stmts.iter().enumerate() {
        for_targets(stmt, &mut |v| {
            let list = writers.entry(v).or_default();
            if list.last() != Some(&i) {
                list.push(i);
            }
        });
    }
    for list in writers.values() {
        for pair in list.windows(2) {
            let (a, b) = (find(&mut parent, pair[0]), find(&mut parent, pair[1]));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut reads: Vec<(usize, usize)> = vec![];
    for (i, stmt) in stmts.iter().enumerate() {
        let mut seen = vec![];
        for_stmt_reads(stmt, nodes, &mut |v| seen.push(v));
        for v in seen {
            let Some(list) = writers.get(&v) else { continue };
            let last = list[list.len() - 1];
            if last >= i {
                let (a, b) = (find(&mut parent, i), find(&mut parent, last));
                parent[a.max(b)] = a.min(b);
            } else {
                reads.push((i, last));
            }
        }
    }
    // Statement order makes reader > writer; a cycle among groups needs a pair of groups that overlap. Joining until
    // stable is simple and the number of groups is small.
    loop {
        let mut after: HashMap<usize, HashSet<usize>> = HashMap::new();
        for (reader, writer) in &reads {
            let (r, w) = (find(&mut parent, *reader), find(&mut parent, *writer));
            if r != w {
                after.entry(r).or_default().insert(w);
            }
        }
        let mut joined = false;
        let roots: Vec<usize> = after.keys().copied().collect();
        for root in roots {
            let mut reached: HashSet<usize> = HashSet::new();
            let mut stack: Vec<usize> = after[&root].iter().copied().collect();
            while let Some(next) = stack.pop() {
                if reached.insert(next) {
                    stack.extend(after.get(&next).into_iter().flatten().copied());
                }
            }
            if reached.contains(&root) {
                for other in reached {
                    let reaches_back = {
                        let mut seen = HashSet::new();
                        let mut stack = vec![other];
                        while let Some(next) = stack.pop() {
                            if seen.insert(next) {
                                stack.extend(after.get(&next).into_iter().flatten().copied());
                            }
                        }
                        seen.contains(&root)
                    };
                    let (a, b) = (find(&mut parent, root), find(&mut parent, other));
                    if reaches_back && a != b {
                        parent[a.max(b)] = a.min(b);
                        joined = true;
                    }
                }
            }
        }
        if !joined {
            break;
        }
    }
    let mut order: Vec<usize> = vec![];
    let mut groups: HashMap<usize, Vec<Stmt>> = HashMap::new();
    for (i, stmt) in stmts.into_iter().enumerate() {
        let root = find(&mut parent, i);
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
fn with_defaults(block: Vec<Stmt>, context: &mut Context, counts: &HashMap<VarId, usize>) -> Vec<Stmt> {
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
        let local = counts.contains_key(&v) && !matches!(context.vars[v].kind, Kind::Signal(..));
        if local && !block.iter().any(|s| assigns(s, v)) {
            let width = context.vars[v].width;
            let zero = context.add(Node::Literal(vec![false; width]), width);
            out.push(Stmt::Assign { target: v, value: zero });
        }
    }
    out.extend(block);
    out
}
