//! Gives message contexts back to the host, and moves the cursor back.
//!
//! # Role
//! Carries out `Release`, `Rewind` and `Teardown`, and what a `Segment` releases, for [`super::send_chain::SendChain`]:
//! every context that is wholly acknowledged, or on `Teardown` every context there is, is reported, and becomes free
//! when its buffer goes home ([`super::returns::Returns`]).
//!
//! # Ports
//! - `s_command`: `SendCommand`: `Release`, `Rewind`, `Teardown`, and segments that release bytes, from the dispatcher
//!   of the send chain.
//! - `idle`: no command is in work, for the dispatcher.
//! - `head`, `tail`: the first unacknowledged byte and the placeholder of the connection, from
//!   [`super::chains::Chains`].
//! - `read`, `entry`: the context that is wanted, for the pool. `granted`: the pool is read in this cycle. `context`:
//!   the context, from the pool, a cycle later.
//! - `head_write`, `cursor_write`: the new head and the new cursor, for [`super::chains::Chains`].
//! - `m_returned`: `Returned`: buffers given back and teardowns carried out, for [`super::returns::Returns`].
//!
//! # Handshake
//! `head` and `tail` must show the slot's row in the cycle after a command is taken. The dispatcher lets commands that
//! move cursors in only while walker and appender are idle; earlier releases may still be in work here, in order.
//! `m_returned` may wait at will.
//!
//! # Latency
//! Three units, *locate* (1 cycle), *fetch* (2) and *free* (2), carry out different commands: releases of one buffer
//! follow each other every 2 cycles, those of the same connection every 4. Each further context takes 4 cycles. Head
//! and cursor are written in the cycle after a command ended.
//!
//! # Invariant
//! Acknowledged bytes were posted: a release stops when its bytes are used up, and never reads the placeholder. A
//! command located while the one before it, of the same slot, is in work has seen an old head: it `continues` that one,
//! and waits in front of the fetch unit for its end. One that ends two commands ahead ends before the request leaves
//! (`follows`), and one that ended when the request was taken has told its end by then (`told`).
use super::record::{begins_at, MessageContext, Position, PositionWrite, Returned};
use crate::bundles::codes::status;
use crate::bundles::{Ending, SendCommand, SendKind};
use stevedore_hdl::prelude::*;

/// What the units do.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Phases {
    /// A command is located.
    located: bool,
    /// Head and tail come out of their tables.
    look: bool,
    /// The command located begins where the one before it ends, which is still in work.
    continues: bool,
    /// A command was located in the cycle before, and is fetched now.
    arrived: bool,
    /// A command is fetched: the pool is asked for the context at its head, if it needs that.
    fetching: bool,
    /// The context at its head comes out of the pool, or is not needed.
    fetched: bool,
    /// The next context of the command in work is asked for, unless a teardown has reached the placeholder.
    reading: bool,
    /// That context comes out of the pool.
    waiting: bool,
    /// The context in hand is compared with the bytes acknowledged.
    judging: bool,
    /// The context goes back, or stays because it is not used up.
    freeing: bool,
    /// The teardown is reported, or there is nothing to be freed.
    settling: bool,
    /// A command ended in the cycle before: head and cursor are written.
    ended: bool,
    /// It was of the connection of the request: the request begins where it ended.
    follows: bool,
}

/// A command located or fetched.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Request {
    slot: Bits<16>,
    generation: Bits<16>,
    teardown: bool,
    /// There is nothing to be freed.
    settles: bool,
    /// The cursor goes where the head goes.
    moves_cursor: bool,
    /// `position` counts already: the head was written when the command was taken.
    told: bool,
    /// The head.
    position: Position,
    /// Bytes acknowledged.
    left: Bits<32>,
    /// Teardown: where it ends.
    tail: Bits<16>,
    ending: Ending,
}

