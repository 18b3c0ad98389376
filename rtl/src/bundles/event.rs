//! Events: everything that can change a connection. They all go through the connection pipeline, one per cycle.
use super::{ControlBits, Options, Tuple};
use stevedore_hdl::prelude::*;

/// What happened.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum EventKind {
    /// The timer scan passes by: compare deadlines with the clock.
    #[default]
    Tick,
    /// A verified segment arrived.
    Segment,
    /// The scheduler offers a turn to send.
    Transmit,
    /// The host posts bytes to send.
    PostSend,
    /// The host posts room to receive.
    PostReceive,
    /// The host opens a connection; the slot is fresh.
    Connect,
    /// The host listens; the slot is fresh.
    Listen,
    /// The host closes, in order or at once.
    Terminate,
    /// The network reports a hard error about a segment sent (RFC 9293 3.9.2.2); `sequence` is that segment's.
    Unreachable,
}

/// One event. Fields not named for a kind are undefined in it.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The connection. Slot 0 is never given out: a segment without a connection carries it and is discarded.
    pub slot: Bits<16>,
    /// Must equal the record's, else the event is for a connection that is gone. Not checked for Tick and Transmit;
    /// what begins a connection (Connect, Listen, a `fresh` Segment) gives the record its generation.
    pub generation: Bits<16>,
    /// Segment: the slot was given out for this very SYN; `listener` names who accepts. Segment only.
    pub fresh: bool,
    /// Segment, `fresh`: slot of the listener, whose `cookie` the event carries. The connection ends with it until it
    /// is open, and may get one of its buffers. Connect: slot of the listener that is asked for a buffer, 0 for none.
    pub listener: Bits<16>,
    /// Segment, `fresh`, and Connect: generation of that listener.
    pub listener_generation: Bits<16>,
    /// Segment: SEG.SEQ. Unreachable: SEG.SEQ of the segment that did not arrive.
    pub sequence: Bits<32>,
    /// Segment: SEG.ACK.
    pub acknowledgement: Bits<32>,
    /// Segment: SEG.WND, as it stands on the wire.
    pub window: Bits<16>,
    /// Segment: control bits.
    pub control: ControlBits,
    /// Segment with SYN: its options.
    pub options: Options,
    /// Segment: payload bytes. A post with `abort`: the status it is refused with.
    pub payload_length: Bits<16>,
    /// Connect, Segment `fresh`: initial sequence number of the engine.
    pub initial_sequence: Bits<32>,
    /// PostSend, PostReceive: address of the buffer.
    pub address: Bits<64>,
    /// PostSend, PostReceive: bytes of the buffer, at least 1.
    pub length: Bits<32>,
    /// PostSend, PostReceive, Connect, Listen: the host's cookie. Segment `fresh`: the listener's cookie.
    pub cookie: Bits<32>,
    /// Terminate: reset instead of an orderly close. PostSend, PostReceive: refused by the dispatcher already; passes
    /// the pipeline only to be answered in the connection's order.
    pub abort: bool,
}

/// A request of the host that needs the lookup: a slot to be given out.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct OpenRequest {
    /// Listen (remote half of the tuple is 0) instead of connect.
    pub listen: bool,
    /// The 4-tuple.
    pub tuple: Tuple,
    /// Next hop, resolved already (connect only).
    pub remote_mac: Bits<48>,
    /// The host's cookie.
    pub cookie: Bits<32>,
    /// Connect: the listener that is asked for a buffer, slot `[15:0]` and generation `[31:16]`; 0 for none.
    pub lender: Bits<32>,
}
