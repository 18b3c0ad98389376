//! Functions for kernels that exist in both worlds: a plain Rust function, and in a type of the same name its symbolic twin `sym`.
//!
//! Widths that Rust cannot derive from const generics are parameters, found by inference where the context fixes them, and checked.

use crate::sym::context::with;
use crate::sym::expr::Expr;
use crate::sym::node::{Binary, Node};
use crate::sym::value::{bits_from, Flat, Leaf, SymValue, Symbolic};
use crate::sym::Position;
use rust_hdl::core::prelude::{Bits, Synth};

/// Declares the type that carries the twin of a function.
macro_rules! twin {
    ($($name: ident),* $(,)?) => { $(
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        pub struct $name {}
    )* };
}
twin!(
    bits,
    bit_cast,
    clog2,
    resize,
    sign_extend,
    cat,
    mux,
    from_bool,
    set_bits,
    bit_at,
    bits_at,
    ones_count,
    reverse_bytes
);
twin!(reverse_bits, mul, pack, unpack, repeat_bit);

#[doc(hidden)]
impl bits {
    pub fn sym<const N: usize>(value: u64) -> Expr<Bits<N>> {
        value.into()
    }
}

#[doc(hidden)]
impl clog2 {
    pub fn sym(count: usize) -> usize {
        rust_hdl::core::prelude::clog2(count)
    }
}

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
            crate::sym::Place::Fixed(i) => Expr::new(with(|c| c.slice(x.id(), i, 1))),
            crate::sym::Place::Moving(i) => Expr::new(with(|c| c.bit(x.id(), i))),
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
            crate::sym::Place::Fixed(i) => Expr::new(with(|c| c.slice(x.id(), i, M))),
            moving => x.get_bits::<M>(Held(moving)),
        }
    }
}

/// A position that has been looked at.
struct Held(crate::sym::Place);

impl Position for Held {
    fn place(self) -> crate::sym::Place {
        self.0
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

/// A value from its bits.
fn from_fn<const N: usize>(bit: impl Fn(usize) -> bool) -> Bits<N> {
    let flat: Vec<bool> = (0..N).map(bit).collect();
    bits_from(&flat)
}
