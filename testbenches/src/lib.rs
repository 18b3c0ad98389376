//! Everything that stands around the RTL: the simulator with its models, peers, and the applications on either side.
#![warn(missing_docs)]

pub mod bench;
pub mod card;
pub mod card_size;
pub mod demo;
pub mod dissector;
pub mod guest;
pub mod measure;
pub mod peers;
pub mod ports;
pub mod random;
pub mod reference;
pub mod replay;
pub mod rtl;
pub mod sessions;
pub mod simulator;
pub mod stand_in;
