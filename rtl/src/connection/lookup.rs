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
//! **Latency.** From a header at an idle block to its event: 6 cycles, 2 more per further link of the chain; for a SYN to a listener 8. A
//! header every 6 cycles. Stalls: only while an output is blocked.
//!
//! **Invariant.** A slot is in exactly one chain while in use and in none while free. A slot's address is broadcast before its first event.
use super::lookup_front::{Home, JobKind, LookupFront};
use super::lookup_work::{after_chain, after_hit, alike, next_generation, wanted, Link, Phase, Row, State, Work};
use super::slots::{FreeSlot, Slots};
use crate::bundles::codes::{response, status};
use crate::bundles::*;
use crate::geometry::Geometry;
use stevedore_hdl::prelude::*;

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
    heads: DualPortRam<Link>,
    listeners: DualPortRam<Link>,
    links: DualPortRam<Link>,
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
        let free = w.free;
        let first = mux(w.in_listeners, w.listener_head, w.head);
        let mut chain_ends = false;

        n.drop = false;
        n.idle = false;
        n.inserted = s.phase == Phase::Insert && s.available;
        n.unlinked = s.phase == Phase::Unlink;
        n.available = self.slots.m_slot.valid.val();
        m.free = if self.slots.m_slot.valid.val() { self.slots.m_slot.bits.val() } else { FreeSlot::default() };
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
                    n.idle = true;
                }
            }
            Phase::Idle => {
                m.job = offered;
                m.connection = FreeSlot::default();
                m.in_listeners = offered.listener;
                m.found = false;
                m.fresh = false;
                m.full = false;
                n.idle = !self.front.m_job.valid.val();
                if self.front.m_job.valid.val() {
                    n.phase = Phase::Heads;
                }
            }
            Phase::Heads => {
                m.head = self.heads.read_data.val();
                m.listener_head = self.listeners.read_data.val();
                let control = job.control;
                let seeks = job.kind == JobKind::Segment && control.syn && !control.ack && !control.rst;
                m.seeks_listener = seeks;
                m.by_slot = job.kind == JobKind::Free;
                m.on_hit = after_hit(job.kind);
                m.on_end = after_chain(job.kind, seeks);
                n.phase = Phase::First;
            }
            Phase::First => {
                m.current = first.slot;
                m.previous = Link::default();
                n.phase = Phase::Load;
                chain_ends = !first.some;
                if chain_ends {
                    n.phase = w.on_end;
                }
            }
            Phase::Load => {
                let row = self.rows.read_data.val();
                m.cookie = row.cookie;
                m.generation = row.generation;
                m.alike = alike(row.tuple, job.tuple);
                m.next = self.links.read_data.val();
                m.slot_found = w.by_slot && w.current == job.slot;
                n.phase = Phase::Compare;
            }
            Phase::Compare => {
                m.compared = w.current;
                m.before = w.previous;
                m.current = w.next.slot;
                m.previous = Link { slot: w.current, some: true };
                chain_ends = !w.next.some;
                // Unless it is found, of which below.
                n.phase = if chain_ends { w.on_end } else { Phase::Load };
            }
            Phase::Insert => {
                m.initial = job.hash + cat::<2, 30, 32>(s.wraps, now.get_bits::<30>(2));
                m.connection = free;
                m.fresh = s.available;
                m.full = !s.available;
                n.phase = if job.kind == JobKind::Segment {
                    Phase::Segment
                } else if s.available {
                    Phase::Opened
                } else {
                    Phase::Refused
                };
            }
            Phase::Unlink => n.phase = Phase::Unlinked,
            Phase::Unlinked => {
                n.phase = Phase::Idle;
                n.idle = true;
            }
            Phase::Segment => {
                if self.m_segment.ready.val() {
                    n.drop = !w.found || w.full;
                    n.idle = w.found || job.control.rst;
                    n.phase = if n.idle { Phase::Idle } else { Phase::Reset };
                }
            }
            Phase::Reset => {
                if self.m_reset.ready.val() {
                    n.phase = Phase::Idle;
                    n.idle = true;
                }
            }
            Phase::Opened => {
                if self.m_opened.ready.val() {
                    n.phase = Phase::Idle;
                    n.idle = true;
                }
            }
            Phase::Refused => {
                if self.m_refused.ready.val() {
                    n.phase = Phase::Idle;
                    n.idle = true;
                }
            }
        }
        if chain_ends && w.seeks_listener {
            m.in_listeners = true;
            m.seeks_listener = false;
            m.on_hit = Phase::Insert;
            m.on_end = Phase::Segment;
        }
        // Known last, so it decides last.
        if s.phase == Phase::Compare && wanted(w) {
            n.phase = w.on_hit;
            m.found = true;
            m.connection = FreeSlot { slot: w.current, generation: w.generation };
        }
        self.state.d.next = n;
        self.work.d.next = m;

        let clear = s.phase == Phase::Clear;
        let unlink = s.unlinked;
        let insert = s.inserted;
        let head_changes = insert || (unlink && !w.before.some);
        let head = mux(insert, Link { slot: free.slot, some: true }, w.next);
        self.heads.read_address.next = offered.bucket;
        self.heads.write_enable.next = clear || (head_changes && !job.listener);
        self.heads.write_address.next = mux(clear, resize::<16, _>(s.cleared), job.bucket);
        self.heads.write_data.next = mux(clear, Link::default(), head);
        self.listeners.read_address.next = offered.listener_bucket;
        self.listeners.write_enable.next = clear || (head_changes && job.listener);
        self.listeners.write_address.next = mux(clear, resize::<16, _>(s.cleared), job.bucket);
        self.listeners.write_data.next = mux(clear, Link::default(), head);

        let pointer = mux(s.phase == Phase::First, first.slot, w.next.slot);
        self.links.read_address.next = pointer;
        self.links.write_enable.next = insert || (unlink && w.before.some);
        self.links.write_address.next = mux(insert, free.slot, w.before.slot);
        self.links.write_data.next = mux(insert, mux(job.listener, w.listener_head, w.head), w.next);
        self.rows.read_address.next = pointer;
        self.rows.write_enable.next = insert;
        self.rows.write_address.next = free.slot;
        self.rows.write_data.next = Row { tuple: job.tuple, cookie: job.cookie, generation: free.generation };

        self.front.key.next = self.settings.val().hash_key;
        self.front.enable.next = !clear && self.slots.ready.val();
        self.front.m_job.ready.next = s.idle;
        self.front.home_write.next = insert;
        self.front.home_slot.next = free.slot;
        self.front.home.next = Home { bucket: job.bucket, listener: job.listener };
        self.slots.m_slot.ready.next = s.inserted;
        self.slots.s_slot.valid.next = s.unlinked;
        self.slots.s_slot.bits.next =
            FreeSlot { slot: w.connection.slot, generation: next_generation(w.connection.generation) };

        let listen = job.kind == JobKind::Listen;
        let connection = w.connection;
        self.m_segment.valid.next = s.phase == Phase::Segment;
        self.m_segment.bits.next = Event {
            kind: EventKind::Segment,
            slot: connection.slot,
            generation: connection.generation,
            fresh: w.fresh,
            listener: w.compared,
            listener_generation: w.generation,
            sequence: job.sequence,
            acknowledgement: job.acknowledgement,
            window: job.window,
            control: job.control,
            mss: job.mss,
            payload_length: job.payload_length,
            initial_sequence: w.initial,
            cookie: w.cookie,
            ..Event::default()
        };
        self.m_opened.valid.next = s.phase == Phase::Opened;
        self.m_opened.bits.next = Event {
            kind: if listen { EventKind::Listen } else { EventKind::Connect },
            slot: connection.slot,
            generation: connection.generation,
            initial_sequence: w.initial,
            cookie: job.cookie,
            ..Event::default()
        };
        self.m_refused.valid.next = s.phase == Phase::Refused;
        self.m_refused.bits.next = Notice {
            response: mux(listen, bits::<5>(response::LISTEN), bits::<5>(response::COMPLETION)),
            status: mux(w.full, bits::<8>(status::NO_ROOM), bits::<8>(status::ADDRESS_IN_USE)),
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
        self.address_valid.next = s.phase == Phase::Insert && s.available;
        self.address.next = Address { slot: free.slot, tuple: job.tuple, remote_mac: job.remote_mac };
        self.free_slots.next = self.slots.level.val();
        self.drop_no_connection.next = s.drop;
    }
}
