//! Write arbiter: several writers share the memory port.
//!
//! # Role
//! Merges payload (`rx::Placement`) and responses (`host::ResponseWriter`).
//!
//! # Ports
//! - `s_write`: `WriteBeat<W, K>`: bursts.
//! - `m_write`: `WriteBeat<W, K>`: the bursts of all, whole, taking turns when several wait.
//!
//! # Handshake
//! An input's `ready` depends on registers only.
//!
//! # Latency
//! One cycle, one more for an input other than 0 when it was idle; one beat per cycle, no bubble between bursts.
//!
//! # Invariant
//! Writes leave in the order in which they were accepted here: a response accepted after its payload is written after
//! it.
use crate::bundles::WriteBeat;
use crate::stream::grants::Grants;
use stevedore_hdl::prelude::*;

/// Merges `N` write ports; see the module's text.
#[derive(LogicBlock)]
pub struct WriteArbiter<const W: usize, const K: usize, const N: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Bursts.
    pub s_write: [Sink<WriteBeat<W, K>>; N],
    /// The bursts of all.
    pub m_write: Source<WriteBeat<W, K>>,
    grants: Grants<N>,
    out: SkidBuffer<WriteBeat<W, K>>,
}

impl<const W: usize, const K: usize, const N: usize> Default for WriteArbiter<W, K, N> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            s_write: std::array::from_fn(|_| Sink::default()),
            m_write: Source::default(),
            grants: Grants::default(),
            out: SkidBuffer::default(),
        }
    }
}

impl<const W: usize, const K: usize, const N: usize> Logic for WriteArbiter<W, K, N> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, grants, out);
        forward!(self.out.m_out => self.m_write);
        let owner = self.grants.owner.val();
        let ready = self.out.s_in.ready.val();
        let mut valid = bits::<N>(0);
        let mut beat = self.s_write[0].bits.val();
        for i in 0..N {
            valid = valid.replace_bit(i, self.s_write[i].valid.val());
            beat = mux(owner.get_bit(i), self.s_write[i].bits.val(), beat);
            self.s_write[i].ready.next = ready && owner.get_bit(i);
        }
        self.out.s_in.valid.next = (valid & owner).any();
        self.out.s_in.bits.next = beat;
        self.grants.valid.next = valid;
        self.grants.ready.next = ready;
        self.grants.last.next = beat.last;
    }
}
