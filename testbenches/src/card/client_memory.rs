//! The client's memory as the card sees it: what the client mapped, and nothing else.
#![forbid(unsafe_code)]

use super::mapping::Mapping;
use crate::simulator::{Access, BusMemory, HostMemory, Traffic, Violation};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use stevedore_driver::Purpose;
use vfio_user::DmaMapFlags;

/// Refusals that are told one by one; the rest is counted.
const TOLD: u64 = 10;

/// Accesses of memory by the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DmaCounts {
    /// Bytes read.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
    /// Reads of bytes that were not mapped for reading, or came while the bus master bit was off.
    pub refused_reads: u64,
    /// Such writes.
    pub refused_writes: u64,
}

struct Map {
    file: Arc<Mapping>,
    offset: u64,
    size: u64,
    flags: DmaMapFlags,
}

/// The maps.
#[derive(Default)]
pub struct ClientMemory {
    /// By first address. They do not overlap.
    maps: BTreeMap<u64, Map>,
    /// One mapping for each file, by device and inode: a client maps page by page.
    files: HashMap<(u64, u64), Weak<Mapping>>,
    /// The client lets the card access memory at all.
    pub bus_master: bool,
    /// What happened.
    pub counts: DmaCounts,
    verbose: bool,
}

impl ClientMemory {
    /// Nothing is mapped.
    pub fn new(verbose: bool) -> Self {
        ClientMemory { verbose, ..ClientMemory::default() }
    }

    /// Maps `size` bytes at `address` to those at `offset` of `file`. Without a file it is memory that a card cannot
    /// reach, a ROM for instance: accesses will be refused.
    pub fn map(
        &mut self,
        flags: DmaMapFlags,
        offset: u64,
        address: u64,
        size: u64,
        file: Option<File>,
    ) -> io::Result<()> {
        let end = address.checked_add(size).filter(|_| size > 0).ok_or(ErrorKind::InvalidInput)?;
        let before = self.maps.range(..end).next_back();
        if before.is_some_and(|(start, map)| start + map.size > address) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let Some(file) = file else { return Ok(()) };
        let file = self.file(file)?;
        if offset.checked_add(size).is_none_or(|end| end > file.length()) {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.maps.insert(address, Map { file, offset, size, flags });
        Ok(())
    }

    /// Takes away every map inside a range; one that lies across its end is an error.
    pub fn unmap(&mut self, address: u64, size: u64) -> io::Result<()> {
        // A client that clears everything names the end of all addresses.
        let end = address.saturating_add(size);
        let across = |edge: u64| {
            let before = self.maps.range((Bound::Unbounded, Bound::Excluded(edge))).next_back();
            before.is_some_and(|(start, map)| start + map.size > edge)
        };
        if across(address) || across(end) {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.maps.retain(|start, _| !(address..end).contains(start));
        self.files.retain(|_, file| file.strong_count() > 0);
        Ok(())
    }

    /// Takes away everything.
    pub fn clear(&mut self) {
        self.maps.clear();
        self.files.clear();
    }

    fn file(&mut self, file: File) -> io::Result<Arc<Mapping>> {
        let data = file.metadata()?;
        let key = (data.dev(), data.ino());
        if let Some(mapping) = self.files.get(&key).and_then(Weak::upgrade) {
            // It may have grown since.
            if mapping.length() == data.len() {
                return Ok(mapping);
            }
        }
        let mapping = Arc::new(Mapping::new(file)?);
        self.files.insert(key, Arc::downgrade(&mapping));
        Ok(mapping)
    }

    /// The pieces of files that hold a run; none if a byte of it is not mapped so.
    fn pieces(&self, address: u64, length: usize, flag: DmaMapFlags) -> Option<Vec<(&Mapping, u64, usize)>> {
        if !self.bus_master {
            return None;
        }
        let (mut at, end) = (address, address.checked_add(length as u64)?);
        let mut pieces = Vec::new();
        while at < end {
            let (start, map) = self.maps.range(..=at).next_back()?;
            if at >= start + map.size || !map.flags.contains(flag) {
                return None;
            }
            let stop = end.min(start + map.size);
            pieces.push((&*map.file, map.offset + (at - start), (stop - at) as usize));
            at = stop;
        }
        Some(pieces)
    }

    /// Reads a run; false, and no byte, if it may not be read.
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> bool {
        let mut done = 0;
        let read = self.pieces(address, bytes.len(), DmaMapFlags::READ).is_some_and(|pieces| {
            pieces.into_iter().all(|(file, offset, count)| {
                done += count;
                file.read(offset, &mut bytes[done - count..done])
            })
        });
        match read {
            true => self.counts.read += bytes.len() as u64,
            false => self.counts.refused_reads += 1,
        }
        self.tell(read, "read", address, bytes.len());
        read
    }

    /// Writes a run; nothing, if it may not be written.
    fn write(&mut self, address: u64, bytes: &[u8]) {
        let mut done = 0;
        let written = self.pieces(address, bytes.len(), DmaMapFlags::WRITE).is_some_and(|pieces| {
            pieces.into_iter().all(|(file, offset, count)| {
                done += count;
                file.write(offset, &bytes[done - count..done])
            })
        });
        match written {
            true => self.counts.written += bytes.len() as u64,
            false => self.counts.refused_writes += 1,
        }
        self.tell(written, "write", address, bytes.len());
    }

    fn tell(&self, allowed: bool, what: &str, address: u64, length: usize) {
        let refused = self.counts.refused_reads + self.counts.refused_writes;
        if !allowed && self.verbose && refused <= TOLD {
            let why = if self.bus_master { "is not mapped for it" } else { "comes while the bus master bit is off" };
            eprintln!("refused: a {what} of {length} bytes at {address:#x}, which {why}");
        }
    }
}

/// The memory at the simulated bus: locked for every access, so that nothing is accessed after an answer to "unmap".
pub struct BusPort {
    memory: Arc<Mutex<ClientMemory>>,
    violations: Vec<Violation>,
}

/// Violations kept; a broken engine makes millions.
const KEPT: usize = 100;

impl BusPort {
    /// The bus of a card with this memory.
    pub fn new(memory: &Arc<Mutex<ClientMemory>>) -> Self {
        BusPort { memory: Arc::clone(memory), violations: Vec::new() }
    }

    fn memory(&self) -> MutexGuard<'_, ClientMemory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BusMemory for BusPort {
    fn read(&mut self, address: u64, bytes: &mut [u8], _now: u64) -> Option<Access> {
        self.memory().read(address, bytes).then(Access::unknown)
    }

    fn answer(&mut self, _access: Access, _address: u64, _length: u64, _now: u64) {}

    fn write(&mut self, address: u64, bytes: &[u8], _now: u64) {
        self.memory().write(address, bytes);
    }

    fn violate(&mut self, cycle: u64, what: String) {
        if self.violations.len() < KEPT {
            self.violations.push(Violation { cycle, what });
        }
    }

    fn violations(&self) -> &[Violation] {
        &self.violations
    }

    fn purpose_of(&self, _address: u64) -> Option<Purpose> {
        None
    }

    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    fn posted(&mut self) -> Option<&mut HostMemory> {
        None
    }
}
