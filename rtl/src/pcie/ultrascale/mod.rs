//! The UltraScale+ PCIe4 block of one vendor: what its pins look like.
pub mod completions;
pub mod endpoint;
pub mod order;
pub mod pins;
pub mod registers;
pub mod requests;
pub mod row_shift;
pub mod shim;

pub use endpoint::Endpoint;
pub use shim::Shim;
