//! Frame arbiter: several streams of packets become one.
//!
//! # Role
//! Puts TCP frames of `tx::Transmitter` and ARP and ICMP frames of `network::Network` on the one wire.
//!
//! # Ports
//! - `s_frame`: `Beat<W>`: packets.
//! - `m_frame`: `Beat<W>`: the packets of all, whole, taking turns when several wait.
//!
//! # Handshake
//! An input's `ready` depends on registers only.
//!
//! # Latency
//! One cycle, one more for an input other than 0 when it was idle; one beat per cycle, no bubble between packets of any
//! input. A packet whose beats come slowly holds the others up.
//!
//! # Invariant
//! Between the first and the last beat of a packet the owner does not change.
use super::grants::Grants;
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// Merges `N` packet streams; see the module's text.
#[derive(LogicBlock)]
pub struct FrameArbiter<const W: usize, const N: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Packets.
    pub s_frame: [Sink<Beat<W>>; N],
    /// The packets of all.
    pub m_frame: Source<Beat<W>>,
    grants: Grants<N>,
    out: SkidBuffer<Beat<W>>,
}

impl<const W: usize, const N: usize> Default for FrameArbiter<W, N> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            s_frame: std::array::from_fn(|_| Sink::default()),
            m_frame: Source::default(),
            grants: Grants::default(),
            out: SkidBuffer::default(),
        }
    }
}

impl<const W: usize, const N: usize> Logic for FrameArbiter<W, N> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, grants, out);
        forward!(self.out.m_out => self.m_frame);
        let owner = self.grants.owner.val();
        let ready = self.out.s_in.ready.val();
        let mut valid = bits::<N>(0);
        let mut beat = self.s_frame[0].bits.val();
        for i in 0..N {
            valid = valid.replace_bit(i, self.s_frame[i].valid.val());
            beat = mux(owner.get_bit(i), self.s_frame[i].bits.val(), beat);
            self.s_frame[i].ready.next = ready && owner.get_bit(i);
        }
        self.out.s_in.valid.next = (valid & owner).any();
        self.out.s_in.bits.next = beat;
        self.grants.valid.next = valid;
        self.grants.ready.next = ready;
        self.grants.last.next = beat.last;
    }
}
