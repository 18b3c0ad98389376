//! Placer: fills posted buffers with the payload of frames and says what they hold.
//!
//! # Role
//! One of the units of the [`ReceiveChain`](super::ReceiveChain): carries out Place and Notify, and passes on what an
//! Announce says. It tells the DMA writer where the payload goes, buffer by buffer, and gives full buffers back.
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! `s_work.ready` needs registers and `m_report.ready` only. `context` must show the context that `next_entry` named
//! two cycles ago. `store` and `given` are never refused.
//!
//! # Latency
//! The first piece is offered a cycle after the work was taken, the record stored a cycle after the last piece has
//! left, and with that the next work is taken: two cycles for a payload that goes into one buffer. A buffer that is
//! filled costs one more, four with payload left.
//!
//! # Invariant
//! The record in the table and the one at work are never both in use: `busy` and `slot` name the connection whose
//! record is here. A full buffer is reported and given back in the same cycle.
use super::chain_record::{headed, Chain, Context, Given, Report, Store, Work};
use crate::bundles::codes::response;
use crate::bundles::*;
use stevedore_hdl::prelude::*;

/// Where the placer stands, one bit for each place: whole records hang on single ones. None: there is no work.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct At {
    /// How much goes into the head buffer? (For the first buffer that was answered as the work was taken.)
    measure: bool,
    /// The piece is offered.
    emit: bool,
    /// The head buffer is full: it is reported and given back.
    hand_back: bool,
    /// The next context is there: it becomes the head.
    fetch: bool,
    /// What is to be reported is reported, the record stored.
    settle: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    at: At,
    busy: bool,
}

/// The work.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Job {
    slot: Bits<16>,
    generation: Bits<16>,
    /// The chain at hand.
    chain: Chain,
    /// The placeholder is next behind the head.
    only: bool,
    /// What is unreported, the end of the stream, or an announcement is to be reported.
    tells: bool,
    ends: bool,
    announces: bool,
    /// Response and status of the announcement.
    response: Bits<5>,
    status: Bits<8>,
    /// Bytes not yet placed, those of the piece included.
    remaining: Bits<16>,
    /// The piece: its bytes, its address.
    take: Bits<16>,
    address: Bits<64>,
    /// The buffer is not full after the piece / nothing remains after it.
    partial: bool,
    last: bool,
}

/// The placer.
#[derive(LogicBlock, Default)]
pub struct Placer {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Place, Notify and Announce.
    pub s_work: Sink<Work>,
    /// Where the bytes go: one packet per Place that has bytes.
    pub m_piece: Source<Piece>,
    /// What there is to say.
    pub m_report: Source<Report>,
    /// The context to be read.
    pub next_entry: Signal<Out, Bits<16>>,
    /// The context.
    pub context: Signal<In, Context>,
    /// The record when the work is done.
    pub store: Signal<Out, Store>,
    /// A full buffer's context.
    pub given: Signal<Out, Given>,
    /// There is work.
    pub busy: Signal<Out, bool>,
    /// For this connection.
    pub slot: Signal<Out, Bits<16>>,
    state: Register<State>,
    job: Flop<Job>,
}

/// The piece that goes into the head buffer.
#[kernel_fn]
fn measured(job: Job) -> Job {
    let ample = job.chain.room.get_bits::<16>(16).any();
    let room = job.chain.room.get_bits::<16>(0);
    let last = ample || job.remaining <= room;
    Job {
        take: if last { job.remaining } else { room },
        address: job.chain.base + resize::<64, 32>(job.chain.filled),
        partial: ample || job.remaining < room,
        last,
        ..job
    }
}

