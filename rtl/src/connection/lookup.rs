//! From 4-tuple to connection: the hash table, the slots, and who may open one.
//!
//! **Role.** Every verified segment gets its connection here (`m_segment`); host requests that need a slot get it here (`m_opened`); the
//! reaper gives slots back (`s_free`). Neighbours: `rx::Receiver`, `network::Network`, `Reaper`, `Tcp`, and all blocks that keep a copy of
//! the address table.
//!
//! A bucket head names the first slot of a chain, each slot names the next; 0 ends it. Listeners have heads of their own, so that no tuple
//! a peer makes up is taken for one. Rows (tuple, cookie, generation) are compared one per two cycles.
//!
//! **Ports.** `clock`, `reset`. `s_header`, `s_open`, `s_free`: what is asked. `settings`: the hash key. `now`: microseconds. `m_segment`:
//! one event per header, in order, slot 0 without a connection. `m_opened`: Connect and Listen events. `m_refused`: openings refused.
//! `m_reset`: resets for segments nobody wants. `address`, `address_valid`: a slot's addresses, for every copy. `free_slots`: how many are
//! free. `drop_no_connection`: pulse, a segment without a connection.
//!
//! **Handshake.** Requests are taken one at a time; a blocked output holds the block up. Nothing is taken until the tables are cleared,
//! which takes as many cycles after reset as there are buckets or slots.
//!
//! **Latency.** From a header at an idle block to its event: 8 cycles, 2 more per further link of the chain; for a SYN to a listener 11. A
//! header every 6 cycles. Stalls: only while an output is blocked.
//!
//! **Invariant.** A slot is in exactly one chain while in use and in none while free. A slot's address is broadcast before its first event.
use super::lookup_front::{Home, Job, JobKind, LookupFront};
use super::slots::{FreeSlot, Slots};
use crate::bundles::*;
use crate::geometry::Geometry;
use stevedore_abi::descriptor::{Response, Status};
use stevedore_hdl::prelude::*;

/// One slot of the table.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Row {
    tuple: Tuple,
    cookie: Bits<32>,
    generation: Bits<16>,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq, Default)]
enum Phase {
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
    /// Write a new slot into the table.
    Insert,
    /// Take the slot of the row out of it.
    Unlink,
    /// Offer the outcome.
    Segment,
    Reset,
    Opened,
    Refused,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    cleared: Bits<17>,
    drop: bool,
    /// Microseconds have wrapped so often, modulo 4: the clock of RFC 6528 ticks every 4 us and needs two more bits.
    wraps: Bits<2>,
    late_half: bool,
}

/// The job in hand. Payload: every field is written before it is read.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    job: Job,
    head: Bits<16>,
    listener_head: Bits<16>,
    /// The slot whose row is `row`, the one before it in the chain (0: the head), and the one behind it.
    current: Bits<16>,
    previous: Bits<16>,
    next: Bits<16>,
    row: Row,
    /// The chain of listeners is walked for a SYN.
    listening: bool,
    listener: Bits<16>,
    found: bool,
    fresh: bool,
    /// A segment without connection is answered with a reset.
    answer: bool,
    /// The table is full.
    full: bool,
    /// SEG.LEN, and SEG.SEQ + SEG.LEN.
    length: Bits<16>,
    reach: Bits<32>,
    initial: Bits<32>,
}

/// See the module's text.
#[derive(LogicBlock)]
pub struct Lookup {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Verified segments.
    pub s_header: Sink<SegmentHeader>,
    /// Openings of the host, resolved.
    pub s_open: Sink<OpenRequest>,
    /// Slots whose connection is gone.
    pub s_free: Sink<Bits<16>>,
    /// The hash key.
    pub settings: Signal<In, Settings>,
    /// Microseconds.
    pub now: Signal<In, Bits<32>>,
    /// One event per header.
    pub m_segment: Source<Event>,
    /// Slots given out to the host's openings.
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
    slots: Slots,
    heads: DualPortRam<Bits<16>>,
    listeners: DualPortRam<Bits<16>>,
    links: DualPortRam<Bits<16>>,
    rows: DualPortRam<Row>,
    state: Register<State>,
    work: Flop<Work>,
    _buckets: usize,
}

