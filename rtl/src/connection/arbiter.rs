//! Which event enters the pipeline next.
//!
//! # Role
//! Holds the events that come next from each source (segments, host requests, turns to send, ticks: `heads.rs`), keeps
//! back a head whose connection is still under way in the pipeline, and lets one in per cycle. Priority: host (which
//! has somebody every other cycle at most), segments, turns, ticks; every eighth cycle one source in rotation goes
//! first, and keeps that right until its head has gone in, so that nobody starves.
//!
//! ```text
//!  s_segment ── head, and one behind it ──┐
//!  s_host ───── head ─────────────────────┤ choice ── ticket ── load
//!  s_turn ───── head ─────────────────────┤             │
//!  s_tick ───── head ─────────────────────┘             └── row: the table is read
//! ```
//!
//! # Ports
//! `clock`, `reset`. `s_segment`, `s_host`, `s_turn`, `s_tick`: the sources. `room`: the queues behind the pipeline
//! take whatever is under way and one more event. `send_room`: they also take a segment to send. `judge`, `measure`:
//! the events in these stages. `row`: row for the table to read. `turn_comes`: a turn was let in in the last cycle.
//! `load_valid`, `load`: the event whose row was read in the last cycle.
//!
//! # Handshake
//! Sources are channels; their `ready` comes from registers, but for that of the ticks. An event that is let in is not
//! refused.
//!
//! # Latency
//! From a source at an idle block to `load` three cycles. One event per cycle; of the host, and of the turns, one every
//! other cycle. A tick whose connection is under way is skipped; any other event waits. A tick makes way while an event
//! of its connection is being judged, decided or settled: the turn this leads to would have to wait until the tick is
//! through. The tick waits then and is not skipped: timers must not starve.
//!
//! # Why the event follows a cycle later
//! Ticket and row say who was let in; the event is taken from its place in the next cycle, when the table is read: the
//! place is free by then, but not yet written. A place that is free loads in each cycle, whatever comes, so neither the
//! 330 bits of an event nor the answer to its source hang on who is let in. Segments have two places, used in turn.
//!
//! # Invariant
//! No two events of one row are between the choice and the measuring stage. An event that is let in while another of
//! its row is being judged or decided carries `settling` or `settled`: the table does not show that row yet when it is
//! read.
//!
//! # Alone
//! A segment is marked if there is room for a segment to send and the arbiter sees no turn of another connection: its
//! acknowledgement may send a segment along. Where several connections send, each waits for its turn. The arbiter sees
//! two turns: the head of the turns, and the turn that the scheduler offers. While the scheduler refills its front, it
//! offers none of the turns in its queue, so the arbiter does not see them. If the head of the turns is then free, or
//! belongs to the connection of the segment, the segment is marked although other connections may wait. Its connection
//! sends one segment before them; all of them keep their turns.
use super::heads::{go_on, is, Candidates, Flight, Head, Step, UnderWay};
use super::stages::Issued;
use super::timers::Tick;
use crate::bundles::{Event, EventKind};
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    segment: Head,
    /// The segment behind the head. Only `valid`, `slot` count.
    second: Head,
    /// The head's event is in place `b`.
    in_b: bool,
    host: Head,
    turn: Head,
    tick: Head,
    /// An event of the tick's row is being judged, decided or settled.
    settling: bool,
    /// Erasing is over.
    awake: bool,
    /// Whose turn it is to go first, when `age` is full.
    favour: Bits<2>,
    age: Bits<3>,
    /// `age` is full, and the turn is the segments', the scheduler's, the timers'.
    segment_first: bool,
    turn_first: bool,
    tick_first: bool,
}

/// Who goes in.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Choice {
    segment: bool,
    host: bool,
    turn: bool,
    tick: bool,
}

/// What was let in, but for the event of segments and requests.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Ticket {
    head: Head,
    /// It is no segment: a request, a turn, a tick.
    other: bool,
    turn: bool,
    tick: bool,
    /// Segments: it is in place `b`.
    in_b: bool,
    /// There is room for a segment to send.
    send_room: bool,
    /// The turns at the door and before it, whose connections are compared in the next cycle.
    turn_inside: UnderWay,
    turn_outside: UnderWay,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Arbiter {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous.
    pub reset: Signal<In, bool>,
    /// Segments.
    pub s_segment: Sink<Event>,
    /// Requests of the host.
    pub s_host: Sink<Event>,
    /// Turns to send.
    pub s_turn: Sink<Bits<16>>,
    /// Ticks.
    pub s_tick: Sink<Tick>,
    /// Whatever is under way, and one event more, finds room behind the pipeline.
    pub room: Signal<In, bool>,
    /// A segment to send finds room.
    pub send_room: Signal<In, bool>,
    /// What is being measured.
    pub measure: Signal<In, UnderWay>,
    /// What is being judged.
    pub judge: Signal<In, UnderWay>,
    /// A turn was let in in the last cycle.
    pub turn_comes: Signal<Out, bool>,
    /// Row to be read.
    pub row: Signal<Out, Bits<16>>,
    /// An event's row was read in the last cycle.
    pub load_valid: Signal<Out, bool>,
    /// It is this one.
    pub load: Signal<Out, Issued>,
    state: Register<State>,
    segment_a: Flop<Event>,
    segment_b: Flop<Event>,
    host: Flop<Event>,
    /// Always the opposite of the host's head being valid: a register of its own for the wide event.
    host_free: Register<bool>,
    ticket_valid: Register<bool>,
    ticket: Flop<Ticket>,
    issued_valid: Register<bool>,
    issued: Flop<Issued>,
    decide: Register<UnderWay>,
    _row_mask: usize,
}

