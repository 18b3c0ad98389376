//! The transmit path: send chain, segment buffer, header builder.
pub mod appender;
pub mod chains;
pub mod checksum;
pub mod header_builder;
pub mod header_stages;
pub mod pool;
pub mod prepend;
pub mod record;
pub mod releaser;
pub mod returns;
pub mod segment_buffer;
pub mod send_chain;
pub mod transmitter;
pub mod walker;

pub use transmitter::Transmitter;
