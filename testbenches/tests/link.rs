//! The host link without an engine, on the Verilated model: a double stands at the engine's ports, the driver's
//! transport at the other end of a wire that loses, doubles, holds back and damages frames.
#[path = "link/blocks.rs"]
mod blocks;
#[path = "link/hostile.rs"]
mod hostile;
#[path = "link/share.rs"]
mod share;
#[path = "link/traffic.rs"]
mod traffic;
#[path = "link/vanish.rs"]
mod vanish;
#[path = "link/world.rs"]
mod world;
