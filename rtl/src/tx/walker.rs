//! Cuts segments: walks a chain and names the pieces of host memory that make up a payload.
//!
//! **Role.** Carries out `Segment` commands with payload for [`super::send_chain::SendChain`]. It starts at the cursor, or for a
//! retransmission `skip` bytes behind the head, and offers one piece per message context touched.
//!
//! **Handshake.** `head` and `cursor` must show the slot's rows in the cycle after a command is taken. `m_piece` may wait at will:
//! the dispatcher has reserved room for the bytes already.
//!
//! **Latency.** Two units, *locate* (1 cycle) and *cut*, work on different segments. A command taken in cycle 0 reads the pool in cycle
//! 2 and offers its piece in cycle 5; each further context takes 3 cycles. One-piece segments follow each other every 4 cycles. The cursor is
//! written in the cycle after the last piece was taken.
//!
//! **Invariant.** The bytes to be cut are posted: a walk ends inside a context, or exactly behind one, and never reads a placeholder.
//! A segment located while the one before it, of the same slot, is being cut has seen an old cursor: it begins where that one ends.
//! One taken in the very cycle in which the cursor is written has it from there, too.
use super::record::{MessageContext, Position, PositionWrite};
use crate::bundles::{Piece, SendCommand};
use stevedore_hdl::prelude::*;

/// What the units do.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Phases {
    /// A segment is being located, or located.
    located: bool,
    /// Head and cursor come out of their tables.
    look: bool,
    /// A segment is being cut.
    cutting: bool,
    /// It is taken over, and the pool is asked for its first context.
    reading: bool,
    /// The context comes out of the pool.
    waiting: bool,
    /// It is compared with the bytes wanted.
    judging: bool,
    /// A piece is offered, or the context is skipped.
    offering: bool,
    /// A segment of new bytes ended in the cycle before: the cursor is written.
    ended: bool,
    /// It was of the connection of the request, which is one of new bytes, too: the request begins where it ended.
    follows: bool,
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

/// Where the last segment ended.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Ended {
    slot: Bits<16>,
    position: Position,
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
    ended: Flop<Ended>,
}

impl Logic for Walker {
    #[kernel]
    fn update(&mut self) {
        setup!(self, phases);
        clocks!(self, request, walk, found, verdict, ended);
        let command = self.s_command.bits.val();
        let phases = self.phases.q.val();
        let request = self.request.q.val();
        let walk = self.walk.q.val();
        let found = self.found.q.val();
        let ended = self.ended.q.val();

        let offset = walk.position.offset;
        let verdict = self.verdict.q.val();
        let past = verdict.past;
        let fits = verdict.fits;
        let exact = verdict.exact;
        let beyond = offset >= found.length;
        self.verdict.d.next = Verdict {
            past: beyond,
            fits: walk.want <= found.length && !beyond,
            exact: walk.want == found.length && !beyond,
        };
        let room = self.m_piece.ready.val();
        let proceed = phases.offering && (past || room);
        let finish = phases.offering && fits && room;
        self.m_piece.valid.next = phases.offering && !past;
        self.m_piece.bits.next = Piece {
            address: found.address + resize::<64, 32>(offset),
            length: mux(fits, walk.left, found.length - offset),
            last: fits,
        };

        // The cursor is written a cycle later, out of registers.
        self.ended.d.next = Ended {
            slot: walk.slot,
            position: Position {
                entry: mux(exact, found.next, walk.position.entry),
                offset: mux(exact, bits::<32>(0), walk.want),
            },
        };
        self.cursor_write.next = PositionWrite { enable: phases.ended, slot: ended.slot, position: ended.position };

        // Where the request begins. It is still in its register in the cycle in which the cut unit reads.
        let follows = phases.follows;
        let entry = mux(follows, ended.position.entry, request.position.entry);
        let skipped = request.position.offset + request.skip;
        let behind = mux(follows, ended.position.offset, request.position.offset);

        let mut next_walk = walk;
        let mut next_found = found;
        if phases.reading {
            next_walk.slot = request.slot;
            next_walk.retransmit = request.retransmit;
            next_walk.left = request.length;
            next_walk.position = Position { entry: entry, offset: mux(request.retransmit, skipped, behind) };
        } else {
            if proceed {
                next_walk.position =
                    Position { entry: found.next, offset: mux(past, offset - found.length, bits::<32>(0)) };
            }
            // The same in every cycle of an offer, so it does not wait for the last.
            if phases.offering && !past && !fits {
                next_walk.left = walk.want - found.length;
            }
        }
        if phases.waiting {
            next_found = self.context.val();
            next_walk.want = offset + walk.left;
        }
        self.walk.d.next = next_walk;
        self.found.d.next = next_found;
        // A context that does not hold all: its successor is read until the piece is taken.
        self.read.next = phases.reading || (phases.offering && !fits);
        self.entry.next = mux(phases.reading, entry, found.next);

        // The located segment moves on as soon as the cut unit is free.
        let accepts = self.s_command.valid.val() && !phases.located;
        let moves = phases.located && (!phases.cutting || finish);
        let mut next_request = request;
        if !phases.located {
            next_request = Request {
                slot: command.slot,
                retransmit: command.retransmit,
                length: command.length,
                skip: command.skip,
                told: phases.ended && ended.slot == command.slot && !command.retransmit,
                position: ended.position,
            };
        } else if follows {
            next_request.position = ended.position;
        } else if phases.look && !request.told {
            next_request.position = mux(request.retransmit, self.head.val(), self.cursor.val());
        }
        self.request.d.next = next_request;
        let fresh_request = walk.slot == request.slot && !request.retransmit;
        let fresh_command = walk.slot == command.slot && !command.retransmit;
        self.phases.d.next = Phases {
            located: accepts || (phases.located && !moves),
            look: accepts,
            cutting: moves || (phases.cutting && !finish),
            reading: moves,
            waiting: phases.reading || (proceed && !finish),
            judging: phases.waiting,
            offering: phases.judging || (phases.offering && !proceed),
            ended: finish && !walk.retransmit,
            follows: finish && !walk.retransmit && mux(phases.located, fresh_request, fresh_command),
        };

        self.s_command.ready.next = !phases.located;
        self.holds.next = ((phases.located || phases.reading) && request.slot == command.slot)
            || (phases.cutting && !phases.reading && walk.slot == command.slot);
        self.idle.next = !phases.located && !phases.cutting;
    }
}
