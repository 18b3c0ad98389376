//! Splitter: cuts runs of bytes at the borders of aligned blocks.
//!
//! # Role
//! `dma::Writer` uses it twice, `dma::Gather` and its `dma::Reorder` once each: pieces into bursts (blocks of the
//! longest burst, a divisor of 4 KB, so that no burst crosses a page), and bursts into words (blocks of W/8).
//!
//! # Ports
//! - `s_piece`: `Piece`: runs of at least one byte, fewer than 2^19: longer counters would serve nobody.
//! - `halvings`: how many times the blocks are halved, 0 where nothing else was asked for; a run keeps what it finds
//!   when it is taken.
//! - `m_chunk`: `Chunk`: the same bytes, each chunk inside one aligned block.
//!
//! # Handshake
//! `s_piece.ready` follows `m_chunk.ready` in the last chunk of a run; otherwise it does not depend on `m_chunk`.
//!
//! # Latency
//! One cycle; one chunk per cycle, no bubble between runs.
//!
//! # Invariant
//! The chunks of a run are all the blocks it touches, in order; only the first and the last can be shorter than a
//! block.
use crate::bundles::Piece;
use stevedore_hdl::prelude::*;

/// The part of a run that lies in one block.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Chunk {
    /// First byte.
    pub address: Bits<64>,
    /// Bytes, at least 1.
    pub length: Bits<13>,
    /// The last chunk of its run.
    pub end: bool,
    /// The last chunk of a run that had `last`.
    pub last: bool,
}

/// What is left of a run.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Rest {
    address: Bits<64>,
    /// Blocks after this one.
    blocks: Bits<20>,
    /// There are none.
    end: bool,
    /// Length of this chunk if others follow.
    length: Bits<13>,
    /// Length of this chunk if none follows.
    only: Bits<13>,
    /// Bytes of the run in the last block it touches.
    tail: Bits<13>,
    last: bool,
    halvings: Bits<3>,
}

/// Cuts runs; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Splitter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Runs of bytes.
    pub s_piece: Sink<Piece>,
    /// Halvings of the blocks, up to the number given to [`Splitter::halving`].
    pub halvings: Signal<In, Bits<3>>,
    /// Their parts.
    pub m_chunk: Source<Chunk>,
    busy: Register<bool>,
    rest: Flop<Rest>,
    _block: usize,
    _moving: u64,
    _halvings: usize,
}

impl Splitter {
    /// A splitter for blocks of `block` bytes, a power of two up to 4096. No run crosses a multiple of 2^`reach`:
    /// higher address bits are passed on without an adder.
    pub fn new(block: usize, reach: usize) -> Self {
        assert!(block.is_power_of_two() && block <= 4096 && reach <= 64, "blocks of {block} bytes, reach {reach}");
        let moving = if reach == 64 { u64::MAX } else { (1 << reach) - 1 };
        Self { _block: block, _moving: moving, ..Default::default() }
    }

    /// This splitter, with blocks that can be halved up to `halvings` times while the design runs.
    pub fn halving(self, halvings: usize) -> Self {
        assert!(self._block >> halvings > 0 && halvings < 8, "{} bytes halved {halvings} times", self._block);
        Self { _halvings: halvings, ..self }
    }
}

/// The low 13 bits that count inside a block of `block` bytes halved `halvings` times, of `most` at most.
#[kernel_fn]
fn inside(block: usize, halvings: Bits<3>, most: usize) -> Bits<13> {
    let mut mask = bits::<13>(block as u64 - 1);
    for times in 1..most + 1 {
        mask = mux(halvings == times as u64, bits::<13>((block as u64 >> times) - 1), mask);
    }
    mask
}

impl Logic for Splitter {
    #[kernel]
    fn update(&mut self) {
        setup!(self, busy);
        clocks!(self, rest);
        let busy = self.busy.q.val();
        let rest = self.rest.q.val();
        let end = rest.end;
        self.m_chunk.valid.next = busy;
        self.m_chunk.bits.next =
            Chunk { address: rest.address, length: mux(end, rest.only, rest.length), end, last: end && rest.last };
        let free = !busy || (end && self.m_chunk.ready.val());
        self.s_piece.ready.next = free;
        self.busy.d.next = !free || self.s_piece.valid.val();

        let piece = self.s_piece.bits.val();
        let halvings = self.halvings.val();
        let mask = inside(self._block, halvings, self._halvings);
        let offset = bit_cast::<13, 64>(piece.address) & mask;
        let bound = bit_cast::<20, 13>(offset) + bit_cast::<20, 32>(piece.length & 0x7_ffff) - 1;
        let run = bound & bits::<20>(self._moving & 0xf_ffff);
        let mut blocks = run >> clog2(self._block) as u64;
        for times in 1..self._halvings + 1 {
            blocks = mux(halvings == times as u64, run >> (clog2(self._block) - times) as u64, blocks);
        }
        // No counter is wider than what it counts.
        let most = bits::<20>((self._moving & 0xf_ffff) >> (clog2(self._block) - self._halvings) as u64);
        let rest_mask = inside(self._block, rest.halvings, self._halvings);
        let onward = (rest.address | bit_cast::<64, 13>(rest_mask)) + 1;
        let moving = bits::<64>(self._moving);
        self.rest.d.next = if free {
            Rest {
                address: piece.address,
                blocks,
                end: blocks == 0,
                length: (mask - offset) + 1,
                only: bit_cast::<13, 32>(piece.length),
                tail: (bit_cast::<13, 20>(bound) & mask) + 1,
                last: piece.last,
                halvings,
            }
        } else if self.m_chunk.ready.val() {
            Rest {
                address: (onward & moving) | (rest.address & !moving),
                blocks: (rest.blocks - 1) & most,
                end: rest.blocks == 1,
                length: rest_mask + 1,
                only: rest.tail,
                ..rest
            }
        } else {
            rest
        };
    }
}
