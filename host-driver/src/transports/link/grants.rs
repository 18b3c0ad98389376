//! Memory that the engine may reach. What it asks for outside of it does not happen.

use super::options::LinkError;
use crate::memory::Memory;
use crate::transport::{Purpose, TransportError};
use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;
use std::ptr::NonNull;
use std::rc::Rc;

/// Unused addresses behind every allocation: an engine that runs past a buffer hits nothing.
const GUARD: u64 = 256;

/// Bytes moved, by what they are, and accesses that were turned down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Payload read by the engine.
    pub payload_read: u64,
    /// Payload written by the engine.
    pub payload_written: u64,
    /// Requests read.
    pub table_read: u64,
    /// Responses and counts written.
    pub table_written: u64,
    /// Accesses outside of what was granted.
    pub refused: u64,
}

struct Grant {
    length: u64,
    pointer: NonNull<u8>,
    /// Keeps `pointer` valid, whatever the driver drops.
    _owner: Rc<dyn Any>,
    purpose: Purpose,
}

/// Ranges that the engine may reach, and addresses that are still free.
pub struct Grants {
    grants: BTreeMap<u64, Grant>,
    next_address: u64,
    /// What was moved.
    pub moved: Moved,
}

impl Default for Grants {
    /// Addresses are numbers that mean something on the link only. They begin just below 4 GiB, so that some buffers
    /// lie across that line.
    fn default() -> Self {
        Grants { grants: BTreeMap::new(), next_address: 0xfff0_0000, moved: Moved::default() }
    }
}

impl Grants {
    /// Zeroed memory with an address of its own.
    pub fn allocate(&mut self, bytes: usize, alignment: usize) -> Result<Memory, TransportError> {
        let address = self.next_address.next_multiple_of(alignment.max(1) as u64);
        self.next_address = address + bytes as u64 + GUARD;
        // Words, so that the host's pointer is as aligned as ring entries need it.
        let mut words = vec![0u64; bytes.div_ceil(8)].into_boxed_slice();
        let pointer = NonNull::new(words.as_mut_ptr().cast::<u8>()).ok_or(TransportError::OutOfMemory { bytes })?;
        let owner = Rc::new(Allocation { words: Box::into_raw(words) });
        // SAFETY: the words live as long as `owner`, which alone frees them and never touches them otherwise; `read`
        // and `write` reach them through the same pointer, inside granted ranges only.
        Ok(unsafe { Memory::new(address, pointer, bytes, owner) })
    }

    /// Opens a range.
    pub fn grant(&mut self, memory: &Memory, range: Range<usize>, purpose: Purpose) -> Result<(), LinkError> {
        let address = memory.address() + range.start as u64;
        if range.start >= range.end || range.end > memory.length() {
            return Err(LinkError::Grant { address, why: "it is empty, or outside its memory" });
        }
        let length = range.len() as u64;
        if let Some((&other, grant)) = self.grants.range(..address + length).next_back() {
            if other + grant.length > address {
                return Err(LinkError::Grant { address, why: "it overlaps another" });
            }
        }
        // SAFETY: `range` lies inside the memory.
        let pointer = unsafe { memory.pointer().add(range.start) };
        self.grants.insert(address, Grant { length, pointer, _owner: memory.owner(), purpose });
        Ok(())
    }

    /// Closes a range.
    pub fn revoke(&mut self, address: u64) -> Result<(), LinkError> {
        match self.grants.remove(&address) {
            Some(_) => Ok(()),
            None => Err(LinkError::Grant { address, why: "it is not granted" }),
        }
    }

    /// Ranges that hold payload.
    pub fn payload_grants(&self) -> usize {
        let payload = |grant: &&Grant| matches!(grant.purpose, Purpose::Send | Purpose::Receive);
        self.grants.values().filter(payload).count()
    }

