//! Types that are one expression: vectors, bool, clocks.

use super::{Flat, Leaf, Lift, SymValue, Symbolic, Twin};
use crate::sym::expr::Expr;
use rust_hdl::core::prelude::*;

impl<T: Symbolic<Sym = Expr<T>>> SymValue for Expr<T> {
    fn map(self, name: &str, f: &mut dyn FnMut(&str, Leaf) -> Leaf) -> Self {
        Expr::new(f(name, Leaf(self.id())).0)
    }
    fn zip(self, other: Self, f: &mut dyn FnMut(Leaf, Leaf)) {
        f(Leaf(self.id()), Leaf(other.id()));
    }
    fn sym_default() -> Self {
        T::default().constant()
    }
}

impl<const N: usize> Twin for Bits<N> {
    type Sym = Expr<Bits<N>>;
}

impl<const N: usize> Flat for Bits<N> {
    const WIDTH: usize = N;
    fn flat_descriptor() -> TypeDescriptor {
        Self::descriptor()
    }
    fn flat_vcd(self) -> VCDValue {
        self.vcd()
    }
    fn pack(sym: Self::Sym) -> Leaf {
        Leaf(sym.id())
    }
    fn unpack(leaf: Leaf) -> Self::Sym {
        Expr::new(leaf.0)
    }
    fn push_flat(self, out: &mut Vec<bool>) {
        out.extend((0..N).map(|i| self.get_bit(i)));
    }
    fn take_flat(bits: &mut &[bool]) -> Self {
        let (mine, rest) = bits.split_at(N);
        *bits = rest;
        bits_from(mine)
    }
}

/// A `Bits<N>` from its bits, least significant first.
pub(crate) fn bits_from<const N: usize>(flat: &[bool]) -> Bits<N> {
    if N <= 32 {
        let word = flat.iter().enumerate().fold(0u64, |sum, (i, bit)| sum | (u64::from(*bit) << i));
        word.into()
    } else {
        let mut array = [false; N];
        array.copy_from_slice(flat);
        Bits::Long(array.into())
    }
}

impl<const N: usize> Lift for Bits<N> {
    type Out = Expr<Bits<N>>;
    fn lift(self) -> Self::Out {
        self.constant()
    }
}

macro_rules! one_bit {
    ($t: ty, $get: expr, $make: expr) => {
        impl Twin for $t {
            type Sym = Expr<$t>;
        }
        impl Flat for $t {
            const WIDTH: usize = 1;
            fn flat_descriptor() -> TypeDescriptor {
                Self::descriptor()
            }
            fn flat_vcd(self) -> VCDValue {
                self.vcd()
            }
            fn pack(sym: Self::Sym) -> Leaf {
                Leaf(sym.id())
            }
            fn unpack(leaf: Leaf) -> Self::Sym {
                Expr::new(leaf.0)
            }
            fn push_flat(self, out: &mut Vec<bool>) {
                out.push($get(self));
            }
            fn take_flat(bits: &mut &[bool]) -> Self {
                let bit = bits[0];
                *bits = &bits[1..];
                $make(bit)
            }
        }
        impl Lift for $t {
            type Out = Expr<$t>;
            fn lift(self) -> Self::Out {
                self.constant()
            }
        }
    };
}
one_bit!(bool, |b: bool| b, |b: bool| b);
one_bit!(Clock, |c: Clock| c.clk, |clk: bool| Clock { clk });
