//! The blocks everything else is made of.

mod async_fifo;
mod cleared_ram;
mod dual_clock_ram;
mod fifo;
mod free_list;
mod held_ram;
mod ping_pong;
mod pulse_crossing;
mod ram;
mod register;
mod reset_bridge;
mod reset_handshake;
mod skid;
mod spare;
mod synchroniser;

pub use async_fifo::AsyncFifo;
pub use cleared_ram::ClearedRam;
pub use dual_clock_ram::DualClockRam;
pub use fifo::Fifo;
pub use free_list::FreeList;
pub use held_ram::HeldRam;
pub use ping_pong::PingPong;
pub use pulse_crossing::PulseCrossing;
pub use ram::{ByteRam, DualPortRam};
pub use register::{Flop, Register};
pub use reset_bridge::ResetBridge;
pub use reset_handshake::ResetHandshake;
pub use skid::SkidBuffer;
pub use spare::Spare;
pub use synchroniser::Synchroniser;
