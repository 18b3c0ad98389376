//! From one type to another: numbers, bools and records to vectors, vectors back to records.

use crate::sym::context::with;
use crate::sym::expr::Expr;
use crate::sym::value::{bits_from, Flat, Leaf, SymValue, Symbolic};
use rust_hdl::core::prelude::{Bits, Synth};

twin!(bits, from_bool, pack, unpack);

#[doc(hidden)]
impl bits {
    pub fn sym<const N: usize>(value: u64) -> Expr<Bits<N>> {
        value.into()
    }
}

/// A bool as one bit.
pub fn from_bool(value: bool) -> Bits<1> {
    value.into()
}

#[doc(hidden)]
impl from_bool {
    pub fn sym(value: Expr<bool>) -> Expr<Bits<1>> {
        value.into()
    }
}

/// The bits of a record, enum or bool as its signal holds them; `N` must be `T::BITS`.
pub fn pack<const N: usize, T: Symbolic>(value: T) -> Bits<N> {
    assert_eq!(N, T::BITS, "width of the packed value");
    bits_from(&value.to_flat())
}

#[doc(hidden)]
impl pack {
    pub fn sym<const N: usize, S: SymValue>(value: S) -> Expr<Bits<N>> {
        let mut parts = vec![];
        value.zip(value, &mut |leaf, _| parts.push(leaf.0));
        parts.reverse();
        let packed = Expr::new(with(|c| c.cat(parts)));
        assert_eq!(N, with(|c| c.width(packed.id())), "width of the packed value");
        packed
    }
}

/// The record or enum whose bits these are; `N` must be `T::BITS`.
pub fn unpack<T: Symbolic, const N: usize>(x: Bits<N>) -> T {
    T::from_flat(&x.to_flat())
}

#[doc(hidden)]
impl unpack {
    pub fn sym<T: Symbolic, const N: usize>(x: Expr<Bits<N>>) -> T::Sym {
        assert_eq!(N, <T as Synth>::BITS, "width of the packed value");
        let x = with(|c| c.named(x.id()));
        T::unpack(Leaf(x))
    }
}
