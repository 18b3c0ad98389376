//! Hardware in Rust, over rust-hdl: a kernel attribute whose Verilog means what the Rust simulation does, base blocks,
//! test aids.
//!
//! A block is a struct with `#[derive(LogicBlock)]` and `impl Logic` whose `update` carries `#[kernel]`. The attribute
//! keeps the body for rust-hdl's simulator and derives the Verilog from it by running a symbolic copy once ([`sym`]);
//! [`verilog`] prints the design.

#![warn(missing_docs)]

extern crate self as stevedore_hdl;

pub mod bench;
pub mod blocks;
pub mod channel;
pub mod clocks;
mod emit;
pub mod functions;
pub mod sym;

pub use emit::{verilog, LINT_ARGS};

/// Everything a module of the design imports.
pub mod prelude {
    pub use crate::bench;
    pub use crate::bench::{with_big_stack, Bench};
    pub use crate::blocks::*;
    pub use crate::channel::*;
    pub use crate::clocks::{Clocks, Edge};
    pub use crate::functions::*;
    pub use crate::sym::{Flat, Symbolic};
    pub use crate::{verilog, LINT_ARGS};
    pub use rust_hdl::core::prelude::{
        ast, bit_cast, bits, block, check_all, clog2, logic, probe, simulate, Atom, AtomKind, Bit, Bits, Block, Clock,
        Constant, Direction, In, InOut, LiteralType, Local, Logic, LogicBlock, LogicInterface, LogicJoin, LogicLink,
        Out, Probe, Signal, Synth, ToBits, Verilog, Wrapper,
    };
    pub use stevedore_hdl_macros::{kernel, kernel_fn, Encoding, Record};
}
