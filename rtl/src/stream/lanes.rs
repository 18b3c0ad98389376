//! Byte lane arithmetic. A lane number is `Bits<6>` and a byte count `Bits<7>` at every width; bits a narrow stream
//! never sets are constant zero there.
use stevedore_hdl::prelude::*;

/// Moves every byte `by` lanes up; bytes leaving at the top come back at the bottom. `by` is below W/8.
#[kernel_fn]
pub fn rotate_lanes<const W: usize>(data: Bits<W>, by: Bits<6>) -> Bits<W> {
    let mut turned = data;
    for i in 0..6 {
        if (8 << i) < W {
            let further = (turned << (8u64 << i)) | (turned >> (W as u64 - (8u64 << i)));
            turned = mux(by.get_bit(i), further, turned);
        }
    }
    turned
}

/// Ones in the bits of all lanes from `lane` up. `lane` is below W/8.
#[kernel_fn]
pub fn lanes_from<const W: usize>(lane: Bits<6>) -> Bits<W> {
    (!bits::<W>(0)) << (bit_cast::<9, 6>(lane) << 3)
}

/// Lane `lane` modulo W/8: adding and subtracting lanes works modulo 64, a narrow stream keeps the low bits.
#[kernel_fn]
pub fn lane_of<const W: usize>(lane: Bits<6>) -> Bits<6> {
    lane & bits::<6>(W as u64 / 8 - 1)
}
