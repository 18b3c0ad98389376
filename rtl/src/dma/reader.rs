//! DMA reader: gathers runs of host memory into packets.
//!
//! # Role and neighbours
//! `tx` reads payload with it, `host::Fetcher` descriptors. It speaks to the engine's memory port.
//!
//! # Ports
//! - `s_piece`: `Piece`: runs of memory; the last one of a packet is marked.
//! - `m_beat`: `Beat<W>`: the bytes of the pieces, packed into packets. `error` on the last beat if any read of the packet
//!   failed or came back short; the packet then has its proper length all the same, its content is undefined.
//! - `m_request`: `ReadRequest`: inside one aligned block of `maximum_read` bytes each, tags `tag_base` to `tag_base + tags - 1`.
//! - `s_completion`: `ReadCompletion<W>`: the answers; those with a tag not waited for are ignored.
//! - `free_tags`: requests that could be sent now.
//!
//! # Handshake
//! `s_completion.ready` is always high: a request is sent only with room reserved for its answer.
//!
//! # Latency and stalls
//! Piece to request: two cycles. Completion beat to beat out: seven cycles, now and then eight, seen at the last beat of a packet; a word waits for the
//! rest of its request only if it is the last one. One beat per cycle, no bubble between pieces, requests and packets; a word of memory takes a cycle
//! of its own, however few bytes of it are wanted.
//!
//! # Invariant
//! Every piece accepted leaves as exactly `length` bytes once its requests are answered, well or badly.
use super::reorder::{Reorder, Run};
use super::splitter::Splitter;
use crate::bundles::{Beat, Piece, ReadCompletion, ReadRequest};
use crate::stream::lanes::lane_of;
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
    bursts: Splitter,
    reorder: Reorder<W>,
    realigner: Realigner<W>,
    requests: SkidBuffer<ReadRequest>,
    _base: usize,
}

impl<const W: usize> Reader<W> {
    /// A reader with `tags` requests of up to `maximum_read` bytes outstanding, their tags beginning at `tag_base`; `tags` and `maximum_read`
    /// are powers of two.
    pub fn new(tag_base: usize, tags: usize, maximum_read: usize) -> Self {
        Self {
            bursts: Splitter::new(maximum_read, 64),
            reorder: Reorder::new(tag_base, tags, maximum_read),
            _base: tag_base,
            ..Default::default()
        }
    }
}

impl<const W: usize> Logic for Reader<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, bursts, reorder, realigner, requests);
        forward!(self.s_piece => self.bursts.s_piece);
        forward!(self.s_completion => self.reorder.s_completion);
        join!(self.reorder.m_fragment => self.realigner.s_fragment);
        forward!(self.realigner.m_beat => self.m_beat);
        forward!(self.requests.m_out => self.m_request);
        self.free_tags.next = self.reorder.free.val();

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
