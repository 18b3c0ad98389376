//! The first half of the lookup: takes one request at a time and finds its hash bucket.
//!
//! # Role
//! Chooses among segments, openings, ICMP errors and slots to be freed, and hands `Lookup` a `Job` with the bucket
//! worked out. A freed slot's bucket is remembered in a memory of its own (`home`), so freeing needs no second hash.
//!
//! # Ports
//! `clock`, `reset`. `s_header`: segments. `s_open`: openings. `s_icmp`: hard errors. `s_free`: slots that died. `key`:
//! secret of the hash. `enable`: the tables are ready. `m_job`: the job. `home_write`, `home_slot`, `home`: `Lookup`
//! tells where it inserts a slot.
//!
//! # Handshake
//! A request is taken in the very cycle its job is: it stays at the port meanwhile, so nothing is stored twice.
//!
//! # Latency
//! A segment's job is offered one cycle after it is chosen, its mix being ready but for one step; others four cycles
//! after. Freed slots go first, headers and everything else in turn, so do openings and errors.
//!
//! # Invariant
//! Jobs leave in the order in which their requests were taken; each request gives exactly one job.
use super::hash::Hash;
use crate::bundles::*;
use stevedore_hdl::prelude::*;

/// What `Lookup` is asked to do.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum JobKind {
    /// Find the connection of a segment.
    #[default]
    Segment,
    /// Open a connection.
    Connect,
    /// Open a listener.
    Listen,
    /// Take a slot out of the table.
    Free,
    /// Find the connection a hard ICMP error is about.
    Unreachable,
}

/// A request with its buckets. Fields not named for a kind are undefined in it.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Job {
    /// What to do.
    pub kind: JobKind,
    /// The job may change the table: every kind may but an error, and a segment unless it is a SYN that may open a
    /// connection.
    pub exclusive: bool,
    /// Bucket of the first chain to walk.
    pub bucket: Bits<16>,
    /// The first chain is one of listeners.
    pub listener: bool,
    /// Segment: bucket of the listener.
    pub listener_bucket: Bits<16>,
    /// All but Free and Listen: the whole hash.
    pub hash: Bits<32>,
    /// Free: the slot.
    pub slot: Bits<16>,
    /// All but Free: the 4-tuple.
    pub tuple: Tuple,
    /// Segment, Connect: MAC of the peer or next hop.
    pub remote_mac: Bits<48>,
    /// Connect, Listen: the host's cookie.
    pub cookie: Bits<32>,
    /// Segment, Unreachable: SEG.SEQ. Connect: the listener that is asked for a buffer, as in `OpenRequest`.
    pub sequence: Bits<32>,
    /// Segment: SEG.ACK.
    pub acknowledgement: Bits<32>,
    /// Segment: SEG.WND.
    pub window: Bits<16>,
    /// Segment: control bits.
    pub control: ControlBits,
    /// Segment: options.
    pub options: Options,
    /// Segment: payload bytes.
    pub payload_length: Bits<16>,
}

/// Where a slot hangs in the hash table.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Home {
    /// Its bucket.
    pub bucket: Bits<16>,
    /// In the table of listeners.
    pub listener: bool,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Choose,
    First,
    Second,
    Third,
    Offer,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Origin {
    #[default]
    Header,
    Open,
    Icmp,
    Free,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    origin: Origin,
    header_was_last: bool,
    icmp_was_last: bool,
    /// A header was there in the last cycle. That one is there now comes late, and decides about nothing but itself.
    header_seen: bool,
    /// The job offered is of this origin: known when the cycle begins, for the request leaves with it.
    header_goes: bool,
    open_goes: bool,
    icmp_goes: bool,
    free_goes: bool,
    /// All three steps of the hash are to be taken.
    hashes: bool,
}

/// What the hash works on while the request waits at its port.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Captured {
    tuple: Tuple,
    slot: Bits<16>,
    listen: bool,
    home: Home,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct LookupFront {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Segments.
    pub s_header: Sink<SegmentHeader>,
    /// Openings.
    pub s_open: Sink<OpenRequest>,
    /// Hard errors about segments sent.
    pub s_icmp: Sink<IcmpError>,
    /// Slots that died.
    pub s_free: Sink<Bits<16>>,
    /// Secret of the hash.
    pub key: Signal<In, Bits<32>>,
    /// The tables are ready.
    pub enable: Signal<In, bool>,
    /// The job.
    pub m_job: Source<Job>,
    /// `home_slot` is being inserted.
    pub home_write: Signal<In, bool>,
    /// The slot inserted.
    pub home_slot: Signal<In, Bits<16>>,
    /// Where.
    pub home: Signal<In, Home>,
    state: Register<State>,
    captured: Flop<Captured>,
    hash: Hash,
    homes: DualPortRam<Home>,
    _buckets: usize,
}

impl LookupFront {
    /// For a table of `buckets` chains and `connections` slots.
    pub fn new(buckets: usize, connections: usize) -> Self {
        assert!(buckets.is_power_of_two() && (2..=1 << 16).contains(&buckets));
        Self { homes: DualPortRam::new(connections).no_rw_check(), _buckets: buckets, ..Self::default() }
    }
}

