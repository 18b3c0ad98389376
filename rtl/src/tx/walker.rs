//! Cuts segments: walks a chain and names the pieces of host memory that make up a payload.
//!
//! # Role
//! Carries out `Segment` commands with payload for [`super::send_chain::SendChain`]. It starts at the cursor, or for a
//! retransmission `skip` bytes behind the head, and offers one piece per message context touched.
//!
//! # Ports
//! - `s_command`: `SendCommand`: segments with payload, from the dispatcher of the send chain.
//! - `idle`: no segment is in work, for the dispatcher.
//! - `head`, `cursor`: the first unacknowledged byte and the next byte to be cut, from [`super::chains::Chains`].
//! - `read`, `entry`: the context that is wanted, for the pool. `context`: the context, from the pool, a cycle later.
//! - `cursor_write`: the new cursor, for [`super::chains::Chains`].
//! - `m_piece`: `Piece`: the pieces of each payload, in order, for the DMA reader.
//!
//! # Handshake
//! `head` and `cursor` must show the slot's rows in the cycle after a command is taken. `m_piece` may wait at will: the
//! dispatcher has reserved room for the bytes already.
//!
//! # Latency
//! Three units, *locate* (1 cycle), *fetch* and *cut* (2 each), work on different segments. A command taken in cycle 0
//! reads the pool in cycle 2 and offers its piece in cycle 5; each further context takes 3 cycles. One-piece segments
//! follow each other every 2 cycles, or every 4 if the one before, of the same connection, ends with its context. The
//! cursor is written in the cycle after the last piece was taken.
//!
//! # Invariant
//! The bytes to be cut are posted: a walk ends inside a context, or exactly behind one, and never reads a placeholder.
//! A segment of new bytes located while the one before it, of the same slot, is in work has seen an old cursor: it
//! `continues` that one, and waits in front of the fetch unit for its end. One that ends two segments ahead ends before
//! the request leaves (`follows`), and one that ended when the request was taken has told its end by then (`told`).
use super::record::{begins_at, MessageContext, Position, PositionWrite};
use crate::bundles::{Piece, SendCommand};
use stevedore_hdl::prelude::*;

/// What the units do.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Phases {
    /// A segment is located.
    located: bool,
    /// Head and cursor come out of their tables.
    look: bool,
    /// The segment located begins where the one before it ends, which is still in work.
    continues: bool,
    /// A segment was located in the cycle before, and is fetched now.
    arrived: bool,
    /// The pool is asked for the first context of the segment fetched.
    reading: bool,
    /// That context comes out of the pool.
    fetched: bool,
    /// The successor of the last context comes out of the pool.
    waiting: bool,
    /// The context in hand is compared with the bytes wanted.
    judging: bool,
    /// A piece is offered, or the context is skipped.
    offering: bool,
    /// A segment of new bytes ended in the cycle before: the cursor is written.
    ended: bool,
    /// That segment was of the connection of the request, which is one of new bytes, too: the request begins where the
    /// segment ended.
    follows: bool,
}

/// A segment located or fetched.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Request {
    slot: Bits<16>,
    retransmit: bool,
    length: Bits<32>,
    /// Bytes still to be added to the position.
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
    /// Nothing is in work.
    pub idle: Signal<Out, bool>,
    phases: Register<Phases>,
    request: Flop<Request>,
    fetch: Flop<Request>,
    walk: Flop<Walk>,
    found: Flop<MessageContext>,
    verdict: Flop<Verdict>,
    ended: Flop<Ended>,
}

