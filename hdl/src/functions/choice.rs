//! One of two values.

use crate::sym::context::with;
use crate::sym::expr::Expr;
use crate::sym::node::Node;
use crate::sym::value::{Leaf, SymValue};

twin!(mux);

/// `yes` if `condition`, else `no`.
pub fn mux<T>(condition: bool, yes: T, no: T) -> T {
    if condition {
        yes
    } else {
        no
    }
}

#[doc(hidden)]
impl mux {
    pub fn sym<S: SymValue>(condition: Expr<bool>, yes: S, no: S) -> S {
        if let Some(known) = with(|c| c.literal(condition.id()).map(|b| b[0])) {
            return if known { yes } else { no };
        }
        let condition = with(|c| c.bind("choose", condition.id()));
        let mut others = vec![];
        yes.zip(no, &mut |_, no| others.push(no.0));
        let mut others = others.into_iter();
        yes.map("", &mut |_, yes| {
            let no = others.next().expect("as many leaves");
            Leaf(with(|c| {
                let width = c.width(yes.0);
                c.add(Node::Select { condition, yes: yes.0, no }, width)
            }))
        })
    }
}
