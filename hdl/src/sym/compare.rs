//! Rust's comparison and short-circuit operators, which cannot be overloaded with a symbolic result: the macro calls
//! these instead.

use super::context::with;
use super::expr::{number, Expr};
use super::index::Index;
use super::node::Binary;
use super::value::{literal, Symbolic};
use rust_hdl::core::prelude::*;

/// `==` with a symbolic result.
pub trait SymEq<Rhs> {
    /// Whether the values are equal.
    fn sym_eq(self, rhs: Rhs) -> Expr<bool>;
}

/// `<` and its kin with a symbolic result.
pub trait SymOrd<Rhs> {
    /// The comparison `op`.
    fn sym_cmp(self, op: Order, rhs: Rhs) -> Expr<bool>;
}

/// The four orderings.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Order {
    fn binary(self) -> Binary {
        match self {
            Order::Lt => Binary::Lt,
            Order::Le => Binary::Le,
            Order::Gt => Binary::Gt,
            Order::Ge => Binary::Ge,
        }
    }
    fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            Order::Lt => a < b,
            Order::Le => a <= b,
            Order::Gt => a > b,
            Order::Ge => a >= b,
        }
    }
}

/// A known condition.
pub fn lit(value: bool) -> Expr<bool> {
    Expr::new(literal(&[value]).0)
}

fn node(op: Binary, a: usize, b: usize) -> Expr<bool> {
    Expr::new(with(|c| c.binary(op, a, b)))
}

impl<T: Symbolic<Sym = Expr<T>>> SymEq<Expr<T>> for Expr<T> {
    fn sym_eq(self, rhs: Expr<T>) -> Expr<bool> {
        node(Binary::Eq, self.id(), rhs.id())
    }
}
impl<const N: usize> SymEq<u64> for Expr<Bits<N>> {
    fn sym_eq(self, rhs: u64) -> Expr<bool> {
        node(Binary::Eq, self.id(), number::<N>(rhs).id())
    }
}
impl<const N: usize> SymEq<Expr<Bits<N>>> for u64 {
    fn sym_eq(self, rhs: Expr<Bits<N>>) -> Expr<bool> {
        node(Binary::Eq, number::<N>(self).id(), rhs.id())
    }
}
impl SymEq<Expr<bool>> for Expr<Bits<1>> {
    fn sym_eq(self, rhs: Expr<bool>) -> Expr<bool> {
        node(Binary::Eq, self.id(), rhs.id())
    }
}
impl SymEq<Expr<Bits<1>>> for Expr<bool> {
    fn sym_eq(self, rhs: Expr<Bits<1>>) -> Expr<bool> {
        node(Binary::Eq, self.id(), rhs.id())
    }
}
impl<const N: usize> SymOrd<Expr<Bits<N>>> for Expr<Bits<N>> {
    fn sym_cmp(self, op: Order, rhs: Expr<Bits<N>>) -> Expr<bool> {
        node(op.binary(), self.id(), rhs.id())
    }
}
impl<const N: usize> SymOrd<u64> for Expr<Bits<N>> {
    fn sym_cmp(self, op: Order, rhs: u64) -> Expr<bool> {
        node(op.binary(), self.id(), number::<N>(rhs).id())
    }
}
impl<const N: usize> SymOrd<Expr<Bits<N>>> for u64 {
    fn sym_cmp(self, op: Order, rhs: Expr<Bits<N>>) -> Expr<bool> {
        node(op.binary(), number::<N>(self).id(), rhs.id())
    }
}

macro_rules! index_pairs {
    ($($a: ty, $b: ty, $x: ident => $left: expr, $y: ident => $right: expr);*) => { $(
        impl SymEq<$b> for $a {
            fn sym_eq(self, rhs: $b) -> Expr<bool> {
                let ($x, $y) = (self, rhs);
                Expr::new(Index::compare(Binary::Eq, $left, $right))
            }
        }
        impl SymOrd<$b> for $a {
            fn sym_cmp(self, op: Order, rhs: $b) -> Expr<bool> {
                let ($x, $y) = (self, rhs);
                Expr::new(Index::compare(op.binary(), $left, $right))
            }
        }
    )* };
}
index_pairs!(
    Index, Index, a => a, b => b;
    Index, usize, a => a, b => Index::constant(b);
    usize, Index, a => Index::constant(a), b => b
);

macro_rules! native_pairs {
    ($($t: ty),*) => { $(
        impl SymEq<$t> for $t {
            fn sym_eq(self, rhs: $t) -> Expr<bool> {
                lit(self == rhs)
            }
        }
        impl SymOrd<$t> for $t {
            fn sym_cmp(self, op: Order, rhs: $t) -> Expr<bool> {
                lit(op.holds(self, rhs))
            }
        }
    )* };
}
native_pairs!(usize, u64, u32, u16, u8, i32);

/// `a == b`
pub fn eq<A: SymEq<B>, B>(a: A, b: B) -> Expr<bool> {
    a.sym_eq(b)
}
/// `a != b`
pub fn ne<A: SymEq<B>, B>(a: A, b: B) -> Expr<bool> {
    let equal = a.sym_eq(b);
    Expr::new(with(|c| match c.nodes[equal.id()].node {
        super::node::Node::Binary(Binary::Eq, a, b) => c.binary(Binary::Ne, a, b),
        _ => c.logic_not(equal.id()),
    }))
}
/// `a < b`
pub fn lt<A: SymOrd<B>, B>(a: A, b: B) -> Expr<bool> {
    a.sym_cmp(Order::Lt, b)
}
/// `a <= b`
pub fn le<A: SymOrd<B>, B>(a: A, b: B) -> Expr<bool> {
    a.sym_cmp(Order::Le, b)
}
/// `a > b`
pub fn gt<A: SymOrd<B>, B>(a: A, b: B) -> Expr<bool> {
    a.sym_cmp(Order::Gt, b)
}
/// `a >= b`
pub fn ge<A: SymOrd<B>, B>(a: A, b: B) -> Expr<bool> {
    a.sym_cmp(Order::Ge, b)
}

/// `a && b`; the right side is not even elaborated when the left is known to be false.
pub fn and(a: Expr<bool>, b: impl FnOnce() -> Expr<bool>) -> Expr<bool> {
    if known(a) == Some(false) {
        return a;
    }
    a & b()
}
/// `a || b`; the right side is not even elaborated when the left is known to be true.
pub fn or(a: Expr<bool>, b: impl FnOnce() -> Expr<bool>) -> Expr<bool> {
    if known(a) == Some(true) {
        return a;
    }
    a | b()
}

/// The value of a condition that is known at elaboration.
pub(crate) fn known(condition: Expr<bool>) -> Option<bool> {
    with(|c| c.literal(condition.id()).map(|bits| bits[0]))
}
