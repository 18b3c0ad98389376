//! Counting and multiplying.

use super::resize;
use crate::sym::context::with;
use crate::sym::expr::Expr;
use crate::sym::node::Binary;
use rust_hdl::core::prelude::Bits;

twin!(clog2, ones_count, mul);

#[doc(hidden)]
impl clog2 {
    pub fn sym(count: usize) -> usize {
        rust_hdl::core::prelude::clog2(count)
    }
}

/// How many bits are set; `C` must hold the count.
pub fn ones_count<const C: usize, const N: usize>(x: Bits<N>) -> Bits<C> {
    assert!(C >= 64 || N < 1 << C, "{C} bits cannot count {N} ones");
    ((0..N).filter(|i| x.get_bit(*i)).count() as u64).into()
}

#[doc(hidden)]
impl ones_count {
    pub fn sym<const C: usize, const N: usize>(x: Expr<Bits<N>>) -> Expr<Bits<C>> {
        assert!(C >= 64 || N < 1 << C, "{C} bits cannot count {N} ones");
        Expr::new(with(|c| {
            // A tree of adders, each just wide enough: a chain would be N deep.
            let x = c.named(x.id());
            let mut level: Vec<usize> = (0..N).map(|i| c.slice(x, i, 1)).collect();
            while level.len() > 1 {
                level = level
                    .chunks(2)
                    .map(|pair| match *pair {
                        [a, b] => {
                            let width = c.width(a).max(c.width(b)) + 1;
                            let (a, b) = (c.resize(a, width), c.resize(b, width));
                            let sum = c.binary(Binary::Add, a, b);
                            c.bind("ones", sum)
                        }
                        _ => pair[0],
                    })
                    .collect();
            }
            c.resize(level[0], C)
        }))
    }
}

/// The full product; `C` must be `A + B`.
pub fn mul<const A: usize, const B: usize, const C: usize>(a: Bits<A>, b: Bits<B>) -> Bits<C> {
    assert_eq!(A + B, C, "width of a product");
    let mut sum = Bits::<C>::default();
    for i in (0..B).filter(|i| b.get_bit(*i)) {
        sum = sum + (resize::<C, A>(a) << i as u64);
    }
    sum
}

#[doc(hidden)]
impl mul {
    pub fn sym<const A: usize, const B: usize, const C: usize>(a: Expr<Bits<A>>, b: Expr<Bits<B>>) -> Expr<Bits<C>> {
        assert_eq!(A + B, C, "width of a product");
        Expr::new(with(|c| {
            let (a, b) = (c.resize(a.id(), C), c.resize(b.id(), C));
            c.binary(Binary::Mul, a, b)
        }))
    }
}
