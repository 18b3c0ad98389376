//! The output descriptor table: the engine writes responses, the host reads them (H1, H7).

use crate::error::Error;
use crate::memory::Memory;
use crate::transport::{Purpose, Transport};
use std::sync::atomic::{fence, Ordering};
use stevedore_abi::descriptor::{DESCRIPTOR_BYTES, OWNER_BIT};
use stevedore_abi::register::offset;
use stevedore_abi::Descriptor;

const WORDS: u64 = DESCRIPTOR_BYTES as u64 / 8;

/// The table and how far it was read.
pub(crate) struct OutputRing {
    table: Memory,
    size: u8,
    /// Entries ever read.
    consumed: u64,
    /// Of these, given back to the engine.
    credited: u64,
}

impl OutputRing {
    /// Allocates the table and tells the engine where it is. `size` is log2 of the entries.
    pub fn new(transport: &mut impl Transport, size: u8) -> Result<Self, Error> {
        let table = transport.allocate(DESCRIPTOR_BYTES << size, 4096)?;
        transport.grant(&table, 0..table.length(), Purpose::OutputTable)?;
        let base = table.address();
        transport.write(offset::OUTPUT_BASE_LOW, base as u32)?;
        transport.write(offset::OUTPUT_BASE_HIGH, (base >> 32) as u32)?;
        transport.write(offset::OUTPUT_SIZE, u32::from(size))?;
        Ok(OutputRing { table, size, consumed: 0, credited: 0 })
    }

    /// Takes the table back from the engine, which is stopped.
    pub fn close(&self, transport: &mut impl Transport) -> Result<(), Error> {
        Ok(transport.revoke(self.table.address())?)
    }

    /// Keeps the table for ever.
    pub fn leak(&self) {
        self.table.leak();
    }

    /// The next response, if the engine has written one.
    pub fn pop(&mut self) -> Option<Descriptor> {
        let first = ((self.consumed & ((1 << self.size) - 1)) * WORDS) as usize;
        let last = first + WORDS as usize - 1;
        let phase = self.consumed >> self.size & 1 == 0;
        if (self.table.read_word(last) >> (OWNER_BIT % 64) & 1 == 1) != phase {
            return None;
        }
        // The engine writes the owner bit last: with it seen, the other words are there.
        fence(Ordering::Acquire);
        let mut bytes = [0; DESCRIPTOR_BYTES];
        for (chunk, index) in bytes.chunks_exact_mut(8).zip(first..) {
            chunk.copy_from_slice(&self.table.read_word(index).to_le_bytes());
        }
        self.consumed += 1;
        Some(Descriptor::from_bytes(&bytes))
    }

    /// Every quarter of the table the entries read go back to the engine.
    pub fn credit(&mut self, transport: &mut impl Transport) -> Result<(), Error> {
        if self.consumed - self.credited >= 1 << (self.size - 2) {
            transport.write(offset::OUTPUT_DOORBELL, u32::from(self.consumed as u16))?;
            self.credited = self.consumed;
        }
        Ok(())
    }
}
