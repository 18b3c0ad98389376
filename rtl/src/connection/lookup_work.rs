//! What `Lookup` keeps while it works on a job, and the decisions that need nothing else.
use super::lookup_front::{Job, JobKind};
use super::slots::FreeSlot;
use crate::bundles::Tuple;
use stevedore_hdl::prelude::*;

/// The next slot of a chain. `some` is `slot != 0`, kept because there is no time to find out.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Link {
    pub slot: Bits<16>,
    pub some: bool,
}

/// Which nibbles of a row's tuple are as the job has them.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Alike {
    pub address: Bits<8>,
    pub remote_port: Bits<4>,
    pub local_port: Bits<4>,
}

/// One slot of the table.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Row {
    pub tuple: Tuple,
    pub cookie: Bits<32>,
    pub generation: Bits<16>,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// Clear the bucket heads.
    #[default]
    Clear,
    /// Wait for a job; the heads of its buckets are being read.
    Idle,
    /// The heads arrive.
    Heads,
    /// Read the first row of the chain.
    First,
    /// The row arrives.
    Load,
    /// Compare it; the next row is being read.
    Compare,
    /// Give a slot out; the table is written in the next cycle.
    Insert,
    /// Take the slot of the row out of the table, which is written in the next cycle.
    Unlink,
    Unlinked,
    /// Offer the outcome.
    Segment,
    Reset,
    Opened,
    Refused,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct State {
    pub phase: Phase,
    /// `phase` is Idle: those whose request is taken then are many and far away.
    pub idle: bool,
    pub cleared: Bits<17>,
    pub drop: bool,
    /// One cycle after the decision: the table and the list of slots change.
    pub inserted: bool,
    pub unlinked: bool,
    /// `free` of the work is a slot.
    pub available: bool,
    /// How often microseconds have wrapped, modulo 4: the clock of RFC 6528 ticks every 4 us and needs two more bits.
    pub wraps: Bits<2>,
    pub late_half: bool,
}

/// The job in hand. Payload: every field is written before it is read.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Work {
    pub job: Job,
    pub head: Link,
    pub listener_head: Link,
    /// The chain walked is one of listeners.
    pub in_listeners: bool,
    /// A SYN whose listener is to be looked for if it belongs to no connection.
    pub seeks_listener: bool,
    /// The slot whose row is read, and the one before it in the chain (none: the head).
    pub current: Bits<16>,
    pub previous: Link,
    /// The same of the row that was compared last, and the slot behind it. The walk goes on meanwhile: whether the row is the
    /// one wanted is known too late for more than the next phase.
    pub compared: Bits<16>,
    pub before: Link,
    pub next: Link,
    /// What the row says besides its tuple, and which nibbles of that are as the job has them.
    pub cookie: Bits<32>,
    pub generation: Bits<16>,
    pub alike: Alike,
    /// The job is about a slot, not a tuple, and `current` is it.
    pub by_slot: bool,
    pub slot_found: bool,
    /// What follows when the row is the one wanted, and when the chain is at its end.
    pub on_hit: Phase,
    pub on_end: Phase,
    /// The slot to be given out next, out of the list's memory into registers; 0 if there is none.
    pub free: FreeSlot,
    /// The slot found, or given out by this very job; 0 if there is none.
    pub connection: FreeSlot,
    /// It was given out.
    pub fresh: bool,
    /// The row wanted was found.
    pub found: bool,
    /// No slot was free.
    pub full: bool,
    /// SEG.LEN, and SEG.SEQ + SEG.LEN.
    pub length: Bits<16>,
    pub reach: Bits<32>,
    pub initial: Bits<32>,
}

/// What follows when the row is the one wanted.
#[kernel_fn]
pub fn after_hit(kind: JobKind) -> Phase {
    match kind {
        JobKind::Segment => Phase::Segment,
        JobKind::Connect => Phase::Refused,
        JobKind::Listen => Phase::Refused,
        JobKind::Free => Phase::Unlink,
    }
}

/// What follows when the chain is at its end.
#[kernel_fn]
pub fn after_chain(kind: JobKind, seeks_listener: bool) -> Phase {
    match kind {
        JobKind::Segment => mux(seeks_listener, Phase::First, Phase::Segment),
        JobKind::Connect => Phase::Insert,
        JobKind::Listen => Phase::Insert,
        // A phase without effect: a walk never ends in Idle, which many wait for.
        JobKind::Free => Phase::Unlinked,
    }
}

#[kernel_fn]
fn alike_nibbles<const NIBBLES: usize, const N: usize>(a: Bits<N>, b: Bits<N>) -> Bits<NIBBLES> {
    let mut alike = Bits::<NIBBLES>::default();
    for i in 0..NIBBLES {
        alike = alike.replace_bit(i, a.get_bits::<4>(i * 4) == b.get_bits::<4>(i * 4));
    }
    alike
}

/// The first half of the comparison, made while the row arrives: no more than two LUTs fit behind the memory.
#[kernel_fn]
pub fn alike(a: Tuple, b: Tuple) -> Alike {
    Alike {
        address: alike_nibbles::<8, 32>(a.remote_address, b.remote_address),
        remote_port: alike_nibbles::<4, 16>(a.remote_port, b.remote_port),
        local_port: alike_nibbles::<4, 16>(a.local_port, b.local_port),
    }
}

/// The row is the one the job looks for. Listeners differ in the local port only.
#[kernel_fn]
pub fn wanted(w: Work) -> bool {
    let same_remote = w.alike.address.all() && w.alike.remote_port.all();
    w.slot_found || (w.alike.local_port.all() && !w.by_slot && (w.in_listeners || same_remote))
}

/// Generation 0 is never given out: an id of 0 means "no connection".
#[kernel_fn]
pub fn next_generation(generation: Bits<16>) -> Bits<16> {
    let counted = generation + 1;
    mux(counted.any(), counted, bits::<16>(1))
}