    /// What the engine reads; none if it may not.
    pub fn read(&mut self, address: u64, length: u32) -> Option<Vec<u8>> {
        let Some((pointer, purpose)) = self.find(address, u64::from(length), false) else {
            self.moved.refused += 1;
            return None;
        };
        let mut bytes = vec![0; length as usize];
        // SAFETY: `find` saw that all bytes lie in a granted range, whose memory lives as long as the grant; `bytes` is
        // new and exactly as long. Posted buffers are not written by the host meanwhile.
        unsafe { std::ptr::copy_nonoverlapping(pointer.as_ptr(), bytes.as_mut_ptr(), bytes.len()) };
        let count = if purpose == Purpose::Send { &mut self.moved.payload_read } else { &mut self.moved.table_read };
        *count += u64::from(length);
        Some(bytes)
    }

    /// What the engine writes; it does not happen if it may not.
    pub fn write(&mut self, address: u64, bytes: &[u8]) {
        let Some((pointer, purpose)) = self.find(address, bytes.len() as u64, true) else {
            self.moved.refused += 1;
            return;
        };
        // SAFETY: as in `read`, the other way; nobody on the host reads or writes these bytes but through volatile
        // accesses of words, or before the engine reported them.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), pointer.as_ptr(), bytes.len()) };
        let count =
            if purpose == Purpose::Receive { &mut self.moved.payload_written } else { &mut self.moved.table_written };
        *count += bytes.len() as u64;
    }

    /// Where the bytes are, if all lie in one range that is open that way.
    fn find(&self, address: u64, length: u64, writes: bool) -> Option<(NonNull<u8>, Purpose)> {
        let (&start, grant) = self.grants.range(..=address).next_back()?;
        let end = (address - start).checked_add(length)?;
        let inside = length > 0 && end <= grant.length && grant.purpose.device_writes() == writes;
        // SAFETY: `address - start` is less than the length of the grant's memory.
        inside.then(|| (unsafe { grant.pointer.add((address - start) as usize) }, grant.purpose))
    }
}

/// Host memory as a raw pointer: a `Box` would claim to be the only way to its bytes.
struct Allocation {
    words: *mut [u64],
}

impl Drop for Allocation {
    fn drop(&mut self) {
        // SAFETY: made by `Box::into_raw` in `allocate`, freed only here.
        drop(unsafe { Box::from_raw(self.words) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_granted_bytes_are_reached() {
        let mut grants = Grants::default();
        let memory = grants.allocate(64, 64).expect("memory");
        let start = memory.address();
        grants.grant(&memory, 8..24, Purpose::Send).expect("a grant");
        grants.grant(&memory, 24..40, Purpose::Receive).expect("a grant");
        assert!(grants.grant(&memory, 39..41, Purpose::Send).is_err());
        assert!(grants.grant(&memory, 0..65, Purpose::Send).is_err());
        assert_eq!(grants.read(start + 8, 16), Some(vec![0; 16]));
        for (address, length) in [(7, 2), (8, 17), (23, 2), (24, 1), (0, 1), (8, 0), (8, u32::MAX)] {
            assert_eq!(grants.read(start + address, length), None, "{address}, {length}");
        }
        assert_eq!(grants.read(u64::MAX, 2), None);
        for (address, length) in [(23, 2), (8, 1), (39, 2), (40, 1)] {
            grants.write(start + address, &vec![0xff; length]);
        }
        assert_eq!(grants.moved.refused, 12);
        assert_eq!(grants.moved.payload_written, 0);
        grants.write(start + 25, &[7; 3]);
        assert_eq!(memory.read_word(3), 0x0707_0700);
        grants.revoke(start + 24).expect("granted");
        assert!(grants.revoke(start + 24).is_err());
        grants.write(start + 25, &[9; 3]);
        assert_eq!(memory.read_word(3), 0x0707_0700);
        assert_eq!((grants.moved.payload_written, grants.moved.refused), (3, 13));
    }
}
