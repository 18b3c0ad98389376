//! What the connection pipeline tells the chains and the host.
use super::{ControlBits, Options};
use stevedore_hdl::prelude::*;

/// What the send chain does next. Commands are carried out in order: that order is the only lock between posting,
/// sending, acknowledging and closing.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum SendKind {
    /// Append a message context.
    #[default]
    Append,
    /// Cut a segment (or send one without payload).
    Segment,
    /// The peer acknowledged bytes: free contexts.
    Release,
    /// Move the cursor back to the first unacknowledged byte.
    Rewind,
    /// The connection is over: give every context back, then report to the reaper.
    Teardown,
}

/// A command to the send chain. Fields not named for a kind are undefined in it.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct SendCommand {
    /// What to do.
    pub kind: SendKind,
    /// The connection.
    pub slot: Bits<16>,
    /// Its generation, for responses.
    pub generation: Bits<16>,
    /// Append: address of the buffer.
    pub address: Bits<64>,
    /// Append: bytes of the buffer. Segment: payload bytes (0 to MSS).
    pub length: Bits<32>,
    /// Append: the host's cookie.
    pub cookie: Bits<32>,
    /// Segment: cut from the first unacknowledged byte plus `skip` and leave the cursor alone. Otherwise cut at the
    /// cursor and move it.
    pub retransmit: bool,
    /// Segment, `retransmit`: bytes between the first unacknowledged byte and the segment.
    pub skip: Bits<32>,
    /// Release: payload bytes acknowledged. Segment: likewise, if `releases`.
    pub released: Bits<32>,
    /// Segment: the event that sends it acknowledges bytes, too.
    pub releases: bool,
    /// Release: the cursor was behind the acknowledgement: it moves to the new first unacknowledged byte.
    pub rewind: bool,
    /// Segment: SEG.SEQ.
    pub sequence: Bits<32>,
    /// Segment: SEG.ACK.
    pub acknowledgement: Bits<32>,
    /// Segment: SEG.WND.
    pub window: Bits<16>,
    /// Segment: control bits.
    pub control: ControlBits,
    /// Segment: options to be announced.
    pub options: Options,
    /// Segment: placements issued before it, modulo 2^16. The segment leaves when as many were written.
    pub fence: Bits<16>,
    /// Teardown: how it ends.
    pub ending: Ending,
}

/// What the receive chain does next, in order.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum ReceiveKind {
    /// Append a message context.
    #[default]
    Append,
    /// Take the next frame of the frame buffer and place its payload.
    Place,
    /// Take the next frame of the frame buffer and throw it away.
    Discard,
    /// Report bytes placed but not yet reported.
    Notify,
    /// Tell the host what `ending` says: a listener stands, or a request is refused.
    Announce,
    /// The connection is over: give every context back, then report to the reaper.
    Teardown,
}

/// A command to the receive chain. Fields not named for a kind are undefined in it.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct ReceiveCommand {
    /// What to do.
    pub kind: ReceiveKind,
    /// The connection.
    pub slot: Bits<16>,
    /// Its generation, for responses.
    pub generation: Bits<16>,
    /// Append, Announce: address of the buffer.
    pub address: Bits<64>,
    /// Append, Announce: bytes of the buffer. Place: payload bytes to place, after `trim`; may be 0.
    pub length: Bits<32>,
    /// Append: the host's cookie. `lends`: the slot of the listener `[15:0]`.
    pub cookie: Bits<32>,
    /// Place, Discard: before everything else, the first buffer in the chain of the listener that `cookie` names
    /// becomes the only one of this connection, which had none.
    pub lends: bool,
    /// Place, Discard: before everything but `lends`, tell the host what `ending` says: the connection stands, with the
    /// room that its first buffer has.
    pub announce: bool,
    /// Place: payload bytes to drop at the front (already received).
    pub trim: Bits<16>,
    /// Place: bytes between RCV.NXT and the first placed byte; always 0 until out-of-order placement lands.
    pub skip: Bits<32>,
    /// Place: report after placing (PSH, FIN).
    pub notify: bool,
    /// Place: the peer's FIN is now in order: report end of stream after the bytes.
    pub end_of_stream: bool,
    /// Teardown: how it ends. Announce, or `announce`: the response.
    pub ending: Ending,
}

/// How a teardown ends. Both chains get the same `Ending`; the reaper acts on it when both are done.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Ending {
    /// Send a response of this type (`abi::Response`), 0 for none.
    pub response: Bits<5>,
    /// Its status (`abi::Status`); also that of the buffers given back.
    pub status: Bits<8>,
    /// Its cookie.
    pub cookie: Bits<32>,
    /// Give the slot back to the lookup.
    pub free: bool,
}

/// A chain finished a teardown: to the reaper.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct TornDown {
    /// The connection.
    pub slot: Bits<16>,
    /// Its generation.
    pub generation: Bits<16>,
    /// Copied from the command.
    pub ending: Ending,
}

/// A response on its way to the notifier, which turns it into a descriptor.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Notice {
    /// Response type (`abi::Response`).
    pub response: Bits<5>,
    /// `abi::Status`.
    pub status: Bits<8>,
    /// The connection; slot 0 where there is none.
    pub slot: Bits<16>,
    /// Its generation.
    pub generation: Bits<16>,
    /// Cookie returned.
    pub cookie: Bits<32>,
    /// Address of the buffer it is about; ConnectionArrival and ConnectionCompletion: filled in by the notifier from
    /// the slot's tuple.
    pub address: Bits<64>,
    /// BufferReceive: bytes newly received. Refused buffers: their length.
    pub length: Bits<32>,
    /// BufferReceive: where in the buffer they begin. Invalid: the type of the request.
    pub offset: Bits<32>,
    /// BufferReceive: the buffer is the host's again.
    pub handed_back: bool,
    /// BufferReceive: no byte follows.
    pub end_of_stream: bool,
}

/// A descriptor without its owner bit, field by field (`abi::descriptor`).
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct DescriptorFields {
    /// Word 0.
    pub base: Bits<64>,
    /// Word 1.
    pub connection: Bits<64>,
    /// Word 2, low half.
    pub length: Bits<32>,
    /// Word 2, high half.
    pub offset: Bits<32>,
    /// Word 3 `[31:0]`.
    pub cookie: Bits<32>,
    /// Word 3 `[47:32]`.
    pub flags: Bits<16>,
    /// Word 3 `[55:48]`.
    pub status: Bits<8>,
    /// Word 3 `[57:56]`.
    pub reserved: Bits<2>,
    /// Word 3 `[62:58]`.
    pub kind: Bits<5>,
    /// Word 3 `[63]`.
    pub owner: bool,
}
