//! From 4-tuple to connection: the hash table, the slots, and who may open one.
//!
//! # Role
//! Every verified segment gets its connection here (`m_segment`); host requests that need a slot get it here
//! (`m_opened`), and so do hard ICMP errors; the reaper gives slots back (`s_free`). Neighbours: `rx::Receiver`,
//! `network::Network`, `Reaper`, `Tcp`, and all blocks that keep a copy of the address table.
//!
//! ```text
//!  s_header ─┐                            ┌─ walk ─┐           ┌─ m_segment
//!  s_open ───┤ LookupFront ── Launch ─────┤        ├─ outcome ─┼─ m_opened, m_refused
//!  s_icmp ───┤ (choice, hash) (heads)     └─ walk ─┘  in order └─ ResetReplies ── m_reset
//!  s_free ───┘        └──────── jobs (a queue) ──────────┘
//! ```
//!
//! A bucket head names the first slot of a chain, each slot names the next; 0 ends it. Listeners have heads of their
//! own, so that no tuple a peer makes up is taken for one. Several segments are in work at the same time, two of them
//! in the chains (`Walk`); their outcomes are taken in the order of the jobs. A job that may change the table is
//! *exclusive*: nothing behind it begins before it is over. A segment that may open a connection, or that a listener
//! drops, has two walks, one to its connection and one to its listener.
//!
//! # Ports
//! `clock`, `reset`. `s_header`, `s_open`, `s_icmp`, `s_free`: what is asked. `settings`: the hash key. `now`:
//! microseconds. `m_segment`: one event per header, in order, slot 0 without a connection. `m_opened`: Connect, Listen
//! and Unreachable events. `m_refused`: openings refused. `m_reset`: resets for segments nobody wants. `address`,
//! `address_valid`: a slot's addresses, for every copy. `free_slots`: how many are free. `drop_no_connection`: pulse, a
//! segment without a connection.
//!
//! # Handshake
//! Requests are taken one at a time; a blocked output holds the block up. Nothing is taken until the tables are
//! cleared, which takes as many cycles after reset as there are buckets or slots. An error that finds no connection
//! vanishes.
//!
//! # Latency
//! From a header at an idle block to its event: 6 cycles, 2 more per further link of the chain; for a SYN to a listener
//! 8 cycles. A header every second cycle if chains are short, a SYN that opens a connection every 8. Stalls: only while
//! an output is blocked.
//!
//! # Invariant
//! A slot is in exactly one chain while in use and in none while free. A slot's address is broadcast before its first
//! event. A job is in `jobs` from the cycle it is taken to its end, so each outcome finds its job there.
use super::initial_sequence::InitialSequence;
use super::launch::Launch;
use super::lookup_front::{Home, Job, JobKind, LookupFront};
use super::reset_replies::ResetReplies;
use super::slots::{next_generation, FreeSlot, Slots};
use super::table::{Change, Table};
use super::walk::{Row, Walk};
use crate::bundles::codes::{response, status};
use crate::bundles::*;
use crate::geometry::Geometry;
use crate::stream::Queue;
use stevedore_hdl::prelude::*;

/// Jobs that can be in work: one whose heads are read, one ready to begin, two in the chains, two whose outcomes wait.
const JOBS: usize = 6;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Take the outcomes as they come.
    #[default]
    Gather,
    /// A SYN found no connection: wait for its listener.
    Listener,
    /// A SYN found its connection: the walk to the listener is in vain.
    Skip,
    /// Take the slot found out of the table, which is written in the next cycle.
    Unlink,
    Unlinked,
    /// Offer the outcome of an exclusive job.
    Segment,
    Opened,
    Refused,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// The walk whose outcome comes next, and the one that begins next.
    turn: bool,
    begin_turn: bool,
    drop: bool,
    /// One cycle after the decision: the table and the list of slots change.
    inserted: bool,
    unlinked: bool,
    /// `free` of the work is a slot.
    available: bool,
}

