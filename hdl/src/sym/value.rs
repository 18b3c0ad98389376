//! Which symbolic value stands for which Rust type.

use super::context::{with, Kind};
use super::expr::Expr;
use super::node::{Node, NodeId};
use rust_hdl::core::prelude::*;

/// A handle to one leaf of a symbolic value, as the derive macros see it.
#[derive(Clone, Copy, Debug)]
pub struct Leaf(pub(crate) NodeId);

/// A symbolic value: a tree (record, tuple, array) whose leaves are expressions or elaboration-time numbers.
pub trait SymValue: Copy {
    /// Rebuilds the value with `f` applied to each leaf; `name` is extended by field names on the way down.
    fn map(self, name: &str, f: &mut dyn FnMut(&str, Leaf) -> Leaf) -> Self;
    /// Calls `f` on the leaves of both values, in order. Elaboration-time numbers must be equal.
    fn zip(self, other: Self, f: &mut dyn FnMut(Leaf, Leaf));
    /// The value of `Default::default()`.
    fn sym_default() -> Self;
    /// Called when a branch that depends on a signal assigns the value.
    fn check_assignable() {}
    /// Whether this is a number known at elaboration (assigned by Rust, not in Verilog).
    const NATIVE: bool = false;
}

/// Names the symbolic counterpart of a type.
pub trait Twin: Sized {
    /// The counterpart.
    type Sym: SymValue;
    /// `Self::default()` in the symbolic world.
    fn twin_default() -> Self::Sym {
        <Self::Sym as SymValue>::sym_default()
    }
}

/// A type that is a vector of bits in hardware: what signals carry and what fields of records are.
pub trait Flat: Twin + Copy {
    /// The width.
    const WIDTH: usize;
    /// One vector, first field in the least significant bits.
    fn pack(sym: Self::Sym) -> Leaf;
    /// The inverse of [`Flat::pack`].
    fn unpack(leaf: Leaf) -> Self::Sym;
    /// The constant `self`.
    fn constant(self) -> Self::Sym {
        Self::unpack(literal(&self.to_flat()))
    }
    /// Appends the bits of `self`, least significant first.
    fn push_flat(self, out: &mut Vec<bool>);
    /// Takes `Self::WIDTH` bits off the front.
    fn take_flat(bits: &mut &[bool]) -> Self;
    /// How a waveform shows the type.
    fn flat_descriptor() -> TypeDescriptor;
    /// How a waveform shows the value.
    fn flat_vcd(self) -> VCDValue;
    /// The bits of `self` as its Verilog vector holds them, least significant first.
    fn to_flat(self) -> Vec<bool> {
        let mut out = Vec::with_capacity(Self::WIDTH);
        self.push_flat(&mut out);
        out
    }
    /// The value that a Verilog vector with these bits stands for.
    fn from_flat(mut bits: &[bool]) -> Self {
        assert_eq!(bits.len(), Self::WIDTH, "width of the vector");
        Self::take_flat(&mut bits)
    }
}

/// A type that can be the value of a signal in a kernel.
pub trait Symbolic: Synth + Flat {}

impl<T: Synth + Flat> Symbolic for T {}

/// Turns a constant named in a kernel into what the shadow body computes with.
pub trait Lift {
    /// Number or symbolic constant.
    type Out;
    /// The conversion.
    fn lift(self) -> Self::Out;
}

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

macro_rules! native {
    ($($t: ty),*) => { $(
        impl Twin for $t {
            type Sym = $t;
        }
        impl SymValue for $t {
            const NATIVE: bool = true;
            fn map(self, _: &str, _: &mut dyn FnMut(&str, Leaf) -> Leaf) -> Self {
                self
            }
            fn zip(self, other: Self, _: &mut dyn FnMut(Leaf, Leaf)) {
                assert!(self == other, "an elaboration-time number must not depend on a signal");
            }
            fn sym_default() -> Self {
                Self::default()
            }
            fn check_assignable() {
                let depth = with(|c| c.open.len());
                assert!(depth == 1, "an elaboration-time number is assigned where a signal decides: use Bits");
            }
        }
        impl Lift for $t {
            type Out = $t;
            fn lift(self) -> $t {
                self
            }
        }
    )* };
}
native!(usize, u64, u32, u8, u16, i32);

impl<T: Lift, const N: usize> Lift for [T; N] {
    type Out = [T::Out; N];
    fn lift(self) -> Self::Out {
        self.map(Lift::lift)
    }
}

