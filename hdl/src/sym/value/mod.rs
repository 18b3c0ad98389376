//! Which symbolic value stands for which Rust type.
//!
//! ```text
//!   bits.rs     types that are one expression: vectors, bool, clocks
//!   number.rs   numbers known at elaboration
//!   compound.rs arrays and tuples
//!   binding.rs  `let`, `let mut` and assignment
//!   derived.rs  what derived code calls for records and enums
//! ```

mod binding;
mod bits;
mod compound;
mod derived;
mod number;

pub use binding::{bind, declare, store};
pub(crate) use bits::bits_from;
pub use derived::{equal, flat_literal, join_fields, leaf, literal, slice, typed, variant};

use super::node::NodeId;
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