/// A command in work.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    slot: Bits<16>,
    generation: Bits<16>,
    teardown: bool,
    moves_cursor: bool,
    /// The head.
    position: Position,
    /// Bytes acknowledged and not yet accounted for.
    left: Bits<32>,
    /// `offset` + `left`: what the context may hold at most to be used up.
    want: Bits<32>,
    tail: Bits<16>,
    ending: Ending,
}

/// Where the last command ended.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Ended {
    slot: Bits<16>,
    moves_cursor: bool,
    position: Position,
}

/// The context in hand, compared with the bytes acknowledged.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Verdict {
    /// It is used up.
    used: bool,
    /// And no bytes are left over: the release ends with it.
    ends: bool,
}

/// Gives contexts back.
#[derive(LogicBlock, Default)]
pub struct Releaser {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// `Release`, `Rewind` and `Teardown` commands, and what a `Segment` releases.
    pub s_command: Sink<SendCommand>,
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
    /// Moves the head.
    pub head_write: Signal<Out, PositionWrite>,
    /// Moves the cursor.
    pub cursor_write: Signal<Out, PositionWrite>,
    /// Buffers given back and teardowns carried out, in order.
    pub m_returned: Source<Returned>,
    phases: Register<Phases>,
    request: Flop<Request>,
    fetch: Flop<Request>,
    work: Flop<Work>,
    found: Flop<MessageContext>,
    verdict: Flop<Verdict>,
    ended: Flop<Ended>,
    /// A teardown has reached the placeholder. Compared while its position is still on its way to `work`.
    at_end: Flop<bool>,
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
        setup!(self, phases);
        clocks!(self, request, fetch, work, found, verdict, ended, at_end);
        let command = self.s_command.bits.val();
        let phases = self.phases.q.val();
        let request = self.request.q.val();
        let fetch = self.fetch.q.val();
        let work = self.work.q.val();
        let found = self.found.q.val();
        let ended = self.ended.q.val();
        let occupied = phases.fetching || phases.fetched;
        let working = phases.reading || phases.waiting || phases.judging || phases.freeing || phases.settling;

        // Free: the context in hand, or the end.
        let verdict = self.verdict.q.val();
        self.verdict.d.next = Verdict {
            used: work.teardown || work.want >= found.length,
            ends: !work.teardown && work.want == found.length,
        };
        let used = verdict.used;
        let frees = phases.freeing && used;
        let room = self.m_returned.ready.val();
        let freed = frees && room;
        let mut given = bits::<8>(0);
        if work.teardown {
            given = mux(work.ending.status.any(), work.ending.status, bits::<8>(status::ABORTED));
        }
        let closes = phases.settling && work.teardown;
        self.m_returned.valid.next = frees || closes;
        self.m_returned.bits.next = Returned {
            torn_down: phases.settling,
            slot: work.slot,
            generation: work.generation,
            entry: work.position.entry,
            base: found.address,
            length: found.length,
            offset: mux(work.teardown, work.position.offset, bits::<32>(0)),
            cookie: mux(phases.settling, work.ending.cookie, found.cookie),
            status: mux(phases.settling, work.ending.status, given),
            response: work.ending.response,
            free: work.ending.free,
        };
        let finish =
            (phases.freeing && (!used || (verdict.ends && room))) || (phases.settling && (!work.teardown || room));

        // The tables are written a cycle later, out of registers.
        let mut offset = mux(work.teardown, bits::<32>(0), work.position.offset);
        if phases.freeing {
            offset = mux(used, bits::<32>(0), work.want);
        }
        self.ended.d.next = Ended {
            slot: work.slot,
            moves_cursor: work.moves_cursor,
            position: Position { entry: mux(frees, found.next, work.position.entry), offset: offset },
        };
        self.head_write.next = PositionWrite { enable: phases.ended, slot: ended.slot, position: ended.position };
        self.cursor_write.next =
            PositionWrite { enable: phases.ended && ended.moves_cursor, slot: ended.slot, position: ended.position };

        // Who goes on in the next cycle.
        let hands_over = phases.fetched && (!working || finish);
        let moves = phases.located && (!occupied || hands_over) && (!phases.continues || (finish && !occupied));

