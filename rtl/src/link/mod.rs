//! The host link: memory port, registers and interrupt of an engine in Ethernet frames, for boards without PCI Express.
//!
//! ```text
//! wire --> LinkDemultiplexer --+--> engine's frames
//!                              '--> FrameStore --> LinkReceiver --> LinkDispatcher --> completions, registers
//!                                                      |
//!          LinkSession <-------------------------------+-- acknowledgements --> LinkWindow
//!                                                                                  |
//! wire <-- FrameArbiter <--+------- engine's frames                                |
//!                          '------- LinkTransmitter <-- memory <-- LinkPacker <----+-- writes, reads, answers, irq
//! ```
//!
//! `abi::link` has the numbers of the frames and messages, decision 021 the reasons. The streams have 64 bits.
pub mod demultiplexer;
pub mod dispatcher;
pub mod host_link;
pub mod linked_engine;
pub mod packer;
pub mod read_ledger;
pub mod receiver;
pub mod record;
pub mod register_master;
pub mod session;
pub mod share;
pub mod transmitter;
pub mod window;

pub use demultiplexer::LinkDemultiplexer;
pub use dispatcher::LinkDispatcher;
pub use host_link::{HostLink, LinkParameters};
pub use linked_engine::LinkedEngine;
pub use packer::LinkPacker;
pub use read_ledger::ReadLedger;
pub use receiver::LinkReceiver;
pub use register_master::RegisterMaster;
pub use session::LinkSession;
pub use share::LinkShare;
pub use transmitter::LinkTransmitter;
pub use window::LinkWindow;
