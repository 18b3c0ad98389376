//! The byte stream.
use stevedore_hdl::prelude::*;

/// One beat of a byte stream of `W` bits, AXI4-Stream shaped.
///
/// Byte 0 of the beat is `data[7:0]`, the first on the wire. Inside the engine `keep` is always a run of ones from lane
/// 0, so it travels as its length (`docs/decisions/003`); the engine's outer ports carry the real `tkeep`.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Beat<const W: usize> {
    /// The bytes; lanes at and above `count` are undefined.
    pub data: Bits<W>,
    /// Valid bytes, 1 to W/8; below W/8 only with `last`.
    pub count: Bits<7>,
    /// The last beat of a packet.
    pub last: bool,
    /// With `last`: the packet is damaged and must not be used.
    pub error: bool,
}
