//! Vectors made wider or narrower.

use super::from_fn;
use crate::sym::context::with;
use crate::sym::expr::Expr;
use crate::sym::node::Node;
use rust_hdl::core::prelude::Bits;

twin!(bit_cast, resize, sign_extend, repeat_bit);

#[doc(hidden)]
impl bit_cast {
    pub fn sym<const M: usize, const N: usize>(x: Expr<Bits<N>>) -> Expr<Bits<M>> {
        resize::sym(x)
    }
}

/// Zero-extends or truncates; the same as `bit_cast`.
pub fn resize<const M: usize, const N: usize>(x: Bits<N>) -> Bits<M> {
    rust_hdl::core::prelude::bit_cast(x)
}

#[doc(hidden)]
impl resize {
    pub fn sym<const M: usize, const N: usize>(x: Expr<Bits<N>>) -> Expr<Bits<M>> {
        Expr::new(with(|c| c.resize(x.id(), M)))
    }
}

/// Extends with copies of the top bit, or truncates.
pub fn sign_extend<const M: usize, const N: usize>(x: Bits<N>) -> Bits<M> {
    from_fn(|i| x.get_bit(i.min(N - 1)))
}

#[doc(hidden)]
impl sign_extend {
    pub fn sym<const M: usize, const N: usize>(x: Expr<Bits<N>>) -> Expr<Bits<M>> {
        if M <= N {
            return resize::sym(x);
        }
        Expr::new(with(|c| {
            let x = c.named(x.id());
            let top = c.slice(x, N - 1, 1);
            let copies = c.add(Node::Repeat(M - N, top), M - N);
            c.cat(vec![copies, x])
        }))
    }
}

/// `N` copies of a bit.
pub fn repeat_bit<const N: usize>(value: bool) -> Bits<N> {
    if value {
        Bits::<N>::mask()
    } else {
        Bits::default()
    }
}

#[doc(hidden)]
impl repeat_bit {
    pub fn sym<const N: usize>(value: Expr<bool>) -> Expr<Bits<N>> {
        Expr::new(with(|c| c.add(Node::Repeat(N, value.id()), N)))
    }
}
