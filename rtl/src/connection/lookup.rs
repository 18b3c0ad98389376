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
//! **Latency.** From a header at an idle block to its event: 9 cycles, 2 more per further link of the chain; for a SYN to a listener 11. A
//! header every 6 cycles. Stalls: only while an output is blocked.
//!
//! **Invariant.** A slot is in exactly one chain while in use and in none while free. A slot's address is broadcast before its first event.
use super::lookup_front::{Home, Job, JobKind, LookupFront};
use super::slots::{FreeSlot, Slots};
use crate::bundles::*;
use crate::geometry::Geometry;
use stevedore_abi::descriptor::{Response, Status};
use stevedore_hdl::prelude::*;

const CONNECTION_COMPLETION: u64 = Response::ConnectionCompletion as u64;
const LISTEN_RESPONSE: u64 = Response::ListenResponse as u64;
const NO_ROOM: u64 = Status::NoRoom as u64;
const ADDRESS_IN_USE: u64 = Status::AddressInUse as u64;

/// One slot of the table.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Row {
    tuple: Tuple,
    cookie: Bits<32>,
    generation: Bits<16>,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
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
    /// How often microseconds have wrapped, modulo 4: the clock of RFC 6528 ticks every 4 us and needs two more bits.
    wraps: Bits<2>,
    late_half: bool,
}

