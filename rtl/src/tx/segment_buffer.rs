//! Keeps payloads until their frames leave, and sums them on the way in.
//!
//! # Role
//! Between the DMA reader and [`super::prepend::Prepend`]: TCP's checksum stands before the payload, so a payload is
//! stored whole before its frame begins. Several segments lie here at a time.
//!
//! # Ports
//! - `s_payload`: `Beat<W>`: payloads from the DMA reader, a packet per segment.
//! - `m_stored`: `Stored`: the sum of each packet, or that the packet is lost, for the header builder.
//! - `s_fetch`: `Fetch`: orders of the header builder to send out the oldest packet.
//! - `m_lump`: `Lump<W>`: the beats of the packets sent out, for the prepender.
//! - `popped`: a beat leaves the memory in this cycle; the transmitter gives the room back to the send chain.
//!
//! # Handshake
//! `s_payload` is always ready: the send chain reserved room before it asked for the bytes. `m_stored` tells of each
//! packet in order; each `s_fetch`, in the same order, has the next good packet sent out on `m_lump`. A packet that
//! ends with `error` leaves nothing behind and is not fetched.
//!
//! # Latency
//! A packet is on `m_stored` 5 cycles after its last beat, its first beat on `m_lump` 2 cycles after the fetch; then a
//! beat per cycle, across packets.
//!
//! # Invariant
//! Beats written and not yet read never exceed the reservations of the send chain, hence the memory. Lanes behind the
//! end of a packet are stored as zero.
use super::checksum::{masked, Checksum};
use super::record::{Fetch, Lump, Stored};
use crate::bundles::Beat;
use crate::geometry::Geometry;
use crate::stream::Queue;
use stevedore_hdl::prelude::*;

/// Control of both sides.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// `word` holds a beat to be written.
    valid: bool,
    last: bool,
    error: bool,
    /// Where it goes.
    write: Bits<16>,
    /// Where its packet began.
    begin: Bits<16>,
    /// The next beat to be sent out.
    read: Bits<16>,
    /// Beats of the packet still to be sent out; there are some / there is one.
    left: Bits<16>,
    busy: bool,
    ends: bool,
    rotate: Bits<6>,
}

/// Stores and sums payloads.
#[derive(LogicBlock, Default)]
pub struct SegmentBuffer<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Payloads, a packet per segment.
    pub s_payload: Sink<Beat<W>>,
    /// A packet is stored, or lost.
    pub m_stored: Source<Stored>,
    /// Send out the oldest packet.
    pub s_fetch: Sink<Fetch>,
    /// Its beats.
    pub m_lump: Source<Lump<W>>,
    /// A beat left the memory in this cycle.
    pub popped: Signal<Out, bool>,
    state: Register<State>,
    word: Flop<Bits<W>>,
    memory: DualPortRam<Bits<W>>,
    checksum: Checksum<W>,
    stored: Queue<Stored>,
    lumps: PingPong<Lump<W>>,
    /// Addresses of the memory wrap at its depth, a power of two.
    _wrap: u64,
}

impl<const W: usize> SegmentBuffer<W> {
    /// A buffer for this geometry; as many packets as the segment queue holds, and the five behind it, may be in it.
    pub fn new(geometry: &Geometry) -> Self {
        let depth = geometry.segment_buffer * 8 / W;
        let segments = geometry.segments_waiting();
        assert!(depth.is_power_of_two() && segments.is_power_of_two());
        Self {
            memory: DualPortRam::new(depth).no_rw_check(),
            checksum: Checksum::new(),
            stored: Queue::new(2 * segments),
            _wrap: depth as u64 - 1,
            ..Default::default()
        }
    }
}

impl<const W: usize> Logic for SegmentBuffer<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, checksum, stored, lumps);
        clocks!(self, word, memory);
        forward!(self.stored.m_out => self.m_stored);
        forward!(self.lumps.m_out => self.m_lump);
        let wrap = bits::<16>(self._wrap);
        let state = self.state.q.val();
        let word = self.word.q.val();
        let mut next = state;

        // In: mask, then write and sum.
        let beat = self.s_payload.bits.val();
        self.s_payload.ready.next = true;
        self.word.d.next = masked::<W>(beat.data, beat.count);
        next.valid = self.s_payload.valid.val();
        next.last = beat.last;
        next.error = beat.last && beat.error;
        self.memory.write_enable.next = state.valid;
        self.memory.write_address.next = state.write;
        self.memory.write_data.next = word;
        if state.valid {
            let behind = (state.write + 1) & wrap;
            next.write = behind;
            if state.last {
                next.write = mux(state.error, state.begin, behind);
                next.begin = next.write;
            }
        }
        self.checksum.valid.next = state.valid;
        self.checksum.data.next = word;
        self.checksum.last.next = state.last;
        self.checksum.error.next = state.error;
        self.stored.s_in.valid.next = self.checksum.done.val();
        self.stored.s_in.bits.next = self.checksum.stored.val();

        // Out: the memory always shows the beat at `read`.
        let fetch = self.s_fetch.bits.val();
        let busy = state.busy;
        let pop = busy && self.lumps.s_in.ready.val();
        let finish = pop && state.ends;
        let start = !busy || finish;
        self.lumps.s_in.valid.next = busy;
        self.lumps.s_in.bits.next = Lump::<W> { data: self.memory.read_data.val(), rotate: state.rotate };
        if pop {
            next.read = (state.read + 1) & wrap;
            next.left = state.left - 1;
            next.ends = state.left == 2;
        }
        if start {
            next.busy = self.s_fetch.valid.val();
        }
        if start && self.s_fetch.valid.val() {
            next.left = fetch.beats;
            next.ends = fetch.beats == 1;
            next.rotate = fetch.rotate;
        }
        self.s_fetch.ready.next = start;
        self.popped.next = pop;
        self.memory.read_address.next = next.read;
        self.state.d.next = next;
    }
}
