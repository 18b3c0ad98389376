//! Every depth and count of the design: none stands anywhere else. Slots, generations and entries have 16 bits on every
//! bus.
//!
//! The stream width is a const generic (`W`, and `K` = W/8 where byte strobes are needed), because it shapes types. All
//! depths are values, given to the blocks' constructors: memories take their depth when they are built, so one compiled
//! crate elaborates every geometry.

/// Depths and counts of one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Stream width in bits: 64 or 512; must equal the engine's `W`.
    pub width: usize,
    /// Connection slots, slot 0 (never given out) included; a power of two.
    pub connections: usize,
    /// Hash buckets of the lookup; a power of two, twice the connections.
    pub hash_buckets: usize,
    /// Message contexts of the send pool, the one placeholder per connection included; a power of two.
    pub send_entries: usize,
    /// Message contexts of the receive pool, likewise.
    pub receive_entries: usize,
    /// Bytes of the receive frame buffer; a power of two.
    pub frame_buffer: usize,
    /// Bytes of the transmit segment buffer; a power of two.
    pub segment_buffer: usize,
    /// Payload reads outstanding; a power of two.
    pub payload_tags: usize,
    /// Descriptor reads outstanding; a power of two.
    pub descriptor_tags: usize,
    /// Longest read request, bytes; a power of two.
    pub maximum_read: usize,
    /// Longest write burst, bytes; a power of two.
    pub maximum_write: usize,
    /// Neighbour table entries; a power of two.
    pub neighbours: usize,
    /// Depth of the command and response queues.
    pub queue: usize,
}

impl Geometry {
    /// 64 connections: the ECP5 board.
    pub const SMALL: Geometry = Geometry {
        width: 64,
        connections: 64,
        hash_buckets: 128,
        send_entries: 256,
        receive_entries: 256,
        frame_buffer: 8192,
        segment_buffer: 4096,
        payload_tags: 8,
        descriptor_tags: 2,
        maximum_read: 512,
        maximum_write: 256,
        neighbours: 16,
        // What one LUT holds as memory: a deeper queue takes twice the LUTs and a multiplexer.
        queue: 16,
    };
    /// 1024 connections, 10 GbE.
    pub const DEFAULT: Geometry = Geometry {
        connections: 1024,
        hash_buckets: 2048,
        send_entries: 8192,
        receive_entries: 8192,
        frame_buffer: 32768,
        segment_buffer: 8192,
        payload_tags: 32,
        descriptor_tags: 4,
        neighbours: 64,
        queue: 32,
        ..Geometry::SMALL
    };
    /// 1024 connections, 100 GbE.
    ///
    /// The segment buffer covers a read latency of 2 us. Twice of that would hold acknowledgements back, behind the
    /// segments before them, for longer than the window of 64 KB lasts at this rate.
    pub const WIDE: Geometry =
        Geometry { width: 512, frame_buffer: 131072, segment_buffer: 32768, payload_tags: 128, ..Geometry::DEFAULT };

    /// Segments that may wait for their payload: enough to keep every read tag busy with segments of one read each. A
    /// power of two.
    pub const fn segments_waiting(&self) -> usize {
        if self.queue > self.payload_tags {
            self.queue
        } else {
            self.payload_tags
        }
    }
}
