//! Follows next hops that change their MAC: an open connection keeps its MAC in the address table (decision 006), and
//! here that table is watched and rewritten.
//!
//! # Role
//! Stands between the lookup, which broadcasts the addresses of a slot, and the transmitter, which keeps them. Hears
//! what claims another MAC for a next hop: ARP packets (`claim`) and the frames of segments (`heard`, `matched`). A
//! claim that contradicts the table makes `Neighbours` ask the next hop (`m_suspect`); what the next hop answers
//! (`s_moved`) is written over every slot that sends through it.
//!
//! ```text
//!                 s_address                          m_address
//! connection::Lookup ------+---------------> or --------------> tx::Transmitter
//!                          v                  ^
//!    claim, heard --> [ own copy of the table, walked a row at a time ] --> m_suspect --> Neighbours --> ARP question
//!                          ^                                                                  |
//!                          +---------------------------- s_moved <----------------------------+ ARP answer
//! ```
//!
//! # Ports
//! `clock`, `reset`. `settings`, `subnet`: own network. `address_in`, `address_in_valid`: a row written by the lookup.
//! `address`, `address_valid`: the same, and rows rewritten. `claim`, `claim_valid`: a mapping claimed by an ARP
//! packet. `heard`, `heard_valid`: addresses of a verified segment; `matched`, `matched_valid`: the slot found for the
//! next segment. `s_moved`: a next hop's MAC, asked for. `m_suspect`: a next hop to be asked.
//!
//! # Handshake
//! A row of the lookup passes in the cycle it comes; a rewritten row waits for a free cycle. One claim waits while a
//! row is looked at, more are lost, and so are segments: both will be repeated. `s_moved` is taken before everything
//! else; what looks for a contradiction makes way for it.
//!
//! # Latency
//! Four cycles a row. A segment is one row, a claim or a move the whole table.
//!
//! # Invariant
//! Only `s_moved` rewrites, so a frame that nobody asked for changes no row. A row is rewritten only with what was read
//! of it if the lookup wrote none in between. A slot matched with the wrong segment does no harm: its address differs.
//!
//! Why not the table of the header builder: that memory is read for every segment sent, and its one read port is in the
//! path.
use super::addresses::{behind_gateway, Subnet};
use super::neighbours::Moved;
use crate::bundles::{Address, Settings, Tuple};
use crate::geometry::Geometry;
use stevedore_hdl::prelude::*;

