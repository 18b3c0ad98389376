//! Receive chain: every connection's posted buffers, as a list of message contexts.
//!
//! # Role
//! The control half of [`Placement`](super::Placement). Takes the commands of the connection pipeline in order, fetches
//! the record of their chain and hands both to the unit that carries them out: the [`Placer`] (payload, reports,
//! announcements), the [`Returner`] (teardowns), the [`Lender`] (buffers of listeners), or the appender, which is the
//! few lines here that fill a placeholder. Around them lie the table of chains, the pool of contexts and the list of
//! free ones.
//!
//! ```text
//! s_command -> [ front ] -> Placer   -> m_piece  (DMA writer)
//!     |            |    \-> Returner -> m_report (reports)
//!     |            |    \-> Lender
//!     v            +------> append
//!   m_cut  (trimmer)
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! A command is taken when the front is free, or becomes so in this cycle, and no unit works on its connection; with
//! `m_cut` if it takes a frame. A Discard without an announcement waits for `m_cut` only. A command is carried out in
//! up to three steps: a buffer is lent, the announcement is made, the payload placed. A Teardown, and lending, are
//! carried out alone. After reset nothing is taken until every chain has its placeholder: one cycle per context. An
//! Append without a free context waits.
//!
//! # Latency
//! `m_cut` in the command's cycle, `m_piece` 3 cycles later. A command every two cycles for different connections; of
//! one connection an Append every 3, a Place into one buffer every 4; Discard 1. Further buffers: see [`Placer`];
//! teardowns: see [`Returner`], lending: see [`Lender`], 3 more for the front.
//!
//! # Invariant
//! A chain ends in an empty placeholder. While it is not empty, its record holds the whole context of its head, with
//! the bytes filled so far taken off `room`; an empty chain's record holds nothing but the placeholder. A record is
//! read only when no unit has it in work, or from the placer in the cycle in which that stores it.
use super::chain_record::{appended, empty, Chain, Context, Cut, Report, Store, Work};
use super::lender::Lender;
use super::{FreeContexts, Placer, Returner};
use crate::bundles::*;
use crate::geometry::Geometry;
use stevedore_hdl::prelude::*;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Wait for a command.
    #[default]
    Idle,
    /// The record leaves the memory.
    Load,
    /// The record is there: a unit takes the command.
    Ready,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    command: ReceiveCommand,
    /// What the command that is ready asks for, told apart while its record comes: an append, a teardown, the buffer
    /// of a listener, or the placer. Whole records hang on these.
    appends: bool,
    tears: bool,
    lends: bool,
    works: bool,
    /// For the command that is offered, the buffer was lent, the announcement is on its way.
    lent: bool,
    announced: bool,
}

/// The receive chain.
#[derive(LogicBlock, Default)]
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
    /// What the memories gave: their outputs are too slow for logic behind them. The returner works on `loaded`.
    loaded: Flop<Chain>,
    fetched: Flop<Context>,
    /// The placer settled the command's own chain as the command was taken, and what it settled in the last cycle.
    forwarded: Flop<bool>,
    settled: Flop<Chain>,
    /// The placer was not busy in the last cycle.
    alone: Flop<bool>,
    placer: Placer,
    returner: Returner,
    lender: Lender,
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
        Self {
            chains: DualPortRam::new(connections).no_rw_check(),
            contexts: DualPortRam::new(entries).no_rw_check(),
            free: FreeContexts::new(entries, connections),
            ..Self::default()
        }
    }
}

