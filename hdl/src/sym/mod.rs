//! Symbolic execution of kernels: what the code that the macros generate calls. Not for use by hand.
//!
//! The `#[kernel]` attribute copies the body of `update` into a shadow body in which every value is an [`Expr`] (or a
//! record, tuple or array of them). Running it once records the statements of the module; the Verilog writer (`emit`)
//! prints them.

mod compare;
pub(crate) mod context;
pub(crate) mod expr;
mod flow;
pub(crate) mod index;
pub(crate) mod node;
pub(crate) mod value;

pub use compare::{and, eq, ge, gt, le, lit, lt, ne, or, Order, SymEq, SymOrd};
pub use expr::Expr;
pub use flow::{If, Match, Merge, Scrutinee};
pub use index::{Index, Place, Position};
pub use rust_hdl::core::prelude::{
    Atom, Signal, Synth, TypeDescriptor, TypeField, TypeKind, VCDValue, Verilog, VerilogLiteral,
};
pub use value::{
    bind, declare, equal, flat_literal, join_fields, leaf, literal, slice, store, typed, variant, Flat, Leaf, Lift,
    SymValue, Symbolic, Twin,
};

use context::with;
use rust_hdl::core::prelude::*;

/// Something a kernel reads with `.val()`.
pub trait Readable {
    /// What it reads.
    type Sym;
    /// The read; `path` is the path from `self`, parts joined by `$`.
    fn read(&self, path: &str) -> Self::Sym;
}

impl<D: Direction, T: Symbolic> Readable for Signal<D, T> {
    type Sym = T::Sym;
    fn read(&self, path: &str) -> T::Sym {
        T::unpack(Leaf(with(|c| c.read(path))))
    }
}

impl<T: Symbolic> Readable for Constant<T> {
    type Sym = T::Sym;
    fn read(&self, _: &str) -> T::Sym {
        self.val().constant()
    }
}

/// `self.path.val()`
pub fn read<R: Readable>(signal: &R, path: &str) -> R::Sym {
    signal.read(path)
}

/// `self.path.next = value`
pub fn assign<D: Direction, T: Symbolic>(_: &Signal<D, T>, path: &str, value: T::Sym) {
    let leaf = T::pack(value);
    with(|c| c.drive(path, leaf.0));
}

/// Claims a signal that the kernel drives.
pub fn claim<D: Direction, T: Synth>(signal: &mut Signal<D, T>) {
    signal.connect();
}

/// A constant named in the kernel.
pub fn lift<L: Lift>(value: L) -> L::Out {
    value.lift()
}

/// Runs a shadow body and prints the module body it describes.
pub fn kernel<B: Block>(block: &B, type_name: &str, body: impl FnOnce()) -> Verilog {
    crate::emit::kernel(block, type_name, body)
}

/// `if` conditions are bool in Rust; this only names the type for better errors.
pub fn condition(value: Expr<bool>) -> Expr<bool> {
    value
}