/// Who sent a segment.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Heard {
    /// The peer.
    pub remote_address: Bits<32>,
    /// Source MAC of the frame.
    pub remote_mac: Bits<48>,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Row {
    tuple: Tuple,
    remote_mac: Bits<48>,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Clear,
    Idle,
    Read,
    Take,
    Judge,
    Act,
    Suspect,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// The row in work, or cleared next.
    slot: Bits<16>,
    /// Rewrite what differs; otherwise only look for it.
    moving: bool,
    /// Only the row of a segment.
    single: bool,
    /// The lookup wrote a row since this one was read.
    disturbed: bool,
    /// `claim` waits.
    claim: bool,
    /// `heard` holds a segment, and its slot is known.
    heard: bool,
    matched: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    /// What is looked for: rows that send through this address, or the peer of a segment, and have another MAC.
    target: Moved,
    is_gateway: bool,
    claim: Moved,
    heard: Heard,
    slot: Bits<16>,
    row: Row,
    used: bool,
    same: bool,
    foreign: bool,
    differs: bool,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Moves {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Own network.
    pub settings: Signal<In, Settings>,
    /// What follows from it.
    pub subnet: Signal<In, Subnet>,
    /// A row of the lookup.
    pub address_in: Signal<In, Address>,
    /// `address_in` is to be written now.
    pub address_in_valid: Signal<In, bool>,
    /// A row for the transmitter.
    pub address: Signal<Out, Address>,
    /// `address` is to be written now.
    pub address_valid: Signal<Out, bool>,
    /// A mapping that an ARP packet claims.
    pub claim: Signal<In, Moved>,
    /// `claim` is one.
    pub claim_valid: Signal<In, bool>,
    /// Who sent a segment.
    pub heard: Signal<In, Heard>,
    /// `heard` is one.
    pub heard_valid: Signal<In, bool>,
    /// The slot found for a segment, 0 for none.
    pub matched: Signal<In, Bits<16>>,
    /// `matched` is one.
    pub matched_valid: Signal<In, bool>,
    /// Next hops that were asked, with their MAC.
    pub s_moved: Sink<Moved>,
    /// Next hops to be asked.
    pub m_suspect: Source<Bits<32>>,
    state: Register<State>,
    work: Flop<Work>,
    rows: DualPortRam<Row>,
    _connections: usize,
}

impl Moves {
    /// For the geometry's `connections`.
    pub fn new(geometry: &Geometry) -> Self {
        Self {
            // A row written while it is read is read again: see `disturbed`.
            rows: DualPortRam::new(geometry.connections).no_rw_check(),
            _connections: geometry.connections,
            ..Self::default()
        }
    }
}

impl Logic for Moves {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, work, rows);
        let state = self.state.q.val();
        let mut next = state;
        let work = self.work.q.val();
        let mut next_work = work;
        let settings = self.settings.val();
        let subnet = self.subnet.val();
        let written = self.address_in_valid.val();
        let moved = self.s_moved.valid.val();
        let last = state.slot == bits::<16>(self._connections as u64 - 1);
        let following = mux(last, bits::<16>(0), state.slot + 1);
        let idle = state.phase == Phase::Idle;
        let via = if state.single {
            work.same
        } else if work.foreign {
            work.is_gateway
        } else {
            work.same
        };
        let hit = work.used && work.differs && via;
        let again = written || state.disturbed;
        let rewrite = state.phase == Phase::Act && state.moving && hit && !again;

        if self.claim_valid.val() && !state.claim {
            next.claim = true;
            next_work.claim = self.claim.val();
        }
        if self.matched_valid.val() && state.heard && !state.matched {
            next_work.slot = self.matched.val();
            next.matched = self.matched.val().any();
            next.heard = next.matched;
        } else if self.heard_valid.val() && !state.heard {
            next.heard = true;
            next_work.heard = self.heard.val();
        }

        match state.phase {
            Phase::Clear => {
                next.slot = following;
                if last {
                    next.phase = Phase::Idle;
                }
            }
            Phase::Idle => {
                next.moving = moved;
                next.single = !moved && !state.claim;
                next_work.target = if moved {
                    self.s_moved.bits.val()
                } else if state.claim {
                    work.claim
                } else {
                    Moved { address: work.heard.remote_address, mac: work.heard.remote_mac }
                };
                next.slot = if moved || state.claim { bits::<16>(0) } else { work.slot };
                next.disturbed = false;
                if moved || state.claim || state.matched {
                    next.phase = Phase::Read;
                }
                if !moved {
                    next.claim = self.claim_valid.val() && !state.claim;
                    if !state.claim && state.matched {
                        next.heard = false;
                        next.matched = false;
                    }
                }
            }
            Phase::Read => {
                next_work.is_gateway = work.target.address == settings.gateway;
                next.disturbed = written;
                next.phase = Phase::Take;
            }
            Phase::Take => {
                next_work.row = self.rows.read_data.val();
                next.disturbed = again;
                next.phase = Phase::Judge;
            }
            Phase::Judge => {
                // A listener has no peer.
                next_work.used = work.row.tuple.remote_address.any();
                next_work.same = work.row.tuple.remote_address == work.target.address;
                next_work.foreign = behind_gateway(work.row.tuple.remote_address, settings, subnet);
                next_work.differs = work.row.remote_mac != work.target.mac;
                next.disturbed = again;
                next.phase = Phase::Act;
            }
            Phase::Act => {
                next.disturbed = false;
                if !state.moving && moved {
                    next.phase = Phase::Idle;
                } else if again {
                    next.phase = Phase::Read;
                } else if hit && !state.moving {
                    next.phase = Phase::Suspect;
                } else if state.single || last {
                    next.phase = Phase::Idle;
                } else {
                    next.slot = following;
                    next.phase = Phase::Read;
                }
            }
            Phase::Suspect => {
                // `Neighbours` may be waiting for this block to take what moved.
                if self.m_suspect.ready.val() || moved {
                    next.phase = Phase::Idle;
                }
            }
        }
        self.state.d.next = next;
        self.work.d.next = next_work;

        let clear = state.phase == Phase::Clear;
        let mine = Address { slot: state.slot, tuple: work.row.tuple, remote_mac: work.target.mac };
        let address = mux(written, self.address_in.val(), mine);
        self.address.next = address;
        self.address_valid.next = written || rewrite;
        self.rows.read_address.next = state.slot;
        self.rows.write_enable.next = clear || written || rewrite;
        self.rows.write_address.next = mux(clear, state.slot, address.slot);
        self.rows.write_data.next =
            mux(clear, Row::default(), Row { tuple: address.tuple, remote_mac: address.remote_mac });
        self.s_moved.ready.next = idle;
        self.m_suspect.valid.next = state.phase == Phase::Suspect;
        self.m_suspect.bits.next = mux(state.single && work.foreign, settings.gateway, work.target.address);
    }
}
