//! Where a beat lies in its frame, and where the IPv4 packet in the frame ends.
use super::{ethernet, ipv4};
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// Place of the next beat of a stream of frames.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Scan {
    /// Byte offset of the beat in its frame; 65,536 and above stand still.
    pub offset: Bits<17>,
    /// Number of the beat in its frame, up to 15.
    pub index: Bits<4>,
    /// Offset behind the last byte of the IPv4 packet, once the beat with the total length has gone by.
    pub end: Bits<17>,
}

/// The place behind `beat`.
#[kernel_fn]
pub fn scanned<const W: usize>(place: Scan, beat: Beat<W>) -> Scan {
    let mut next = place;
    let far = place.offset.get_bit(16);
    next.offset = if far { place.offset } else { place.offset + (W as u64 / 8) };
    next.index = if place.index.all() { place.index } else { place.index + 1 };
    if beat.last {
        next.offset = bits::<17>(0);
        next.index = bits::<4>(0);
    }
    if place.index == (ipv4::TOTAL_LENGTH * 8 / W) as u64 {
        let total = reverse_bytes(beat.data.get_bits::<16>(ipv4::TOTAL_LENGTH * 8 % W));
        next.end = resize::<17, 16>(total) + ethernet::LENGTH;
    }
    next
}
