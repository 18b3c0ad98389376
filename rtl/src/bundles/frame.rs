//! Received frames after the parser, segments before the header builder.
use super::Options;
use stevedore_hdl::prelude::*;

/// A connection's 4-tuple, as the engine sees it: local is here, remote is the peer. Listeners have remote = 0.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Tuple {
    /// IPv4 address of the peer, first octet in `[31:24]`.
    pub remote_address: Bits<32>,
    /// TCP port of the peer.
    pub remote_port: Bits<16>,
    /// TCP port of the engine.
    pub local_port: Bits<16>,
}

/// TCP control bits, in the order of RFC 9293 3.1 (FIN is the lowest bit of the octet).
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct ControlBits {
    /// No more data from the sender.
    pub fin: bool,
    /// Synchronize sequence numbers.
    pub syn: bool,
    /// Reset the connection.
    pub rst: bool,
    /// Push function.
    pub psh: bool,
    /// The acknowledgement field is significant.
    pub ack: bool,
}

/// A verified TCP segment: all its header fields. Its frame lies in the frame buffer, in the same order.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct SegmentHeader {
    /// Addresses and ports, from the engine's point of view.
    pub tuple: Tuple,
    /// The tuple mixed under the hash key, but for the last step (`connection/hash.rs`): there is time for it while the
    /// checksums are summed.
    pub mix: Bits<32>,
    /// Source MAC of the frame, first octet in `[47:40]`.
    pub remote_mac: Bits<48>,
    /// SEG.SEQ.
    pub sequence: Bits<32>,
    /// SEG.ACK.
    pub acknowledgement: Bits<32>,
    /// SEG.WND, as it stands on the wire.
    pub window: Bits<16>,
    /// Control bits.
    pub control: ControlBits,
    /// Options of a SYN; none of any other segment.
    pub options: Options,
    /// Byte offset of the payload inside the frame.
    pub payload_offset: Bits<8>,
    /// Payload bytes.
    pub payload_length: Bits<16>,
    /// Bytes of the whole frame in the frame buffer, padding included.
    pub frame_length: Bits<16>,
}

/// A hard error that an ICMP message reports about a segment the engine sent (RFC 1122 4.2.3.9).
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct IcmpError {
    /// Addresses and ports of that segment, from the engine's point of view.
    pub tuple: Tuple,
    /// SEG.SEQ of that segment.
    pub sequence: Bits<32>,
}

/// Where the payload of the next frame of the frame buffer lies; the frame buffer hands one out per verified segment.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct FrameExtent {
    /// Byte offset of the payload inside the frame.
    pub payload_offset: Bits<8>,
    /// Bytes of the whole frame in the frame buffer, padding included.
    pub frame_length: Bits<16>,
}

/// A segment to be sent: what the header builder needs besides the payload bytes.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct SegmentOut {
    /// Connection slot: selects tuple and MAC, unless `direct`.
    pub slot: Bits<16>,
    /// SEG.SEQ.
    pub sequence: Bits<32>,
    /// SEG.ACK.
    pub acknowledgement: Bits<32>,
    /// SEG.WND, as it stands on the wire.
    pub window: Bits<16>,
    /// Control bits.
    pub control: ControlBits,
    /// Options to be announced (SYN segments).
    pub options: Options,
    /// Payload bytes; 0 means that no payload packet accompanies this segment.
    pub payload_length: Bits<16>,
    /// Placements issued before: the segment may acknowledge their bytes, so it leaves only when memory has taken them.
    pub fence: Bits<16>,
}

/// Answer to a segment that belongs to no connection (RFC 9293 3.10.7.1): a reset with its own addresses.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct ResetOut {
    /// Addresses and ports of the offending segment.
    pub tuple: Tuple,
    /// Where to send it.
    pub remote_mac: Bits<48>,
    /// SEG.SEQ of the reset.
    pub sequence: Bits<32>,
    /// SEG.ACK of the reset, meaningful with `ack`.
    pub acknowledgement: Bits<32>,
    /// The reset carries an acknowledgement.
    pub ack: bool,
}

/// The addresses of a slot, broadcast by the lookup to every block that keeps a copy of its table.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Address {
    /// The slot written.
    pub slot: Bits<16>,
    /// Its 4-tuple.
    pub tuple: Tuple,
    /// MAC of the peer or of the next hop.
    pub remote_mac: Bits<48>,
}
