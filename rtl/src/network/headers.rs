//! The header register of this folder: the first 48 octets of a frame, the first on the wire in the lowest byte.
//! `reverse_bytes` of the register, unpacked, is one of the frame records of [`wire`](crate::wire).
use stevedore_hdl::prelude::*;

/// Bits of a header register: the 42 octets of ARP or ICMP echo over Ethernet, filled up to a multiple of 8.
pub const HEADER: usize = 384;

/// Fewer beats than fill the header register came or went.
#[kernel_fn]
pub fn in_header<const W: usize>(beats: Bits<4>) -> bool {
    if W < HEADER {
        beats < bits::<4>((HEADER / W) as u64)
    } else {
        !beats.any()
    }
}

/// Beat `index` of what begins with `header`; 0 behind it. A small multiplexer in front of the wire takes the place of
/// a wide shift register.
#[kernel_fn]
pub fn header_beat<const W: usize>(header: Bits<384>, index: Bits<8>) -> Bits<W> {
    let padded = resize::<512, 384>(header);
    let mut beat = bits::<W>(0);
    for i in 0..512 / W {
        if index == bits::<8>(i as u64) {
            beat = padded.get_bits::<W>(i * W);
        }
    }
    beat
}

/// The header register with one more beat from the wire at its top; the first beat of a frame ends up at the bottom
/// after `HEADER` bits.
#[kernel_fn]
pub fn header_received<const W: usize>(header: Bits<384>, data: Bits<W>) -> Bits<384> {
    if W < HEADER {
        (header >> (W as u64)) | (resize::<384, W>(data) << ((HEADER - W) as u64))
    } else {
        resize::<384, W>(data)
    }
}
