//! Sequence numbers: comparisons modulo 2^32 (RFC 9293 3.4).
//!
//! `a` is before `b` when the difference `a - b`, read as a signed number, is negative. That holds as long as the
//! numbers compared lie within 2^31 of each other; the pipeline keeps every pair it compares that close.
use stevedore_hdl::prelude::*;

/// A difference of sequence numbers is below zero.
#[kernel_fn]
pub fn negative(difference: Bits<32>) -> bool {
    difference.get_bit(31)
}

/// A difference of sequence numbers is above zero.
#[kernel_fn]
pub fn positive(difference: Bits<32>) -> bool {
    !difference.get_bit(31) && difference.any()
}

/// `a` comes before `b`.
#[kernel_fn]
pub fn before(a: Bits<32>, b: Bits<32>) -> bool {
    let difference = a - b;
    difference.get_bit(31)
}

/// `a + b` is `sum`. No carry runs through 32 bits: that every bit of the sum is right says which carries there must
/// have been, and each of them is checked against its own neighbours.
#[kernel_fn]
pub fn adds_up(a: Bits<32>, b: Bits<32>, sum: Bits<32>) -> bool {
    let carries = a ^ b ^ sum;
    let made = (a & b) | ((a | b) & !sum);
    carries == (made << 1)
}

/// `a + 1` is `sum`; as for [`adds_up`].
#[kernel_fn]
pub fn one_apart(a: Bits<32>, sum: Bits<32>) -> bool {
    let carries = a ^ sum;
    let made = a & !sum;
    carries == ((made << 1) | 1)
}

/// A 16-bit count as a 32-bit number.
#[kernel_fn]
pub fn wide(count: Bits<16>) -> Bits<32> {
    resize::<32, 16>(count)
}
