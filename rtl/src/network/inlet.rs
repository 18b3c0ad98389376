//! Watches the wire for frames this folder answers.
//!
//! # Role
//! Between the wire (which `rx::Receiver` watches too) and `Arp` and `Icmp`: keeps the first 48 octets of each frame
//! and says at its end what the frame is.
//!
//! # Ports
//! `clock`, `reset`. `s_frame`: the wire. `enable`: take frames. `beat`, `beat_valid`, `beat_first`: the wire, one
//! cycle later. `header`, `length`: the header register and the octets of the frame. `arp`, `icmp`: pulses in the cycle
//! after the last `beat`: it was an ARP packet, or an ICMP packet.
//!
//! # Handshake
//! Always ready: nobody behind may hold up the wire. Who is busy at a pulse loses the frame.
//!
//! # Latency
//! One cycle, two for the pulses. Everything wide moves on what is known when the cycle begins.
//!
//! # Invariant
//! At a pulse `header` holds the first octets of the very frame that has ended, and the frame has at least 42. In the
//! next cycle it may hold those of the frame behind it.
use super::headers::*;
use crate::bundles::Beat;
use crate::wire::{ethernet, icmp, icmp::EchoFrame, ipv4};
use stevedore_hdl::prelude::*;

/// Bytes of an ICMP message or an ARP packet with its Ethernet header, at least.
const SHORTEST_MESSAGE: u64 = ethernet::LENGTH + ipv4::LENGTH + icmp::LENGTH;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    valid: bool,
    first: bool,
    inside: bool,
    /// `held` belongs into the header register.
    head: bool,
    /// Beats in the header register, at most `HEADER` / `W`.
    beats: Bits<4>,
    /// Octets of the frame of `held`, and of the frame before the cycle.
    so_far: Bits<12>,
    length: Bits<12>,
    /// A frame ended in the cycle before.
    whole: bool,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Inlet<const W: usize> {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The wire.
    pub s_frame: Sink<Beat<W>>,
    /// Take frames.
    pub enable: Signal<In, bool>,
    /// The wire, one cycle later.
    pub beat: Signal<Out, Beat<W>>,
    /// `beat` is one.
    pub beat_valid: Signal<Out, bool>,
    /// It is the first of a frame.
    pub beat_first: Signal<Out, bool>,
    /// First 48 octets of the frame.
    pub header: Signal<Out, Bits<384>>,
    /// Its octets, modulo 2^12.
    pub length: Signal<Out, Bits<12>>,
    /// An ARP packet has ended.
    pub arp: Signal<Out, bool>,
    /// An ICMP packet has ended.
    pub icmp: Signal<Out, bool>,
    state: Register<State>,
    held: Flop<Beat<W>>,
    register: Flop<Bits<384>>,
}

impl<const W: usize> Logic for Inlet<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, held, register);
        let s = self.state.q.val();
        let mut n = s;
        let beat = self.s_frame.bits.val();
        n.valid = self.s_frame.valid.val();
        n.first = n.valid && !s.inside;
        let beats = mux(s.inside, s.beats, bits::<4>(0));
        n.head = n.valid && in_header::<W>(beats);
        if n.valid {
            n.so_far = mux(s.inside, s.so_far, bits::<12>(0)) + resize::<12, 7>(beat.count);
            n.inside = !beat.last;
            n.beats = beats + in_header::<W>(beats);
        }
        let held = self.held.q.val();
        n.length = s.so_far;
        n.whole = s.valid && held.last && !held.error && self.enable.val();
        let header = self.register.q.val();
        self.register.d.next = if s.head { header_received::<W>(header, held.data) } else { header };
        self.state.d.next = n;
        self.held.d.next = beat;
        self.s_frame.ready.next = true;

        let frame = unpack::<EchoFrame, 384>(reverse_bytes(header));
        let whole = s.whole && s.length >= bits::<12>(SHORTEST_MESSAGE);
        self.beat.next = held;
        self.beat_valid.next = s.valid;
        self.beat_first.next = s.first;
        self.header.next = header;
        self.length.next = s.length;
        self.arp.next = whole && frame.ethertype == bits::<16>(ethernet::TYPE_ARP);
        self.icmp.next = whole
            && frame.ethertype == bits::<16>(ethernet::TYPE_IPV4)
            && frame.protocol == bits::<8>(ipv4::PROTOCOL_ICMP);
    }
}
