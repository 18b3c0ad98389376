//! Write arbiter: two writers share the memory port.
//!
//! # Role and neighbours
//! Merges payload (`rx::Placement`) and responses (`host::ResponseWriter`).
//!
//! # Ports
//! - `s_write_0`, `s_write_1`: `WriteBeat<W, K>`: bursts.
//! - `m_write`: `WriteBeat<W, K>`: the bursts of both, whole, taking turns when both wait.
//!
//! # Handshake
//! An input's `ready` depends on registers only.
//!
//! # Latency and stalls
//! One cycle, one more for input 1 when it was idle; one beat per cycle, no bubble between bursts.
//!
//! # Invariant
//! Writes leave in the order in which they were accepted here: a response accepted after its payload is written after it.
use crate::bundles::WriteBeat;
use crate::stream::turn::{following, Offer, Turn};
use stevedore_hdl::prelude::*;

/// Merges two write ports; see the module's text.
#[derive(LogicBlock, Default)]
pub struct WriteArbiter<const W: usize, const K: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Bursts.
    pub s_write_0: Sink<WriteBeat<W, K>>,
    /// Bursts.
    pub s_write_1: Sink<WriteBeat<W, K>>,
    /// The bursts of both.
    pub m_write: Source<WriteBeat<W, K>>,
    turn: Register<Turn>,
    out: SkidBuffer<WriteBeat<W, K>>,
}

impl<const W: usize, const K: usize> Logic for WriteArbiter<W, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, turn, out);
        forward!(self.out.m_out => self.m_write);
        let turn = self.turn.q.val();
        let owner = turn.owner;
        let (valid_0, valid_1) = (self.s_write_0.valid.val(), self.s_write_1.valid.val());
        let valid = mux(owner, valid_1, valid_0);
        let beat = mux(owner, self.s_write_1.bits.val(), self.s_write_0.bits.val());
        let ready = self.out.s_in.ready.val();
        self.out.s_in.valid.next = valid;
        self.out.s_in.bits.next = beat;
        self.s_write_0.ready.next = ready && !owner;
        self.s_write_1.ready.next = ready && owner;
        let other = mux(owner, valid_0, valid_1);
        self.turn.d.next = following(turn, Offer { valid, ready, last: beat.last, other });
    }
}
