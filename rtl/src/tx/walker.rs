//! Cuts segments: walks a chain and names the pieces of host memory that make up a payload.
//!
//! **Role.** Carries out `Segment` commands with payload for [`super::send_chain::SendChain`]. It starts at the cursor, or for a
//! retransmission `skip` bytes behind the head, and offers one piece per message context touched.
//!
//! **Handshake.** `head` and `cursor` must show the slot's rows in the cycle after a command is taken. `m_piece` may wait at will:
//! the dispatcher has reserved room for the bytes already.
//!
//! **Latency.** Two units, *locate* (1 cycle) and *cut*, work on different segments. A command taken in cycle 0 reads the pool in cycle
//! 2 and offers its piece in cycle 5; each further context takes 3 cycles. One-piece segments follow each other every 4 cycles.
//!
//! **Invariant.** The bytes to be cut are posted: a walk ends inside a context, or exactly behind one, and never reads a placeholder.
//! A segment located while the one before it, of the same slot, is being cut has seen an old cursor: it begins where that one ends.
//! One taken in the very cycle in which the other ends has it from there, too.
use super::record::{MessageContext, Position, PositionWrite};
use crate::bundles::{Piece, SendCommand};
use stevedore_hdl::prelude::*;

/// The locate unit.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Locate {
    #[default]
    Empty,
    /// Head and cursor come out of their tables.
    Look,
    /// Located; the cut unit is busy.
    Hold,
}

/// The cut unit.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Cut {
    #[default]
    Idle,
    /// The pool is asked for the first context.
    Read,
    /// The context comes out of the pool.
    Wait,
    /// It is compared with the bytes wanted.
    Judge,
    /// A piece is offered, or the context is skipped.
    Offer,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Phases {
    locate: Locate,
    cut: Cut,
}

/// A segment being located.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Request {
    slot: Bits<16>,
    retransmit: bool,
    length: Bits<32>,
    skip: Bits<32>,
    /// `position` counts already: the cursor was written when the segment was taken.
    told: bool,
    position: Position,
}

/// A segment being cut.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Walk {
    slot: Bits<16>,
    retransmit: bool,
    /// Bytes still to be passed over before the first byte wanted, counted before `offset` is final.
    skip: Bits<32>,
    /// The context to be read, and bytes of it and of its successors to be passed over.
    position: Position,
    /// Bytes still to be cut.
    left: Bits<32>,
    /// `offset` + `left`: what the context would have to hold.
    want: Bits<32>,
}

/// The context in hand, compared with the bytes wanted.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Verdict {
    /// It lies wholly before the bytes wanted.
    past: bool,
    /// The bytes wanted end inside it or with it.
    fits: bool,
    /// They end with it.
    exact: bool,
}

/// Cuts segments into pieces.
#[derive(LogicBlock, Default)]
pub struct Walker {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// `Segment` commands with payload.
    pub s_command: Sink<SendCommand>,
    /// First unacknowledged byte, the cycle after a command is taken.
    pub head: Signal<In, Position>,
    /// Next byte to be cut, likewise.
    pub cursor: Signal<In, Position>,
    /// Read the pool.
    pub read: Signal<Out, bool>,
    /// Where.
    pub entry: Signal<Out, Bits<16>>,
    /// The context read one cycle ago.
    pub context: Signal<In, MessageContext>,
    /// Moves the cursor.
    pub cursor_write: Signal<Out, PositionWrite>,
    /// The payload, piece by piece.
    pub m_piece: Source<Piece>,
    /// A segment of the slot of `s_command`, valid or not, is in work.
    pub holds: Signal<Out, bool>,
    /// Nothing is in work.
    pub idle: Signal<Out, bool>,
    phases: Register<Phases>,
    request: Flop<Request>,
    walk: Flop<Walk>,
    found: Flop<MessageContext>,
    verdict: Flop<Verdict>,
}

