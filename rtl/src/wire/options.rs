//! TCP options on the wire: how each is read and how each is laid out. No other file knows what an option looks like.
//!
//! Options are *sent* in the order of [`Options`], each filled up with no-operations in front to whole words of four
//! bytes. They are *read* in two ways: the layouts that nearly every SYN has, in place and within the parser's latency
//! ([`layout_of`], [`options_of`]); all others byte by byte, by the option walker ([`with_option`]). Both ways take the
//! first option of a kind and ignore later ones, and ignore an option whose length is not that of its kind.
//!
//! Timestamps, when they come, are to be decoded in place too: behind `04 02 08 0a` of a SYN, and behind `01 01 08 0a`
//! at the front of a data segment.
use super::tcp;
use crate::bundles::{Optional, Options};
use stevedore_hdl::prelude::*;

/// Kind and length of the MSS option.
const MSS: u64 = tcp::KIND_MSS << 8 | tcp::LENGTH_MSS;
/// Kind and length of the window scale option.
const SCALE: u64 = tcp::KIND_WINDOW_SCALE << 8 | tcp::LENGTH_WINDOW_SCALE;
/// What stands between the MSS and the timestamps in a SYN of Linux: SACK permitted, then kind and length of the
/// timestamps.
const SACK_AND_TIMESTAMPS: u64 = 0x0402_080a;

/// The shift that an option octet means: more than 14 counts as 14 (RFC 7323 2.3).
#[kernel_fn]
pub fn shift_of(octet: Bits<8>) -> Bits<4> {
    let shift = octet.get_bits::<4>(0);
    if octet > tcp::LARGEST_SHIFT {
        bits::<4>(tcp::LARGEST_SHIFT)
    } else {
        shift
    }
}

/// The four bytes from an offset into the options, the first in the highest place.
#[kernel_fn]
fn word_at(bytes: Bits<320>, at: usize) -> Bits<32> {
    reverse_bytes(bytes.get_bits::<32>(at * 8))
}

/// What the first bytes of the options look like. The shift is read at every place where it may be.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Layout {
    /// An MSS comes first.
    pub mss_first: bool,
    /// Nothing comes behind the first four bytes.
    pub alone: bool,
    /// Behind them: a no-operation and a window scale (Windows, macOS, this engine).
    pub padded: bool,
    /// Behind them: a window scale (smoltcp).
    pub bare: bool,
    /// Behind them: SACK permitted, timestamps, no-operation, window scale (Linux).
    pub linux: bool,
    /// The MSS.
    pub mss: Bits<16>,
    /// The window shift, if the layout is `padded`.
    pub padded_shift: Bits<4>,
    /// The window shift, if the layout is `bare`.
    pub bare_shift: Bits<4>,
    /// The window shift, if the layout is `linux`.
    pub linux_shift: Bits<4>,
}

/// First step: compares.
#[kernel_fn]
pub fn layout_of(bytes: Bits<320>, words: Bits<4>) -> Layout {
    let first = word_at(bytes, 0);
    let second = word_at(bytes, 4);
    let fifth = word_at(bytes, 16);
    let padded = bits::<24>(tcp::KIND_NOP << 16 | SCALE);
    Layout {
        mss_first: first.get_bits::<16>(16) == MSS && words != 0,
        alone: words == 1,
        padded: second.get_bits::<24>(8) == padded && words >= 2,
        bare: second.get_bits::<16>(16) == SCALE && words >= 2,
        linux: second == SACK_AND_TIMESTAMPS && fifth.get_bits::<24>(8) == padded && words >= 5,
        mss: first.get_bits::<16>(0),
        padded_shift: shift_of(second.get_bits::<8>(0)),
        bare_shift: shift_of(second.get_bits::<8>(8)),
        linux_shift: shift_of(fifth.get_bits::<8>(0)),
    }
}

/// The options are all known: there is nothing to be walked.
#[kernel_fn]
pub fn is_common(layout: Layout) -> bool {
    layout.mss_first && (layout.alone || layout.padded || layout.bare || layout.linux)
}

/// Second step: the options, if they [are common](is_common).
#[kernel_fn]
pub fn options_of(layout: Layout) -> Options {
    let shift = if layout.padded {
        layout.padded_shift
    } else if layout.bare {
        layout.bare_shift
    } else if layout.linux {
        layout.linux_shift
    } else {
        bits::<4>(0)
    };
    Options {
        mss: Optional::<16> { present: true, value: layout.mss },
        window_scale: Optional::<4> { present: !layout.alone, value: shift },
    }
}

/// `found`, and the option at the front of `bytes` if it is one of the known, of the right length, and the first of its
/// kind.
#[kernel_fn]
pub fn with_option(found: Options, bytes: Bits<320>) -> Options {
    let front = reverse_bytes(bytes.get_bits::<16>(0));
    let mut options = found;
    if front == MSS && !found.mss.present {
        options.mss = Optional::<16> { present: true, value: reverse_bytes(bytes.get_bits::<16>(16)) };
    }
    if front == SCALE && !found.window_scale.present {
        options.window_scale = Optional::<4> { present: true, value: shift_of(bytes.get_bits::<8>(16)) };
    }
    options
}

/// Words of four bytes that the options take when they are sent.
#[kernel_fn]
pub fn words_of(options: Options) -> Bits<4> {
    resize::<4, 1>(from_bool(options.mss.present)) + resize::<4, 1>(from_bool(options.window_scale.present))
}

/// The MSS option.
#[kernel_fn]
fn mss_word(mss: Optional<16>) -> Bits<32> {
    cat::<16, 16, 32>(bits::<16>(MSS), mss.value)
}

/// A no-operation and the window scale option.
#[kernel_fn]
fn scale_word(scale: Optional<4>) -> Bits<32> {
    cat::<24, 8, 32>(bits::<24>(tcp::KIND_NOP << 16 | SCALE), resize::<8, 4>(scale.value))
}

/// Sum of both halves of `word`, if it is sent.
#[kernel_fn]
fn halves(present: bool, word: Bits<32>) -> Bits<18> {
    let sum = resize::<18, 16>(word.get_bits::<16>(16)) + resize::<18, 16>(word.get_bits::<16>(0));
    mux(present, sum, bits::<18>(0))
}

/// Sum of the 16-bit words of the options (RFC 1071), not folded.
#[kernel_fn]
pub fn sum_of(options: Options) -> Bits<18> {
    halves(options.mss.present, mss_word(options.mss))
        + halves(options.window_scale.present, scale_word(options.window_scale))
}

/// `bytes` with `word` in front of them, if it is sent.
#[kernel_fn]
fn in_front(present: bool, word: Bits<32>, bytes: Bits<320>) -> Bits<320> {
    let longer = set_bits(bytes << 32, 0, reverse_bytes(word));
    mux(present, longer, bytes)
}

/// The options as they are sent, the first byte in `[7:0]`, zero behind the last.
#[kernel_fn]
pub fn bytes_of(options: Options) -> Bits<320> {
    let last = in_front(options.window_scale.present, scale_word(options.window_scale), bits::<320>(0));
    in_front(options.mss.present, mss_word(options.mss), last)
}
