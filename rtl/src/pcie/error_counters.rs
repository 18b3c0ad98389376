//! Error counters: how often each kind of error happened on the bus.
//!
//! # Role
//! Counts the adapter's pulses for the host, which reads the counters in a page of BAR 0 of their own: they belong to
//! the card and not to the engine.
//!
//! # Ports
//! - `errors`: pulses. `address`, `shown`: the counter at that address, four bytes each in the order of [`Errors`].
//!
//! # Handshake
//! None.
//!
//! # Latency
//! A cycle from the pulse to the counter, none from the address to what is shown.
//!
//! # Invariant
//! A counter runs through zero, and is never cleared but by reset.
use super::tlp::Errors;
use stevedore_hdl::prelude::*;

/// Kinds of errors.
pub const KINDS: usize = 5;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    counters: [Bits<32>; KINDS],
}

/// Counts errors; see the module's text.
#[derive(LogicBlock, Default)]
pub struct ErrorCounters {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What happened.
    pub errors: Signal<In, Errors>,
    /// Address in the page, in bytes.
    pub address: Signal<In, Bits<12>>,
    /// The counter there; 0 if there is none.
    pub shown: Signal<Out, Bits<32>>,
    state: Register<State>,
}

impl Logic for ErrorCounters {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let happened = pack::<KINDS, _>(self.errors.val());
        let place = self.address.val() >> 2;
        let mut shown = bits::<32>(0);
        for kind in 0..KINDS {
            shown = mux(place == kind as u64, state.counters[kind], shown);
            next.counters[kind] = state.counters[kind] + happened.get_bit(kind);
        }
        self.shown.next = shown;
        self.state.d.next = next;
    }
}
