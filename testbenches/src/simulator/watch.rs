//! Stopwatch: when certain things happened first after it was started. What latencies are made of.

/// First cycles of what was seen since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// Started, and not everything was seen yet.
    pub running: bool,
    /// The last byte of a frame went into the engine.
    pub frame_taken: Option<u64>,
    /// A payload byte came out on the bus.
    pub payload_written: Option<u64>,
    /// A doorbell reached the engine's registers.
    pub doorbell: Option<u64>,
    /// The first byte of a frame came out on the wire.
    pub frame_begun: Option<u64>,
    /// Cycles between doorbell and frame in which reads were under way and host memory had no byte to show.
    pub host_wait: u64,
}

impl Watch {
    /// A watch that runs.
    pub fn started() -> Self {
        Watch { running: true, ..Watch::default() }
    }

    /// Enters `now` if this is the first time.
    #[inline]
    pub fn first(slot: &mut Option<u64>, now: u64) {
        slot.get_or_insert(now);
    }
}
