//! The head of the lookup's pipeline: reads the heads of a job's chains and begins its walks.
//!
//! # Role
//! Between `LookupFront`, which chooses jobs, and the two walks of `Lookup`.
//!
//! ```text
//!  s_job ── heads: the bucket heads arrive ── ready to begin ── m_begin
//!                                                               (once, or twice for a SYN that may open a connection)
//! ```
//!
//! # Ports
//! `clock`, `reset`. `enable`: the tables are cleared. `s_job`: jobs. `bucket`, `listener_bucket`: heads to be read.
//! `head`, `listener_head`: those read in the last cycle. `m_begin`: walks in the order of the jobs; one for the
//! listener follows at once on that of a SYN. `chain`, `listener_chain`: the heads of the last job that began. `done`:
//! the exclusive job in work is over.
//!
//! # Handshake
//! `s_job.ready` is a register. An *exclusive* job, one that may change the table, is the last that is taken until it
//! is done.
//!
//! # Latency
//! Two cycles from a job to its first walk, the next walk a cycle later. A job every second cycle.
//!
//! # Invariant
//! No head is read for a job while one that may change it is in work.
use super::lookup_front::{Job, JobKind};
use super::walk::{Begin, Goal, Link};
use stevedore_hdl::prelude::*;

/// A job whose heads are being read.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Reading {
    goal: Goal,
    bucket: Bits<16>,
    listener_bucket: Bits<16>,
    twice: bool,
}

/// A job whose heads are known.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Ready {
    goal: Goal,
    head: Link,
    listener_head: Link,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// A job is taken if one is there.
    accepts: bool,
    reading: bool,
    ready: bool,
    /// The job that is ready has a second walk, among the listeners.
    twice: bool,
    /// An exclusive job is in work.
    exclusive: bool,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Launch {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The tables are cleared.
    pub enable: Signal<In, bool>,
    /// Jobs.
    pub s_job: Sink<Job>,
    /// The head to be read in this cycle.
    pub bucket: Signal<Out, Bits<16>>,
    /// The head to be read among the listeners.
    pub listener_bucket: Signal<Out, Bits<16>>,
    /// The head read in the last cycle.
    pub head: Signal<In, Link>,
    /// Of the listeners.
    pub listener_head: Signal<In, Link>,
    /// The beginnings of walks.
    pub m_begin: Source<Begin>,
    /// The head of the last job that began.
    pub chain: Signal<Out, Link>,
    /// The head of its listeners.
    pub listener_chain: Signal<Out, Link>,
    /// The exclusive job is over.
    pub done: Signal<In, bool>,
    state: Register<State>,
    reading: Flop<Reading>,
    ready: Flop<Ready>,
}

impl Logic for Launch {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, reading, ready);
        let state = self.state.q.val();
        let mut next = state;
        let reading = self.reading.q.val();
        let mut ready = self.ready.q.val();
        let job = self.s_job.bits.val();

        let begins = state.ready && self.m_begin.ready.val();
        let leaves = begins && !state.twice;
        let moves = state.reading && (!state.ready || leaves);
        let taken = state.accepts && self.s_job.valid.val();

        if moves {
            ready = Ready { goal: reading.goal, head: self.head.val(), listener_head: self.listener_head.val() };
        } else if begins {
            ready.goal.in_listeners = true;
        }
        self.ready.d.next = ready;
        let offered = Reading {
            goal: Goal {
                tuple: job.tuple,
                by_slot: job.kind == JobKind::Free,
                slot: job.slot,
                in_listeners: job.listener,
            },
            bucket: job.bucket,
            listener_bucket: job.listener_bucket,
            twice: job.kind == JobKind::Segment && job.exclusive,
        };
        self.reading.d.next = if state.reading { reading } else { offered };

        next.ready = moves || (state.ready && !leaves);
        next.twice = if moves { reading.twice } else { state.twice && !begins };
        next.reading = taken || (state.reading && !moves);
        next.exclusive = (state.exclusive || (taken && job.exclusive)) && !self.done.val();
        next.accepts = self.enable.val() && !next.reading && !next.exclusive;
        self.state.d.next = next;

        // The heads of a job that has to wait are read again and again.
        self.bucket.next = mux(state.reading, reading.bucket, job.bucket);
        self.listener_bucket.next = mux(state.reading, reading.listener_bucket, job.listener_bucket);
        self.s_job.ready.next = state.accepts;
        let begun = self.ready.q.val();
        self.m_begin.valid.next = state.ready;
        self.m_begin.bits.next =
            Begin { goal: begun.goal, head: mux(begun.goal.in_listeners, begun.listener_head, begun.head) };
        self.chain.next = begun.head;
        self.listener_chain.next = begun.listener_head;
    }
}