/// The work as it comes. An announcement stands in the fields that otherwise describe the head buffer.
#[kernel_fn]
fn job_of(work: Work) -> Job {
    let command = work.command;
    let places = command.kind == ReceiveKind::Place;
    let announces = command.kind == ReceiveKind::Announce;
    let mut chain = work.chain;
    if announces {
        chain.base = command.address;
        chain.cookie = command.ending.cookie;
        // Whoever hears that the connection stands hears of the room its first buffer has.
        let room = if chain.vacant { bits::<32>(0) } else { chain.room };
        chain.filled = if command.announce { room } else { command.length };
        chain.reported = bits::<32>(0);
        chain.pending = true;
    }
    Job {
        slot: command.slot,
        generation: command.generation,
        chain,
        only: chain.next == chain.tail,
        tells: announces || command.kind == ReceiveKind::Notify || (places && command.notify),
        ends: places && command.end_of_stream,
        announces,
        response: if announces { command.ending.response } else { bits::<5>(response::BUFFER_RECEIVE) },
        status: if announces { command.ending.status } else { bits::<8>(0) },
        remaining: if places { command.length.get_bits::<16>(0) } else { bits::<16>(0) },
        ..Job::default()
    }
}

impl Logic for Placer {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, job);
        let state = self.state.q.val();
        let at = state.at;
        let job = self.job.q.val();
        let chain = job.chain;
        let can_report = self.m_report.ready.val();
        let emitted = at.emit && self.m_piece.ready.val();
        let handed = at.hand_back && can_report;
        let speaks = job.ends || (chain.pending && job.tells);
        let settled = at.settle && (can_report || !speaks);

        // What becomes of the work at hand.
        let taken = resize::<32, 16>(job.take);
        let mut next = job;
        if emitted {
            next.chain.filled = chain.filled + taken;
            next.chain.room = chain.room - taken;
            next.chain.pending = true;
            next.remaining = job.remaining - job.take;
        }
        if handed {
            next.chain.head = chain.next;
            next.chain.vacant = job.only;
            next.chain.pending = false;
        }
        if at.fetch {
            let context = self.context.val();
            next.chain = headed(chain, context);
            next.only = context.next == chain.tail;
        }

        // New work, and the measure of its first piece, or of a further one.
        let free = !state.busy || settled;
        let takes = free && self.s_work.valid.val();
        let coming = job_of(self.s_work.bits.val());
        let measures = free || at.measure;
        let measured = measured(if free { coming } else { job });
        self.job.d.next = if measures { measured } else { next };
        let whole = coming.remaining == 0;
        let rest = job.remaining.any();
        self.state.d.next = State {
            at: At {
                measure: at.fetch && rest,
                emit: (takes && !whole) || at.measure || (at.emit && !emitted),
                hand_back: (emitted && !job.partial) || (at.hand_back && !handed),
                fetch: handed && !job.only,
                settle: (takes && whole)
                    || (emitted && job.partial)
                    || (handed && job.only)
                    || (at.fetch && !rest)
                    || (at.settle && !settled),
            },
            busy: takes || (state.busy && !settled),
        };

        self.s_work.ready.next = free;
        self.m_piece.valid.next = at.emit;
        self.m_piece.bits.next = Piece { address: job.address, length: taken, last: job.last };
        self.next_entry.next = chain.next;
        self.given.next = Given { valid: handed, entry: chain.head };
        self.busy.next = state.busy;
        self.slot.next = job.slot;

        // An end of the stream may find nothing to report: then it names no buffer.
        let bare = at.settle && !chain.pending;
        self.m_report.valid.next = at.hand_back || (at.settle && speaks);
        self.m_report.bits.next = Report {
            torn_down: false,
            free: false,
            notice: Notice {
                response: job.response,
                status: job.status,
                slot: job.slot,
                generation: job.generation,
                cookie: if bare { bits::<32>(0) } else { chain.cookie },
                address: if bare { bits::<64>(0) } else { chain.base },
                length: if bare { bits::<32>(0) } else { chain.filled - chain.reported },
                offset: if bare { bits::<32>(0) } else { chain.reported },
                handed_back: at.hand_back,
                end_of_stream: at.settle && job.ends,
            },
        };
        // Stored while a report is still waited for, too: nobody looks at the record before.
        let told = job.tells || job.ends;
        self.store.next = Store {
            valid: at.settle && !job.announces,
            slot: job.slot,
            chain: Chain {
                reported: if told { chain.filled } else { chain.reported },
                pending: chain.pending && !told,
                ..chain
            },
        };
    }
}
