//! Blocks that move and shape streams of `Beat`s without knowing what they carry.
pub mod frame_arbiter;
pub mod lanes;
pub mod realigner;
pub mod trimmer;
pub mod turn;

pub use frame_arbiter::FrameArbiter;
pub use realigner::{Fragment, Realigner};
pub use trimmer::{Trim, Trimmer};
