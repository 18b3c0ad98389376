//! Verifier: checksums of passing frames.
//!
//! # Role
//! First block behind the wire. Delays every frame until it is known whether its checksums are right, so that the frame
//! buffer can commit or roll back with the last beat. Feeds the [`Parser`](super::Parser) from a tap of the delay line.
//!
//! ```text
//! beat -> [ 1 total length ] -> [ 2 mask ] -> [ checksums: 3 or 4 stages ] -> ip_right, tcp_right
//!            |
//!            +-> delay line --------+-> early (parser) --> late
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! None: it takes a beat in every cycle with `valid`, gives it out a fixed time later.
//!
//! # Latency
//! `late` is 5 cycles behind `beat` (W = 64; 6 above), `early` is three cycles before `late`.
//!
//! # Invariant
//! `ip_right` and `tcp_right` in the cycle of a last beat on `late` are the verdict on exactly that frame. The TCP sum
//! covers the bytes from the source address to the end the IPv4 header names: padding never enters. It assumes an IPv4
//! header of 20 bytes; the parser drops all others.
use super::Checksum;
use crate::bundles::Beat;
use crate::wire::{ethernet, ipv4, scanned, Scan};
use stevedore_hdl::prelude::*;

/// IPv4 header of 20 bytes, plus protocol number 6, minus the Ethernet header: what turns "end of the segment in the
/// frame" into the sum of the pseudo header's protocol and TCP length.
const END_TO_PSEUDO: u64 = 2 * ethernet::LENGTH;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Place of the next beat of the wire.
    coming: Scan,
    /// The number of the beat in the first stage, and what is left of the IPv4 packet from there on.
    index: Bits<4>,
    /// It is the beat the TCP sum begins in / one behind it.
    head: bool,
    body: bool,
    /// A whole beat of the packet is left / nothing / lanes of the beat it ends in.
    whole: bool,
    over: bool,
    part: Bits<7>,
    /// The masked words belong to a first beat.
    masked_first: bool,
    /// Which stages of the delay line hold a beat.
    filled: Bits<6>,
    /// The beat on `late` is the last of its frame.
    ending: bool,
}

/// The verifier.
#[derive(LogicBlock, Default)]
pub struct Verifier<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Frames from the wire.
    pub beat: Signal<In, Beat<W>>,
    /// `beat` is one.
    pub valid: Signal<In, bool>,
    /// The beat as the parser gets it.
    pub early: Signal<Out, Beat<W>>,
    /// `early` is one.
    pub early_valid: Signal<Out, bool>,
    /// The beat as the frame buffer gets it, with the verdict.
    pub late: Signal<Out, Beat<W>>,
    /// `late` is one.
    pub late_valid: Signal<Out, bool>,
    /// `late` is a last one: the verdict falls.
    pub late_ends: Signal<Out, bool>,
    /// With the last beat on `late`: the IPv4 header checksum is right.
    pub ip_right: Signal<Out, bool>,
    /// With the last beat on `late`: the TCP checksum is right.
    pub tcp_right: Signal<Out, bool>,
    state: Register<State>,
    line: [Flop<Beat<W>>; 6],
    ip_words: Flop<Bits<W>>,
    tcp_words: Flop<Bits<W>>,
    ip_sum: Checksum<W>,
    tcp_sum: Checksum<W>,
}

impl<const W: usize> Logic for Verifier<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, ip_sum, tcp_sum);
        clocks!(self, line[0], line[1], line[2], line[3], line[4], line[5], ip_words, tcp_words);
        let state = self.state.q.val();
        let mut next = state;

        // Stage 1: where in the frame the beat lies, and how long the packet says it is (bytes 16 and 17).
        let beat = self.beat.val();
        let valid = self.valid.val();
        next.index = state.coming.index;
        next.head = state.coming.index == (ipv4::CHECKSUM * 8 / W) as u64;
        next.body = state.coming.index > (ipv4::CHECKSUM * 8 / W) as u64;
        if valid {
            next.coming = scanned::<W>(state.coming, beat);
        }

        // Stage 2: zero every byte that does not count.
        // Only beats behind the one with the total length ask; at W = 512 it is the same.
        let end = if W > 128 { next.coming.end } else { state.coming.end };
        let left = resize::<18, 17>(end) - resize::<18, 17>(state.coming.offset);
        next.over = left.get_bit(17);
        next.whole = (left >> clog2(W / 8) as u64).any();
        next.part = bit_cast::<7, 18>(left) & bits::<7>(W as u64 / 8 - 1);

        let data = self.line[0].q.val().data;
        let head = state.head;
        let body = state.body;
        let mut tcp_mask = bits::<W>(0);
        let mut ip_mask = bits::<W>(0);
        for lane in 0..W / 8 {
            let started = body || (head && lane >= ipv4::SOURCE % (W / 8));
            if started && !state.over && (state.whole || state.part > bits::<7>(lane as u64)) {
                tcp_mask = set_bits(tcp_mask, lane * 8, bits::<8>(0xff));
            }
            for i in ipv4::VERSION * 8 / W..=(ipv4::PAYLOAD - 1) * 8 / W {
                if i * W / 8 + lane >= ipv4::VERSION && i * W / 8 + lane < ipv4::PAYLOAD && state.index == i as u64 {
                    ip_mask = set_bits(ip_mask, lane * 8, bits::<8>(0xff));
                }
            }
        }
        // The place of the IPv4 checksum (bytes 24 and 25), which is not part of the TCP sum, takes protocol and
        // length.
        let mut tcp_words = data & tcp_mask;
        if head {
            tcp_words = set_bits(
                tcp_words,
                ipv4::CHECKSUM * 8 % W,
                reverse_bytes(resize::<16, 17>(state.coming.end - END_TO_PSEUDO)),
            );
        }
        self.tcp_words.d.next = tcp_words;
        self.ip_words.d.next = data & ip_mask;
        next.masked_first = state.index == 0;

        // Stages 3 and on.
        let masked = state.filled.get_bit(1);
        self.ip_sum.words.next = self.ip_words.q.val();
        self.ip_sum.valid.next = masked;
        self.ip_sum.first.next = state.masked_first;
        self.tcp_sum.words.next = self.tcp_words.q.val();
        self.tcp_sum.valid.next = masked;
        self.tcp_sum.first.next = state.masked_first;
        self.ip_right.next = self.ip_sum.right.val();
        self.tcp_right.next = self.tcp_sum.right.val();

        // The delay line.
        next.filled = (state.filled << 1) | resize::<6, 1>(from_bool(valid));
        self.line[0].d.next = beat;
        for i in 1..6 {
            self.line[i].d.next = self.line[i - 1].q.val();
        }
        if W > 64 {
            self.early.next = self.line[2].q.val();
            self.early_valid.next = state.filled.get_bit(2);
            self.late.next = self.line[5].q.val();
            self.late_valid.next = state.filled.get_bit(5);
            next.ending = state.filled.get_bit(4) && self.line[4].q.val().last;
        } else {
            self.early.next = self.line[1].q.val();
            self.early_valid.next = state.filled.get_bit(1);
            self.late.next = self.line[4].q.val();
            self.late_valid.next = state.filled.get_bit(4);
            next.ending = state.filled.get_bit(3) && self.line[3].q.val().last;
        }
        self.late_ends.next = state.ending;
        self.state.d.next = next;
    }
}
