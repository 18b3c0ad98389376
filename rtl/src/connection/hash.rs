//! Keyed mixing of a 4-tuple: the hash of the connection table and the secret part of initial sequence numbers.
//!
//! # Role
//! Three steps. The parser takes the first two of a segment's tuple while the frame is still being checked (`Mix`);
//! `LookupFront` takes the third, and all three for openings (`Hash`). The low bits choose a bucket, the whole word is
//! the F(tuple, key) of RFC 6528 3.
//!
//! # Ports
//! `clock`: the clock. `tuple`: what to mix. `key`: the host's secret. `mix`: two steps later. `hash`: three steps
//! later, of `mixed` instead while `given` is high.
//!
//! # Handshake
//! None: pipelines that never stop. Who holds `tuple` counts the edges.
//!
//! # Latency
//! A cycle a step, one 32-bit addition each, a new tuple every cycle.
//!
//! # Invariant
//! Equal tuples under an equal key give equal hashes; tuples that differ in any few bits (consecutive ports,
//! consecutive addresses) spread as random numbers would: the mean chain at load factor 0.5 is that of a random
//! function, 1.25 rows.
//!
//! *Why not* a CRC or a Toeplitz hash: both are linear, so a peer finds colliding ports without knowing the key. Why
//! not SipHash: it takes an order of magnitude more adders. This mix is not a cryptographic function: it keeps out
//! those who do not study it.
use crate::bundles::Tuple;
use stevedore_hdl::prelude::*;

/// The two words between the first and the second step.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Halves {
    address: Bits<32>,
    ports: Bits<32>,
}

#[kernel_fn]
fn rotate<const LEFT: usize>(x: Bits<32>) -> Bits<32> {
    (x << (LEFT as u64)) | (x >> ((32 - LEFT) as u64))
}

#[kernel_fn]
fn first_step(tuple: Tuple, key: Bits<32>) -> Halves {
    let ports: Bits<32> = cat(tuple.remote_port, tuple.local_port);
    Halves {
        address: (tuple.remote_address ^ key) + rotate::<16>(ports),
        ports: (ports ^ rotate::<16>(key)) + rotate::<11>(tuple.remote_address),
    }
}

#[kernel_fn]
fn second_step(h: Halves) -> Bits<32> {
    (h.address ^ rotate::<13>(h.ports)) + (rotate::<25>(h.ports) ^ rotate::<20>(h.address))
}

#[kernel_fn]
fn third_step(x: Bits<32>) -> Bits<32> {
    (x ^ rotate::<16>(x)) + rotate::<11>(x)
}

/// The first two steps: see the module's text.
#[derive(LogicBlock, Default)]
pub struct Mix {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// What to mix.
    pub tuple: Signal<In, Tuple>,
    /// The host's secret.
    pub key: Signal<In, Bits<32>>,
    /// The mix, but for its last step, of the tuple of two cycles ago.
    pub mix: Signal<Out, Bits<32>>,
    halves: Flop<Halves>,
    word: Flop<Bits<32>>,
}

impl Logic for Mix {
    #[kernel]
    fn update(&mut self) {
        clocks!(self, halves, word);
        self.halves.d.next = first_step(self.tuple.val(), self.key.val());
        self.word.d.next = second_step(self.halves.q.val());
        self.mix.next = self.word.q.val();
    }
}

/// All three steps: see the module's text.
#[derive(LogicBlock, Default)]
pub struct Hash {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// What to mix.
    pub tuple: Signal<In, Tuple>,
    /// The host's secret.
    pub key: Signal<In, Bits<32>>,
    /// The first two steps were taken elsewhere.
    pub given: Signal<In, bool>,
    /// With this outcome.
    pub mixed: Signal<In, Bits<32>>,
    /// The mix of the tuple of three cycles ago, or of `mixed` of one cycle ago.
    pub hash: Signal<Out, Bits<32>>,
    mix: Mix,
    result: Flop<Bits<32>>,
}

impl Logic for Hash {
    #[kernel]
    fn update(&mut self) {
        clocks!(self, mix, result);
        self.mix.tuple.next = self.tuple.val();
        self.mix.key.next = self.key.val();
        self.result.d.next = third_step(if self.given.val() { self.mixed.val() } else { self.mix.mix.val() });
        self.hash.next = self.result.q.val();
    }
}