impl Lookup {
    /// A table of the geometry's `connections` and `hash_buckets`.
    pub fn new(geometry: &Geometry) -> Self {
        let Geometry { connections, hash_buckets, .. } = *geometry;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            s_header: Default::default(),
            s_open: Default::default(),
            s_free: Default::default(),
            settings: Default::default(),
            now: Default::default(),
            m_segment: Default::default(),
            m_opened: Default::default(),
            m_refused: Default::default(),
            m_reset: Default::default(),
            address: Default::default(),
            address_valid: Default::default(),
            free_slots: Default::default(),
            drop_no_connection: Default::default(),
            front: LookupFront::new(hash_buckets, connections),
            slots: Slots::new(connections),
            // No location is read, with its value used, in the cycle it is written: see `Phase`.
            heads: DualPortRam::new(hash_buckets).no_rw_check(),
            listeners: DualPortRam::new(hash_buckets).no_rw_check(),
            links: DualPortRam::new(connections).no_rw_check(),
            rows: DualPortRam::new(connections).no_rw_check(),
            state: Default::default(),
            work: Default::default(),
            _buckets: hash_buckets,
        }
    }
}

/// What follows when the chain is at its end.
#[kernel_fn]
fn after_chain(work: Work) -> Phase {
    let syn = work.job.control.syn && !work.job.control.ack && !work.job.control.rst;
    match work.job.kind {
        JobKind::Segment => {
            if syn && !work.listening {
                Phase::First
            } else {
                Phase::Segment
            }
        }
        JobKind::Connect | JobKind::Listen => Phase::Insert,
        JobKind::Free => Phase::Idle,
    }
}

/// What follows when the row is the one wanted.
#[kernel_fn]
fn after_hit(work: Work) -> Phase {
    match work.job.kind {
        JobKind::Segment => {
            if work.listening {
                Phase::Insert
            } else {
                Phase::Segment
            }
        }
        JobKind::Connect | JobKind::Listen => Phase::Refused,
        JobKind::Free => Phase::Unlink,
    }
}

impl Logic for Lookup {
    #[kernel]
    fn update(&mut self) {
        setup!(self, front, slots, state);
        clocks!(self, heads, listeners, links, rows, work);
        forward!(self.s_header => self.front.s_header);
        forward!(self.s_open => self.front.s_open);
        forward!(self.s_free => self.front.s_free);
        self.front.key.next = self.settings.val().hash_key;
        self.free_slots.next = self.slots.level.val();

        let s = self.state.q.val();
        let mut n = s;
        let w = self.work.q.val();
        let mut m = w;
        let job = w.job;
        let now = self.now.val();
        let free = self.slots.m_slot.bits.val();
        let insert = s.phase == Phase::Insert && self.slots.m_slot.valid.val();
        let clear = s.phase == Phase::Clear;
        let unlink = s.phase == Phase::Unlink;
        let chain_head = mux(job.listener, w.listener_head, w.head);
        n.drop = false;

        n.late_half = now.get_bit(31);
        if s.late_half && !now.get_bit(31) {
            n.wraps = s.wraps + 1;
        }
        m.initial = job.hash + cat::<2, 30, 32>(s.wraps, now.get_bits::<30>(2));
        m.length = job.payload_length + job.control.syn + job.control.fin;
        m.reach = job.sequence + resize::<32, _>(w.length);

        match s.phase {
            Phase::Clear => {
                n.cleared = s.cleared + 1;
                if s.cleared == bits::<17>(self._buckets as u64 - 1) {
                    n.phase = Phase::Idle;
                }
            }
            Phase::Idle => {
                m.job = self.front.m_job.bits.val();
                m.listening = false;
                m.found = false;
                m.fresh = false;
                m.full = false;
                m.answer = false;
                if self.front.m_job.valid.val() {
                    n.phase = Phase::Heads;
                }
            }
            Phase::Heads => {
                m.head = self.heads.read_data.val();
                m.listener_head = self.listeners.read_data.val();
                n.phase = Phase::First;
            }
            Phase::First => {
                m.current = chain_head;
                m.previous = bits::<16>(0);
                n.phase = Phase::Load;
                if !chain_head.any() {
                    n.phase = after_chain(w);
                    m.job.listener = true;
                    m.listening = true;
                    m.answer = !job.control.rst;
                }
            }
            Phase::Load => {
                m.row = self.rows.read_data.val();
                m.next = self.links.read_data.val();
                n.phase = Phase::Compare;
            }
            Phase::Compare => {
                let wanted = mux(job.kind == JobKind::Free, w.current == job.slot, w.row.tuple == mux_tuple(w));
                if wanted {
                    m.found = true;
                    n.phase = after_hit(w);
                } else if w.next.any() {
                    m.current = w.next;
                    m.previous = w.current;
                    n.phase = Phase::Load;
                } else {
                    n.phase = after_chain(w);
                    m.job.listener = true;
                    m.listening = true;
                    m.answer = !job.control.rst;
                }
            }
            _ => {}
        }
    }
}
