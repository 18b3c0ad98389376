//! Deadlines: when something is due, compared with the pipeline's clock (`clock.rs`).
//!
//! Times are microseconds modulo a power of two, so a comparison holds only if a deadline is never further away than
//! half of that, and is looked at before as much again has passed. Both are kept here: a delay that does not fit
//! saturates when the deadline is made, and the clock stands still while the scan that looks at the deadlines does.
//!
//! A *long* deadline has 33 bits and takes every setting of 32 bits as it is: time-outs, TIME-WAIT. A *short* one has
//! 24 bits, at most 8.4 s: delayed acknowledgements (RFC 1122 4.2.3.2 allows half a second) and reports of received
//! bytes.
use stevedore_hdl::prelude::*;

/// Longest delay of a short deadline.
const LONGEST: u64 = 0x7f_ffff;

/// The long deadline after `delay`.
#[kernel_fn]
pub fn long_deadline(now: Bits<33>, delay: Bits<32>) -> Bits<33> {
    now + resize::<33, 32>(delay)
}

/// A long deadline is reached.
#[kernel_fn]
pub fn long_due(deadline: Bits<33>, now: Bits<33>) -> bool {
    let passed = now - deadline;
    !passed.get_bit(32)
}

/// The short deadline after `delay`, or after the longest delay there is.
#[kernel_fn]
pub fn short_deadline(now: Bits<33>, delay: Bits<32>) -> Bits<24> {
    let fits = !delay.get_bits::<9>(23).any();
    let held = if fits { delay.get_bits::<24>(0) } else { bits::<24>(LONGEST) };
    now.get_bits::<24>(0) + held
}

/// A short deadline is reached.
#[kernel_fn]
pub fn short_due(deadline: Bits<24>, now: Bits<33>) -> bool {
    let passed = now.get_bits::<24>(0) - deadline;
    !passed.get_bit(23)
}
