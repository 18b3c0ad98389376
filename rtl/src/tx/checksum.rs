//! The ones-complement sum of a packet (RFC 1071), at the width of the stream.
//!
//! # Role
//! Sums the payload of a segment while [`super::segment_buffer::SegmentBuffer`] stores it; the header builder adds the
//! rest.
//!
//! # Ports
//! - `valid`, `data`, `last`, `error`: the words of a payload, from the segment buffer. `error` is passed on with the
//!   last word.
//! - `done`, `stored`: the sum of a packet, for the segment buffer.
//!
//! # Handshake
//! A word on every cycle with `valid`, never refused. Lanes behind the end of the packet must be zero ([`masked`]).
//!
//! # Latency
//! `done` comes 3 cycles after the packet's last word: sums of 64 bits, sum of those, packet sum; folded on the way
//! out.
//!
//! # Invariant
//! Ones-complement sums do not care for byte order: words are summed as they lie in the lanes, the result is swapped.
use super::record::Stored;
use crate::wire::checksum::folded;
use stevedore_hdl::prelude::*;

/// `data` with the lanes from `count` on set to zero.
#[kernel_fn]
pub fn masked<const W: usize>(data: Bits<W>, count: Bits<7>) -> Bits<W> {
    let mut kept = bits::<W>(0);
    for lane in 0..W / 8 {
        if count > bits::<7>(lane as u64) {
            kept = set_bits(kept, lane * 8, data.get_bits::<8>(lane * 8));
        }
    }
    kept
}

/// Marks that travel with a word.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Mark {
    valid: bool,
    last: bool,
    error: bool,
}

/// Control of the pipeline.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Marks {
    lanes: Mark,
    word: Mark,
    packet: Mark,
    /// The next word is the first of a packet.
    first: bool,
}

/// Sums packets.
#[derive(LogicBlock, Default)]
pub struct Checksum<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// A word is there.
    pub valid: Signal<In, bool>,
    /// Its bytes.
    pub data: Signal<In, Bits<W>>,
    /// It is the packet's last.
    pub last: Signal<In, bool>,
    /// With `last`: passed on.
    pub error: Signal<In, bool>,
    /// A packet is summed.
    pub done: Signal<Out, bool>,
    /// Its sum.
    pub stored: Signal<Out, Stored>,
    marks: Register<Marks>,
    /// Sums of 64 bits each; those beyond the width of the stream stay zero.
    lanes: [Flop<Bits<18>>; 8],
    word: Flop<Bits<21>>,
    packet: Flop<Bits<32>>,
}

impl<const W: usize> Checksum<W> {
    /// An adder for packets.
    pub fn new() -> Self {
        Self { marks: Register::new(Marks { first: true, ..Default::default() }), ..Default::default() }
    }
}

impl<const W: usize> Logic for Checksum<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, marks);
        clocks!(self, word, packet);
        let data = self.data.val();
        let marks = self.marks.q.val();
        let mut next = marks;
        next.lanes = Mark { valid: self.valid.val(), last: self.last.val(), error: self.error.val() };
        next.word = marks.lanes;
        next.packet = marks.word;
        if marks.word.valid {
            next.first = marks.word.last;
        }
        self.marks.d.next = next;

        let mut word = bits::<21>(0);
        for lane in 0..8 {
            clocks!(self, lanes[lane]);
            let mut sum = bits::<18>(0);
            if lane < W / 64 {
                for step in 0..4 {
                    sum = sum + resize::<18, 16>(data.get_bits::<16>(lane * 64 + step * 16));
                }
            }
            self.lanes[lane].d.next = sum;
            word = word + resize::<21, 18>(self.lanes[lane].q.val());
        }
        self.word.d.next = word;

        let packet = self.packet.q.val();
        let so_far = mux(marks.first, bits::<32>(0), packet);
        self.packet.d.next = mux(marks.word.valid, so_far + resize::<32, 21>(self.word.q.val()), packet);

        self.done.next = marks.packet.valid && marks.packet.last;
        self.stored.next = Stored { sum: reverse_bytes(folded(packet)), error: marks.packet.error };
    }
}
