//! Symbolic values of one leaf type, with the operators and methods their Rust counterparts have.

use super::context::with;
use super::index::{Index, Place, Position};
use super::node::{Binary, Node, NodeId, Unary};
use super::value::{literal, Flat};
use rust_hdl::core::prelude::*;
use std::marker::PhantomData;
use std::ops;

/// The symbolic counterpart of a `T` that is not a record: `Bits<N>`, `bool`, `Clock`, an enum.
pub struct Expr<T> {
    id: NodeId,
    kind: PhantomData<T>,
}

impl<T> Clone for Expr<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Expr<T> {}

impl<T> std::fmt::Debug for Expr<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Expr({})", self.id)
    }
}

impl<T> Expr<T> {
    pub(crate) fn new(id: NodeId) -> Self {
        Expr { id, kind: PhantomData }
    }
    pub(crate) fn id(self) -> NodeId {
        self.id
    }
}

/// A constant of `N` bits from a literal, with the range check of `Bits::from`.
pub(crate) fn number<const N: usize>(value: u64) -> Expr<Bits<N>> {
    let value: Bits<N> = value.into();
    Expr::new(literal(&value.to_flat()).0)
}

fn binary<A, B, R>(op: Binary, a: Expr<A>, b: Expr<B>) -> Expr<R> {
    Expr::new(with(|c| c.binary(op, a.id, b.id)))
}

macro_rules! arithmetic {
    ($($method: ident $trait: ident $op: ident),*) => { $(
        impl<const N: usize> ops::$trait<Expr<Bits<N>>> for Expr<Bits<N>> {
            type Output = Expr<Bits<N>>;
            fn $method(self, rhs: Expr<Bits<N>>) -> Self::Output {
                binary(Binary::$op, self, rhs)
            }
        }
        impl<const N: usize> ops::$trait<u64> for Expr<Bits<N>> {
            type Output = Expr<Bits<N>>;
            fn $method(self, rhs: u64) -> Self::Output {
                binary(Binary::$op, self, number::<N>(rhs))
            }
        }
        impl<const N: usize> ops::$trait<Expr<Bits<N>>> for u64 {
            type Output = Expr<Bits<N>>;
            fn $method(self, rhs: Expr<Bits<N>>) -> Self::Output {
                binary(Binary::$op, number::<N>(self), rhs)
            }
        }
    )* };
}

arithmetic!(add Add Add, sub Sub Sub, bitand BitAnd And, bitor BitOr Or, bitxor BitXor Xor);

macro_rules! shift {
    ($($method: ident $trait: ident),*) => { $(
        impl<const N: usize, const M: usize> ops::$trait<Expr<Bits<M>>> for Expr<Bits<N>> {
            type Output = Expr<Bits<N>>;
            fn $method(self, rhs: Expr<Bits<M>>) -> Self::Output {
                binary(Binary::$trait, self, rhs)
            }
        }
        impl<const N: usize> ops::$trait<u64> for Expr<Bits<N>> {
            type Output = Expr<Bits<N>>;
            fn $method(self, rhs: u64) -> Self::Output {
                binary(Binary::$trait, self, number::<32>(rhs.min(u64::from(u32::MAX))))
            }
        }
        impl<const N: usize> ops::$trait<Expr<Bits<N>>> for u64 {
            type Output = Expr<Bits<64>>;
            fn $method(self, rhs: Expr<Bits<N>>) -> Self::Output {
                binary(Binary::$trait, number::<64>(self), rhs)
            }
        }
    )* };
}
shift!(shl Shl, shr Shr);

impl<const N: usize> ops::Add<Expr<bool>> for Expr<Bits<N>> {
    type Output = Expr<Bits<N>>;
    fn add(self, rhs: Expr<bool>) -> Self::Output {
        binary(Binary::Add, self, Expr::<Bits<N>>::new(with(|c| c.resize(rhs.id, N))))
    }
}

impl ops::Mul<Expr<Bits<16>>> for Expr<Bits<16>> {
    type Output = Expr<Bits<32>>;
    fn mul(self, rhs: Expr<Bits<16>>) -> Self::Output {
        let wide = |id| Expr::<Bits<32>>::new(with(|c| c.resize(id, 32)));
        binary(Binary::Mul, wide(self.id), wide(rhs.id))
    }
}

