//! What of VFIO the compiler cannot check: the registers behind a pointer, and memory that hardware writes.

use super::Pages;
use memmap2::{MmapOptions, MmapRaw};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{fence, Ordering};
use vfio_ioctls::{VfioDevice, VfioError, VfioOps};

/// The card's registers, mapped.
pub struct Registers {
    map: MmapRaw,
}

impl Registers {
    /// Maps `bytes` bytes of the device's file from `offset` on.
    pub fn new(device: &VfioDevice, offset: u64, bytes: usize) -> io::Result<Self> {
        let map = MmapOptions::new().offset(offset).len(bytes).map_raw(device.as_raw_fd())?;
        Ok(Registers { map })
    }

    /// Reads a register; none if there is no such register.
    pub fn read(&self, offset: u32) -> Option<u32> {
        let pointer = self.register(offset)?;
        // SAFETY: `register` gives aligned places inside the mapping only, which lives as long as `self`; the access is
        // volatile, because the card changes registers by itself.
        let value = u32::from_le(unsafe { pointer.read_volatile() });
        // What the card wrote to memory before its answer is read after this.
        fence(Ordering::Acquire);
        Some(value)
    }

    /// Writes a register; false if there is no such register.
    pub fn write(&self, offset: u32, value: u32) -> bool {
        let Some(pointer) = self.register(offset) else { return false };
        // What the host wrote to memory comes before a doorbell. Sequentially consistent, because on processors with
        // separate barriers for devices the weaker fence orders memory against memory only.
        fence(Ordering::SeqCst);
        // SAFETY: as in `read`.
        unsafe { pointer.write_volatile(value.to_le()) };
        true
    }

    fn register(&self, offset: u32) -> Option<*mut u32> {
        let inside = offset.is_multiple_of(4) && offset as usize + 4 <= self.map.len();
        // SAFETY: the place lies inside the mapping.
        inside.then(|| unsafe { self.map.as_mut_ptr().add(offset as usize) }.cast())
    }
}

/// Opens pages to the card; the kernel keeps them in memory until they are closed.
pub fn open_to_card(container: &dyn VfioOps, address: u64, pages: &Pages) -> Result<(), VfioError> {
    // SAFETY: the pages are reached through raw pointers, volatile where the card may write (`memory.rs`), and they are
    // unmapped from this process only after `vfio_dma_unmap` with the same extent (`mapped.rs`).
    unsafe { container.vfio_dma_map(address, pages.length(), pages.pointer().as_ptr()) }
}
