//! The input descriptor table: the host writes requests, the engine fetches them (H1).

use crate::error::{Error, Fault};
use crate::memory::Memory;
use crate::transport::{Purpose, Transport};
use stevedore_abi::descriptor::DESCRIPTOR_BYTES;
use stevedore_abi::register::offset;
use stevedore_abi::Descriptor;

const WORDS: u64 = DESCRIPTOR_BYTES as u64 / 8;

/// The table, the status line, and the doorbell not yet rung.
pub(crate) struct InputRing {
    table: Memory,
    status_line: Memory,
    size: u8,
    /// Entries ever written.
    produced: u64,
    /// Of these, known to the engine.
    announced: u64,
    /// Of these, known to be fetched.
    fetched: u64,
}

impl InputRing {
    /// Allocates both and tells the engine where they are. `size` is log2 of the entries.
    pub fn new(transport: &mut impl Transport, size: u8) -> Result<Self, Error> {
        let table = transport.allocate(DESCRIPTOR_BYTES << size, 4096)?;
        let status_line = transport.allocate(8, 8)?;
        transport.grant(&table, 0..table.length(), Purpose::InputTable)?;
        transport.grant(&status_line, 0..8, Purpose::StatusLine)?;
        let (base, line) = (table.address(), status_line.address());
        for (register, value) in [
            (offset::INPUT_BASE_LOW, base as u32),
            (offset::INPUT_BASE_HIGH, (base >> 32) as u32),
            (offset::INPUT_SIZE, u32::from(size)),
            (offset::STATUS_LINE_LOW, line as u32),
            (offset::STATUS_LINE_HIGH, (line >> 32) as u32),
        ] {
            transport.write(register, value)?;
        }
        Ok(InputRing { table, status_line, size, produced: 0, announced: 0, fetched: 0 })
    }

    /// Takes both back from the engine, which is stopped.
    pub fn close(&self, transport: &mut impl Transport) -> Result<(), Error> {
        let table = transport.revoke(self.table.address());
        transport.revoke(self.status_line.address())?;
        Ok(table?)
    }

    /// Keeps both for ever.
    pub fn leak(&self) {
        self.table.leak();
        self.status_line.leak();
    }

    /// Makes sure that `wanted` entries can be written: looks at the status line, and when that is not enough asks the
    /// engine.
    pub fn reserve(&mut self, transport: &mut impl Transport, wanted: usize) -> Result<(), Error> {
        if self.room() >= wanted {
            return Ok(());
        }
        self.take_fetched(self.status_line.read_word(0) as u16)?;
        if self.room() >= wanted {
            return Ok(());
        }
        // An entry the engine does not know of is never fetched: announce before giving up.
        self.flush(transport)?;
        let consumed = transport.read(offset::INPUT_CONSUMED)?;
        self.take_fetched(consumed as u16)?;
        if self.room() >= wanted {
            Ok(())
        } else {
            Err(Error::RingFull)
        }
    }

    /// Writes one entry; the caller has reserved it. `wrong_owner` turns the owner bit around (for tests of the
    /// engine).
    pub fn push(&mut self, descriptor: Descriptor, wrong_owner: bool) {
        debug_assert!(self.room() > 0);
        let owner = (self.produced >> self.size & 1 == 0) != wrong_owner;
        let bytes = Descriptor { owner, ..descriptor }.to_bytes();
        let first = (self.produced & ((1 << self.size) - 1)) * WORDS;
        // The word with the owner bit goes last: an entry that is the engine's is complete.
        for (index, chunk) in (first as usize..).zip(bytes.chunks_exact(8)) {
            self.table.write_word(index, u64::from_le_bytes(std::array::from_fn(|byte| chunk[byte])));
        }
        self.produced += 1;
    }

    /// Rings the doorbell for what was written since the last time.
    pub fn flush(&mut self, transport: &mut impl Transport) -> Result<(), Error> {
        if self.announced != self.produced {
            transport.write(offset::INPUT_DOORBELL, u32::from(self.produced as u16))?;
            self.announced = self.produced;
        }
        Ok(())
    }

    /// Entries that can be written now.
    fn room(&self) -> usize {
        (1 << self.size) - (self.produced - self.fetched) as usize
    }

    /// Extends a 16-bit count of fetched entries. It may be behind what is known, because the engine updates the status
    /// line only now and then, but not ahead of what was announced.
    fn take_fetched(&mut self, fetched: u16) -> Result<(), Error> {
        let step = u64::from(fetched.wrapping_sub(self.fetched as u16));
        if self.fetched + step <= self.announced {
            self.fetched += step;
            return Ok(());
        }
        let behind = (self.fetched as u16).wrapping_sub(fetched);
        if behind <= 1 << self.size {
            return Ok(());
        }
        Err(Fault::BadInputIndex { fetched, posted: self.announced as u16 }.into())
    }
}