impl Logic for ReceiveChain {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, placer, returner, lender, free);
        clocks!(self, chains, contexts, loaded, fetched, forwarded, settled, alone);
        forward!(self.placer.m_piece => self.m_piece);
        let state = self.state.q.val();
        let command = state.command;
        let loaded = self.loaded.q.val();
        let mut next = state;

        // A unit takes the command at the front.
        let ready = state.phase == Phase::Ready;
        let lending = state.lends;
        // The placer gets work from here only: what is not busy stays so until a command is taken.
        self.alone.d.next = !self.placer.busy.val();
        let alone = self.alone.q.val();
        let beheads = self.lender.beheads.val();
        let tearing = state.tears && alone;
        let active = tearing || beheads;
        let settles = self.placer.store.val();
        let fresh = self.free.m_free.bits.val();
        let append = state.appends && self.free.m_free.valid.val() && !settles.valid;
        let works = state.works;
        let taken = append || (works && self.placer.s_work.ready.val());
        let torn = self.returner.done.val();
        let done = torn || self.lender.done.val();
        let work = Work { command, chain: loaded };
        self.placer.s_work.bits.next = work;
        self.placer.s_work.valid.next = works;
        self.returner.work.next = work;
        self.returner.active.next = active;
        self.returner.beheads.next = beheads;
        self.lender.active.next = lending && alone;
        self.lender.slot.next = command.slot;
        self.lender.listener.next = command.cookie.get_bits::<16>(0);
        self.lender.chain.next = loaded;
        self.lender.beheaded.next = self.returner.beheaded.val();
        self.free.m_free.ready.next = append;

        // The next command.
        let coming = self.s_command.bits.val();
        let offered = self.s_command.valid.val() && self.free.ready.val();
        let places = coming.kind == ReceiveKind::Place;
        let discards = coming.kind == ReceiveKind::Discard;
        let lends = (places || discards) && coming.lends && !state.lent;
        let announces = places && coming.announce && !state.announced;
        let first = lends || announces;
        let framed = (places || discards) && !first;
        let silent = discards && !coming.announce && !lends;
        let idle = state.phase == Phase::Idle;
        // The record that is being stored is taken from the placer: the memory does not show it yet.
        let same = self.placer.slot.val() == coming.slot;
        let held = self.placer.busy.val() && same && !settles.valid;
        let clear = !held && (idle || command.slot != coming.slot);
        let may = silent || ((idle || taken) && clear);
        let takes = offered && may && (!framed || self.m_cut.ready.val());
        self.s_command.ready.next = self.free.ready.val() && may && !first && (!framed || self.m_cut.ready.val());
        self.m_cut.valid.next = offered && may && framed;
        self.m_cut.bits.next = Cut {
            trim: if places { coming.trim } else { bits::<16>(0) },
            length: if places { coming.length.get_bits::<16>(0) } else { bits::<16>(0) },
        };
        self.chains.read_address.next = if lending { command.cookie.get_bits::<16>(0) } else { coming.slot };
        if state.phase == Phase::Load {
            next.phase = Phase::Ready;
            next.appends = command.kind == ReceiveKind::Append;
            next.tears = command.kind == ReceiveKind::Teardown;
            next.lends = command.lends;
            next.works = !(next.appends || next.tears || next.lends);
        } else if taken || done {
            next.phase = Phase::Idle;
            next.appends = false;
            next.tears = false;
            next.lends = false;
            next.works = false;
        }
        if takes {
            next.lent = first && coming.lends;
            next.announced = announces && !lends;
        }
        if takes && !silent {
            next.phase = Phase::Load;
            next.command = coming;
            next.command.lends = lends;
            if announces || discards {
                next.command.kind = ReceiveKind::Announce;
            }
        }
        self.state.d.next = next;
        self.forwarded.d.next = takes && !silent && settles.valid && same;

        // The memories.
        let loads = if active { self.returner.chain.val() } else { loaded };
        let fetches = self.lender.fetches.val();
        let keeps = ready && !fetches;
        // Where neither is wanted, the next load sets it right. What was settled in the cycle before is a register of
        // its own: to let it into `loaded` at once, `loaded` would have to know whether the placer takes its work.
        self.settled.d.next = settles.chain;
        let read = if self.forwarded.q.val() { self.settled.q.val() } else { self.chains.read_data.val() };
        self.loaded.d.next = if keeps { loads } else { read };
        self.fetched.d.next = self.contexts.read_data.val();
        self.contexts.read_address.next = if active { loaded.next } else { self.placer.next_entry.val() };
        self.placer.context.next = self.fetched.q.val();
        self.returner.context.next = self.fetched.q.val();
        let context = Context { address: command.address, length: command.length, cookie: command.cookie, next: fresh };
        self.contexts.write_enable.next = append;
        self.contexts.write_address.next = loaded.tail;
        self.contexts.write_data.next = context;

        // One record at most: of a slot that gets its placeholder, of a chain that got a context, that loses all, that
        // lends or was lent to, or that was at work. What a teardown leaves is known from its first cycle, and nobody
        // reads the record before its last: written in all of them, it does not wait for the last report to be taken.
        let provides = self.free.provides.val();
        let placeholder = self.free.placeholder.val();
        let lent = self.lender.store.val();
        let mut store = Store {
            valid: settles.valid || append || tearing || provides || lent.valid,
            slot: if settles.valid { settles.slot } else { command.slot },
            chain: settles.chain,
        };
        if append {
            store.chain = appended(loaded, context);
        } else if tearing {
            store.chain = empty(loaded.tail, loaded);
        } else if provides {
            store.slot = placeholder;
            store.chain = empty(placeholder, loaded);
        } else if lent.valid {
            store.slot = lent.slot;
            store.chain = lent.chain;
        }
        self.chains.write_enable.next = store.valid;
        self.chains.write_address.next = store.slot;
        self.chains.write_data.next = store.chain;

        // What the units say and give back: the returner works alone.
        let (placer, returner) = (self.placer.given.val(), self.returner.given.val());
        let given = if active { returner } else { placer };
        self.free.freed.next = given.valid;
        self.free.freed_entry.next = given.entry;
        self.m_report.valid.next = self.placer.m_report.valid.val() || self.returner.m_report.valid.val();
        self.m_report.bits.next =
            if active { self.returner.m_report.bits.val() } else { self.placer.m_report.bits.val() };
        self.placer.m_report.ready.next = self.m_report.ready.val();
        self.returner.m_report.ready.next = self.m_report.ready.val();
        self.free_entries.next = self.free.free_entries.val();
    }
}
