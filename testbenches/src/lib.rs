//! Bus-functional models, peers and helpers for the tests of the engine.
#![warn(missing_docs)]

pub mod replay;
