//! Writes the Ethernet, IPv4 and TCP headers of segments.
//!
//! **Role.** Takes segments from the send chain in order, looks their peers up, waits until the payload of each is stored and summed, and hands
//! the complete header to [`super::prepend::Prepend`] and the order to fetch the payload to the segment buffer. Resets that belong to no
//! connection come in between, with their own addresses. Keeps a copy of the address table.
//!
//! **Handshake.** A segment whose payload could not be read is thrown away: `bus_error` pulses, `lost` gives its beats of segment buffer
//! back. Otherwise it meets its payload together with a place for its fetch. Segments and resets take turns when both wait.
//!
//! **Latency.** A header is on `m_header` 5 cycles after its segment was taken, or 3 after its payload was stored; one segment per cycle.
//! The two stages before the meeting move as one, and so do the two behind it.
//!
//! **Invariant.** Sums are over 16-bit words in network order (RFC 1071), brought to 16 bits only in the last stage. TTL is 64; DF is
//! set, so the identification means nothing (RFC 6864 4.1) and is 0.
use super::checksum::folded;
use super::record::{Fetch, Header, Peer, Stored};
use super::send_chain::beats;
use crate::bundles::{Address, ControlBits, ResetOut, SegmentOut};
use crate::geometry::Geometry;
use stevedore_hdl::prelude::*;

/// Bytes of the Ethernet header.
const ETHERNET: u64 = 14;
/// Bytes of the shortest frame, without FCS.
const SHORTEST: u64 = 60;

/// Everything that differs between headers, but for the peer and the length.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Draft {
    sequence: Bits<32>,
    acknowledgement: Bits<32>,
    window: Bits<16>,
    control: ControlBits,
    mss: bool,
}

/// A segment that looks up its peer.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Look {
    slot: Bits<16>,
    /// `peer` counts, not the table's row.
    direct: bool,
    peer: Peer,
    draft: Draft,
    payload_length: Bits<16>,
}

/// A segment whose peer is known.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Known {
    peer: Peer,
    draft: Draft,
    payload_length: Bits<16>,
}

/// A segment with sums of up to four words each.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Parts {
    peer: Peer,
    draft: Draft,
    payload_length: Bits<16>,
    total_length: Bits<16>,
    /// Both IP addresses.
    addresses: Bits<18>,
    /// The rest of the IP header.
    ip: Bits<18>,
    /// TCP: ports and sequence number.
    front: Bits<18>,
    /// Acknowledgement to window.
    middle: Bits<18>,
    /// Pseudo header without addresses, options, payload.
    rest: Bits<18>,
}

/// A segment with both sums.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Summed {
    peer: Peer,
    draft: Draft,
    payload_length: Bits<16>,
    total_length: Bits<16>,
    ip: Bits<20>,
    tcp: Bits<20>,
}

/// A segment with both checksums, and what the prepender has no time to work out.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Checked {
    peer: Peer,
    draft: Draft,
    payload_beats: Bits<16>,
    payload: bool,
    total_length: Bits<16>,
    /// The frame must be padded.
    padded: bool,
    single: bool,
    ip: Bits<16>,
    tcp: Bits<16>,
}

/// Which stages hold a segment, and whose turn it is.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Stages {
    look: bool,
    /// One that waits for nothing, one that waits for its payload: the two make up `known`.
    bare: bool,
    loaded: bool,
    parts: bool,
    summed: bool,
    /// A reset goes first.
    reset_first: bool,
    /// A segment was thrown away in the cycle before.
    lost: Bits<16>,
    bus_error: bool,
}

/// `x` as a summand of a sum of up to four words.
#[kernel_fn]
fn wide(x: Bits<16>) -> Bits<18> {
    resize::<18, 16>(x)
}

/// Both words of `x`.
#[kernel_fn]
fn halves(x: Bits<32>) -> Bits<18> {
    wide(x.get_bits::<16>(16)) + wide(x.get_bits::<16>(0))
}

/// Data offset, in words of 32 bits, and control bits: word 6 of the TCP header (RFC 9293 3.1).
#[kernel_fn]
fn offset_and_control(offset: Bits<4>, control: ControlBits) -> Bits<16> {
    let mut word = set_bits(bits::<16>(0), 12, offset);
    word = word.replace_bit(0, control.fin);
    word = word.replace_bit(1, control.syn);
    word = word.replace_bit(2, control.rst);
    word = word.replace_bit(3, control.psh);
    word.replace_bit(4, control.ack)
}

