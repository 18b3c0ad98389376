//! Frame arbiter: two streams of packets become one.
//!
//! # Role and neighbours
//! Puts TCP frames of `tx::Transmitter` and ARP and ICMP frames of `network::Network` on the one wire.
//!
//! # Ports
//! - `s_frame_0`, `s_frame_1`: `Beat<W>`: packets.
//! - `m_frame`: `Beat<W>`: the packets of both, whole, taking turns when both wait.
//!
//! # Handshake
//! An input's `ready` depends on registers only.
//!
//! # Latency and stalls
//! One cycle, one more for input 1 when it was idle; one beat per cycle, no bubble between packets of either input. A packet whose beats come slowly holds the other up.
//!
//! # Invariant
//! Between the first and the last beat of a packet the owner does not change.
use super::turn::{following, Offer, Turn};
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// Merges two packet streams; see the module's text.
#[derive(LogicBlock, Default)]
pub struct FrameArbiter<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Packets.
    pub s_frame_0: Sink<Beat<W>>,
    /// Packets.
    pub s_frame_1: Sink<Beat<W>>,
    /// The packets of both.
    pub m_frame: Source<Beat<W>>,
    turn: Register<Turn>,
    out: SkidBuffer<Beat<W>>,
}

impl<const W: usize> Logic for FrameArbiter<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, turn, out);
        forward!(self.out.m_out => self.m_frame);
        let turn = self.turn.q.val();
        let owner = turn.owner;
        let (valid_0, valid_1) = (self.s_frame_0.valid.val(), self.s_frame_1.valid.val());
        let valid = mux(owner, valid_1, valid_0);
        let beat = mux(owner, self.s_frame_1.bits.val(), self.s_frame_0.bits.val());
        let ready = self.out.s_in.ready.val();
        self.out.s_in.valid.next = valid;
        self.out.s_in.bits.next = beat;
        self.s_frame_0.ready.next = ready && !owner;
        self.s_frame_1.ready.next = ready && owner;
        let other = mux(owner, valid_0, valid_1);
        self.turn.d.next = following(turn, Offer { valid, ready, last: beat.last, other });
    }
}
