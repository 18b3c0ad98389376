//! The Stevedore engine: synthesizable modules only.
//!
//! One folder per block of the design, one file per module, file name = block name. `docs/design.md` draws the two byte
//! paths; `bundles` holds every record that crosses a block boundary, `geometry` every width, depth and count.
#![warn(missing_docs)]
#![forbid(unsafe_code)]
#![allow(
    clippy::redundant_field_names,
    clippy::nonminimal_bool,
    clippy::collapsible_match,
    clippy::too_many_arguments,
    clippy::module_inception,
    reason = "kernels are read as hardware: all fields named, conditions in the order of the RFC, a port per argument"
)]

pub mod bundles;
pub mod connection;
pub mod dma;
pub mod elaborate;
pub mod engine;
pub mod geometry;
pub mod host;
pub mod link;
pub mod mac;
pub mod network;
pub mod pcie;
pub mod ports;
pub mod rx;
pub mod stream;
pub mod tx;
pub mod wire;
