//! Limits of the bus: how long a read and a burst may be, told while the engine runs.
//!
//! A bus says the longest read and the longest burst as PCI Express does: 128 bytes, doubled so often. The geometry has
//! limits of its own, which memories are made for. Inside the engine the smaller of the two is a number of halvings of
//! the geometry's.
use stevedore_hdl::prelude::*;

/// The shortest limit that a bus can ask for, bytes.
const SHORTEST: usize = 128;

/// How many times `longest` can be halved before it is shorter than the shortest limit.
pub fn halvings(longest: usize) -> usize {
    assert!(longest.is_power_of_two() && longest >= SHORTEST, "a limit of {longest} bytes");
    clog2(longest / SHORTEST)
}

/// How many times a limit that can be halved `most` times must be, for a bus that takes 128 bytes, doubled `doublings`
/// times.
#[kernel_fn]
pub fn halvings_for(most: usize, doublings: Bits<3>) -> Bits<3> {
    let most = bits::<3>(most as u64);
    mux(doublings < most, most - doublings, bits::<3>(0))
}

/// The word at `address` is the last of its block. Blocks have 128 bytes, doubled `most` times, then `halved` often.
#[kernel_fn]
pub fn ends_block<const W: usize>(most: usize, halved: Bits<3>, address: Bits<64>) -> bool {
    let mut ends = false;
    for times in 1..most + 1 {
        let block = (SHORTEST << (most - times)) as u64;
        let inside = bits::<64>(block - W as u64 / 8);
        ends = mux(halved == times as u64, (address & inside) == inside, ends);
    }
    ends
}
