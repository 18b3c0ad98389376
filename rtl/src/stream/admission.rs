//! Admission: frames from the wire come in whole, or not at all.
//!
//! # Role
//! Stands at the receiving port, before `rx::Receiver` and `network::Network`. The wire cannot wait, so frames that are
//! not wanted are dropped.
//!
//! # Ports
//! - `valid`, `last`: of the beat on the wire. `admitted`: the beat belongs to a frame that comes in.
//! - `open`: frames that begin now come in. `cut`: the blocks behind are being reset, the rest of the frame is dropped.
//!
//! # Handshake
//! None: the wire is always taken.
//!
//! # Latency
//! None.
//!
//! # Invariant
//! Whether a frame comes in is decided at its first beat. Only `cut` ends it early, when nobody is left who saw its
//! beginning.
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Behind the first and before the last beat of a frame.
    inside: bool,
    /// The frame comes in.
    admitted: bool,
}

/// Admission of frames; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Admission {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// A beat is on the wire.
    pub valid: Signal<In, bool>,
    /// It ends its frame.
    pub last: Signal<In, bool>,
    /// Frames come in.
    pub open: Signal<In, bool>,
    /// The frame that comes in goes no further.
    pub cut: Signal<In, bool>,
    /// The beat comes in.
    pub admitted: Signal<Out, bool>,
    state: Register<State>,
}

impl Logic for Admission {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let valid = self.valid.val();
        let admitted = mux(state.inside, state.admitted, self.open.val());
        self.admitted.next = valid && admitted;
        if valid {
            next.inside = !self.last.val();
            next.admitted = admitted;
        }
        if self.cut.val() {
            next.admitted = false;
        }
        self.state.d.next = next;
    }
}
