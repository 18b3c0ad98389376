//! Buffers in pieces of every length and alignment.

use crate::random::Random;
use stevedore_driver::application::{BufferPlan, Cut, Piece};

/// Most pieces of a list.
const PIECES: usize = 8;
/// Alignments are anything below this.
const SHIFTS: u64 = 128;

/// Lists of up to 8 pieces of 1 byte to `bytes` bytes, `depth` pieces each way.
pub fn scattered(seed: u64, bytes: usize, depth: usize) -> BufferPlan {
    BufferPlan { cut: Some(Cut { state: seed, pieces }), ..BufferPlan::whole(bytes, depth) }
}

fn pieces(state: &mut u64, bytes: usize, most: usize) -> Vec<Piece> {
    let mut random = Random::new(*state);
    let count = random.within(1, PIECES.min(most) as u64);
    let pieces = (0..count).map(|_| {
        // Every order of magnitude is as likely as any other: single bytes are where gathering goes wrong.
        let limit = 1 << random.below(u64::from(bytes.ilog2()) + 1);
        let length = random.within(1, (2 * limit - 1).min(bytes as u64)) as usize;
        Piece { shift: random.below(SHIFTS) as usize, length }
    });
    let pieces = pieces.collect();
    *state = random.state();
    pieces
}