/// The job in hand. Payload: every field is written before it is read.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    job: Job,
    head: Bits<16>,
    listener_head: Bits<16>,
    /// The chain walked is one of listeners.
    in_listeners: bool,
    /// That for a SYN that belongs to no connection.
    listening: bool,
    /// The slot whose row is `row`, the one before it in the chain (0: the head), and the one behind it.
    current: Bits<16>,
    previous: Bits<16>,
    next: Bits<16>,
    row: Row,
    listener: Bits<16>,
    /// `current` and `row.generation` name the connection.
    found: bool,
    /// It was opened by this very job.
    fresh: bool,
    /// No slot was free.
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
fn after_chain(w: Work) -> Phase {
    match w.job.kind {
        JobKind::Segment => {
            if seeks_listener(w) {
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
fn after_hit(w: Work) -> Phase {
    match w.job.kind {
        JobKind::Segment => {
            if w.listening {
                Phase::Insert
            } else {
                Phase::Segment
            }
        }
        JobKind::Connect | JobKind::Listen => Phase::Refused,
        JobKind::Free => Phase::Unlink,
    }
}

/// The segment found no connection, but a listener may want it.
#[kernel_fn]
fn seeks_listener(w: Work) -> bool {
    let control = w.job.control;
    w.job.kind == JobKind::Segment && control.syn && !control.ack && !control.rst && !w.listening
}

/// The row is the one the job looks for. Listeners differ in the local port only.
#[kernel_fn]
fn wanted(w: Work) -> bool {
    let same_remote =
        w.row.tuple.remote_address == w.job.tuple.remote_address && w.row.tuple.remote_port == w.job.tuple.remote_port;
    let same = w.row.tuple.local_port == w.job.tuple.local_port && (w.in_listeners || same_remote);
    mux(w.job.kind == JobKind::Free, w.current == w.job.slot, same)
}

/// Generation 0 is never given out: an id of 0 means "no connection".
#[kernel_fn]
fn next_generation(generation: Bits<16>) -> Bits<16> {
    let counted = generation + 1;
    mux(counted.any(), counted, bits::<16>(1))
}

impl Logic for Lookup {
    #[kernel]
    fn update(&mut self) {
        setup!(self, front, slots, state);
        clocks!(self, heads, listeners, links, rows, work);
        forward!(self.s_header => self.front.s_header);
        forward!(self.s_open => self.front.s_open);
        forward!(self.s_free => self.front.s_free);

        let s = self.state.q.val();
        let mut n = s;
        let w = self.work.q.val();
        let mut m = w;
        let job = w.job;
        let now = self.now.val();
        let offered = self.front.m_job.bits.val();
        let free = self.slots.m_slot.bits.val();
        let first = mux(w.in_listeners, w.listener_head, w.head);
        let mut chain_ends = false;

        n.drop = false;
        n.late_half = now.get_bit(31);
        if s.late_half && !now.get_bit(31) {
            n.wraps = s.wraps + 1;
        }
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
                m.job = offered;
                m.in_listeners = offered.listener;
                m.listening = false;
                m.found = false;
                m.fresh = false;
                m.full = false;
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
                m.current = first;
                m.previous = bits::<16>(0);
                n.phase = Phase::Load;
                chain_ends = !first.any();
            }
            Phase::Load => {
                m.row = self.rows.read_data.val();
                m.next = self.links.read_data.val();
                n.phase = Phase::Compare;
            }
            Phase::Compare => {
                if wanted(w) {
                    m.found = true;
                    n.phase = after_hit(w);
                } else {
                    m.current = w.next;
                    m.previous = w.current;
                    n.phase = Phase::Load;
                    chain_ends = !w.next.any();
                }
            }
            Phase::Insert => {
                m.initial = job.hash + cat::<2, 30, 32>(s.wraps, now.get_bits::<30>(2));
                m.listener = w.current;
                m.current = free.slot;
                m.row.generation = free.generation;
                m.found = self.slots.m_slot.valid.val();
                m.fresh = m.found;
                m.full = !m.found;
                n.phase = if job.kind == JobKind::Segment {
                    Phase::Segment
                } else if m.found {
                    Phase::Opened
                } else {
                    Phase::Refused
                };
            }
            Phase::Unlink => n.phase = Phase::Idle,
            Phase::Segment => {
                if self.m_segment.ready.val() {
                    n.drop = !w.found;
                    n.phase = if w.found || w.full || job.control.rst { Phase::Idle } else { Phase::Reset };
                }
            }
            Phase::Reset => {
                if self.m_reset.ready.val() {
                    n.phase = Phase::Idle;
                }
            }
            Phase::Opened => {
                if self.m_opened.ready.val() {
                    n.phase = Phase::Idle;
                }
            }
            Phase::Refused => {
                if self.m_refused.ready.val() {
                    n.phase = Phase::Idle;
                }
            }
        }
        if chain_ends {
            n.phase = after_chain(w);
            m.in_listeners = w.in_listeners || seeks_listener(w);
            m.listening = w.listening || seeks_listener(w);
        }
        self.state.d.next = n;
        self.work.d.next = m;

        let clear = s.phase == Phase::Clear;
        let unlink = s.phase == Phase::Unlink;
        let insert = s.phase == Phase::Insert && self.slots.m_slot.valid.val();
        let head_changes = insert || (unlink && !w.previous.any());
        let head = mux(insert, free.slot, w.next);
        self.heads.read_address.next = offered.bucket;
        self.heads.write_enable.next = clear || (head_changes && !job.listener);
        self.heads.write_address.next = mux(clear, resize::<16, _>(s.cleared), job.bucket);
        self.heads.write_data.next = mux(clear, bits::<16>(0), head);
        self.listeners.read_address.next = offered.listener_bucket;
        self.listeners.write_enable.next = clear || (head_changes && job.listener);
        self.listeners.write_address.next = mux(clear, resize::<16, _>(s.cleared), job.bucket);
        self.listeners.write_data.next = mux(clear, bits::<16>(0), head);

        let pointer = mux(s.phase == Phase::First, first, w.next);
        self.links.read_address.next = pointer;
        self.links.write_enable.next = insert || (unlink && w.previous.any());
        self.links.write_address.next = mux(insert, free.slot, w.previous);
        self.links.write_data.next = mux(insert, mux(job.listener, w.listener_head, w.head), w.next);
        self.rows.read_address.next = pointer;
        self.rows.write_enable.next = insert;
        self.rows.write_address.next = free.slot;
        self.rows.write_data.next = Row { tuple: job.tuple, cookie: job.cookie, generation: free.generation };

        self.front.key.next = self.settings.val().hash_key;
        self.front.enable.next = !clear && self.slots.ready.val();
        self.front.m_job.ready.next = s.phase == Phase::Idle;
        self.front.home_write.next = insert;
        self.front.home_slot.next = free.slot;
        self.front.home.next = Home { bucket: job.bucket, listener: job.listener };
        self.slots.m_slot.ready.next = s.phase == Phase::Insert;
        self.slots.s_slot.valid.next = unlink;
        self.slots.s_slot.bits.next = FreeSlot { slot: w.current, generation: next_generation(w.row.generation) };

        let listen = job.kind == JobKind::Listen;
        let slot = mux(w.found, w.current, bits::<16>(0));
        let generation = mux(w.found, w.row.generation, bits::<16>(0));
        self.m_segment.valid.next = s.phase == Phase::Segment;
        self.m_segment.bits.next = Event {
            kind: EventKind::Segment,
            slot,
            generation,
            fresh: w.fresh,
            listener: w.listener,
            sequence: job.sequence,
            acknowledgement: job.acknowledgement,
            window: job.window,
            control: job.control,
            mss: job.mss,
            payload_length: job.payload_length,
            initial_sequence: w.initial,
            cookie: w.row.cookie,
            ..Event::default()
        };
        self.m_opened.valid.next = s.phase == Phase::Opened;
        self.m_opened.bits.next = Event {
            kind: if listen { EventKind::Listen } else { EventKind::Connect },
            slot,
            generation,
            initial_sequence: w.initial,
            cookie: job.cookie,
            ..Event::default()
        };
        self.m_refused.valid.next = s.phase == Phase::Refused;
        self.m_refused.bits.next = Notice {
            response: mux(listen, bits::<5>(LISTEN_RESPONSE), bits::<5>(CONNECTION_COMPLETION)),
            status: mux(w.full, bits::<8>(NO_ROOM), bits::<8>(ADDRESS_IN_USE)),
            cookie: job.cookie,
            ..Notice::default()
        };
        self.m_reset.valid.next = s.phase == Phase::Reset;
        self.m_reset.bits.next = ResetOut {
            tuple: job.tuple,
            remote_mac: job.remote_mac,
            sequence: mux(job.control.ack, job.acknowledgement, bits::<32>(0)),
            acknowledgement: w.reach,
            ack: !job.control.ack,
        };
        self.address_valid.next = insert;
        self.address.next = Address { slot: free.slot, tuple: job.tuple, remote_mac: job.remote_mac };
        self.free_slots.next = self.slots.level.val();
        self.drop_no_connection.next = s.drop;
    }
}
