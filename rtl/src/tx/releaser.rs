//! Gives message contexts back to the host, and moves the cursor back.
//!
//! **Role.** Carries out `Release`, `Rewind` and `Flush` for [`super::send_chain::SendChain`]: every context that is wholly acknowledged, or
//! on `Flush` every context there is, returns to the free list and is reported as BufferAvailable.
//!
//! **Handshake.** `head` and `tail` must show the slot's row in the cycle after a command is taken. The dispatcher lets a command in
//! only while no segment of its slot is in work, and those that move cursors (`exclusive`) only while nothing else is.
//!
//! **Latency.** Two units, *locate* (1 cycle) and *work*, carry out different commands. A release works 4 cycles for each context it looks
//! at: releases of one buffer follow each other every 4 cycles. `m_response` may wait at will. A flush is reported on `m_flushed`
//! only after its last response was taken.
//!
//! **Invariant.** Acknowledged bytes were posted: a release stops when its bytes are used up, and never reads the placeholder.
//! A command located while the one before it, of the same slot, is in work has seen an old head: it begins where that one ends.
//! One taken in the very cycle in which the other ends has it from there, too.
use super::record::{MessageContext, Position, PositionWrite};
use crate::bundles::codes::{response, status};
use crate::bundles::{DescriptorFields, Ending, Flushed, SendCommand, SendKind};
use stevedore_hdl::prelude::*;

/// The locate unit.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Locate {
    #[default]
    Empty,
    /// Head and tail come out of their tables.
    Look,
    /// Located; the other unit is busy.
    Hold,
}

/// The steps of a release.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    /// The pool is asked for the context at the head, unless a flush has reached the placeholder.
    Read,
    /// The context comes out of the pool.
    Wait,
    /// It is compared with the bytes acknowledged.
    Judge,
    /// The context goes back, or stays because it is not used up.
    Free,
    /// The cursor moves, the flush is reported.
    Settle,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Phases {
    locate: Locate,
    work: Phase,
    /// A command that moves cursors is located or in work. What the dispatcher asks is kept, not worked out: it has far to go from here.
    exclusive: bool,
    /// One is located; one is in work.
    located: bool,
    working: bool,
}

/// A command being located, or in work.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    kind: SendKind,
    slot: Bits<16>,
    generation: Bits<16>,
    /// The cursor goes where the head goes.
    moves_cursor: bool,
    /// `position` counts already: the head was written when the command was taken.
    told: bool,
    /// The head.
    position: Position,
    /// Bytes acknowledged and not yet accounted for.
    left: Bits<32>,
    /// `offset` + `left`: what the context may hold at most to be used up.
    want: Bits<32>,
    /// Flush: where it ends.
    tail: Bits<16>,
    ending: Ending,
}

/// The context in hand, compared with the bytes acknowledged.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Verdict {
    /// It is used up.
    used: bool,
    /// And no bytes are left over.
    exact: bool,
}

/// Gives contexts back.
#[derive(LogicBlock, Default)]
pub struct Releaser {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// `Release`, `Rewind` and `Flush` commands.
    pub s_command: Sink<SendCommand>,
    /// A command that moves a cursor is in work.
    pub exclusive: Signal<Out, bool>,
    /// Nothing is in work.
    pub idle: Signal<Out, bool>,
    /// First unacknowledged byte, the cycle after a command is taken.
    pub head: Signal<In, Position>,
    /// The placeholder, likewise.
    pub tail: Signal<In, Bits<16>>,
    /// Ask to read the pool.
    pub read: Signal<Out, bool>,
    /// Where.
    pub entry: Signal<Out, Bits<16>>,
    /// The pool is read in this cycle.
    pub granted: Signal<In, bool>,
    /// The context read one cycle ago.
    pub context: Signal<In, MessageContext>,
    /// An entry goes to the free list.
    pub freed: Signal<Out, bool>,
    /// Which.
    pub freed_entry: Signal<Out, Bits<16>>,
    /// Moves the head.
    pub head_write: Signal<Out, PositionWrite>,
    /// Moves the cursor.
    pub cursor_write: Signal<Out, PositionWrite>,
    /// BufferAvailable.
    pub m_response: Source<DescriptorFields>,
    /// Flushes carried out.
    pub m_flushed: Source<Flushed>,
    phases: Register<Phases>,
    request: Flop<Work>,
    work: Flop<Work>,
    found: Flop<MessageContext>,
    verdict: Flop<Verdict>,
    responses: SkidBuffer<DescriptorFields>,
}

