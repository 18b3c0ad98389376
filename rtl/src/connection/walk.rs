//! A walk along one chain of the connection table, row by row, until a row is the one wanted or the chain ends.
//!
//! # Role
//! `Lookup` has two of them, used in turn, which share one read port of the table: while one compares a row, the
//! other's arrives.
//!
//! # Ports
//! `clock`, `reset`. `start`, `begin`: a walk begins, with the head of its chain; its first row must be read in the
//! same cycle. `free`: a walk may begin. `reads`, `pointer`: the next row of the chain is wanted; `granted`: it is read
//! in this cycle. `row`, `link`: what was read in the last cycle. `valid`, `found`, `taken`: the outcome. `open`,
//! `opened`: the waiting outcome gets this connection instead of the one found.
//!
//! # Handshake
//! An outcome stays until it is taken. The next walk may begin meanwhile; it stops before its own outcome.
//!
//! # Latency
//! From the beginning to the outcome 3 cycles, 2 more per further row, 2 if the chain is empty. The next walk may begin
//! a cycle before the outcome, or with it if the row wanted was not the last of its chain.
//!
//! # Invariant
//! `found.connection` is zero unless the row wanted was found or a connection was given with `open`.
use super::slots::FreeSlot;
use crate::bundles::Tuple;
use stevedore_hdl::prelude::*;

/// The next slot of a chain. `some` is `slot != 0`, kept because there is no time to find out.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Link {
    /// The slot.
    pub slot: Bits<16>,
    /// There is one.
    pub some: bool,
}

/// One slot of the table.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Row {
    /// Who it speaks with.
    pub tuple: Tuple,
    /// The cookie it was opened with.
    pub cookie: Bits<32>,
    /// The generation of its present life.
    pub generation: Bits<16>,
}

/// What a walk looks for.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Goal {
    /// The 4-tuple of the row wanted.
    pub tuple: Tuple,
    /// The row of this slot is wanted, whatever its tuple.
    pub by_slot: bool,
    /// That slot.
    pub slot: Bits<16>,
    /// The chain is one of listeners, which differ in the local port only.
    pub in_listeners: bool,
}

/// How a walk begins.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Begin {
    /// What it looks for.
    pub goal: Goal,
    /// The head of the chain.
    pub head: Link,
}

/// How a walk ended.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Found {
    /// The row wanted was found.
    pub hit: bool,
    /// Its slot and generation, or what was given with `open`.
    pub connection: FreeSlot,
    /// Its cookie.
    pub cookie: Bits<32>,
    /// The slot before it in the chain; none: the head.
    pub before: Link,
    /// The slot behind it.
    pub next: Link,
}

/// Which nibbles of a row's tuple are as the goal has them.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Alike {
    address: Bits<8>,
    remote_port: Bits<4>,
    local_port: Bits<4>,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    /// The row arrives.
    Load,
    /// The row is compared, and the next one read: it would be too late to know first whether that is necessary.
    Compare,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    valid: bool,
}

/// The row in hand.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    goal: Goal,
    current: Bits<16>,
    before: Link,
    next: Link,
    cookie: Bits<32>,
    generation: Bits<16>,
    alike: Alike,
    /// The slot is the one the goal names.
    same_slot: bool,
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
fn alike(a: Tuple, b: Tuple) -> Alike {
    Alike {
        address: alike_nibbles::<8, 32>(a.remote_address, b.remote_address),
        remote_port: alike_nibbles::<4, 16>(a.remote_port, b.remote_port),
        local_port: alike_nibbles::<4, 16>(a.local_port, b.local_port),
    }
}

/// The row is the one the goal describes.
#[kernel_fn]
fn wanted(w: Work) -> bool {
    let same_remote = w.alike.address.all() && w.alike.remote_port.all();
    w.same_slot || (w.alike.local_port.all() && !w.goal.by_slot && (w.goal.in_listeners || same_remote))
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Walk {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// A walk begins.
    pub start: Signal<In, bool>,
    /// Where, and what for.
    pub begin: Signal<In, Begin>,
    /// A walk may begin.
    pub free: Signal<Out, bool>,
    /// The row of `pointer` is wanted in this cycle.
    pub reads: Signal<Out, bool>,
    /// Which row.
    pub pointer: Signal<Out, Bits<16>>,
    /// The row of `pointer` is read in this cycle.
    pub granted: Signal<In, bool>,
    /// The row read in the last cycle.
    pub row: Signal<In, Row>,
    /// The slot behind it.
    pub link: Signal<In, Link>,
    /// There is an outcome.
    pub valid: Signal<Out, bool>,
    /// The outcome.
    pub found: Signal<Out, Found>,
    /// The outcome is not needed any more.
    pub taken: Signal<In, bool>,
    /// The outcome gets another connection.
    pub open: Signal<In, bool>,
    /// The connection the outcome gets with `open`.
    pub opened: Signal<In, FreeSlot>,
    state: Register<State>,
    work: Flop<Work>,
    outcome: Flop<Found>,
}

impl Logic for Walk {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, work, outcome);
        let state = self.state.q.val();
        let mut next = state;
        let work = self.work.q.val();
        let mut worked = work;
        let begin = self.begin.val();
        let hit = wanted(work);
        let mut reads = false;

        if self.taken.val() {
            next.valid = false;
        }
        match state.phase {
            Phase::Idle => {}
            Phase::Load => {
                let row = self.row.val();
                worked.cookie = row.cookie;
                worked.generation = row.generation;
                worked.alike = alike(row.tuple, work.goal.tuple);
                worked.same_slot = work.goal.by_slot && work.current == work.goal.slot;
                worked.next = self.link.val();
                next.phase = Phase::Compare;
            }
            Phase::Compare => {
                reads = work.next.some && !state.valid;
                if !state.valid {
                    if hit || !work.next.some {
                        next.phase = Phase::Idle;
                        next.valid = true;
                    } else if self.granted.val() {
                        worked.current = work.next.slot;
                        worked.before = Link { slot: work.current, some: true };
                        next.phase = Phase::Load;
                    }
                }
            }
        }
        // The next walk begins while the last row of a chain is compared, which is hit or miss the outcome.
        let ends = state.phase == Phase::Compare && !work.next.some && !state.valid;
        let free = state.phase == Phase::Idle || ends;
        if free {
            // An empty chain is one whose last row is not the one wanted.
            worked = Work {
                goal: begin.goal,
                current: begin.head.slot,
                before: Link::default(),
                next: Link::default(),
                cookie: work.cookie,
                generation: work.generation,
                alike: Alike::default(),
                same_slot: false,
            };
            if self.start.val() {
                next.phase = if begin.head.some { Phase::Load } else { Phase::Compare };
            }
        }
        self.state.d.next = next;
        self.work.d.next = worked;

        let mut outcome = self.outcome.q.val();
        if !state.valid {
            outcome = Found {
                hit,
                connection: FreeSlot { slot: work.current, generation: work.generation },
                cookie: work.cookie,
                before: work.before,
                next: work.next,
            };
            if !hit {
                outcome.connection = FreeSlot::default();
            }
        } else if self.open.val() {
            outcome.connection = self.opened.val();
        }
        self.outcome.d.next = outcome;

        self.free.next = free;
        self.reads.next = reads;
        self.pointer.next = work.next.slot;
        self.valid.next = state.valid;
        self.found.next = self.outcome.q.val();
    }
}