impl Arbiter {
    /// An arbiter before a table of `connections` rows.
    pub fn new(connections: usize) -> Self {
        Self { host_free: Register::new(true), _row_mask: connections - 1, ..Self::default() }
    }
}

/// Who goes in if there is room for anybody, of those who are able.
#[kernel_fn]
fn choose(s: State) -> Choice {
    let segment_first = s.segment_first && s.segment.able;
    let turn_first = s.turn_first && s.turn.able;
    let tick_first = s.tick_first && s.tick.able;
    let idle = !s.segment.able && !s.host.able && !s.turn.able;
    // At most one of the three is set, and what is first is able: nothing waits for "is anybody first".
    Choice {
        segment: s.segment.able && (s.segment_first || (!s.host.able && !turn_first && !tick_first)),
        host: s.host.able && !segment_first && !turn_first && !tick_first,
        turn: s.turn.able && (s.turn_first || (!s.segment.able && !s.host.able && !tick_first)),
        tick: s.tick.able && (s.tick_first || (idle && !s.settling)),
    }
}

/// An event of `row` is in one of the last stages in the next cycle.
#[kernel_fn]
fn lately(row: Bits<16>, flight: Flight, decide: UnderWay) -> bool {
    is(flight.measure, row) || is(flight.judge, row) || is(decide, row)
}

/// A turn of another connection than the head's.
#[kernel_fn]
fn waits_beside(turn: UnderWay, head: Head) -> bool {
    turn.valid && turn.row != head.slot
}

