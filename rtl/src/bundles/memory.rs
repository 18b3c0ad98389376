//! The engine's memory port and the pieces that feed it. The far side is any bus: a PCIe adapter, AXI, the simulator.
use stevedore_hdl::prelude::*;

/// A run of host memory: what a chain walk, the descriptor fetcher or placement asks the DMA blocks to move.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Piece {
    /// First byte.
    pub address: Bits<64>,
    /// Bytes, at least 1.
    pub length: Bits<32>,
    /// The last piece of a packet (a segment, a batch of descriptors).
    pub last: bool,
}

/// A read on the memory port. Never crosses a 4 KB boundary, never longer than the geometry's `maximum_read`.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct ReadRequest {
    /// First byte.
    pub address: Bits<64>,
    /// Bytes, 1 to `maximum_read`.
    pub length: Bits<13>,
    /// Identifies the completion; unique among the reads outstanding.
    pub tag: Bits<8>,
}

/// A beat of completion data. Beats of one tag come in address order; tags may come in any order and may alternate at
/// any beat that ends on a multiple of 64 bytes.
///
/// Data lies in its natural lane: the byte at address A is in lane A mod (W/8). A request of n bytes at A is answered
/// by the beats of the aligned words it touches; lanes outside the request are undefined.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct ReadCompletion<const W: usize> {
    /// The aligned word.
    pub data: Bits<W>,
    /// Tag of the request.
    pub tag: Bits<8>,
    /// The last beat of this request: the tag is free again.
    pub last: bool,
    /// With `last`: the read failed; data of the whole request is undefined, and earlier beats may be missing.
    pub error: bool,
}

/// A beat of posted write data, written in order. `K` is W/8.
///
/// The byte in lane i goes to `address + i` where `strobe[i]` is set. `address` is a multiple of W/8. A burst (up to
/// `last`) touches consecutive words, does not cross a 4 KB boundary and is not longer than the geometry's
/// `maximum_write`.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct WriteBeat<const W: usize, const K: usize> {
    /// Address of lane 0.
    pub address: Bits<64>,
    /// The bytes.
    pub data: Bits<W>,
    /// Which lanes are written: one run of ones, never empty.
    pub strobe: Bits<K>,
    /// The last beat of the burst.
    pub last: bool,
    /// The burst may reach host memory before earlier ones: payload, of which the host learns by a later burst that may
    /// not.
    pub may_pass: bool,
    /// The last beat of a placement: what waits for it may go on when the memory port has taken the beat. It does not
    /// leave the engine.
    pub placement_ends: bool,
}
