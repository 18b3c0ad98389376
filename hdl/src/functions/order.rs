//! The same bits the other way round.

use super::from_fn;
use crate::sym::context::with;
use crate::sym::expr::Expr;
use rust_hdl::core::prelude::Bits;

twin!(reverse_bytes, reverse_bits);

/// The bytes in opposite order.
pub fn reverse_bytes<const N: usize>(x: Bits<N>) -> Bits<N> {
    assert_eq!(N % 8, 0, "whole bytes");
    from_fn(|i| x.get_bit(N - 8 - i / 8 * 8 + i % 8))
}

#[doc(hidden)]
impl reverse_bytes {
    pub fn sym<const N: usize>(x: Expr<Bits<N>>) -> Expr<Bits<N>> {
        assert_eq!(N % 8, 0, "whole bytes");
        reversed(x, 8)
    }
}

/// The bits in opposite order.
pub fn reverse_bits<const N: usize>(x: Bits<N>) -> Bits<N> {
    from_fn(|i| x.get_bit(N - 1 - i))
}

#[doc(hidden)]
impl reverse_bits {
    pub fn sym<const N: usize>(x: Expr<Bits<N>>) -> Expr<Bits<N>> {
        reversed(x, 1)
    }
}

fn reversed<const N: usize>(x: Expr<Bits<N>>, unit: usize) -> Expr<Bits<N>> {
    Expr::new(with(|c| {
        let x = c.named(x.id());
        let parts = (0..N / unit).map(|i| c.slice(x, i * unit, unit)).collect();
        c.cat(parts)
    }))
}