impl Logic for Arbiter {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, host_free, ticket_valid, issued_valid, decide);
        clocks!(self, segment_a, segment_b, host, ticket, issued);
        let s = self.state.q.val();
        let mask = bits::<16>(self._row_mask as u64);
        let room = self.room.val();
        let choice = choose(s);
        let grant = Choice {
            segment: room && choice.segment,
            host: room && choice.host,
            turn: room && choice.turn,
            tick: room && choice.tick,
        };
        let candidates = Candidates {
            segment: UnderWay { valid: choice.segment, row: s.segment.slot & mask },
            host: UnderWay { valid: choice.host, row: s.host.slot & mask },
            turn: UnderWay { valid: choice.turn, row: s.turn.slot & mask },
            tick: UnderWay { valid: choice.tick, row: s.tick.slot & mask },
        };
        let ticket = self.ticket.q.val();
        let ticket_row = ticket.head.slot & mask;
        let flight = Flight {
            read: UnderWay { valid: self.ticket_valid.q.val(), row: ticket_row },
            load: UnderWay { valid: self.issued_valid.q.val(), row: self.issued.q.val().row },
            measure: self.measure.val(),
            judge: self.judge.val(),
        };
        self.decide.d.next = self.judge.val();
        let decide = self.decide.q.val();

        let mut n = s;
        // Segments: one behind the head.
        let arriving = self.s_segment.bits.val();
        let offered = s.awake && self.s_segment.valid.val();
        let offer = Head { valid: offered, slot: arriving.slot, ..Head::default() };
        let coming = if s.second.valid { s.second } else { offer };
        let same = (coming.slot & mask) == (s.segment.slot & mask);
        let step = Step { leaves: grant.segment, loads: grant.segment || !s.segment.valid, same };
        let others = Candidates { segment: UnderWay::default(), ..candidates };
        n.segment = go_on(s.segment, coming, step, mask, others, flight);
        n.second.valid = !step.loads && (s.second.valid || offered);
        n.second.slot = coming.slot;
        n.in_b = s.in_b != grant.segment;

        let asking = self.s_host.bits.val();
        let offer = Head { valid: s.awake && self.s_host.valid.val(), slot: asking.slot, ..Head::default() };
        let step = Step { leaves: grant.host, loads: !s.host.valid, same: false };
        let others = Candidates { host: UnderWay::default(), ..candidates };
        n.host = go_on(s.host, offer, step, mask, others, flight);

        let offer = Head { valid: s.awake && self.s_turn.valid.val(), slot: self.s_turn.bits.val(), ..Head::default() };
        let step = Step { leaves: grant.turn, loads: !s.turn.valid, same: false };
        let others = Candidates { turn: UnderWay::default(), ..candidates };
        n.turn = go_on(s.turn, offer, step, mask, others, flight);
        n.turn.able = n.turn.able && self.send_room.val();

        // A tick that is not able is skipped.
        let ticking = self.s_tick.bits.val();
        let offer =
            Head { valid: self.s_tick.valid.val(), slot: ticking.slot, erase: ticking.erase, ..Head::default() };
        let same = (offer.slot & mask) == (s.tick.slot & mask);
        let step = Step { leaves: grant.tick, loads: grant.tick || !s.tick.able, same };
        let others = Candidates { tick: UnderWay::default(), ..candidates };
        n.tick = go_on(s.tick, offer, step, mask, others, flight);
        let stays = lately(s.tick.slot & mask, flight, decide);
        let comes = lately(offer.slot & mask, flight, decide);
        n.settling = if step.loads { comes } else { stays };
        self.s_tick.ready.next = step.loads;
        n.awake = s.awake || (s.tick.valid && !s.tick.erase);

        // The right to go first moves on when it was used, or when there was nobody to use it.
        // While `age` is full, whoever it favours is granted if anybody can be: `waits` need not wait for the choice.
        let full = s.age.all();
        let waits = match s.favour.index() {
            0 => s.segment.valid && !(room && s.segment.able),
            1 => s.host.valid && !(room && s.host.able),
            2 => s.turn.valid && self.send_room.val() && !(room && s.turn.able),
            _ => s.tick.able && !room,
        };
        if !full {
            n.age = s.age + 1;
        } else if !waits {
            n.age = Default::default();
            n.favour = s.favour + 1;
        }
        let keeps = if full { waits } else { s.age == bits::<3>(6) };
        n.segment_first = keeps && s.favour == bits::<2>(0);
        n.turn_first = keeps && s.favour == bits::<2>(2);
        n.tick_first = keeps && s.favour == bits::<2>(3);
        self.state.d.next = n;

        let holds_a = s.second.valid || (s.segment.valid && !s.in_b);
        let holds_b = s.second.valid || (s.segment.valid && s.in_b);
        self.segment_a.d.next = if holds_a { self.segment_a.q.val() } else { arriving };
        self.segment_b.d.next = if holds_b { self.segment_b.q.val() } else { arriving };
        self.host_free.d.next = !n.host.valid;
        self.host.d.next = if self.host_free.q.val() { asking } else { self.host.q.val() };
        self.s_segment.ready.next = s.awake && !s.second.valid;
        self.s_host.ready.next = s.awake && !s.host.valid;
        self.s_turn.ready.next = s.awake && !s.turn.valid;

        // Who is let in: the ticket does not wait for `room`, for without it nobody looks.
        let head = if choice.segment {
            s.segment
        } else if choice.host {
            s.host
        } else if choice.turn {
            s.turn
        } else {
            s.tick
        };
        self.ticket_valid.d.next = room && (choice.segment || choice.host || choice.turn || choice.tick);
        self.ticket.d.next = Ticket {
            head,
            other: !choice.segment,
            turn: choice.turn,
            tick: choice.tick,
            in_b: s.in_b,
            send_room: self.send_room.val(),
            turn_inside: UnderWay { valid: s.turn.valid, row: s.turn.slot },
            turn_outside: UnderWay { valid: self.s_turn.valid.val(), row: self.s_turn.bits.val() },
        };

        // The event behind the ticket.
        self.turn_comes.next = self.ticket_valid.q.val() && ticket.turn;
        self.row.next = ticket_row;
        let segment = if ticket.in_b { self.segment_b.q.val() } else { self.segment_a.q.val() };
        let mut event = if ticket.other { self.host.q.val() } else { segment };
        if ticket.turn {
            event.kind = EventKind::Transmit;
        }
        if ticket.tick {
            event.kind = EventKind::Tick;
        }
        event.slot = ticket.head.slot;
        let wild = (ticket.head.slot & !mask).any();
        let rival = waits_beside(ticket.turn_inside, ticket.head) || waits_beside(ticket.turn_outside, ticket.head);
        self.issued_valid.d.next = self.ticket_valid.q.val();
        self.issued.d.next = Issued {
            event,
            row: ticket_row,
            legitimate: ticket_row.any() && !wild,
            settling: ticket.head.settling,
            settled: ticket.head.settled,
            alone: !ticket.other && ticket.send_room && !rival,
            erase: ticket.head.erase,
            blank: ticket.head.erase || wild,
        };
        self.load_valid.next = self.issued_valid.q.val();
        self.load.next = self.issued.q.val();
    }
}
