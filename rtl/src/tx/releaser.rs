//! Gives message contexts back to the host, and moves the cursor back.
//!
//! **Role.** Carries out `Release`, `Rewind` and `Flush` for [`super::send_chain::SendChain`]: every context that is wholly acknowledged, or
//! on `Flush` every context there is, returns to the free list and is reported as BufferAvailable.
//!
//! **Handshake.** `head` and `tail` must show the slot's row in the cycle after a command is taken. The dispatcher lets a command in
//! only while no segment of its slot is in work, and those that move cursors (`exclusive`) only while nothing else is.
//!
//! **Latency.** A release takes 2 cycles and 3 more for each context it looks at: 5 for one buffer. `m_response` may wait at will.
//! A flush is reported on `m_flushed` only after its last response was taken.
//!
//! **Invariant.** Acknowledged bytes were posted: a release stops when its bytes are used up, and never reads the placeholder.
use super::record::{MessageContext, Position, PositionWrite};
use crate::bundles::{DescriptorFields, Ending, Flushed, SendCommand, SendKind};
use stevedore_abi::descriptor::{Response, Status};
use stevedore_hdl::prelude::*;

/// The steps of a release.
#[derive(Encoding, Clone, Copy, Debug, PartialEq, Default)]
enum Phase {
    #[default]
    Idle,
    /// Head and tail come out of their tables.
    Look,
    /// The pool is asked for the context at the head, unless a flush has reached the placeholder.
    Read,
    /// The context comes out of the pool.
    Wait,
    /// The context goes back, or stays because it is not used up.
    Free,
    /// The cursor moves, the flush is reported.
    Settle,
}

/// The command in work.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    kind: SendKind,
    slot: Bits<16>,
    generation: Bits<16>,
    /// The cursor goes where the head goes.
    moves_cursor: bool,
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
    /// An entry for the free list.
    pub m_freed: Source<Bits<16>>,
    /// Moves the head.
    pub head_write: Signal<Out, PositionWrite>,
    /// Moves the cursor.
    pub cursor_write: Signal<Out, PositionWrite>,
    /// BufferAvailable.
    pub m_response: Source<DescriptorFields>,
    /// Flushes carried out.
    pub m_flushed: Source<Flushed>,
    phase: Register<Phase>,
    work: Flop<Work>,
    found: Flop<MessageContext>,
    responses: SkidBuffer<DescriptorFields>,
    _available: u64,
    _aborted: u64,
}

impl Releaser {
    /// A releaser.
    pub fn new() -> Self {
        Self { _available: Response::BufferAvailable as u64, _aborted: Status::Aborted as u64, ..Default::default() }
    }
}

impl Logic for Releaser {
    #[kernel]
    fn update(&mut self) {
        setup!(self, phase, responses);
        clocks!(self, work, found);
        forward!(self.responses.m_out => self.m_response);
        let command = self.s_command.bits.val();
        let phase = self.phase.q.val();
        let work = self.work.q.val();
        let found = self.found.q.val();
        let flush = work.kind == SendKind::Flush;

        // The context in hand: used up, exactly or with bytes left over, or to stay.
        let used = flush || work.want >= found.length;
        let exact = work.want == found.length;
        let freeing = phase == Phase::Free && used;
        let freed = freeing && self.responses.s_in.ready.val() && self.m_freed.ready.val();
        self.m_freed.valid.next = freeing && self.responses.s_in.ready.val();
        self.m_freed.bits.next = work.position.entry;
        self.responses.s_in.valid.next = freeing && self.m_freed.ready.val();
        let mut given = bits::<8>(0);
        if flush {
            given = mux(work.ending.status.any(), work.ending.status, bits::<8>(self._aborted));
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
            kind: bits::<5>(self._available),
            owner: false,
        };

        let ended = flush && work.position.entry == work.tail;
        let behind = Position { entry: found.next, offset: bits::<32>(0) };
        let mut position = work.position;
        let mut write = false;
        let mut next = phase;
        let mut next_work = work;
        let mut next_found = found;
        match phase {
            Phase::Idle => {
                let rewind = command.kind == SendKind::Release && command.rewind;
                next_work = Work {
                    kind: command.kind,
                    slot: command.slot,
                    generation: command.generation,
                    moves_cursor: rewind || command.kind != SendKind::Release,
                    position: work.position,
                    left: command.length,
                    want: work.want,
                    tail: work.tail,
                    ending: command.ending,
                };
                if self.s_command.valid.val() {
                    next = Phase::Look;
                }
            }
            Phase::Look => {
                next_work.position = self.head.val();
                next_work.tail = self.tail.val();
                let nothing = work.kind == SendKind::Release && !work.left.any();
                next = if work.kind == SendKind::Rewind || nothing { Phase::Settle } else { Phase::Read };
            }
            Phase::Read => {
                if ended {
                    next = Phase::Settle;
                } else if self.granted.val() {
                    next = Phase::Wait;
                }
            }
            Phase::Wait => {
                next_found = self.context.val();
                next_work.want = work.position.offset + work.left;
                next = Phase::Free;
            }
            Phase::Free => {
                if freed {
                    position = behind;
                    next_work.position = behind;
                    next_work.left = work.want - found.length;
                    next = Phase::Read;
                    if !flush && exact {
                        write = true;
                        next = Phase::Idle;
                    }
                }
                if !used {
                    position.offset = work.want;
                    write = true;
                    next = Phase::Idle;
                }
            }
            Phase::Settle => {
                write = true;
                if !flush || (self.m_flushed.ready.val() && !self.responses.m_out.valid.val()) {
                    next = Phase::Idle;
                }
            }
        }
        if phase == Phase::Settle && flush {
            position.offset = bits::<32>(0);
        }
        self.phase.d.next = next;
        self.work.d.next = next_work;
        self.found.d.next = next_found;
        self.head_write.next = PositionWrite { enable: write, slot: work.slot, position: position };
        self.cursor_write.next = PositionWrite { enable: write && work.moves_cursor, slot: work.slot, position: position };

        self.read.next = phase == Phase::Read && !ended;
        self.entry.next = work.position.entry;
        self.m_flushed.valid.next = phase == Phase::Settle && flush && !self.responses.m_out.valid.val();
        self.m_flushed.bits.next = Flushed { slot: work.slot, generation: work.generation, ending: work.ending };
        self.s_command.ready.next = phase == Phase::Idle;
        self.exclusive.next = phase != Phase::Idle && work.moves_cursor;
    }
}
