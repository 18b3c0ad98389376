//! Receive chain: walks, appends to and tears down the chains of posted buffers.
//!
//! # Role
//! The control half of [`Placement`](super::Placement): carries out the commands of the connection pipeline one by one and tells the trimmer what to
//! cut out of the frame, the DMA writer where to put it and the [`Reports`](super::Reports) what to say about it.
//!
//! ```text
//!               +---------------------+ -> m_cut     (trimmer)
//! s_command --> |  chains   contexts  | -> m_piece   (DMA writer)
//!               |  free list          | -> m_report  (reports)
//!               +---------------------+
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! `s_command` waits for `m_cut` if it takes a frame; the other two outlets are waited for where they are used. After reset
//! nothing is taken until every chain has its placeholder: one cycle per context. An Append without a free context waits.
//!
//! # Latency
//! Append 3 cycles; Discard 1; Place into one buffer 5, one more if that fills it and two if another follows, 4 more for each further buffer; Notify 4; Teardown 5, 3 more for each buffer.
//! `m_cut` in the command's cycle, `m_piece` 3 cycles later.
//!
//! # Invariant
//! A chain ends in an empty placeholder. While it is not empty, its record holds the whole context of its head, with the bytes
//! filled so far taken off `room`; an empty chain's record holds nothing but the placeholder.
use super::chain_record::{empty, headed, Chain, Context, Cut};
use super::FreeContexts;
use super::Report;
use crate::bundles::codes::status;
use crate::bundles::*;
use crate::geometry::Geometry;
use stevedore_hdl::prelude::*;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Every slot gets its placeholder, the free list the rest.
    Initialise,
    /// Wait for a command; the slot's record is being read.
    Idle,
    /// The record leaves the memory.
    Load,
    Append,
    /// Take the record over.
    Take,
    /// Place: how much goes into the head buffer?
    Measure,
    /// Place: send the piece.
    Emit,
    /// Place: the head buffer is full.
    HandBack,
    /// Place: the next context is there.
    Fetch,
    /// Report what is to be reported, write the record back.
    Settle,
    /// Teardown: report what was not yet reported.
    TeardownReport,
    /// Teardown: give the head buffer back, or finish.
    TeardownNext,
    /// Teardown: the next context leaves the memory.
    TeardownRead,
    /// Teardown: the next context is there.
    TeardownFetch,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// Some phases, and pairs of them, once more: what whole records hang on.
    appends: bool,
    /// The chain is taken over from `loaded`: `Take`, and `Measure` when it follows `Load`.
    adopts: bool,
    emits: bool,
    /// The first cycle of `Emit`: the piece is accounted for, whether it is taken at once or not.
    counts: bool,
    hands_back: bool,
    /// `Fetch` and `TeardownFetch`.
    renews: bool,
    settles: bool,
    teardown_reports: bool,
    teardown_nexts: bool,
    command: ReceiveCommand,
    /// The command reports what is unreported / the end of the stream.
    tells: bool,
    ends: bool,
    chain: Chain,
    /// The placeholder is next behind the head.
    only: bool,
    /// Bytes of the frame not yet placed.
    remaining: Bits<16>,
    /// The piece: its bytes, its address.
    take: Bits<16>,
    address: Bits<64>,
    /// The buffer is not full after the piece / the frame is placed after it.
    partial: bool,
    last: bool,
    /// Bytes ever placed, modulo 2^32.
    placed: Bits<32>,
}

/// The receive chain.
#[derive(LogicBlock)]
pub struct ReceiveChain {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Commands, carried out in order.
    pub s_command: Sink<ReceiveCommand>,
    /// One per Place and Discard.
    pub m_cut: Source<Cut>,
    /// Where the bytes go: one packet per Place that has bytes.
    pub m_piece: Source<Piece>,
    /// What there is to say.
    pub m_report: Source<Report>,
    /// Contexts free now.
    pub free_entries: Signal<Out, Bits<16>>,
    state: Register<State>,
    chains: DualPortRam<Chain>,
    contexts: DualPortRam<Context>,
    /// What the memories gave: their outputs are too slow for logic behind them.
    loaded: Flop<Chain>,
    fetched: Flop<Context>,
    free: FreeContexts,
}

impl ReceiveChain {
    /// Chains for `geometry.connections` slots in a pool of `geometry.receive_entries` contexts.
    ///
    /// # Panics
    /// If there are not more contexts than slots, or more than 32,768.
    pub fn new(geometry: &Geometry) -> Self {
        let (connections, entries) = (geometry.connections, geometry.receive_entries);
        assert!(connections < entries && entries <= 32768, "{entries} receive contexts for {connections} slots");
        ReceiveChain {
            clock: Signal::default(),
            reset: Signal::default(),
            s_command: Sink::default(),
            m_cut: Source::default(),
            m_piece: Source::default(),
            m_report: Source::default(),
            free_entries: Signal::default(),
            state: Register::default(),
            chains: DualPortRam::new(connections).no_rw_check(),
            contexts: DualPortRam::new(entries).no_rw_check(),
            loaded: Flop::default(),
            fetched: Flop::default(),
            free: FreeContexts::new(entries, connections),
        }
    }
}

