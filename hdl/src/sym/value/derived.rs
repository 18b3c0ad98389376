//! What derived code calls for records and enums: their vectors taken apart and put together.

use super::Leaf;
use crate::sym::context::with;
use crate::sym::expr::Expr;
use crate::sym::node::{Binary, Node};
use rust_hdl::core::prelude::{Bits, VerilogLiteral};

/// A constant vector.
pub fn literal(bits: &[bool]) -> Leaf {
    Leaf(with(|c| c.add(Node::Literal(bits.to_vec()), bits.len())))
}

/// Bits `lo..lo + width` of a vector, for derived code.
pub fn slice(leaf: Leaf, lo: usize, width: usize) -> Leaf {
    Leaf(with(|c| c.slice(leaf.0, lo, width)))
}

/// Joins fields given first (least significant) to last, for derived code.
pub fn join_fields(fields: &[Leaf]) -> Leaf {
    Leaf(with(|c| c.cat(fields.iter().rev().map(|l| l.0).collect())))
}

/// A mention of an enum variant, for derived code.
pub fn variant(type_name: &str, variant: &str, code: usize, width: usize) -> Leaf {
    Leaf(with(|c| {
        let wish = format!("{type_name}_{variant}");
        let key = format!("{wish}/{code}/{width}");
        let name = match c.variants.get(&key) {
            Some(name) => name.clone(),
            None => {
                let name = c.interface.namer.unique(&wish);
                c.variants.insert(key, name.clone());
                c.variant_list.push((name.clone(), code, width));
                name
            }
        };
        c.add(Node::Variant { name, code }, width)
    }))
}

/// A `VerilogLiteral` of any width, for derived `Synth` implementations.
pub fn flat_literal(bits: &[bool]) -> VerilogLiteral {
    const MOST: usize = 2048;
    assert!(bits.len() <= MOST, "records wider than {MOST} bits have no stock literal");
    let mut array = [false; MOST];
    array[..bits.len()].copy_from_slice(bits);
    Bits::<MOST>::Long(array.into()).into()
}

/// The handle of an expression, for derived code.
pub fn leaf<T>(value: Expr<T>) -> Leaf {
    Leaf(value.id())
}

/// The expression with a handle, for derived code.
pub fn typed<T>(leaf: Leaf) -> Expr<T> {
    Expr::new(leaf.0)
}

/// Equality of two vectors, for derived code.
pub fn equal(a: Leaf, b: Leaf) -> Expr<bool> {
    Expr::new(with(|c| c.binary(Binary::Eq, a.0, b.0)))
}
