//! Ready/valid channels.
//!
//! Handshake: a word moves in a cycle in which `valid` and `ready` are both high. A source holds `valid` and `bits`
//! until the word has moved, and never waits for `ready` before raising `valid`; a sink may wait for `valid`.

use rust_hdl::core::prelude::*;

/// The end of a channel that gives words.
#[derive(Clone, Debug, Default, LogicInterface)]
pub struct Source<T: Synth> {
    /// The word offered.
    pub bits: Signal<Out, T>,
    /// Whether a word is offered.
    pub valid: Signal<Out, bool>,
    /// Whether the other end takes it in this cycle.
    pub ready: Signal<In, bool>,
}

/// The end of a channel that takes words.
#[derive(Clone, Debug, Default, LogicInterface)]
pub struct Sink<T: Synth> {
    /// The word offered.
    pub bits: Signal<In, T>,
    /// Whether a word is offered.
    pub valid: Signal<In, bool>,
    /// Whether this end takes it in this cycle.
    pub ready: Signal<Out, bool>,
}