        // The pool: the command in work goes first.
        let follows = phases.follows && phases.arrived;
        let at_end = self.at_end.q.val();
        let start = begins_at(fetch.position, false, fetch.position, follows, ended.position);
        let needs = !fetch.settles && !fetch.teardown;
        let again = phases.reading && !at_end;
        self.read.next = again || (phases.fetching && needs);
        self.entry.next = mux(again, work.position.entry, start.entry);
        let granted = self.granted.val();
        let granted_again = granted && again;
        let found_first = phases.fetching && (!needs || (granted && !again));

        let mut next_at_end = at_end;
        if hands_over {
            next_at_end = fetch.position.entry == fetch.tail;
        } else if phases.freeing {
            next_at_end = work.teardown && found.next == work.tail;
        }
        self.at_end.d.next = next_at_end;

        // Free: the next context, or the next command.
        let mut next_work = work;
        let want = mux(phases.waiting, work.position.offset, fetch.position.offset)
            + mux(phases.waiting, work.left, fetch.left);
        if hands_over {
            next_work = Work {
                slot: fetch.slot,
                generation: fetch.generation,
                teardown: fetch.teardown,
                moves_cursor: fetch.moves_cursor,
                position: fetch.position,
                left: fetch.left,
                want: want,
                tail: fetch.tail,
                ending: fetch.ending,
            };
        } else if phases.waiting {
            next_work.want = want;
        } else {
            if freed {
                next_work.position = Position { entry: found.next, offset: bits::<32>(0) };
            }
            // The same in every cycle of the phase, so it does not wait for the last.
            if phases.freeing {
                next_work.left = work.want - found.length;
            }
        }
        self.work.d.next = next_work;
        self.found.d.next = mux(hands_over || phases.waiting, self.context.val(), found);

        // Locate.
        let accepts = self.s_command.valid.val() && !phases.located;
        let rewinds = command.kind == SendKind::Rewind;
        let tears_down = command.kind == SendKind::Teardown;
        let mut next_request = request;
        if !phases.located {
            next_request.slot = command.slot;
            next_request.generation = command.generation;
            next_request.teardown = tears_down;
            next_request.settles = rewinds;
            next_request.moves_cursor = rewinds || tears_down || command.rewind;
            next_request.left = command.released;
            next_request.ending = command.ending;
            next_request.told = phases.ended && ended.slot == command.slot;
            next_request.position = ended.position;
        } else {
            let table = phases.look && !request.told;
            next_request.position = begins_at(request.position, table, self.head.val(), phases.follows, ended.position);
            if phases.look {
                next_request.tail = self.tail.val();
            }
        }
        self.request.d.next = next_request;

        // Fetch.
        let mut next_fetch = fetch;
        // Where nothing is fetched the content does not matter, so the copy waits for fewer conditions than the move.
        if !occupied || hands_over {
            next_fetch = next_request;
        } else if phases.fetching {
            next_fetch.position = start;
        }
        self.fetch.d.next = next_fetch;

        let same = work.slot == command.slot;
        // The command before this one is fetched, or in work and does not end in this cycle.
        let continues = mux(occupied, fetch.slot == command.slot, same && working && !finish);
        self.phases.d.next = Phases {
            located: accepts || (phases.located && !moves),
            look: accepts,
            continues: mux(phases.located, phases.continues, continues),
            arrived: moves,
            fetching: moves || (phases.fetching && !found_first) || (phases.fetched && !hands_over),
            fetched: found_first,
            reading: (hands_over && fetch.teardown) || (again && !granted) || (freed && !verdict.ends),
            waiting: granted_again,
            judging: (hands_over && needs) || phases.waiting,
            freeing: phases.judging || (frees && !freed),
            settling: (hands_over && fetch.settles) || (phases.reading && at_end) || (phases.settling && !finish),
            ended: finish,
            follows: finish && mux(phases.located, work.slot == request.slot, same),
        };

        self.s_command.ready.next = !phases.located;
        self.idle.next = !phases.located && !occupied && !working && !phases.ended;
    }
}
