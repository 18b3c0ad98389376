//! What a way to a PCIe card must be able to do.
#![forbid(unsafe_code)]

use super::{EventFd, Pages};
use crate::transport::TransportError;

/// A card's registers, its configuration space, and what stands between it and the host's memory.
pub trait Bus {
    /// Reads a register. What the card wrote to memory before it answered is visible afterwards.
    fn read(&mut self, offset: u32) -> Result<u32, TransportError>;

    /// Posts a write of a register. What the host wrote to memory before is visible to the card by then.
    fn write(&mut self, offset: u32, value: u32) -> Result<(), TransportError>;

    /// Reads 16 bits of the configuration space.
    fn read_configuration(&mut self, offset: u32) -> Result<u16, TransportError>;

    /// Writes 16 bits of the configuration space.
    fn write_configuration(&mut self, offset: u32, value: u16) -> Result<(), TransportError>;

    /// Resets the card: it is as after power-up, and touches no memory.
    fn reset(&mut self) -> Result<(), TransportError>;

    /// Opens `pages` to the card from `address` on, and keeps them in memory.
    fn map(&mut self, address: u64, pages: &Pages) -> Result<(), TransportError>;

    /// Closes what was opened at `address`. The card cannot access it any more.
    fn unmap(&mut self, address: u64, bytes: usize) -> Result<(), TransportError>;

    /// From now on the card's interrupt counts up `event`.
    fn connect_interrupt(&mut self, event: &EventFd) -> Result<(), TransportError>;
}
