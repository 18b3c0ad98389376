//! Numbers known at elaboration: Rust computes them, the Verilog shows at most the result.

use super::{Leaf, Lift, SymValue, Twin};
use crate::sym::context::with;

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
