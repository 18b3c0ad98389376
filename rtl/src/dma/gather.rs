//! Gather: reads runs of host memory, in order, word by word.
//!
//! # Role
//! Between those who read and the engine's memory port. `host::Fetcher` takes its words as they come; for payload,
//! `dma::Reader` packs them.
//!
//! # Ports
//! - `s_piece`: `Piece`: runs of memory; the last one of a packet is marked.
//! - `m_fragment`: `Fragment<W>`: the bytes of the pieces, a fragment per word of memory touched. `error` on the last
//!   one of a packet if any read of the packet failed or came back short; there are as many bytes all the same, their
//!   content is undefined.
//! - `m_request`: `ReadRequest`: inside one aligned block of `maximum_read` bytes each, tags `tag_base` to `tag_base +
//!   tags - 1`.
//! - `halvings`: how many times that block is halved, because the bus takes only shorter requests.
//! - `s_completion`: `ReadCompletion<W>`: the answers; those with a tag not waited for are ignored.
//! - `free_tags`: requests that could be sent now.
//! - `failed`: a pulse for each answer with an error. `stray`: a pulse for each beat that nobody waited for.
//!
//! # Handshake
//! `s_completion.ready` is always high: a request is sent only with room reserved for its answer.
//!
//! # Latency
//! Piece to request: two cycles. Completion beat to fragment: four cycles; a word waits for the rest of its request
//! only if it is the last one. One fragment per cycle, no bubble between pieces, requests and packets.
//!
//! # Invariant
//! Every piece accepted leaves as exactly `length` bytes once its requests are answered, well or badly.
use super::limits::halvings;
use super::reorder::{Reorder, Run};
use super::splitter::Splitter;
use crate::bundles::{Piece, ReadCompletion, ReadRequest};
use crate::stream::lanes::lane_of;
use crate::stream::Fragment;
use stevedore_hdl::prelude::*;

/// Reads runs of memory; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Gather<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What to read.
    pub s_piece: Sink<Piece>,
    /// What was read.
    pub m_fragment: Source<Fragment<W>>,
    /// Requests.
    pub m_request: Source<ReadRequest>,
    /// Answers.
    pub s_completion: Sink<ReadCompletion<W>>,
    /// Halvings of the longest request: the shortest is 128 bytes long.
    pub halvings: Signal<In, Bits<3>>,
    /// Requests that could be sent now.
    pub free_tags: Signal<Out, Bits<16>>,
    /// An answer had an error.
    pub failed: Signal<Out, bool>,
    /// A beat came that nobody waited for.
    pub stray: Signal<Out, bool>,
    bursts: Splitter,
    reorder: Reorder<W>,
    requests: SkidBuffer<ReadRequest>,
    _base: usize,
}

impl<const W: usize> Gather<W> {
    /// A gatherer with `tags` requests of up to `maximum_read` bytes outstanding, their tags beginning at `tag_base`;
    /// `tags` and `maximum_read` are powers of two.
    pub fn new(tag_base: usize, tags: usize, maximum_read: usize) -> Self {
        Self {
            bursts: Splitter::new(maximum_read, 64).halving(halvings(maximum_read)),
            reorder: Reorder::new(tag_base, tags, maximum_read),
            _base: tag_base,
            ..Default::default()
        }
    }
}

impl<const W: usize> Logic for Gather<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, bursts, reorder, requests);
        forward!(self.s_piece => self.bursts.s_piece);
        forward!(self.s_completion => self.reorder.s_completion);
        forward!(self.reorder.m_fragment => self.m_fragment);
        forward!(self.requests.m_out => self.m_request);
        self.bursts.halvings.next = self.halvings.val();
        self.free_tags.next = self.reorder.free.val();
        self.failed.next = self.reorder.failed.val();
        self.stray.next = self.reorder.stray.val();

        // Slot and request together, or neither.
        let burst = self.bursts.m_chunk.bits.val();
        let issue = self.bursts.m_chunk.valid.val() && self.reorder.s_run.ready.val() && self.requests.s_in.ready.val();
        self.bursts.m_chunk.ready.next = self.reorder.s_run.ready.val() && self.requests.s_in.ready.val();
        self.reorder.s_run.valid.next = issue;
        self.reorder.s_run.bits.next =
            Run { offset: lane_of::<W>(bit_cast::<6, 64>(burst.address)), length: burst.length, last: burst.last };
        self.requests.s_in.valid.next = issue;
        self.requests.s_in.bits.next = ReadRequest {
            address: burst.address,
            length: burst.length,
            tag: self.reorder.slot.val() + bits::<8>(self._base as u64),
        };
    }
}
