//! Blocks between the engine and host memory: gather reads, scatter writes, and the sharing of the one memory port.
pub mod gather;
pub mod landing;
pub mod limits;
pub mod read_arbiter;
pub mod reader;
pub mod reorder;
pub mod splitter;
pub mod write_arbiter;
pub mod write_ledger;
pub mod writer;

pub use gather::Gather;
pub use limits::{ends_block, halvings, halvings_for};
pub use read_arbiter::ReadArbiter;
pub use reader::Reader;
pub use write_arbiter::WriteArbiter;
pub use write_ledger::WriteLedger;
pub use writer::Writer;