impl Logic for LookupFront {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, captured, hash, homes);
        let s = self.state.q.val();
        let mut n = s;
        let held = self.captured.q.val();
        let mut capture = held;
        let header = self.s_header.bits.val();
        let open = self.s_open.bits.val();
        let icmp = self.s_icmp.bits.val();

        // What was seen may have gone since, but then it was the last.
        let header_waits = s.header_was_last || !s.header_seen;
        let icmp_first = self.s_icmp.valid.val() && header_waits && !(self.s_open.valid.val() && s.icmp_was_last);
        let open_first = self.s_open.valid.val() && header_waits && !icmp_first;
        let other_first = self.s_free.valid.val() || icmp_first || open_first;
        let header_next = self.enable.val() && !other_first;
        n.header_seen = self.s_header.valid.val();
        match s.phase {
            Phase::Choose => {
                capture.tuple = mux(icmp_first, icmp.tuple, mux(open_first, open.tuple, header.tuple));
                capture.listen = open.listen;
                capture.slot = self.s_free.bits.val();
                n.origin = if self.s_free.valid.val() {
                    Origin::Free
                } else if icmp_first {
                    Origin::Icmp
                } else if open_first {
                    Origin::Open
                } else {
                    Origin::Header
                };
                if header_next {
                    n.phase = if self.s_header.valid.val() { Phase::Offer } else { Phase::Choose };
                } else if self.enable.val() {
                    n.phase = Phase::First;
                }
            }
            Phase::First => n.phase = Phase::Second,
            Phase::Second => {
                capture.home = self.homes.read_data.val();
                n.phase = Phase::Third;
            }
            Phase::Third => n.phase = Phase::Offer,
            Phase::Offer => {
                if self.m_job.ready.val() {
                    n.phase = Phase::Choose;
                    n.header_was_last = s.origin == Origin::Header;
                    if s.origin == Origin::Icmp || s.origin == Origin::Open {
                        n.icmp_was_last = s.origin == Origin::Icmp;
                    }
                }
            }
        }
        let taken = self.m_job.ready.val();
        let choosing = s.phase == Phase::Choose;
        let chosen = choosing && header_next;
        n.hashes =
            if choosing { self.enable.val() && other_first } else { s.hashes && !(s.phase == Phase::Offer && taken) };
        let hashed = s.phase == Phase::Third;
        n.header_goes = if s.header_goes { !taken } else { chosen && self.s_header.valid.val() };
        n.open_goes = if s.open_goes { !taken } else { hashed && s.origin == Origin::Open };
        n.icmp_goes = if s.icmp_goes { !taken } else { hashed && s.origin == Origin::Icmp };
        n.free_goes = if s.free_goes { !taken } else { hashed && s.origin == Origin::Free };
        self.state.d.next = n;
        self.captured.d.next = capture;

        self.hash.tuple.next = held.tuple;
        self.hash.key.next = self.key.val();
        self.hash.given.next = !s.hashes;
        self.hash.mixed.next = header.mix;
        self.homes.read_address.next = held.slot;
        self.homes.write_enable.next = self.home_write.val();
        self.homes.write_address.next = self.home_slot.val();
        self.homes.write_data.next = self.home.val();

        let mask = bits::<16>(self._buckets as u64 - 1);
        let from_open = s.origin == Origin::Open;
        let from_icmp = s.origin == Origin::Icmp;
        let from_free = s.origin == Origin::Free;
        let control = header.control;
        // What a listener has a say in (RFC 9293 3.10.7.2): a SYN opens, anything else without ACK and RST is dropped
        // there.
        let listened = !control.ack && !control.rst;
        let listen = from_open && held.listen;
        // A port number spreads well enough by itself, and only the host chooses it.
        let port_bucket = held.tuple.local_port & mask;
        let tuple_bucket = resize::<16, _>(self.hash.hash.val()) & mask;
        self.m_job.bits.next = Job {
            kind: if from_free {
                JobKind::Free
            } else if listen {
                JobKind::Listen
            } else if from_open {
                JobKind::Connect
            } else if from_icmp {
                JobKind::Unreachable
            } else {
                JobKind::Segment
            },
            exclusive: from_free || from_open || (!from_icmp && listened),
            bucket: mux(from_free, held.home.bucket, mux(listen, port_bucket, tuple_bucket)),
            listener: mux(from_free, held.home.listener, listen),
            listener_bucket: mux(from_free, held.home.bucket, port_bucket),
            hash: self.hash.hash.val(),
            slot: held.slot,
            tuple: held.tuple,
            remote_mac: mux(from_open, open.remote_mac, header.remote_mac),
            cookie: open.cookie,
            sequence: mux(from_icmp, icmp.sequence, mux(from_open, open.lender, header.sequence)),
            acknowledgement: header.acknowledgement,
            window: header.window,
            control,
            options: header.options,
            payload_length: header.payload_length,
        };
        self.m_job.valid.next = s.header_goes || s.open_goes || s.icmp_goes || s.free_goes;
        self.s_header.ready.next = taken && s.header_goes;
        self.s_open.ready.next = taken && s.open_goes;
        self.s_icmp.ready.next = taken && s.icmp_goes;
        self.s_free.ready.next = taken && s.free_goes;
    }
}
