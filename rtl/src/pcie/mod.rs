//! PCI Express: the engine's memory port, registers and interrupt on a bus.
//!
//! What the packets mean belongs to no vendor (`tlp`); `ultrascale` brings them to the pins of one vendor's block.
pub mod adapter;
pub mod card;
pub mod error_counters;
pub mod function_reset;
pub mod judge;
pub mod message_merge;
pub mod msix;
pub mod outlet;
pub mod read_issue;
pub mod register_reads;
pub mod register_writes;
pub mod tag_states;
pub mod tlp;
pub mod ultrascale;
pub mod unpacker;
pub mod write_packer;

pub use adapter::Adapter;
pub use card::Card;