impl<const N: usize> ops::Not for Expr<Bits<N>> {
    type Output = Expr<Bits<N>>;
    fn not(self) -> Self::Output {
        Expr::new(with(|c| c.add(Node::Unary(Unary::Not, self.id), N)))
    }
}

impl ops::Not for Expr<bool> {
    type Output = Expr<bool>;
    fn not(self) -> Self::Output {
        Expr::new(with(|c| c.logic_not(self.id)))
    }
}

macro_rules! logic {
    ($($method: ident $trait: ident $op: ident),*) => { $(
        impl ops::$trait<Expr<bool>> for Expr<bool> {
            type Output = Expr<bool>;
            fn $method(self, rhs: Expr<bool>) -> Self::Output {
                binary(Binary::$op, self, rhs)
            }
        }
    )* };
}
logic!(bitand BitAnd LogicAnd, bitor BitOr LogicOr, bitxor BitXor Xor);

impl<const N: usize> From<u64> for Expr<Bits<N>> {
    fn from(value: u64) -> Self {
        number(value)
    }
}
impl From<Expr<bool>> for Expr<Bits<1>> {
    fn from(value: Expr<bool>) -> Self {
        Expr::new(value.id)
    }
}
impl From<Expr<Bits<1>>> for Expr<bool> {
    fn from(value: Expr<Bits<1>>) -> Self {
        Expr::new(value.id)
    }
}
impl From<Expr<bool>> for Expr<Clock> {
    fn from(value: Expr<bool>) -> Self {
        Expr::new(value.id)
    }
}

impl<const N: usize> Expr<Bits<N>> {
    /// One bit.
    pub fn get_bit(self, index: impl Position) -> Expr<bool> {
        Expr::new(with(|c| match index.place() {
            Place::Fixed(i) => {
                assert!(i < N, "{}: bit {i} of {N}", c.block);
                c.slice(self.id, i, 1)
            }
            Place::Moving(i) => c.bit(self.id, i),
        }))
    }
    /// `M` bits from a position up; bits past the end read 0.
    pub fn get_bits<const M: usize>(self, index: impl Position) -> Expr<Bits<M>> {
        Expr::new(with(|c| match index.place() {
            Place::Fixed(i) => {
                assert!(i <= N, "{}: bits from {i} of {N}", c.block);
                c.slice(self.id, i, M)
            }
            Place::Moving(i) => {
                let shifted = c.binary(Binary::Shr, self.id, i);
                c.resize(shifted, M)
            }
        }))
    }
    /// The value with one bit replaced.
    pub fn replace_bit(self, index: impl Position, value: Expr<bool>) -> Self {
        Expr::new(with(|c| match index.place() {
            Place::Fixed(i) => {
                assert!(i < N, "{}: bit {i} of {N}", c.block);
                c.insert(self.id, i, value.id)
            }
            Place::Moving(i) => {
                let base = c.named(self.id);
                let i = c.named(i);
                let mut one = vec![false; N];
                one[0] = true;
                let one = c.add(Node::Literal(one), N);
                let mask = c.binary(Binary::Shl, one, i);
                let mask = c.add(Node::Unary(Unary::Not, mask), N);
                let kept = c.binary(Binary::And, base, mask);
                let bit = c.resize(value.id, N);
                let bit = c.binary(Binary::Shl, bit, i);
                c.binary(Binary::Or, kept, bit)
            }
        }))
    }
    /// Whether some bit is set.
    pub fn any(self) -> Expr<bool> {
        self.reduce(Unary::Any)
    }
    /// Whether all bits are set.
    pub fn all(self) -> Expr<bool> {
        self.reduce(Unary::All)
    }
    /// The parity.
    pub fn xor(self) -> Expr<bool> {
        self.reduce(Unary::Xor)
    }
    /// The value as a position.
    pub fn index(self) -> Index {
        assert!(N <= 32, "only values of up to 32 bits are positions");
        Index::new(self.id)
    }
    fn reduce(self, op: Unary) -> Expr<bool> {
        Expr::new(with(|c| c.add(Node::Unary(op, self.id), 1)))
    }
}
