//! Receive path, block by block: receiver and placement.
#[path = "rx/frames.rs"]
mod frames;
#[path = "rx/placement.rs"]
mod placement;
#[path = "rx/placement_script.rs"]
mod placement_script;
#[path = "rx/receiver.rs"]
mod receiver;
#[path = "rx/receiver_bench.rs"]
mod receiver_bench;