/// Payload: every field is written before it is read.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    /// The slot to be given out next, out of the list's memory into registers; 0 if there is none.
    free: FreeSlot,
    /// The listener whose connection is being opened.
    listener: FreeSlot,
    /// A connection was opened for the segment.
    fresh: bool,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Lookup {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Verified segments.
    pub s_header: Sink<SegmentHeader>,
    /// Openings of the host, resolved.
    pub s_open: Sink<OpenRequest>,
    /// Hard errors about segments sent.
    pub s_icmp: Sink<IcmpError>,
    /// Slots whose connection is gone.
    pub s_free: Sink<Bits<16>>,
    /// The hash key.
    pub settings: Signal<In, Settings>,
    /// Microseconds.
    pub now: Signal<In, Bits<32>>,
    /// One event per header.
    pub m_segment: Source<Event>,
    /// Slots given out to the host's openings, and errors that found their connection.
    pub m_opened: Source<Event>,
    /// Openings refused.
    pub m_refused: Source<Notice>,
    /// Resets for segments without a connection.
    pub m_reset: Source<ResetOut>,
    /// Addresses of the slot written.
    pub address: Signal<Out, Address>,
    /// `address` is to be written now.
    pub address_valid: Signal<Out, bool>,
    /// Slots free.
    pub free_slots: Signal<Out, Bits<16>>,
    /// A segment without a connection was dropped.
    pub drop_no_connection: Signal<Out, bool>,
    front: LookupFront,
    launch: Launch,
    walks: [Walk; 2],
    jobs: Queue<Job>,
    slots: Slots,
    numbers: InitialSequence,
    replies: ResetReplies,
    table: Table,
    state: Register<State>,
    work: Flop<Work>,
}

impl Lookup {
    /// A table of the geometry's `connections` and `hash_buckets`.
    pub fn new(geometry: &Geometry) -> Self {
        let Geometry { connections, hash_buckets, .. } = *geometry;
        Self {
            front: LookupFront::new(hash_buckets, connections),
            jobs: Queue::new(JOBS),
            slots: Slots::new(connections),
            table: Table::new(connections, hash_buckets),
            ..Self::default()
        }
    }
}