impl Logic for ReceiveChain {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, free);
        clocks!(self, chains, contexts, loaded, fetched);
        self.fetched.d.next = self.contexts.read_data.val();
        let loaded = self.loaded.q.val();
        let fetched = self.fetched.q.val();
        let state = self.state.q.val();
        // `Measure` finds the buffer in `loaded` even if it is not the chain's first.
        let mut loads = self.chains.read_data.val();
        if state.renews {
            loads = Chain { base: fetched.address, filled: bits::<32>(0), room: fetched.length, ..loads };
        }
        self.loaded.d.next = loads;
        let mut next = state;
        let command = state.command;
        let chain = state.chain;
        let coming = self.s_command.bits.val();
        let offered = self.s_command.valid.val();
        let fresh = self.free.m_free.bits.val();
        let unreported = chain.filled - chain.reported;
        let pending = chain.pending;
        let can_report = self.m_report.ready.val();
        let emitted = state.emits && self.m_piece.ready.val();
        let settled = state.tells || state.ends;
        let speak = state.hands_back
            || state.teardown_nexts
            || (state.teardown_reports && pending)
            || (state.settles && (state.ends || (pending && state.tells)));
        let told = can_report || !(state.ends || (pending && state.tells));
        let torn_down = can_report || !pending;

        // Written while a report is still waited for: nobody looks at the record before.
        let provides = self.free.provides.val();
        let can_append = state.appends && self.free.m_free.valid.val();
        let store = state.settles || (state.teardown_nexts && chain.vacant) || can_append || provides;
        let mut give = false;
        let mut report = Report {
            slot: command.slot,
            generation: command.generation,
            base: chain.base,
            offset: chain.reported,
            length: unreported,
            cookie: chain.cookie,
            target: state.placed,
            handed_back: state.hands_back || (state.teardown_nexts && !chain.vacant),
            end_of_stream: state.settles && state.ends,
            ..Report::default()
        };
        if state.settles && !pending {
            report.base = bits::<64>(0);
            report.offset = bits::<32>(0);
            report.length = bits::<32>(0);
            report.cookie = bits::<32>(0);
        }
        if state.teardown_nexts {
            report.torn_down = chain.vacant;
            report.response = command.ending.response;
            report.free = command.ending.free;
            report.status = command.ending.status;
            if chain.vacant {
                report.cookie = command.ending.cookie;
            } else if command.ending.status == 0 {
                report.status = bits::<8>(status::ABORTED);
            }
        }
        let context = Context { address: command.address, length: command.length, cookie: command.cookie, next: fresh };
        let mut record = chain;
        let framed = coming.kind == ReceiveKind::Place || coming.kind == ReceiveKind::Discard;
        let idle = state.phase == Phase::Idle;
        let behind = if state.phase == Phase::TeardownFetch { fetched.next } else { chain.next };
        next.only = behind == chain.tail;
        next.adopts = false;
        match state.phase {
            Phase::Initialise => {
                if self.free.ready.val() {
                    next.phase = Phase::Idle;
                }
            }
            Phase::Idle => {
                next.command = coming;
                next.remaining =
                    if coming.kind == ReceiveKind::Place { coming.length.get_bits::<16>(0) } else { bits::<16>(0) };
                next.tells = coming.kind == ReceiveKind::Notify || coming.notify;
                next.ends = coming.kind == ReceiveKind::Place && coming.end_of_stream;
                if offered && coming.kind != ReceiveKind::Discard && (!framed || self.m_cut.ready.val()) {
                    next.phase = Phase::Load;
                }
            }
            Phase::Load => {
                next.adopts = command.kind != ReceiveKind::Append;
                next.phase = if command.kind == ReceiveKind::Append {
                    Phase::Append
                } else if state.remaining != 0 {
                    Phase::Measure
                } else {
                    Phase::Take
                };
            }
            Phase::Append => {
                if can_append {
                    next.phase = Phase::Idle;
                }
            }
            Phase::Take => {
                next.phase = if command.kind == ReceiveKind::Teardown { Phase::TeardownReport } else { Phase::Settle };
            }
            Phase::Measure => {
                let ample = loaded.room.get_bits::<16>(16).any();
                let room = loaded.room.get_bits::<16>(0);
                next.partial = ample || state.remaining < room;
                next.last = ample || state.remaining <= room;
                next.take = if ample || state.remaining <= room { state.remaining } else { room };
                next.address = loaded.base + resize::<64, 32>(loaded.filled);
                next.phase = Phase::Emit;
            }
            Phase::Emit => {
                if emitted {
                    next.phase = if state.partial { Phase::Settle } else { Phase::HandBack };
                }
            }
            Phase::HandBack => {
                if can_report {
                    give = true;
                    next.phase = if state.only { Phase::Settle } else { Phase::Fetch };
                }
            }
            Phase::Fetch => {
                // Read while the head buffer was at work: `contexts` always shows the one behind the head.
                next.phase = if state.remaining != 0 { Phase::Measure } else { Phase::Settle };
            }
            Phase::Settle => {
                if told {
                    next.phase = Phase::Idle;
                }
            }
            Phase::TeardownReport => {
                if torn_down {
                    next.phase = Phase::TeardownNext;
                }
            }
            Phase::TeardownNext => {
                if can_report {
                    give = !chain.vacant;
                    next.phase = if chain.vacant { Phase::Idle } else { Phase::TeardownRead };
                }
            }
            Phase::TeardownRead => next.phase = Phase::TeardownFetch,
            Phase::TeardownFetch => next.phase = Phase::TeardownNext,
        }

        // The chain at hand.
        let taken = resize::<32, 16>(state.take);
        if state.counts {
            next.chain.filled = chain.filled + taken;
            next.chain.room = chain.room - taken;
            next.chain.pending = true;
            next.placed = state.placed + taken;
            next.remaining = state.remaining - state.take;
        }
        if (state.hands_back || state.teardown_nexts) && can_report {
            next.chain.head = chain.next;
            next.chain.vacant = state.only;
        }
        if state.hands_back || (state.teardown_reports && can_report) {
            next.chain.pending = false;
        }
        if state.teardown_reports && can_report {
            next.chain.reported = chain.filled;
        }
        if state.renews {
            next.chain = headed(chain, fetched);
        }
        if state.adopts {
            next.chain = loaded;
        }
        // The same as asking for `next.phase`, without waiting for it.
        let takes = state.phase == Phase::Take;
        let teardowns = command.kind == ReceiveKind::Teardown;
        let handed = state.hands_back && can_report;
        next.appends = (state.phase == Phase::Load && command.kind == ReceiveKind::Append)
            || (state.appends && !self.free.m_free.valid.val());
        next.counts = state.phase == Phase::Measure;
        next.emits = state.phase == Phase::Measure || (state.emits && !emitted);
        next.hands_back = (emitted && !state.partial) || (state.hands_back && !can_report);
        next.renews = (handed && !state.only) || state.phase == Phase::TeardownRead;
        next.settles = (takes && !teardowns)
            || (emitted && state.partial)
            || (handed && state.only)
            || (state.phase == Phase::Fetch && state.remaining == 0)
            || (state.settles && !told);
        next.teardown_reports = (takes && teardowns) || (state.teardown_reports && !torn_down);
        next.teardown_nexts = (state.teardown_reports && torn_down)
            || state.phase == Phase::TeardownFetch
            || (state.teardown_nexts && !can_report);

        self.s_command.ready.next = idle && (!framed || self.m_cut.ready.val());
        self.m_cut.valid.next = idle && offered && framed;
        let keeps = coming.kind == ReceiveKind::Place;
        self.m_cut.bits.next = Cut {
            trim: if keeps { coming.trim } else { bits::<16>(0) },
            length: if keeps { coming.length.get_bits::<16>(0) } else { bits::<16>(0) },
        };
        self.m_piece.valid.next = state.phase == Phase::Emit;
        self.m_piece.bits.next =
            Piece { address: state.address, length: resize::<32, 16>(state.take), last: state.last };
        self.m_report.valid.next = speak;
        self.m_report.bits.next = report;
        self.free_entries.next = self.free.free_entries.val();

        self.chains.read_address.next = if idle { coming.slot } else { command.slot };
        // One of three records: of the chain that got a context, of one that lost all, or of the chain at hand, what was reported noted.
        record.reported = mux(settled, chain.filled, chain.reported);
        record.pending = pending && !settled;
        if !state.settles {
            record = empty(mux(provides, self.free.placeholder.val(), chain.tail), chain);
        }
        if state.appends {
            record = if loaded.vacant { headed(loaded, context) } else { loaded };
            record.tail = fresh;
            record.vacant = false;
        }
        self.chains.write_enable.next = store;
        self.chains.write_address.next = mux(provides, self.free.placeholder.val(), command.slot);
        self.chains.write_data.next = record;
        self.contexts.read_address.next = chain.next;
        self.contexts.write_enable.next = can_append;
        self.contexts.write_address.next = loaded.tail;
        self.contexts.write_data.next = context;
        self.free.freed.next = give;
        self.free.freed_entry.next = chain.head;
        self.free.m_free.ready.next = state.appends;
        self.state.d.next = next;
    }
}