impl Logic for Walker {
    #[kernel]
    fn update(&mut self) {
        setup!(self, phases);
        clocks!(self, request, walk, found, verdict);
        let command = self.s_command.bits.val();
        let phases = self.phases.q.val();
        let request = self.request.q.val();
        let walk = self.walk.q.val();
        let found = self.found.q.val();

        let offset = walk.position.offset;
        let verdict = self.verdict.q.val();
        self.verdict.d.next =
            Verdict { past: offset >= found.length, fits: walk.want <= found.length, exact: walk.want == found.length };
        let past = verdict.past;
        let fits = verdict.fits;
        let exact = verdict.exact;
        let offering = phases.cut == Cut::Offer;
        let proceed = offering && (past || self.m_piece.ready.val());
        let finish = proceed && !past && fits;
        self.m_piece.valid.next = offering && !past;
        self.m_piece.bits.next = Piece {
            address: found.address + resize::<64, 32>(offset),
            length: mux(fits, walk.left, found.length - offset),
            last: fits,
        };
        let behind = Position {
            entry: mux(exact, found.next, walk.position.entry),
            offset: mux(exact, bits::<32>(0), walk.want),
        };
        self.cursor_write.next =
            PositionWrite { enable: finish && !walk.retransmit, slot: walk.slot, position: behind };

        let mut next_phases = phases;
        let mut next_request = request;
        let mut next_walk = walk;
        let mut next_found = found;
        match phases.cut {
            Cut::Idle => {}
            Cut::Read => {
                next_walk.position.offset = offset + walk.skip;
                next_phases.cut = Cut::Wait;
            }
            Cut::Wait => {
                next_found = self.context.val();
                next_walk.want = offset + walk.left;
                next_phases.cut = Cut::Judge;
            }
            Cut::Judge => {
                next_phases.cut = Cut::Offer;
            }
            Cut::Offer => {
                if proceed {
                    next_walk.position =
                        Position { entry: found.next, offset: mux(past, offset - found.length, bits::<32>(0)) };
                    if !past {
                        next_walk.left = walk.want - found.length;
                    }
                    next_phases.cut = Cut::Wait;
                }
                if finish {
                    next_phases.cut = Cut::Idle;
                }
            }
        }
        self.read.next = phases.cut == Cut::Read || (proceed && !finish);
        self.entry.next = mux(offering, found.next, walk.position.entry);

        // The located segment moves on as soon as the cut unit is free.
        let looked = mux(request.retransmit, self.head.val(), self.cursor.val());
        let located_at = mux(phases.locate == Locate::Look && !request.told, looked, request.position);
        let follows = finish && walk.slot == request.slot && !walk.retransmit && !request.retransmit;
        let start = mux(follows, behind, located_at);
        let free = phases.cut == Cut::Idle || finish;
        match phases.locate {
            Locate::Empty => {
                next_request = Request {
                    slot: command.slot,
                    retransmit: command.retransmit,
                    length: command.length,
                    skip: command.skip,
                    told: finish && walk.slot == command.slot && !walk.retransmit && !command.retransmit,
                    position: behind,
                };
                if self.s_command.valid.val() {
                    next_phases.locate = Locate::Look;
                }
            }
            Locate::Look | Locate::Hold => {
                next_request.position = start;
                next_phases.locate = Locate::Hold;
                if free {
                    next_phases.locate = Locate::Empty;
                    next_phases.cut = Cut::Read;
                    next_walk = Walk {
                        slot: request.slot,
                        retransmit: request.retransmit,
                        skip: mux(request.retransmit, request.skip, bits::<32>(0)),
                        position: start,
                        left: request.length,
                        want: walk.want,
                    };
                }
            }
        }
        self.phases.d.next = next_phases;
        self.request.d.next = next_request;
        self.walk.d.next = next_walk;
        self.found.d.next = next_found;

        let located = phases.locate != Locate::Empty;
        let cutting = phases.cut != Cut::Idle;
        self.s_command.ready.next = !located;
        self.holds.next = (located && request.slot == command.slot) || (cutting && walk.slot == command.slot);
        self.idle.next = !located && !cutting;
    }
}
