//! Ways to an engine.
pub mod link;
