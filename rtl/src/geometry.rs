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
    /// Connection slots, slot 0 (never given out) included.
    pub connections: usize,
    /// Hash buckets of the lookup; twice the connections serve best.
    pub hash_buckets: usize,
    /// Message contexts of the send pool, the one placeholder per connection included.
    pub send_entries: usize,
    /// Message contexts of the receive pool, likewise.
    pub receive_entries: usize,
    /// Bytes of the receive frame buffer.
    pub frame_buffer: usize,
    /// Bytes of the transmit segment buffer.
    pub segment_buffer: usize,
    /// Payload reads outstanding.
    pub payload_tags: usize,
    /// Descriptor reads outstanding.
    pub descriptor_tags: usize,
    /// Longest read request, bytes.
    pub maximum_read: usize,
    /// Longest write burst, bytes.
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

    /// Whether an engine can be built so: the first limit that is not kept, in words.
    ///
    /// # Errors
    /// A field is outside its [`LIMITS`], or a pool has no context beside the placeholders.
    pub fn check(&self) -> Result<(), String> {
        if self.width != 64 && self.width != 512 {
            return Err(format!("width: {} bits; there are engines of 64 and 512", self.width));
        }
        for limit in &LIMITS {
            let (value, Limit { field, least, most, .. }) = ((limit.value)(self), limit);
            if !(*least..=*most).contains(&value) || !value.is_power_of_two() {
                return Err(format!("{field}: {value}; must be a power of two from {least} to {most}"));
            }
        }
        for (field, entries) in [("send_entries", self.send_entries), ("receive_entries", self.receive_entries)] {
            if entries <= self.connections {
                return Err(format!("{field}: {entries}; must be more than the {} connections", self.connections));
            }
        }
        Ok(())
    }

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

/// What a field of a geometry can be.
pub struct Limit {
    /// Its name.
    pub field: &'static str,
    /// Its value.
    pub value: fn(&Geometry) -> usize,
    /// The smallest and the largest value.
    pub least: usize,
    /// See `least`.
    pub most: usize,
    /// What sets the limits.
    pub why: &'static str,
}

/// Limits of all fields but the width: all values are powers of two. A pool has more entries than there are connections.
pub const LIMITS: [Limit; 12] = [
    limit("connections", |g| g.connections, (2, 1 << 14), "every slot needs a placeholder in each pool"),
    limit("hash_buckets", |g| g.hash_buckets, (2, 1 << 16), "addresses of memories have 16 bits"),
    limit("send_entries", |g| g.send_entries, (4, 1 << 15), "15 bits name a context"),
    limit("receive_entries", |g| g.receive_entries, (4, 1 << 15), "15 bits name a context"),
    limit("frame_buffer", |g| g.frame_buffer, (1 << 11, 1 << 18), "a whole frame; at most 32,768 words of 64 bits"),
    limit("segment_buffer", |g| g.segment_buffer, (1 << 11, 1 << 18), "a whole segment; as the frame buffer"),
    limit("payload_tags", |g| g.payload_tags, (2, 1 << 7), "256 tags in all; their answers in 65,536 words"),
    limit("descriptor_tags", |g| g.descriptor_tags, (2, 1 << 5), "256 tags in all"),
    limit("maximum_read", |g| g.maximum_read, (1 << 7, 1 << 12), "the shortest limit of a bus; a page"),
    limit("maximum_write", |g| g.maximum_write, (1 << 8, 1 << 12), "eight responses; a page"),
    limit("neighbours", |g| g.neighbours, (2, 1 << 15), "addresses of memories have 16 bits"),
    limit("queue", |g| g.queue, (16, 32), "twice what is under way in the pipeline; deadlines of the resolver"),
];

const fn limit(
    field: &'static str,
    value: fn(&Geometry) -> usize,
    (least, most): (usize, usize),
    why: &'static str,
) -> Limit {
    Limit { field, value, least, most, why }
}