impl Releaser {
    /// A releaser.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Logic for Releaser {
    #[kernel]
    fn update(&mut self) {
        setup!(self, phases, responses);
        clocks!(self, request, work, found, verdict);
        forward!(self.responses.m_out => self.m_response);
        let command = self.s_command.bits.val();
        let phases = self.phases.q.val();
        let phase = phases.work;
        let request = self.request.q.val();
        let work = self.work.q.val();
        let found = self.found.q.val();
        let flush = work.kind == SendKind::Flush;

        let verdict = self.verdict.q.val();
        self.verdict.d.next = Verdict { used: flush || work.want >= found.length, exact: work.want == found.length };
        let used = verdict.used;
        let exact = verdict.exact;
        let freeing = phase == Phase::Free && used;
        let freed = freeing && self.responses.s_in.ready.val();
        self.freed.next = freed;
        self.freed_entry.next = work.position.entry;
        self.responses.s_in.valid.next = freeing;
        let mut given = bits::<8>(0);
        if flush {
            given = mux(work.ending.status.any(), work.ending.status, bits::<8>(status::ABORTED));
        }
        self.responses.s_in.bits.next = DescriptorFields {
            base: found.address,
            connection: cat::<32, 32, 64>(bits::<32>(0), cat::<16, 16, 32>(work.generation, work.slot)),
            length: found.length,
            offset: mux(flush, work.position.offset, bits::<32>(0)),
            cookie: found.cookie,
            flags: bits::<16>(0),
            status: given,
            reserved: bits::<2>(0),
            kind: bits::<5>(response::BUFFER_AVAILABLE),
            owner: false,
        };

        let ended = flush && work.position.entry == work.tail;
        let reported = self.m_flushed.ready.val() && !self.responses.m_out.valid.val();
        let mut position = work.position;
        let mut finish = false;
        let mut next = phases;
        let mut next_work = work;
        let mut next_found = found;
        match phase {
            Phase::Idle => {}
            Phase::Read => {
                if ended {
                    next.work = Phase::Settle;
                } else if self.granted.val() {
                    next.work = Phase::Wait;
                }
            }
            Phase::Wait => {
                next_found = self.context.val();
                next_work.want = work.position.offset + work.left;
                next.work = Phase::Judge;
            }
            Phase::Judge => {
                next.work = Phase::Free;
            }
            Phase::Free => {
                if used {
                    position = Position { entry: found.next, offset: bits::<32>(0) };
                } else {
                    position.offset = work.want;
                }
                finish = !used || (freed && exact && !flush);
                if freed {
                    next_work.position = position;
                    next_work.left = work.want - found.length;
                    next.work = Phase::Read;
                }
            }
            Phase::Settle => {
                if flush {
                    position.offset = bits::<32>(0);
                }
                finish = !flush || reported;
            }
        }
        self.head_write.next = PositionWrite { enable: finish, slot: work.slot, position: position };
        self.cursor_write.next =
            PositionWrite { enable: finish && work.moves_cursor, slot: work.slot, position: position };
        if finish {
            next.work = Phase::Idle;
        }

        // The located command moves on as soon as the other unit is free.
        let located_at = mux(phases.locate == Locate::Look && !request.told, self.head.val(), request.position);
        let located_tail = mux(phases.locate == Locate::Look, self.tail.val(), request.tail);
        let follows = finish && work.slot == request.slot;
        let start = mux(follows, position, located_at);
        let mut next_request = request;
        match phases.locate {
            Locate::Empty => {
                let rewind = command.kind == SendKind::Release && command.rewind;
                next_request.kind = command.kind;
                next_request.slot = command.slot;
                next_request.generation = command.generation;
                next_request.moves_cursor = rewind || command.kind != SendKind::Release;
                next_request.left = command.length;
                next_request.ending = command.ending;
                next_request.told = finish && work.slot == command.slot;
                next_request.position = position;
                if self.s_command.valid.val() {
                    next.locate = Locate::Look;
                }
            }
            Locate::Look | Locate::Hold => {
                next_request.position = start;
                next_request.tail = located_tail;
                next.locate = Locate::Hold;
                if phase == Phase::Idle || finish {
                    let nothing = request.kind == SendKind::Release && !request.left.any();
                    next.locate = Locate::Empty;
                    next.work = mux(request.kind == SendKind::Rewind || nothing, Phase::Settle, Phase::Read);
                    next_work = Work { position: start, tail: located_tail, ..request };
                }
            }
        }
        next.located = next.locate != Locate::Empty;
        next.working = next.work != Phase::Idle;
        next.exclusive = (next.located && next_request.moves_cursor) || (next.working && next_work.moves_cursor);
        self.phases.d.next = next;
        self.request.d.next = next_request;
        self.work.d.next = next_work;
        self.found.d.next = next_found;

        self.read.next = phase == Phase::Read && !ended;
        self.entry.next = work.position.entry;
        self.m_flushed.valid.next = phase == Phase::Settle && flush && !self.responses.m_out.valid.val();
        self.m_flushed.bits.next = Flushed { slot: work.slot, generation: work.generation, ending: work.ending };
        self.s_command.ready.next = !phases.located;
        self.exclusive.next = phases.exclusive;
        self.idle.next = !phases.located && !phases.working;
    }
}
