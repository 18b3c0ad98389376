//! What `cargo xtask bench` measures.
pub mod application;
pub mod rig;
