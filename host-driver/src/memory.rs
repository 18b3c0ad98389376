//! Memory that host and engine share, and buffers cut from it.
//!
//! Ownership is the lock: whoever holds a [`Buffer`] may touch its bytes, and the engine may touch them only between
//! the call that gave the buffer away and the event that brings it back.

use std::any::Any;
use std::fmt;
use std::ptr::NonNull;
use std::rc::Rc;

/// A run of host memory the engine can address.
pub struct Memory {
    address: u64,
    pointer: NonNull<u8>,
    length: usize,
    owner: Rc<dyn Any>,
}

impl Memory {
    /// Describes memory owned by `owner`, which the engine reaches at `address`.
    ///
    /// # Safety
    /// `pointer` must be valid for reads and writes of `length` initialised bytes as long as `owner` lives, and nobody
    /// on the host but the engine's access path may touch them except through this value.
    pub unsafe fn new(address: u64, pointer: NonNull<u8>, length: usize, owner: Rc<dyn Any>) -> Self {
        Memory { address, pointer, length, owner }
    }

    /// Address of the first byte as the engine sees it.
    pub fn address(&self) -> u64 {
        self.address
    }

    /// The first byte as the host sees it.
    pub fn pointer(&self) -> NonNull<u8> {
        self.pointer
    }

    /// Bytes.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Keeps the bytes valid as long as the result lives: for a transport that holds on to `pointer`.
    pub fn owner(&self) -> Rc<dyn Any> {
        Rc::clone(&self.owner)
    }

    /// Keeps the bytes for ever: nobody knows whether the engine still uses them.
    pub(crate) fn leak(&self) {
        std::mem::forget(self.owner());
    }

    /// Reads word `index` of memory the engine may be writing.
    ///
    /// # Panics
    /// If there is no such word: ring code computes indices, callers never pass them in.
    pub(crate) fn read_word(&self, index: usize) -> u64 {
        assert!(index < self.length / 8, "word {index} of {} bytes", self.length);
        // SAFETY: the word lies inside the memory; unaligned-safe because tables are at least 8-byte aligned on both
        // sides (`Transport::allocate`); volatile because the engine writes behind the compiler's back.
        u64::from_le(unsafe { self.pointer.cast::<u64>().add(index).read_volatile() })
    }

    /// Writes word `index`. Panics like `read_word`.
    pub(crate) fn write_word(&mut self, index: usize, word: u64) {
        assert!(index < self.length / 8, "word {index} of {} bytes", self.length);
        // SAFETY: as in `read_word`; `&mut self` excludes other host access.
        unsafe { self.pointer.cast::<u64>().add(index).write_volatile(word.to_le()) }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "Memory({:#x}, {} bytes)", self.address, self.length)
    }
}

/// A piece of memory to be sent from or received into. No two buffers share a byte.
///
/// Like a vector it has a capacity and a length: the length says how much is sent, or how much room is offered.
#[derive(Debug)]
pub struct Buffer {
    memory: Rc<Memory>,
    start: usize,
    capacity: usize,
    length: usize,
}

impl Buffer {
    /// All of `memory`.
    pub fn new(memory: Memory) -> Self {
        let length = memory.length;
        Buffer { memory: Rc::new(memory), start: 0, capacity: length, length }
    }

    /// Bytes in use.
    pub fn len(&self) -> usize {
        self.length
    }

    /// No byte is in use.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Bytes there are.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Address of the first byte as the engine sees it.
    pub fn address(&self) -> u64 {
        self.memory.address + self.start as u64
    }

    /// Uses the first `length` bytes, or all if there are fewer.
    pub fn set_len(&mut self, length: usize) {
        self.length = length.min(self.capacity);
    }

    /// Cuts the buffer in two at byte `at` (or at its end): this one keeps what is before, the result is the rest. Both
    /// use all they have.
    pub fn split_off(&mut self, at: usize) -> Buffer {
        let at = at.min(self.capacity);
        let rest = self.capacity - at;
        (self.capacity, self.length) = (at, at);
        Buffer { memory: Rc::clone(&self.memory), start: self.start + at, capacity: rest, length: rest }
    }

    /// The bytes in use.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `start + length` lies inside the memory. The buffer is not posted, because posting moves it into the
        // driver, so the engine does not write; no other buffer has these bytes.
        unsafe { std::slice::from_raw_parts(self.memory.pointer.add(self.start).as_ptr(), self.length) }
    }

    /// The bytes in use, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.memory.pointer.add(self.start).as_ptr(), self.length) }
    }

    /// Keeps the buffer's memory for ever.
    pub(crate) fn leak(&self) {
        self.memory.leak();
    }

    /// The memory and the range of it that is in use.
    pub(crate) fn extent(&self) -> (&Memory, std::ops::Range<usize>) {
        (&self.memory, self.start..self.start + self.length)
    }

    /// Bytes `offset .. offset + length` while the buffer is posted.
    ///
    /// # Safety
    /// The engine must have reported these bytes, so that it never writes them again.
    pub(crate) unsafe fn reported(&self, offset: usize, length: usize) -> &[u8] {
        debug_assert!(offset + length <= self.length);
        // SAFETY: inside the buffer by the caller's bounds check; not written any more by the contract above.
        unsafe { std::slice::from_raw_parts(self.memory.pointer.add(self.start + offset).as_ptr(), length) }
    }
}
