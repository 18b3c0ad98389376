//! The blocks everything else is made of.

mod fifo;
mod ping_pong;
mod ram;
mod register;
mod skid;

pub use fifo::Fifo;
pub use ping_pong::PingPong;
pub use ram::{ByteRam, DualPortRam};
pub use register::{Flop, Register};
pub use skid::SkidBuffer;