impl Logic for Walker {
    #[kernel]
    fn update(&mut self) {
        setup!(self, phases);
        clocks!(self, request, fetch, walk, found, verdict, ended);
        let command = self.s_command.bits.val();
        let phases = self.phases.q.val();
        let request = self.request.q.val();
        let fetch = self.fetch.q.val();
        let walk = self.walk.q.val();
        let found = self.found.q.val();
        let ended = self.ended.q.val();
        let fetching = phases.reading || phases.fetched;
        let cutting = phases.waiting || phases.judging || phases.offering;

        // Cut: a piece of the context in hand.
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

        // Who goes on in the next cycle. A request that continues a segment in the middle of a context needs no other
        // context.
        let hands_over = phases.fetched && (!cutting || finish);
        let predecessor_ends = finish && !fetching;
        let runs_on = phases.located && phases.continues && predecessor_ends && !exact;
        let moves =
            phases.located && (!fetching || hands_over) && mux(phases.continues, predecessor_ends && exact, true);

        // The pool. A context that does not hold all: its successor is read until the piece is taken.
        let successor = phases.offering && !fits;
        let follows = phases.follows && phases.arrived;
        let start = begins_at(fetch.position, false, fetch.position, follows, ended.position);
        self.read.next = phases.reading || successor;
        self.entry.next = mux(successor, found.next, start.entry);

        // Cut: the next context, or the next segment.
        let mut next_walk = walk;
        let mut next_found = found;
        // What the context would have to hold: one sum of what belongs together.
        let mut from = walk.want;
        let mut bytes = request.length;
        if phases.waiting {
            from = offset;
            bytes = walk.left;
        } else if phases.fetched {
            from = fetch.position.offset;
            bytes = fetch.length;
        }
        let want = from + bytes;
        if hands_over {
            next_walk = Walk {
                slot: fetch.slot,
                retransmit: fetch.retransmit,
                position: fetch.position,
                left: fetch.length,
                want: want,
            };
        } else if runs_on {
            next_walk.position.offset = walk.want;
            next_walk.left = request.length;
            next_walk.want = want;
        } else if phases.waiting {
            next_walk.want = want;
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
        if hands_over || phases.waiting {
            next_found = self.context.val();
        }
        self.walk.d.next = next_walk;
        self.found.d.next = next_found;

        // Locate.
        let accepts = self.s_command.valid.val() && !phases.located;
        let mut next_request = request;
        if !phases.located {
            next_request = Request {
                slot: command.slot,
                retransmit: command.retransmit,
                length: command.length,
                skip: mux(command.retransmit, command.skip, bits::<32>(0)),
                told: phases.ended && ended.slot == command.slot && !command.retransmit,
                position: ended.position,
            };
        } else {
            let row = mux(request.retransmit, self.head.val(), self.cursor.val());
            let table = phases.look && !request.told;
            next_request.position = begins_at(request.position, table, row, phases.follows, ended.position);
        }
        self.request.d.next = next_request;

        // Fetch. The bytes to be skipped are added in the first cycle in which the pool is asked.
        let mut next_fetch = fetch;
        // Where nothing is fetched the content does not matter, so the copy waits for fewer conditions than the move.
        if !fetching || hands_over {
            next_fetch = next_request;
        } else if phases.reading {
            next_fetch.position = Position { entry: start.entry, offset: start.offset + fetch.skip };
            next_fetch.skip = bits::<32>(0);
        }
        self.fetch.d.next = next_fetch;

        let fresh_request = walk.slot == request.slot && !request.retransmit;
        let fresh_command = walk.slot == command.slot && !command.retransmit;
        // The segment before a command is fetched, or cut and does not end in this cycle.
        let behind_fetch = fetch.slot == command.slot && !fetch.retransmit && !command.retransmit;
        let behind_walk = fresh_command && !walk.retransmit && cutting && !finish;
        self.phases.d.next = Phases {
            located: accepts || (phases.located && !moves && !runs_on),
            look: accepts,
            continues: mux(phases.located, phases.continues, mux(fetching, behind_fetch, behind_walk)),
            arrived: moves,
            reading: moves || (phases.reading && successor) || (phases.fetched && !hands_over),
            fetched: phases.reading && !successor,
            waiting: proceed && !finish,
            judging: hands_over || runs_on || phases.waiting,
            offering: phases.judging || (phases.offering && !proceed),
            ended: finish && !walk.retransmit,
            follows: finish && !walk.retransmit && mux(phases.located, fresh_request, fresh_command),
        };

        self.s_command.ready.next = !phases.located;
        self.idle.next = !phases.located && !fetching && !cutting;
    }
}
