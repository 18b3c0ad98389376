//! Writes the Ethernet, IPv4 and TCP headers of segments.
//!
//! # Role
//! Takes segments from the send chain in order, looks their peers up, waits until the payload of each is stored and
//! summed, and hands the complete header to [`super::prepend::Prepend`] and the order to fetch the payload to the
//! segment buffer. Resets that belong to no connection come in between, with their own addresses. Keeps a copy of the
//! address table.
//!
//! A segment may acknowledge the bytes of every placement issued before it. So it also waits until memory has taken as
//! many placements as its `fence` says (decision 007).
//!
//! # Ports
//! - `mac`, `ip_address`: the own addresses, from the settings.
//! - `address`, `address_valid`: rows of the address table, written by `network::Network`.
//! - `s_segment`: `SegmentOut`: the segments of the send chain.
//! - `s_stored`: `Stored`: the sums of payloads, from the segment buffer, in the order of the segments that have
//!   payload.
//! - `s_reset`: `ResetOut`: resets that belong to no connection, from `connection::Lookup`.
//! - `m_fetch`: `Fetch`: orders to send out the oldest payload, for the segment buffer.
//! - `m_header`: `Header`: complete headers, for the prepender.
//! - `lost`: the beats of segment buffer that a segment thrown away had reserved, for the send chain.
//! - `met`: a segment of a connection has its addresses, and its payload is stored or lost; for
//!   [`super::returns::Returns`].
//! - `placements_written`: the number of placements that memory has taken, from `dma::WriteLedger`.
//!
//! # Handshake
//! A segment whose payload could not be read is thrown away: `lost` gives its beats of segment buffer back. Otherwise
//! it meets its payload together with a place for its fetch. Segments and resets take turns when both wait. `met` tells
//! of each segment that it has its addresses, and that its payload is stored or lost.
//!
//! # Latency
//! A header is on `m_header` 5 cycles after its segment was taken, or 3 after its payload was stored, or 4 after the
//! last placement before it was counted; one segment per cycle. The two stages behind the meeting move as one.
//!
//! # Invariant
//! Headers, fetches and resets leave in the order in which they came in. What each stage adds:
//! [`super::header_stages`].
use super::header_stages::*;
use super::record::{Fetch, Header, Peer, Stored};
use super::send_chain::beats;
use crate::bundles::{Address, ControlBits, Options, ResetOut, SegmentOut};
use crate::geometry::Geometry;
use crate::wire::checksum::folded;
use crate::wire::ethernet;
use stevedore_hdl::prelude::*;

/// Which stages hold a segment, and whose turn it is.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Stages {
    look: bool,
    parts: bool,
    summed: bool,
    /// A reset goes first.
    reset_first: bool,
    /// A segment was thrown away in the cycle before.
    lost: Bits<16>,
}

/// Builds headers.
#[derive(LogicBlock, Default)]
pub struct HeaderBuilder<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Own MAC.
    pub mac: Signal<In, Bits<48>>,
    /// Own IPv4 address.
    pub ip_address: Signal<In, Bits<32>>,
    /// A row of the address table.
    pub address: Signal<In, Address>,
    /// It is to be written in this cycle.
    pub address_valid: Signal<In, bool>,
    /// Segments.
    pub s_segment: Sink<SegmentOut>,
    /// Payloads stored, in the order of the segments that have one.
    pub s_stored: Sink<Stored>,
    /// Resets without a connection.
    pub s_reset: Sink<ResetOut>,
    /// Payloads to be sent out.
    pub m_fetch: Source<Fetch>,
    /// Headers, in the same order.
    pub m_header: Source<Header>,
    /// Beats of segment buffer reserved for a segment that was thrown away.
    pub lost: Signal<Out, Bits<16>>,
    /// A segment has its addresses, and its payload is stored or lost: neither the table nor host memory is read for it
    /// any more.
    pub met: Signal<Out, bool>,
    /// Placements whose last byte memory has taken.
    pub placements_written: Signal<In, Bits<16>>,
    peers: DualPortRam<Peer>,
    stages: Register<Stages>,
    look: Flop<Look>,
    /// Cuts the way of readiness from the meeting back to the table and the queues.
    known: PingPong<Known>,
    /// The segment that waits for its payload waits no longer for placements. Judged a cycle ahead: whole stages hang
    /// on the meeting.
    opened: Register<bool>,
    parts: Flop<Parts>,
    summed: Flop<Summed>,
    /// Also cuts the way of readiness from the frame in work back to the queues.
    checked: PingPong<Checked>,
}

impl<const W: usize> HeaderBuilder<W> {
    /// A builder with room for the addresses of this geometry's connections.
    pub fn new(geometry: &Geometry) -> Self {
        Self { peers: DualPortRam::new(geometry.connections), ..Default::default() }
    }
}

