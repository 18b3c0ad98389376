//! Gate at a port of the engine: lets whole packets pass, or none.
//!
//! # Role
//! Stands between the last block of a path and the port: frames to the wire, read requests, bursts of writes.
//! `host::SoftReset` opens and closes it.
//!
//! # Ports
//! - `s_in`, `m_out`: the words; `last` says that the word offered ends its packet.
//! - `open`: let packets pass. `closed`: none is under way, and none passes.
//!
//! # Handshake
//! What was offered at `m_out` stays until it is taken, and a packet that began is passed to its end, whatever `open`
//! says. While closed nothing is offered and nothing taken. The gate knows the engine's own reset only: the block in
//! front of it may be reset while it is closed.
//!
//! # Latency
//! None. Open to passing and closing take a cycle.
//!
//! # Invariant
//! It closes between two packets only.
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq)]
struct State {
    closed: bool,
    /// Behind the first and before the last word of a packet.
    inside: bool,
}

impl Default for State {
    /// The value after reset.
    fn default() -> Self {
        Self { closed: true, inside: false }
    }
}

/// A gate; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Gate<T: Symbolic> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Words from inside.
    pub s_in: Sink<T>,
    /// The word offered at `s_in` ends its packet.
    pub last: Signal<In, bool>,
    /// Words to the port.
    pub m_out: Source<T>,
    /// Let packets pass.
    pub open: Signal<In, bool>,
    /// Nothing passes.
    pub closed: Signal<Out, bool>,
    state: Register<State>,
}

impl<T: Symbolic> Logic for Gate<T> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let offered = self.s_in.valid.val() && !state.closed;
        let ready = self.m_out.ready.val();
        let last = self.last.val();
        self.m_out.bits.next = self.s_in.bits.val();
        self.m_out.valid.next = offered;
        self.s_in.ready.next = ready && !state.closed;
        if offered && ready {
            next.inside = !last;
        }
        let between = mux(offered, ready && last, !state.inside);
        next.closed = !self.open.val() && (state.closed || between);
        self.closed.next = state.closed;
        self.state.d.next = next;
    }
}