/// Data offset of a header, in words of 32 bits.
#[kernel_fn]
fn data_offset(draft: Draft) -> Bits<4> {
    mux(draft.mss, bits::<4>(6), bits::<4>(5))
}

/// Header bytes of a frame up to and with the TCP header.
#[kernel_fn]
fn header_length(mss: bool) -> Bits<8> {
    mux(mss, bits::<8>(58), bits::<8>(54))
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
    /// MSS to announce.
    pub mss: Signal<In, Bits<16>>,
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
    /// A segment was thrown away.
    pub bus_error: Signal<Out, bool>,
    peers: DualPortRam<Peer>,
    stages: Register<Stages>,
    look: Flop<Look>,
    known: Flop<Known>,
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
        setup!(self, stages, checked);
        clocks!(self, peers, look, known, parts, summed);
        let stages = self.stages.q.val();
        // Two registers, so that what whole stages hang on does not drive the decisions, too.
        let leave = self.checked.s_in.ready.val();
        let leaves = !self.checked.full.val();

        // A segment meets its payload. Whole stages hang on that: whether the payload is any good concerns few bits only.
        let known = self.known.q.val();
        let stored = self.s_stored.bits.val();
        let payload = stages.loaded;
        let met = self.s_stored.valid.val() && self.m_fetch.ready.val();
        let meet = leaves && (stages.bare || (payload && met));
        let advance = meet || !(stages.bare || payload);
        let moves = (leave && (stages.bare || (payload && met))) || !(stages.bare || payload);
        let lost = meet && payload && stored.error;
        let needed = beats::<W>(known.payload_length);
        let place = resize::<6, 8>(header_length(known.draft.mss) & bits::<8>(W as u64 / 8 - 1));
        self.m_fetch.valid.next = leaves && payload && self.s_stored.valid.val() && !stored.error;
        self.m_fetch.bits.next = Fetch { beats: needed, rotate: place };
        self.s_stored.ready.next = meet && payload;

        // Who comes next: a segment, or a reset.
        let segment = self.s_segment.bits.val();
        let reset = self.s_reset.bits.val();
        let reset_turn = self.s_reset.valid.val() && (stages.reset_first || !self.s_segment.valid.val());
        let send = self.s_segment.valid.val() && !reset_turn && advance;
        let send_reset = reset_turn && advance;
        self.s_segment.ready.next = send;
        self.s_reset.ready.next = send_reset;

        let mut next = stages;
        next.lost = mux(lost, needed, bits::<16>(0));
        next.bus_error = lost;
        self.lost.next = stages.lost;
        self.bus_error.next = stages.bus_error;
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
                    mss: segment.mss && !reset_turn,
                },
                payload_length: mux(reset_turn, bits::<16>(0), segment.payload_length),
            };
        }
        self.look.d.next = next_look;
        // While the stages stand, the row of the segment in `look` is read again and again.
        self.peers.read_address.next = mux(advance, segment.slot, look.slot);

        // Known.
        let found = mux(look.direct, look.peer, self.peers.read_data.val());
        let mut next_known = known;
        let loaded = look.payload_length.any();
        if advance {
            next.bare = stages.look && !loaded;
            next.loaded = stages.look && loaded;
        }
        if moves {
            next_known = Known { peer: found, draft: look.draft, payload_length: look.payload_length };
        }
        self.known.d.next = next_known;

        // Parts.
        let parts = self.parts.q.val();
        let mut next_parts = parts;
        if leaves {
            next.parts = meet && !lost;
        }
        if leave {
            let peer = known.peer;
            let draft = known.draft;
            // Everything that depends on the option: lengths of the headers, the protocol number, the option itself.
            let mut rest = bits::<18>(20 + 6);
            if draft.mss {
                rest = wide(self.mss.val()) + bits::<18>(24 + 6 + 0x0204);
            }
            let headers = mux(draft.mss, bits::<16>(44), bits::<16>(40));
            let length = wide(known.payload_length);
            next_parts = Parts {
                peer: peer,
                draft: draft,
                payload_length: known.payload_length,
                total_length: headers + known.payload_length,
                addresses: halves(self.ip_address.val()) + halves(peer.tuple.remote_address),
                // Version, header length; DF; TTL, protocol.
                ip: wide(headers) + length + bits::<18>(0x4500 + 0x4000 + 0x4006),
                front: wide(peer.tuple.local_port) + wide(peer.tuple.remote_port) + halves(draft.sequence),
                middle: halves(draft.acknowledgement)
                    + wide(offset_and_control(data_offset(draft), draft.control))
                    + wide(draft.window),
                rest: mux(payload, wide(stored.sum), bits::<18>(0)) + length + rest,
            };
        }
        self.parts.d.next = next_parts;

        // Summed.
        let summed = self.summed.q.val();
        let mut next_summed = summed;
        if leaves {
            next.summed = stages.parts;
        }
        if leave {
            let addresses = resize::<20, 18>(parts.addresses);
            let front = resize::<20, 18>(parts.front);
            let middle = resize::<20, 18>(parts.middle);
            let rest = resize::<20, 18>(parts.rest);
            next_summed = Summed {
                peer: parts.peer,
                draft: parts.draft,
                payload_length: parts.payload_length,
                total_length: parts.total_length,
                ip: addresses + resize::<20, 18>(parts.ip),
                tcp: (addresses + front) + (middle + rest),
            };
        }
        self.summed.d.next = next_summed;

        // Checked.
        let mut single = false;
        if W as u64 / 8 >= SHORTEST {
            single = summed.total_length <= bits::<16>(W as u64 / 8 - ETHERNET);
        }
        self.checked.s_in.valid.next = stages.summed;
        self.checked.s_in.bits.next = Checked {
            peer: summed.peer,
            draft: summed.draft,
            payload_beats: beats::<W>(summed.payload_length),
            payload: summed.payload_length.any(),
            total_length: summed.total_length,
            padded: summed.total_length < bits::<16>(SHORTEST - ETHERNET),
            single: single,
            ip: !folded(resize::<32, 20>(summed.ip)),
            tcp: !folded(resize::<32, 20>(summed.tcp)),
        };
        self.stages.d.next = next;

        // The header, octet by octet.
        let checked = self.checked.m_out.bits.val();
        let peer = checked.peer;
        let draft = checked.draft;
        let mut header = bits::<512>(0);
        header = set_bits(header, 0, reverse_bytes(peer.remote_mac));
        header = set_bits(header, 6 * 8, reverse_bytes(self.mac.val()));
        header = set_bits(header, 12 * 8, reverse_bytes(bits::<16>(0x0800)));
        header = set_bits(header, 14 * 8, reverse_bytes(bits::<16>(0x4500)));
        header = set_bits(header, 16 * 8, reverse_bytes(checked.total_length));
        header = set_bits(header, 20 * 8, reverse_bytes(bits::<16>(0x4000)));
        header = set_bits(header, 22 * 8, reverse_bytes(bits::<16>(0x4006)));
        header = set_bits(header, 24 * 8, reverse_bytes(checked.ip));
        header = set_bits(header, 26 * 8, reverse_bytes(self.ip_address.val()));
        header = set_bits(header, 30 * 8, reverse_bytes(peer.tuple.remote_address));
        header = set_bits(header, 34 * 8, reverse_bytes(peer.tuple.local_port));
        header = set_bits(header, 36 * 8, reverse_bytes(peer.tuple.remote_port));
        header = set_bits(header, 38 * 8, reverse_bytes(draft.sequence));
        header = set_bits(header, 42 * 8, reverse_bytes(draft.acknowledgement));
        header = set_bits(header, 46 * 8, reverse_bytes(offset_and_control(data_offset(draft), draft.control)));
        header = set_bits(header, 48 * 8, reverse_bytes(draft.window));
        header = set_bits(header, 50 * 8, reverse_bytes(checked.tcp));
        if draft.mss {
            header = set_bits(header, 54 * 8, reverse_bytes(bits::<16>(0x0204)));
            header = set_bits(header, 56 * 8, reverse_bytes(self.mss.val()));
        }
        self.m_header.valid.next = self.checked.m_out.valid.val();
        self.checked.m_out.ready.next = self.m_header.ready.val();
        self.m_header.bits.next = Header {
            bytes: header,
            length: header_length(draft.mss),
            payload_beats: checked.payload_beats,
            payload: checked.payload,
            frame_length: mux(checked.padded, bits::<16>(SHORTEST), checked.total_length + ETHERNET),
            single: checked.single,
        };
    }
}
