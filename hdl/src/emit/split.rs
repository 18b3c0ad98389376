//! Registers of records become a variable per field.
//!
//! A kernel packs a record into one vector to store it, and takes the vector apart to read it. Where that is all it
//! does with a register, the register is declared field by field: a simulator then moves no bits about, and a waveform
//! shows the fields by name. A register that is moved as a whole, as buffers do, stays one vector.

use super::body::{for_stmt_reads, for_targets};
use super::interface::{Role, Visible};
use crate::sym::context::{Context, Kind, Var};
use crate::sym::node::*;
use rust_hdl::core::prelude::*;

/// A field, at any depth, of what a register holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// Names on the way to the field, joined by `_`.
    pub(crate) name: String,
    /// The lowest bit.
    pub(crate) lo: usize,
    pub(crate) width: usize,
}

/// The fields of what a signal carries, lowest first. What is no record has one, without a name.
pub(crate) fn fields(signal: &dyn Atom) -> Vec<Field> {
    let mut out = vec![];
    list("", &signal.descriptor().kind, &mut out);
    assert_eq!(out.iter().map(|field| field.width).sum::<usize>(), signal.bits(), "fields of {out:?}");
    out
}

fn list(name: &str, kind: &TypeKind, out: &mut Vec<Field>) {
    let width = match kind {
        TypeKind::Composite(fields) => {
            for field in fields {
                let separator = if name.is_empty() { "" } else { "_" };
                list(&format!("{name}{separator}{}", field.fieldname), &field.kind.kind, out);
            }
            return;
        }
        TypeKind::Bits(width) | TypeKind::Signed(width) => *width,
        TypeKind::Enum(variants) => (variants.len().max(2) - 1).ilog2() as usize + 1,
    };
    let lo = out.last().map_or(0, |field: &Field| field.lo + field.width);
    out.push(Field { name: name.to_string(), lo, width });
}

/// Splits the registers of the elaborated block that can be split.
pub(crate) fn registers(context: &mut Context) {
    let whole: Vec<usize> = (0..context.interface.signals.len())
        .filter(|&q| context.interface.signals[q].role == Role::ChildOut)
        .filter(|&q| context.interface.signals[q].fields.len() > 1)
        .collect();
    if whole.is_empty() {
        return;
    }
    let moved = moved(context);
    for q in whole.into_iter().filter(|q| !moved[*q]) {
        let raw = context.interface.signals[q].raw.strip_suffix('q').expect("the output of a register").to_string();
        let d = context.interface.by_raw[&format!("{raw}d")];
        if let Some((place, leaves)) = stored(context, d) {
            split(context, q, d, place, &leaves);
        }
    }
}

/// Which signals are somewhere read as a whole, or bit by bit at run-time positions.
fn moved(context: &Context) -> Vec<bool> {
    let mut moved = vec![false; context.vars.len()];
    for stmt in &context.open[0] {
        for_stmt_reads(stmt, &context.nodes, &mut |var, _, width| moved[var] |= width == context.vars[var].width);
    }
    moved
}

/// The one statement that gives `d` its value, and the parts of which the value is made, lowest first.
fn stored(context: &Context, d: VarId) -> Option<(usize, Vec<NodeId>)> {
    let mut count = 0;
    context.open[0].iter().for_each(|stmt| for_targets(stmt, &mut |var| count += usize::from(var == d)));
    let is_it = |stmt: &Stmt| matches!(stmt, Stmt::Assign { target, .. } if *target == d);
    let place = context.open[0].iter().position(is_it)?;
    let Stmt::Assign { value, .. } = context.open[0][place] else { return None };
    let mut leaves = vec![];
    unjoin(&context.nodes, value, &mut leaves);
    let fields = &context.interface.signals[d].fields;
    (count == 1 && leaves.len() > 1 && divides(context, fields, &leaves)).then_some((place, leaves))
}

/// Whether a field begins inside of nothing but what can be sliced without a name of its own.
fn divides(context: &Context, fields: &[Field], leaves: &[NodeId]) -> bool {
    let mut from = 0;
    leaves.iter().all(|&leaf| {
        let to = from + context.width(leaf);
        let inside = fields.iter().any(|field| from < field.lo && field.lo < to);
        from = to;
        !inside || matches!(context.nodes[leaf].node, Node::Var { .. } | Node::Slice { .. } | Node::Literal(_))
    })
}

fn unjoin(nodes: &[Entry], id: NodeId, out: &mut Vec<NodeId>) {
    match &nodes[id].node {
        Node::Cat(parts) => parts.iter().rev().for_each(|part| unjoin(nodes, *part, out)),
        _ => out.push(id),
    }
}

fn split(context: &mut Context, q: VarId, d: VarId, place: usize, leaves: &[NodeId]) {
    let fields = context.interface.signals[q].fields.clone();
    let parts = declare(context, q, &fields);
    let inputs = declare(context, d, &fields);
    let values: Vec<NodeId> = fields.iter().map(|field| part_of(context, leaves, field.lo, field.width)).collect();
    let assignments = inputs.into_iter().zip(values).map(|(target, value)| Stmt::Assign { target, value });
    context.open[0].splice(place..=place, assignments);

    // What read the vector reads the fields.
    let names: Vec<NodeId> = parts.iter().map(|part| context.refer(*part)).collect();
    for id in 0..context.nodes.len() {
        let Node::Slice { base, lo } = context.nodes[id].node else { continue };
        if matches!(context.nodes[base].node, Node::Var { var, .. } if var == q) {
            let part = part_of(context, &names, lo, context.nodes[id].width);
            context.nodes[id].node = context.nodes[part].node.clone();
        }
    }
}

/// Replaces a port of a register by one per field.
fn declare(context: &mut Context, whole: VarId, fields: &[Field]) -> Vec<VarId> {
    let signal = context.interface.signals[whole].clone();
    context.interface.signals[whole].role = Role::Split;
    let mut variables = vec![];
    for Field { name, width, .. } in fields {
        let raw = format!("{}${name}", signal.raw);
        let child = signal.child.clone().map(|(child, port)| (child, format!("{port}${name}")));
        let name = context.interface.namer.unique(&format!("{}_{name}", signal.name));
        let position = context.interface.signals.len();
        variables.push(context.vars.len());
        let kind = Kind::Signal(position, signal.role);
        context.vars.push(Var { name: name.clone(), width: *width, kind, version: 0 });
        context.interface.by_raw.insert(raw.clone(), position);
        let fields = vec![];
        context.interface.signals.push(Visible { raw, name, role: signal.role, width: *width, child, fields });
    }
    variables
}

/// `width` bits from `lo` of what `leaves`, lowest first, make together.
fn part_of(context: &mut Context, leaves: &[NodeId], lo: usize, width: usize) -> NodeId {
    let mut parts = vec![];
    let mut from = 0;
    for &leaf in leaves {
        let to = from + context.width(leaf);
        let (low, high) = (lo.max(from), (lo + width).min(to));
        if low < high {
            parts.push(context.slice(leaf, low - from, high - low));
        }
        from = to;
    }
    parts.reverse();
    context.cat(parts)
}
