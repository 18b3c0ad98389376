//! Blocks that move and shape streams of `Beat`s without knowing what they carry.
pub mod admission;
pub mod fence;
pub mod frame_arbiter;
pub mod gate;
pub mod grants;
pub mod lanes;
pub mod queue;
pub mod quick_queue;
pub mod realigner;
pub mod trimmer;
pub mod turn;

pub use admission::Admission;
pub use fence::Fence;
pub use frame_arbiter::FrameArbiter;
pub use gate::Gate;
pub use grants::Grants;
pub use queue::Queue;
pub use quick_queue::QuickQueue;
pub use realigner::{Fragment, Realigner};
pub use trimmer::{Trim, Trimmer};