impl Logic for Lookup {
    #[kernel]
    fn update(&mut self) {
        setup!(self, front, launch, walks[0], walks[1], jobs, slots, numbers, replies, table, state);
        clocks!(self, work);
        forward!(self.s_header => self.front.s_header);
        forward!(self.s_open => self.front.s_open);
        forward!(self.s_icmp => self.front.s_icmp);
        forward!(self.s_free => self.front.s_free);
        forward!(self.replies.m_reset => self.m_reset);

        // Jobs: their walks begin, the rest of them waits for the outcome. An outcome takes four cycles from its job,
        // the queue three: the job is at the front before its outcome.
        let enable = self.table.ready.val() && self.slots.ready.val();
        let accepts = self.launch.s_job.ready.val();
        self.front.key.next = self.settings.val().hash_key;
        self.front.enable.next = enable;
        self.front.m_job.ready.next = accepts;
        self.launch.enable.next = enable;
        self.launch.s_job.bits.next = self.front.m_job.bits.val();
        self.launch.s_job.valid.next = self.front.m_job.valid.val();
        self.jobs.s_in.bits.next = self.front.m_job.bits.val();
        self.jobs.s_in.valid.next = self.front.m_job.valid.val() && accepts;

        // Walks: two, in turn. A row can be read for one of them in a cycle; one that has begun goes first.
        let s = self.state.q.val();
        let mut n = s;
        let begin = self.launch.m_begin.bits.val();
        let (reads_0, reads_1) = (self.walks[0].reads.val(), self.walks[1].reads.val());
        let free = mux(s.begin_turn, self.walks[1].free.val(), self.walks[0].free.val());
        let may_begin = free && !reads_0 && !reads_1;
        let begins = self.launch.m_begin.valid.val() && may_begin;
        self.launch.m_begin.ready.next = may_begin;
        n.begin_turn = s.begin_turn != begins;
        self.walks[0].start.next = begins && !s.begin_turn;
        self.walks[1].start.next = begins && s.begin_turn;
        self.walks[0].granted.next = true;
        self.walks[1].granted.next = !reads_0;
        let pointer = if reads_0 {
            self.walks[0].pointer.val()
        } else if reads_1 {
            self.walks[1].pointer.val()
        } else {
            begin.head.slot
        };
        for i in 0..2 {
            self.walks[i].begin.next = begin;
            self.walks[i].row.next = self.table.row.val();
            self.walks[i].link.next = self.table.link.val();
        }

        // Outcomes, in order.
        let w = self.work.q.val();
        let mut m = w;
        let job = self.jobs.m_out.bits.val();
        let found = mux(s.turn, self.walks[1].found.val(), self.walks[0].found.val());
        let outcome = mux(s.turn, self.walks[1].valid.val(), self.walks[0].valid.val());
        let segment = job.kind == JobKind::Segment;
        let listener = s.phase == Phase::Listener;
        let gathering = outcome && (s.phase == Phase::Gather || listener);
        // A segment's event leaves at once, unless it may yet open a connection. Without a connection it may need a
        // reset. A listener drops what neither opens nor resets (RFC 9293 3.10.7.2): its slot's event says so, no reset
        // does.
        let clear = if listener { !found.hit || !job.control.syn } else { found.hit || !job.exclusive };
        let direct = gathering && segment && clear;
        let event = (direct && (found.hit || self.replies.s_segment.ready.val())) || s.phase == Phase::Segment;
        let leaves = event && self.m_segment.ready.val();
        // A slot is given out: the table is written in the next cycle.
        let asked = job.kind == JobKind::Connect || job.kind == JobKind::Listen;
        let opening = gathering && mux(listener, found.hit && job.control.syn, asked && !found.hit);
        let lost = direct && leaves && !found.hit;
        let mut takes = false;
        let mut ends = false;

        n.drop = lost || (leaves && s.phase == Phase::Segment && !w.fresh);
        n.inserted = opening && s.available;
        n.unlinked = s.phase == Phase::Unlink;
        n.available = self.slots.m_slot.valid.val();
        m.free = if self.slots.m_slot.valid.val() { self.slots.m_slot.bits.val() } else { FreeSlot::default() };
        if s.phase != Phase::Segment {
            m.fresh = opening && s.available;
        }
        // Kept while the outcome's connection becomes the new one.
        if listener {
            m.listener = found.connection;
        }

        match s.phase {
            Phase::Gather | Phase::Listener => {
                if gathering {
                    match job.kind {
                        JobKind::Segment => {
                            if clear {
                                takes = leaves;
                                let unneeded = found.hit && job.exclusive && !listener;
                                ends = leaves && !unneeded;
                                if leaves {
                                    n.phase = mux(unneeded, Phase::Skip, Phase::Gather);
                                }
                            } else {
                                takes = !listener;
                                n.phase = mux(listener, Phase::Segment, Phase::Listener);
                            }
                        }
                        JobKind::Connect | JobKind::Listen => {
                            n.phase = mux(opening && s.available, Phase::Opened, Phase::Refused);
                        }
                        JobKind::Free => {
                            takes = !found.hit;
                            ends = !found.hit;
                            n.phase = mux(found.hit, Phase::Unlink, Phase::Gather);
                        }
                        JobKind::Unreachable => {
                            takes = !found.hit;
                            ends = !found.hit;
                            n.phase = mux(found.hit, Phase::Opened, Phase::Gather);
                        }
                    }
                }
            }
            Phase::Skip => {
                takes = outcome;
                ends = outcome;
            }
            Phase::Unlink => n.phase = Phase::Unlinked,
            Phase::Unlinked => {
                takes = true;
                ends = true;
            }
            Phase::Segment => {
                takes = leaves;
                ends = leaves;
            }
            Phase::Opened => {
                takes = self.m_opened.ready.val();
                ends = self.m_opened.ready.val();
            }
            Phase::Refused => {
                takes = self.m_refused.ready.val();
                ends = self.m_refused.ready.val();
            }
        }
        if ends {
            n.phase = Phase::Gather;
        }
        n.turn = s.turn != takes;
        self.state.d.next = n;
        self.work.d.next = m;
        self.jobs.m_out.ready.next = ends;
        self.launch.done.next = ends && job.exclusive;
        self.walks[0].taken.next = takes && !s.turn;
        self.walks[1].taken.next = takes && s.turn;
        self.walks[0].open.next = opening && !s.turn;
        self.walks[1].open.next = opening && s.turn;
        self.walks[0].opened.next = w.free;
        self.walks[1].opened.next = w.free;

        // The table.
        let chain = mux(job.listener, self.launch.listener_chain.val(), self.launch.chain.val());
        self.table.bucket.next = self.launch.bucket.val();
        self.table.listener_bucket.next = self.launch.listener_bucket.val();
        self.launch.head.next = self.table.head.val();
        self.launch.listener_head.next = self.table.listener_head.val();
        self.table.pointer.next = pointer;
        self.table.insert.next = s.inserted;
        self.table.unlink.next = s.unlinked;
        self.table.change.next = Change {
            listener: job.listener,
            bucket: job.bucket,
            slot: w.free.slot,
            row: Row { tuple: job.tuple, cookie: job.cookie, generation: w.free.generation },
            next: mux(s.inserted, chain, found.next),
            before: found.before,
        };
        self.front.home_write.next = s.inserted;
        self.front.home_slot.next = w.free.slot;
        self.front.home.next = Home { bucket: job.bucket, listener: job.listener };
        self.slots.m_slot.ready.next = s.inserted;
        self.slots.s_slot.valid.next = s.unlinked;
        self.slots.s_slot.bits.next =
            FreeSlot { slot: found.connection.slot, generation: next_generation(found.connection.generation) };
        self.numbers.now.next = self.now.val();
        self.numbers.capture.next = opening;
        self.numbers.hash.next = job.hash;

        // What leaves.
        let listen = job.kind == JobKind::Listen;
        let unreachable = job.kind == JobKind::Unreachable;
        let connection = found.connection;
        self.m_segment.valid.next = event;
        self.m_segment.bits.next = Event {
            kind: EventKind::Segment,
            slot: connection.slot,
            generation: connection.generation,
            fresh: s.phase == Phase::Segment && w.fresh,
            listener: w.listener.slot,
            listener_generation: w.listener.generation,
            sequence: job.sequence,
            acknowledgement: job.acknowledgement,
            window: job.window,
            control: job.control,
            options: job.options,
            payload_length: job.payload_length,
            initial_sequence: self.numbers.number.val(),
            cookie: found.cookie,
            ..Event::default()
        };
        self.m_opened.valid.next = s.phase == Phase::Opened;
        self.m_opened.bits.next = Event {
            kind: if unreachable {
                EventKind::Unreachable
            } else if listen {
                EventKind::Listen
            } else {
                EventKind::Connect
            },
            slot: connection.slot,
            generation: connection.generation,
            listener: job.sequence.get_bits::<16>(0),
            listener_generation: job.sequence.get_bits::<16>(16),
            sequence: job.sequence,
            initial_sequence: self.numbers.number.val(),
            cookie: job.cookie,
            ..Event::default()
        };
        self.m_refused.valid.next = s.phase == Phase::Refused;
        self.m_refused.bits.next = Notice {
            response: mux(listen, bits::<5>(response::LISTEN), bits::<5>(response::COMPLETION)),
            status: mux(found.hit, bits::<8>(status::ADDRESS_IN_USE), bits::<8>(status::NO_ROOM)),
            cookie: job.cookie,
            ..Notice::default()
        };
        self.replies.s_segment.valid.next = lost && !job.control.rst;
        self.replies.s_segment.bits.next = job;
        self.address_valid.next = s.inserted;
        self.address.next = Address { slot: w.free.slot, tuple: job.tuple, remote_mac: job.remote_mac };
        self.free_slots.next = self.slots.level.val();
        self.drop_no_connection.next = s.drop;
    }
}
