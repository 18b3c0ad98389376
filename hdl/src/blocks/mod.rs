//! The blocks everything else is made of.

mod cleared_ram;
mod fifo;
mod free_list;
mod held_ram;
mod ping_pong;
mod ram;
mod register;
mod skid;
mod spare;

pub use cleared_ram::ClearedRam;
pub use fifo::Fifo;
pub use free_list::FreeList;
pub use held_ram::HeldRam;
pub use ping_pong::PingPong;
pub use ram::{ByteRam, DualPortRam};
pub use register::{Flop, Register};
pub use skid::SkidBuffer;
pub use spare::Spare;
