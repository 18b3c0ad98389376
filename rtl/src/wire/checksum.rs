//! Internet checksums (RFC 1071): ones' complement sums of 16-bit words.
//!
//! Such a sum does not care for byte order, as long as the sum is swapped like its words were. Wide sums carry over at
//! the end only: 32 bits hold 65,536 words before they are brought to 16 bits by [`folded`].
use stevedore_hdl::prelude::*;

/// Adds the two 16-bit words of every 32-bit lane.
#[kernel_fn]
pub fn pair_sums<const W: usize>(words: Bits<W>) -> Bits<W> {
    let mut sums = bits::<W>(0);
    for lane in 0..W / 32 {
        let first = resize::<32, 16>(words.get_bits::<16>(lane * 32));
        let second = resize::<32, 16>(words.get_bits::<16>(lane * 32 + 16));
        sums = set_bits(sums, lane * 32, first + second);
    }
    sums
}

/// Adds 32-bit lanes two by two; the sums lie in the lower half.
#[kernel_fn]
pub fn lane_sums<const W: usize>(lanes: Bits<W>) -> Bits<W> {
    let mut sums = bits::<W>(0);
    for lane in 0..W / 64 {
        let first = lanes.get_bits::<32>(lane * 64);
        let second = lanes.get_bits::<32>(lane * 64 + 32);
        sums = set_bits(sums, lane * 32, first + second);
    }
    sums
}

/// A ones-complement sum brought to 16 bits.
#[kernel_fn]
pub fn folded(sum: Bits<32>) -> Bits<16> {
    let once = resize::<17, 16>(sum.get_bits::<16>(0)) + resize::<17, 16>(sum.get_bits::<16>(16));
    once.get_bits::<16>(0) + resize::<16, 1>(once.get_bits::<1>(16))
}

/// Ones' complement sum, folded once: the seventeenth bit is the carry to be added next time.
#[kernel_fn]
pub fn add_ones(sum: Bits<17>, word: Bits<16>) -> Bits<17> {
    resize::<17, _>(sum.get_bits::<16>(0)) + resize::<17, _>(word) + sum.get_bit(16)
}

/// The sum with its last carry folded in.
#[kernel_fn]
pub fn fold(sum: Bits<17>) -> Bits<16> {
    sum.get_bits::<16>(0) + sum.get_bit(16)
}
