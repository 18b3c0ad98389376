//! Whole pages that another process, or a card, can be given.
#![forbid(unsafe_code)]

use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{memfd_create, MemfdFlags};
use std::fs::File;
use std::io;
use std::ptr::NonNull;

/// Bytes of a page: of the smallest there are, which is what an IOMMU maps.
pub const PAGE: usize = 4096;

/// Zeroed pages in a file of their own that lies in memory only.
pub struct Pages {
    file: File,
    map: MmapRaw,
}

impl Pages {
    /// As many pages as `bytes` need.
    pub fn new(bytes: usize) -> io::Result<Self> {
        let bytes = bytes.max(1).next_multiple_of(PAGE);
        let file = File::from(memfd_create("stevedore", MemfdFlags::CLOEXEC)?);
        file.set_len(bytes as u64)?;
        let map = MmapOptions::new().len(bytes).map_raw(&file)?;
        Ok(Pages { file, map })
    }

    /// The first byte. It stays valid until the pages are dropped.
    pub fn pointer(&self) -> NonNull<u8> {
        NonNull::new(self.map.as_mut_ptr()).expect("no mapping begins at address 0")
    }

    /// Bytes, a multiple of a page.
    pub fn length(&self) -> usize {
        self.map.len()
    }

    /// The file, to be mapped by a process that plays a card.
    pub fn file(&self) -> &File {
        &self.file
    }
}
