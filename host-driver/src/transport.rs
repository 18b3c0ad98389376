//! The way from the driver to an engine.

use crate::memory::Memory;
use std::ops::{DerefMut, Range};

/// What the engine may do with a run of host memory, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Read payload to be sent.
    Send,
    /// Write received payload.
    Receive,
    /// Read requests.
    InputTable,
    /// Write responses.
    OutputTable,
    /// Write the count of fetched requests.
    StatusLine,
}

impl Purpose {
    /// The engine writes; otherwise it reads.
    pub fn device_writes(self) -> bool {
        matches!(self, Purpose::Receive | Purpose::OutputTable | Purpose::StatusLine)
    }
}

/// A transport that failed.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No memory the engine could reach is left.
    #[error("no memory for {bytes} bytes that the engine can reach")]
    OutOfMemory {
        /// Bytes asked for.
        bytes: usize,
    },
    /// The register access was answered with an error.
    #[error("register {offset:#05x}: the bus answered with an error")]
    Register {
        /// Byte offset.
        offset: u32,
    },
    /// The register access was not answered.
    #[error("register {offset:#05x}: no answer")]
    NoAnswer {
        /// Byte offset.
        offset: u32,
    },
    /// The card does not answer: every read gives all ones.
    #[error(
        "the card does not answer, every register reads as all ones: it lost power, was pulled out, or its bitstream \
         is gone; load it, scan the bus again (`echo 1 > /sys/bus/pci/rescan`), then start this program again"
    )]
    Gone,
    /// Something below the transport.
    #[error("{0}")]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// An engine's registers, memory both sides can reach, and its interrupt. The simulator implements it, and a card
/// on a PCIe bus (`transports`).
pub trait Transport {
    /// Reads a register. Earlier writes have arrived by then.
    fn read(&mut self, offset: u32) -> Result<u32, TransportError>;

    /// Writes a register; may be posted. Everything the host wrote to memory before is visible to the engine by the
    /// time the write arrives.
    fn write(&mut self, offset: u32, value: u32) -> Result<(), TransportError>;

    /// Zeroed memory the engine can address, pinned until dropped. `alignment` is a power of two.
    fn allocate(&mut self, bytes: usize, alignment: usize) -> Result<Memory, TransportError>;

    /// From now on the engine may access `range` of `memory` for `purpose`. Ranges granted at the same time do not
    /// overlap.
    fn grant(&mut self, memory: &Memory, range: Range<usize>, purpose: Purpose) -> Result<(), TransportError>;

    /// The range granted at `address` is the host's again.
    fn revoke(&mut self, address: u64) -> Result<(), TransportError>;

    /// Lets the engine get on: a moment of simulated time, or a pause of the processor.
    fn progress(&mut self) -> Result<(), TransportError>;

    /// Waits until the interrupt line is high; false when that took more than `microseconds` of the engine's time.
    fn wait_for_interrupt(&mut self, microseconds: u32) -> Result<bool, TransportError>;
}

/// A device on a borrowed transport, or on one of which only the trait is known.
impl<P: DerefMut<Target: Transport>> Transport for P {
    fn read(&mut self, offset: u32) -> Result<u32, TransportError> {
        self.deref_mut().read(offset)
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        self.deref_mut().write(offset, value)
    }

    fn allocate(&mut self, bytes: usize, alignment: usize) -> Result<Memory, TransportError> {
        self.deref_mut().allocate(bytes, alignment)
    }

    fn grant(&mut self, memory: &Memory, range: Range<usize>, purpose: Purpose) -> Result<(), TransportError> {
        self.deref_mut().grant(memory, range, purpose)
    }

    fn revoke(&mut self, address: u64) -> Result<(), TransportError> {
        self.deref_mut().revoke(address)
    }

    fn progress(&mut self) -> Result<(), TransportError> {
        self.deref_mut().progress()
    }

    fn wait_for_interrupt(&mut self, microseconds: u32) -> Result<bool, TransportError> {
        self.deref_mut().wait_for_interrupt(microseconds)
    }
}
