//! Bytes that every end can make and check without storing them.

use crate::random::mix;
use sha2::{Digest, Sha256};

/// A stream of bytes given by its seed and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Different seeds, different bytes.
    pub seed: u64,
    /// Bytes.
    pub length: u64,
}

impl Pattern {
    /// Fills `bytes` from position `offset`; stops at the end and returns how many there were.
    pub fn fill(&self, offset: u64, bytes: &mut [u8]) -> usize {
        let count = (self.length.saturating_sub(offset)).min(bytes.len() as u64) as usize;
        let mut at = 0;
        while at < count {
            let position = offset + at as u64;
            let word = mix(self.seed.wrapping_add(position / 8).wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes();
            let from = (position % 8) as usize;
            let take = (8 - from).min(count - at);
            bytes[at..at + take].copy_from_slice(&word[from..from + take]);
            at += take;
        }
        count
    }

    /// The first position in `bytes`, which arrived at `offset`, that is wrong.
    pub fn mismatch(&self, offset: u64, bytes: &[u8]) -> Option<u64> {
        let mut expected = [0; 512];
        for (index, chunk) in bytes.chunks(expected.len()).enumerate() {
            let at = offset + (index * expected.len()) as u64;
            let count = self.fill(at, &mut expected[..chunk.len()]);
            if count < chunk.len() || expected[..count] != *chunk {
                let wrong = expected[..count].iter().zip(chunk).take_while(|(one, other)| one == other).count();
                return Some(at + wrong as u64);
            }
        }
        None
    }

    /// SHA-256 of all of it, in hexadecimal.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut chunk = [0; 4096];
        let mut offset = 0;
        loop {
            let count = self.fill(offset, &mut chunk);
            if count == 0 {
                return digest(hash);
            }
            hash.update(&chunk[..count]);
            offset += count as u64;
        }
    }
}

/// A finished hash, in hexadecimal.
pub fn digest(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