impl<const W: usize> Logic for HeaderBuilder<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, stages, known, opened, checked);
        clocks!(self, peers, look, parts, summed);
        let stages = self.stages.q.val();
        let own = Own { mac: self.mac.val(), ip_address: self.ip_address.val() };
        // Two registers, so that what whole stages hang on does not drive the decisions, too.
        let leave = self.checked.s_in.ready.val();
        let leaves = !self.checked.full.val();

        // A segment meets its payload. Whole stages hang on that: whether the payload is any good concerns few bits
        // only.
        let known = self.known.m_out.bits.val();
        let stored = self.s_stored.bits.val();
        let payload = self.known.m_out.valid.val() && known.loaded;
        let met = self.s_stored.valid.val() && self.m_fetch.ready.val();
        let written = known.written || self.opened.q.val();
        let meet = leaves && self.known.m_out.valid.val() && written && (met || !known.loaded);
        let placed = self.placements_written.val();
        let came_up = !(placed - known.fence).get_bit(15);
        self.opened.d.next = self.known.m_out.valid.val() && !meet && came_up;
        self.met.next = meet && known.granted;
        self.known.m_out.ready.next = meet;
        let lost = meet && payload && stored.error;
        let needed = beats::<W>(known.payload_length);
        let place = resize::<6, 8>(header_length(known.draft.options) & bits::<8>(W as u64 / 8 - 1));
        self.m_fetch.valid.next = leaves && payload && written && self.s_stored.valid.val() && !stored.error;
        self.m_fetch.bits.next = Fetch { beats: needed, rotate: place };
        self.s_stored.ready.next = meet && payload;

        // Who comes next: a segment, or a reset.
        let advance = !stages.look || !self.known.full.val();
        let moves = !stages.look || self.known.s_in.ready.val();
        let segment = self.s_segment.bits.val();
        let reset = self.s_reset.bits.val();
        let reset_turn = self.s_reset.valid.val() && (stages.reset_first || !self.s_segment.valid.val());
        let send = self.s_segment.valid.val() && !reset_turn && advance;
        let send_reset = reset_turn && advance;
        self.s_segment.ready.next = send;
        self.s_reset.ready.next = send_reset;

        let mut next = stages;
        next.lost = mux(lost, needed, bits::<16>(0));
        self.lost.next = stages.lost;
        if send {
            next.reset_first = true;
        }
        if send_reset {
            next.reset_first = false;
        }

        // Look.
        let look = self.look.q.val();
        let mut next_look = look;
        let row = self.address.val();
        self.peers.write_enable.next = self.address_valid.val();
        self.peers.write_address.next = row.slot;
        self.peers.write_data.next = Peer { tuple: row.tuple, remote_mac: row.remote_mac };
        if advance {
            next.look = send || send_reset;
        }
        if moves {
            let acknowledgement = mux(reset_turn, reset.acknowledgement, segment.acknowledgement);
            let mut control = segment.control;
            if reset_turn {
                control = ControlBits { fin: false, syn: false, rst: true, psh: false, ack: reset.ack };
            }
            next_look = Look {
                slot: segment.slot,
                direct: reset_turn,
                peer: Peer { tuple: reset.tuple, remote_mac: reset.remote_mac },
                draft: Draft {
                    sequence: mux(reset_turn, reset.sequence, segment.sequence),
                    acknowledgement: mux(control.ack, acknowledgement, bits::<32>(0)),
                    window: mux(reset_turn, bits::<16>(0), segment.window),
                    control: control,
                    options: mux(reset_turn, Options::default(), segment.options),
                },
                payload_length: mux(reset_turn, bits::<16>(0), segment.payload_length),
                fence: segment.fence,
            };
        }
        self.look.d.next = next_look;
        // While the stages stand, the row of the segment in `look` is read again and again.
        self.peers.read_address.next = mux(advance, segment.slot, look.slot);

        // Known.
        let found = mux(look.direct, look.peer, self.peers.read_data.val());
        self.known.s_in.valid.next = stages.look;
        self.known.s_in.bits.next = Known {
            peer: found,
            draft: look.draft,
            fixed: fixed_sum(look.draft.options),
            payload_length: look.payload_length,
            loaded: look.payload_length.any(),
            granted: !look.direct,
            written: look.direct || !(placed - look.fence).get_bit(15),
            fence: look.fence,
        };

        // Parts.
        let parts = self.parts.q.val();
        let mut next_parts = parts;
        if leaves {
            next.parts = meet && !lost;
        }
        if leave {
            next_parts = parts_of(known, mux(payload, stored.sum, bits::<16>(0)), own);
        }
        self.parts.d.next = next_parts;

        // Summed.
        let summed = self.summed.q.val();
        let mut next_summed = summed;
        if leaves {
            next.summed = stages.parts;
        }
        if leave {
            next_summed = summed_of(parts);
        }
        self.summed.d.next = next_summed;

        // Checked.
        let mut single = false;
        if W as u64 / 8 >= ethernet::SHORTEST {
            single = summed.total_length <= bits::<16>(W as u64 / 8 - ethernet::LENGTH);
        }
        self.checked.s_in.valid.next = stages.summed;
        self.checked.s_in.bits.next = Checked {
            peer: summed.peer,
            draft: summed.draft,
            payload_beats: beats::<W>(summed.payload_length),
            payload: summed.payload_length.any(),
            total_length: summed.total_length,
            padded: summed.total_length < bits::<16>(ethernet::SHORTEST - ethernet::LENGTH),
            single: single,
            ip: !folded(resize::<32, 20>(summed.ip)),
            tcp: !folded(resize::<32, 20>(summed.tcp)),
        };
        self.stages.d.next = next;

        let checked = self.checked.m_out.bits.val();
        self.m_header.valid.next = self.checked.m_out.valid.val();
        self.checked.m_out.ready.next = self.m_header.ready.val();
        self.m_header.bits.next = Header {
            bytes: bytes_of(checked, own),
            length: header_length(checked.draft.options),
            payload_beats: checked.payload_beats,
            payload: checked.payload,
            frame_length: mux(checked.padded, bits::<16>(ethernet::SHORTEST), checked.total_length + ethernet::LENGTH),
            single: checked.single,
        };
    }
}
