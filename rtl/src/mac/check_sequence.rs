//! The frame check sequence (IEEE 802.3 clause 3.2.9): a CRC of 32 bits, the lowest bit of each byte first.
use stevedore_hdl::prelude::*;

/// The generating polynomial, its highest power in bit 0.
const POLYNOMIAL: u64 = 0xedb8_8320;
/// Where the sum begins.
pub const START: u64 = 0xffff_ffff;
/// What the sum is behind a frame whose check sequence is right, the check sequence included.
pub const RESIDUE: u64 = 0xdebb_20e3;
/// Bytes of a check sequence.
pub const LENGTH: u64 = 4;

/// The sum with a byte more. The complement of the sum behind a frame is its check sequence, lowest byte first.
#[kernel_fn]
pub fn summed(sum: Bits<32>, byte: Bits<8>) -> Bits<32> {
    let mut next = sum;
    for i in 0..8 {
        let feeds_back = next.get_bit(0) != byte.get_bit(i);
        next = (next >> 1) ^ mux(feeds_back, bits::<32>(POLYNOMIAL), bits::<32>(0));
    }
    next
}