impl<T: Twin, const N: usize> Twin for [T; N] {
    type Sym = [T::Sym; N];
}

impl<T: Flat, const N: usize> Flat for [T; N] {
    const WIDTH: usize = N * T::WIDTH;
    fn pack(sym: Self::Sym) -> Leaf {
        join_fields(&sym.map(T::pack))
    }
    fn unpack(leaf: Leaf) -> Self::Sym {
        std::array::from_fn(|i| T::unpack(slice(leaf, i * T::WIDTH, T::WIDTH)))
    }
    fn push_flat(self, out: &mut Vec<bool>) {
        self.into_iter().for_each(|item| item.push_flat(out));
    }
    fn take_flat(bits: &mut &[bool]) -> Self {
        std::array::from_fn(|_| T::take_flat(bits))
    }
    fn flat_descriptor() -> TypeDescriptor {
        let field = |i: usize| Box::new(TypeField { fieldname: i.to_string(), kind: T::flat_descriptor() });
        TypeDescriptor { name: format!("array of {N}"), kind: TypeKind::Composite((0..N).map(field).collect()) }
    }
    fn flat_vcd(self) -> VCDValue {
        VCDValue::Composite(self.into_iter().map(|item| Box::new(item.flat_vcd())).collect())
    }
}

impl<S: SymValue, const N: usize> SymValue for [S; N] {
    fn map(self, name: &str, f: &mut dyn FnMut(&str, Leaf) -> Leaf) -> Self {
        std::array::from_fn(|i| self[i].map(&format!("{name}_{i}"), f))
    }
    fn zip(self, other: Self, f: &mut dyn FnMut(Leaf, Leaf)) {
        (0..N).for_each(|i| self[i].zip(other[i], f));
    }
    fn sym_default() -> Self {
        std::array::from_fn(|_| S::sym_default())
    }
    fn check_assignable() {
        S::check_assignable();
    }
}

impl Twin for () {
    type Sym = ();
}

impl SymValue for () {
    fn map(self, _: &str, _: &mut dyn FnMut(&str, Leaf) -> Leaf) -> Self {}
    fn zip(self, _: Self, _: &mut dyn FnMut(Leaf, Leaf)) {}
    fn sym_default() -> Self {}
}

macro_rules! tuple {
    ($($s: ident $i: tt),*) => {
        impl<$($s: Twin),*> Twin for ($($s,)*) {
            type Sym = ($($s::Sym,)*);
        }
        impl<$($s: SymValue),*> SymValue for ($($s,)*) {
            fn map(self, name: &str, f: &mut dyn FnMut(&str, Leaf) -> Leaf) -> Self {
                ($(self.$i.map(&format!("{name}_{}", $i), f),)*)
            }
            fn zip(self, other: Self, f: &mut dyn FnMut(Leaf, Leaf)) {
                $(self.$i.zip(other.$i, f);)*
            }
            fn sym_default() -> Self {
                ($($s::sym_default(),)*)
            }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// `let`: gives the value a name in the Verilog text.
pub fn bind<S: SymValue>(name: &str, value: S) -> S {
    value.map(name, &mut |name, leaf| Leaf(with(|c| c.bind(name, leaf.0))))
}

/// `let mut`: variables that hold the value and may be assigned.
pub fn declare<S: SymValue>(name: &str, value: S) -> S {
    value.map(name, &mut |name, leaf| {
        Leaf(with(|c| {
            let var = c.declare(name, c.width(leaf.0), Kind::Mut);
            c.assign(var, leaf.0);
            c.refer(var)
        }))
    })
}

/// `place = value` where place is a `let mut` variable or a part of one.
pub fn store<S: SymValue>(place: &mut S, value: S) {
    if S::NATIVE {
        S::check_assignable();
        *place = value;
        return;
    }
    let mut pairs = vec![];
    place.zip(value, &mut |target, value| pairs.push((target.0, value.0)));
    with(|c| c.store(&pairs));
    *place = place.map("", &mut |_, leaf| {
        Leaf(with(|c| match c.nodes[leaf.0].node {
            Node::Var { var, .. } => c.refer(var),
            _ => unreachable!("a mutable variable is made of variables"),
        }))
    });
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
    Expr::new(with(|c| c.binary(super::node::Binary::Eq, a.0, b.0)))
}
