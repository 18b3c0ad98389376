//! What the bus finds at its other end.

use super::memory::{Access, HostMemory, Traffic, Violation};
use stevedore_driver::Purpose;

/// Memory that an engine reads and writes, and the place where its faults are noted.
pub trait BusMemory {
    /// Reads `bytes.len()` bytes and says what they are; nothing, and no byte, if the engine may not read them.
    /// Whoever answers the read says so to [`answer`](Self::answer).
    fn read(&mut self, address: u64, bytes: &mut [u8], now: u64) -> Option<Access>;

    /// A read is answered.
    fn answer(&mut self, access: Access, address: u64, length: u64, now: u64);

    /// Writes `bytes`; nothing happens to bytes the engine may not write.
    fn write(&mut self, address: u64, bytes: &[u8], now: u64);

    /// Notes what the engine must never do.
    fn violate(&mut self, cycle: u64, what: String);

    /// What was noted, as far as it is kept.
    fn violations(&self) -> &[Violation];

    /// What the byte at `address` is there for, if that is known.
    fn purpose_of(&self, address: u64) -> Option<Purpose>;

    /// Bytes moved so far.
    fn traffic(&self) -> Traffic;

    /// The memory as the host posted it, where that is known.
    fn posted(&mut self) -> Option<&mut HostMemory>;
}
