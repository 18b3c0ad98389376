//! Functions for kernels that exist in both worlds: a plain Rust function, and in a type of the same name its symbolic
//! twin `sym`.
//!
//! Widths that Rust cannot derive from const generics are parameters, found by inference where the context fixes them,
//! and checked.

use crate::sym::value::bits_from;
use rust_hdl::core::prelude::Bits;

/// Declares the type that carries the twin of a function.
macro_rules! twin {
    ($($name: ident),* $(,)?) => { $(
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        pub struct $name {}
    )* };
}

mod arithmetic;
mod choice;
mod conversion;
mod order;
mod parts;
mod width;

pub use arithmetic::{clog2, mul, ones_count};
pub use choice::mux;
pub use conversion::{bits, from_bool, pack, unpack};
pub use order::{reverse_bits, reverse_bytes};
pub use parts::{bit_at, bits_at, cat, set_bits};
pub use width::{bit_cast, repeat_bit, resize, sign_extend};

/// A value from its bits.
fn from_fn<const N: usize>(bit: impl Fn(usize) -> bool) -> Bits<N> {
    let flat: Vec<bool> = (0..N).map(bit).collect();
    bits_from(&flat)
}
