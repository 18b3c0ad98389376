//! Parts of vectors: joined, replaced, taken out.

use super::from_fn;
use crate::sym::context::with;
use crate::sym::expr::Expr;
use crate::sym::{Place, Position};
use rust_hdl::core::prelude::Bits;

twin!(cat, set_bits, bit_at, bits_at);

/// `hi` above `lo`; `C` must be `A + B`.
pub fn cat<const A: usize, const B: usize, const C: usize>(hi: Bits<A>, lo: Bits<B>) -> Bits<C> {
    assert_eq!(A + B, C, "width of a concatenation");
    from_fn(|i| if i < B { lo.get_bit(i) } else { hi.get_bit(i - B) })
}

#[doc(hidden)]
impl cat {
    pub fn sym<const A: usize, const B: usize, const C: usize>(hi: Expr<Bits<A>>, lo: Expr<Bits<B>>) -> Expr<Bits<C>> {
        assert_eq!(A + B, C, "width of a concatenation");
        Expr::new(with(|c| c.cat(vec![hi.id(), lo.id()])))
    }
}

/// `x` with `field` placed at bit `lo`.
pub fn set_bits<const N: usize, const M: usize>(x: Bits<N>, lo: usize, field: Bits<M>) -> Bits<N> {
    assert!(lo + M <= N, "{M} bits at {lo} of {N}");
    from_fn(|i| if i >= lo && i < lo + M { field.get_bit(i - lo) } else { x.get_bit(i) })
}

#[doc(hidden)]
impl set_bits {
    pub fn sym<const N: usize, const M: usize>(x: Expr<Bits<N>>, lo: usize, field: Expr<Bits<M>>) -> Expr<Bits<N>> {
        Expr::new(with(|c| c.insert(x.id(), lo, field.id())))
    }
}

/// One bit, 0 past the end.
pub fn bit_at<const N: usize>(x: Bits<N>, index: usize) -> bool {
    index < N && x.get_bit(index)
}

#[doc(hidden)]
impl bit_at {
    pub fn sym<const N: usize>(x: Expr<Bits<N>>, index: impl Position) -> Expr<bool> {
        match index.place() {
            Place::Fixed(i) => Expr::new(with(|c| c.slice(x.id(), i, 1))),
            Place::Moving(i) => Expr::new(with(|c| c.bit(x.id(), i))),
        }
    }
}

/// `M` bits from `index` up, 0 past the end.
pub fn bits_at<const M: usize, const N: usize>(x: Bits<N>, index: usize) -> Bits<M> {
    from_fn(|i| index < N && i < N - index && x.get_bit(index + i))
}

#[doc(hidden)]
impl bits_at {
    pub fn sym<const M: usize, const N: usize>(x: Expr<Bits<N>>, index: impl Position) -> Expr<Bits<M>> {
        match index.place() {
            Place::Fixed(i) => Expr::new(with(|c| c.slice(x.id(), i, M))),
            moving => x.get_bits::<M>(Held(moving)),
        }
    }
}

/// A position that has been looked at.
struct Held(Place);

impl Position for Held {
    fn place(self) -> Place {
        self.0
    }
}
