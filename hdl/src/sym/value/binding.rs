//! `let`, `let mut` and assignment: values that get variables in the Verilog text.

use super::{Leaf, SymValue};
use crate::sym::context::{with, Kind};
use crate::sym::node::Node;

/// `let`: gives the value a name in the Verilog text.
pub fn bind<S: SymValue>(name: &str, value: S) -> S {
    value.map(name, &mut |name, leaf| Leaf(with(|c| c.bind(name, leaf.0))))
}

/// `let mut`: variables that hold the value and may be assigned.
pub fn declare<S: SymValue>(name: &str, value: S) -> S {
    value.map(name, &mut |name, leaf| {
        Leaf(with(|c| {
            let var = c.declare(name, c.width(leaf.0), Kind::Mut);
            c.assign(var, leaf.0);
            c.refer(var)
        }))
    })
}

/// `place = value` where place is a `let mut` variable or a part of one.
pub fn store<S: SymValue>(place: &mut S, value: S) {
    if S::NATIVE {
        S::check_assignable();
        *place = value;
        return;
    }
    let mut pairs = vec![];
    place.zip(value, &mut |target, value| pairs.push((target.0, value.0)));
    with(|c| c.store(&pairs));
    *place = place.map("", &mut |_, leaf| {
        Leaf(with(|c| match c.nodes[leaf.0].node {
            Node::Var { var, .. } => c.refer(var),
            _ => unreachable!("a mutable variable is made of variables"),
        }))
    });
}
