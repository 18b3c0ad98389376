//! A client's memory in this process: the whole file that holds it, mapped once.

use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicU8, Ordering};

/// Bytes of the words that are moved whole.
const WORD: usize = 8;

/// A file, mapped.
pub struct Mapping {
    file: File,
    map: MmapRaw,
}

impl Mapping {
    /// Maps all of `file`.
    pub fn new(file: File) -> io::Result<Self> {
        let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        let map = MmapOptions::new().len(length).map_raw(&file)?;
        Ok(Mapping { file, map })
    }

    /// Bytes there are now: a client can make its file shorter, and what is beyond must not be touched.
    pub fn length(&self) -> u64 {
        self.file.metadata().map_or(0, |data| data.len()).min(self.map.len() as u64)
    }

    /// Copies bytes out, in order, aligned words whole; false if there are not so many.
    pub fn read(&self, offset: u64, bytes: &mut [u8]) -> bool {
        let Some(mut at) = self.inside(offset, bytes.len()) else { return false };
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = step(at, rest.len());
            // SAFETY: `inside` has checked that the run lies in the file and in the mapping, which lives as long as
            // `self`, and `step` gives WORD only at a multiple of it. Atomic, because the client accesses the same
            // bytes. (A client that cuts its file off in just this moment ends this process with SIGBUS; it has harmed
            // nobody but itself.)
            unsafe {
                let source = self.map.as_mut_ptr().add(at);
                match count {
                    WORD => {
                        let word = AtomicU64::from_ptr(source.cast()).load(Ordering::Acquire);
                        rest[..WORD].copy_from_slice(&word.to_ne_bytes());
                    }
                    _ => rest[0] = AtomicU8::from_ptr(source).load(Ordering::Acquire),
                }
            }
            rest = &mut rest[count..];
            at += count;
        }
        true
    }

    /// Copies bytes in, in order, aligned words whole: whoever sees a byte sees those before it. False if there are not
    /// so many.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> bool {
        let Some(mut at) = self.inside(offset, bytes.len()) else { return false };
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = step(at, rest.len());
            // SAFETY: as in `read`.
            unsafe {
                let target = self.map.as_mut_ptr().add(at);
                match count {
                    WORD => {
                        let word = u64::from_ne_bytes(std::array::from_fn(|byte| rest[byte]));
                        AtomicU64::from_ptr(target.cast()).store(word, Ordering::Release);
                    }
                    _ => AtomicU8::from_ptr(target).store(rest[0], Ordering::Release),
                }
            }
            rest = &rest[count..];
            at += count;
        }
        true
    }

    fn inside(&self, offset: u64, length: usize) -> Option<usize> {
        let end = offset.checked_add(length as u64)?;
        if end > self.length() {
            return None;
        }
        usize::try_from(offset).ok()
    }
}

/// Bytes moved at once from `at` on: a word where one is aligned and wanted, else one. The mapping itself begins at a
/// page.
fn step(at: usize, left: usize) -> usize {
    if at.is_multiple_of(WORD) && left >= WORD {
        WORD
    } else {
        1
    }
}
