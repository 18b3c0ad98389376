//! DMA reader: gathers runs of host memory into packets.
//!
//! # Role
//! `tx` reads payload with it: a [`Gather`] and a [`Realigner`].
//!
//! # Ports
//! - `m_beat`: `Beat<W>`: the bytes of the pieces, packed into packets. `error` on the last beat if any read of the
//!   packet failed or came back short; the packet then has its proper length all the same, its content is undefined.
//! - All others are those of [`Gather`].
//!
//! # Handshake
//! That of [`Gather`] towards the bus; `m_beat` may stall at any beat.
//!
//! # Latency
//! Piece to request: two cycles. Completion beat to beat out: seven cycles, now and then eight, seen at the last beat
//! of a packet. One beat per cycle; a word of memory takes a cycle of its own, however few bytes of it are wanted.
//!
//! # Invariant
//! That of [`Gather`]: no byte is lost or added on the way.
use super::gather::Gather;
use crate::bundles::{Beat, Piece, ReadCompletion, ReadRequest};
use crate::stream::Realigner;
use stevedore_hdl::prelude::*;

/// Reads packets from memory; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Reader<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What to read.
    pub s_piece: Sink<Piece>,
    /// The packets.
    pub m_beat: Source<Beat<W>>,
    /// Requests.
    pub m_request: Source<ReadRequest>,
    /// Answers.
    pub s_completion: Sink<ReadCompletion<W>>,
    /// Requests that could be sent now.
    pub free_tags: Signal<Out, Bits<16>>,
    /// Halvings of the longest request.
    pub halvings: Signal<In, Bits<3>>,
    /// An answer had an error.
    pub failed: Signal<Out, bool>,
    /// A beat came that nobody waited for.
    pub stray: Signal<Out, bool>,
    gather: Gather<W>,
    realigner: Realigner<W>,
}

impl<const W: usize> Reader<W> {
    /// A reader; the arguments are those of [`Gather::new`].
    pub fn new(tag_base: usize, tags: usize, maximum_read: usize) -> Self {
        Self { gather: Gather::new(tag_base, tags, maximum_read), ..Default::default() }
    }
}

impl<const W: usize> Logic for Reader<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, gather, realigner);
        forward!(self.s_piece => self.gather.s_piece);
        forward!(self.s_completion => self.gather.s_completion);
        forward!(self.gather.m_request => self.m_request);
        join!(self.gather.m_fragment => self.realigner.s_fragment);
        forward!(self.realigner.m_beat => self.m_beat);
        self.free_tags.next = self.gather.free_tags.val();
        self.gather.halvings.next = self.halvings.val();
        self.failed.next = self.gather.failed.val();
        self.stray.next = self.gather.stray.val();
    }
}
