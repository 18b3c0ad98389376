//! The contract between engine and host: descriptors, registers, status codes.
//!
//! The RTL, the driver, the simulator and the generated reference all read this crate; it has no dependencies.
//! Every number that crosses the bus is little-endian.
#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod descriptor;
pub mod link;
pub mod pci;
pub mod register;

pub use descriptor::{Descriptor, Request, Response, Status};
