//! Holds back that a buffer is the host's again until nothing reads it any more.
//!
//! # Role
//! Behind the send chain. When a buffer is acknowledged, or its connection ends, segments that read it may still be on
//! their way: retransmissions whose acknowledgement was quicker, or whatever was granted before a reset. And when a
//! chain is torn down, segments of the dead connection may still wait for their addresses, which the slot's next
//! connection replaces. So every word about a buffer, and the word to the reaper that the chain is torn down, waits for
//! the segments granted before it.
//!
//! The buffer's message context is free from then on, too: a segment granted before may still be walking over it.
//!
//! # Ports
//! `granted`: the send chain grants a segment in this cycle. `met`: the header builder has the addresses of a segment
//! and its payload is stored, or lost to a bus error. `s_returned`: words of the send chain. `m_response`:
//! BufferAvailable. `m_torn_down`: teardowns carried out. `home`, `home_entry`: the context of the buffer that goes
//! home in this cycle.
//!
//! # Handshake
//! `m_response` and `m_torn_down` never offer at the same time; one waits for the other, in the order of `s_returned`.
//!
//! # Latency
//! Four cycles if no segment is under way; a word every second cycle.
//!
//! # Invariant
//! Segments are met in the order in which they are granted, and a buffer's word comes later than the last grant that
//! reads it: the count of those met, compared with the grants at that time, tells that all its reads were answered.
use super::record::Returned;
use crate::bundles::codes::response;
use crate::bundles::{DescriptorFields, Ending, TornDown};
use crate::geometry::Geometry;
use crate::stream::Fence;
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Returns {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// A segment is granted.
    pub granted: Signal<In, bool>,
    /// A segment has its addresses and its payload.
    pub met: Signal<In, bool>,
    /// Words of the send chain.
    pub s_returned: Sink<Returned>,
    /// BufferAvailable.
    pub m_response: Source<DescriptorFields>,
    /// Teardowns carried out.
    pub m_torn_down: Source<TornDown>,
    /// A buffer goes home.
    pub home: Signal<Out, bool>,
    /// Its context.
    pub home_entry: Signal<Out, Bits<16>>,
    granted_count: Register<Bits<16>>,
    met_count: Register<Bits<16>>,
    fence: Fence<Returned>,
}

impl Returns {
    /// Twice as many words may wait as segments, some of which have left their queue and wait for their payload: with
    /// one buffer for each, the words never hold the segments up.
    pub fn new(geometry: &Geometry) -> Self {
        Self { fence: Fence::new(2 * geometry.segments_waiting()), ..Default::default() }
    }
}

impl Logic for Returns {
    #[kernel]
    fn update(&mut self) {
        setup!(self, granted_count, met_count, fence);
        let granted = self.granted_count.q.val();
        let met = self.met_count.q.val();
        self.granted_count.d.next = granted + self.granted.val();
        self.met_count.d.next = met + self.met.val();
        forward!(self.s_returned => self.fence.s_in);
        self.fence.number.next = granted;
        self.fence.reached.next = met;

        let word = self.fence.m_out.bits.val();
        let valid = self.fence.m_out.valid.val();
        self.m_response.valid.next = valid && !word.torn_down;
        self.m_response.bits.next = DescriptorFields {
            base: word.base,
            connection: cat::<32, 32, 64>(bits::<32>(0), cat::<16, 16, 32>(word.generation, word.slot)),
            length: word.length,
            offset: word.offset,
            cookie: word.cookie,
            flags: bits::<16>(0),
            status: word.status,
            reserved: bits::<2>(0),
            kind: bits::<5>(response::BUFFER_AVAILABLE),
            owner: false,
        };
        self.m_torn_down.valid.next = valid && word.torn_down;
        self.m_torn_down.bits.next = TornDown {
            slot: word.slot,
            generation: word.generation,
            ending: Ending { response: word.response, status: word.status, cookie: word.cookie, free: word.free },
        };
        self.home.next = valid && !word.torn_down && self.m_response.ready.val();
        self.home_entry.next = word.entry;
        self.fence.m_out.ready.next = mux(word.torn_down, self.m_torn_down.ready.val(), self.m_response.ready.val());
    }
}
