//! Which event enters the pipeline next.
//!
//! **Role.** Holds the head of each source (segments, host requests, turns to send, ticks), keeps back a head whose connection is still
//! under way in the pipeline, and lets one in per cycle. Priority: segments, host, turns, ticks; every eighth cycle one source in rotation
//! goes first, and keeps that right until its head has gone in, so that nobody starves.
//!
//! **Ports.** `clock`, `reset`. `s_segment`, `s_host`, `s_turn`, `s_tick`: the sources. `room`: the queues behind the pipeline take whatever
//! is under way and one more event. `send_room`: they also take a segment to send. `flight`: rows in the first stages. `row`: row of the
//! event that enters now, for the table to read. `load_valid`, `load`: the event that entered in the last cycle.
//!
//! **Handshake.** Sources are channels; their `ready` does not depend on their `valid`. An event that enters is not refused.
//!
//! **Latency.** One cycle from a source to the earliest entry; one event per cycle and per source. A tick whose connection is under way is
//! skipped; any other event waits at the head of its source.
//!
//! **Why the conflict is judged a cycle ahead.** Whether a head may go in the next cycle follows from what is in the pipeline now and what
//! enters now, so `able` is a register, and the way from the heads to the table's read address is one short priority choice. The event
//! itself is chosen a cycle later, among copies of the heads: its 330 bits do not hang on that choice.
//!
//! **Invariant.** No two events of one row are in the first four stages. An event that enters while another of its row is in the fifth
//! carries `forward`: the table does not show that row yet.
use super::stages::Issued;
use super::timers::Tick;
use crate::bundles::{Event, EventKind};
use stevedore_hdl::prelude::*;

/// Rows in the first four stages.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Flight {
    /// The first stage holds an event.
    pub first: bool,
    /// Of this row.
    pub first_row: Bits<16>,
    /// The second stage holds an event.
    pub second: bool,
    /// Of this row.
    pub second_row: Bits<16>,
    /// The third stage holds an event.
    pub third: bool,
    /// Of this row.
    pub third_row: Bits<16>,
    /// The fourth stage holds an event.
    pub fourth: bool,
    /// Of this row.
    pub fourth_row: Bits<16>,
}

/// What is known about the head of a source.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Head {
    valid: bool,
    /// It may enter: no other event of its row is in the first four stages.
    able: bool,
    /// Another event of its row is in the fifth.
    forward: bool,
    /// Row of the table, 0 for slots that do not exist.
    row: Bits<16>,
    slot: Bits<16>,
    /// Ticks: erase.
    erase: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    segment: Head,
    host: Head,
    turn: Head,
    tick: Head,
    /// Erasing is over.
    awake: bool,
    /// Whose turn it is to go first, when `age` is full.
    favour: Bits<2>,
    age: Bits<3>,
    /// `age` is full, and the turn is the host's, the scheduler's, the timers'.
    host_first: bool,
    turn_first: bool,
    tick_first: bool,
}

/// Who enters in this cycle.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Grant {
    segment: bool,
    host: bool,
    turn: bool,
    tick: bool,
}

/// What enters, but for the event of segments and requests.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Ticket {
    head: Head,
    grant: Grant,
}

/// See the module.
#[derive(LogicBlock)]
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
    /// Rows in the first stages.
    pub flight: Signal<In, Flight>,
    /// Row of the event that enters.
    pub row: Signal<Out, Bits<16>>,
    /// An event entered in the last cycle.
    pub load_valid: Signal<Out, bool>,
    /// It is this one.
    pub load: Signal<Out, Issued>,
    state: Register<State>,
    segment: Flop<Event>,
    host: Flop<Event>,
    load_any: Register<bool>,
    ticket: Flop<Ticket>,
    last_segment: Flop<Event>,
    last_host: Flop<Event>,
    row_mask: Constant<Bits<16>>,
}

impl Arbiter {
    /// An arbiter before a table of `connections` rows.
    pub fn new(connections: usize) -> Self {
        Arbiter {
            clock: Signal::default(),
            reset: Signal::default(),
            s_segment: Sink::default(),
            s_host: Sink::default(),
            s_turn: Sink::default(),
            s_tick: Sink::default(),
            room: Signal::default(),
            send_room: Signal::default(),
            flight: Signal::default(),
            row: Signal::default(),
            load_valid: Signal::default(),
            load: Signal::default(),
            state: Register::default(),
            segment: Flop::default(),
            host: Flop::default(),
            load_any: Register::default(),
            ticket: Flop::default(),
            last_segment: Flop::default(),
            last_host: Flop::default(),
            row_mask: Constant::new((connections as u64 - 1).into()),
        }
    }
}

/// Row of a slot.
#[kernel_fn]
fn row_of(slot: Bits<16>, mask: Bits<16>) -> Bits<16> {
    if (slot & !mask).any() {
        bits::<16>(0)
    } else {
        slot
    }
}

/// An event of `row` may not enter in the next cycle.
#[kernel_fn]
fn taken(row: Bits<16>, state: State, grant: Grant, flight: Flight) -> bool {
    (flight.first && flight.first_row == row)
        || (flight.second && flight.second_row == row)
        || (flight.third && flight.third_row == row)
        || (grant.segment && state.segment.row == row)
        || (grant.host && state.host.row == row)
        || (grant.turn && state.turn.row == row)
        || (grant.tick && state.tick.row == row)
}

/// The head in the next cycle: `offer` if the present one leaves, with its conflicts as they will be then. Both are judged before it is
/// known which one it will be.
#[kernel_fn]
fn advance(head: Head, offer: Head, leaves: bool, awake: bool, state: State, grant: Grant, flight: Flight) -> Head {
    let stays = head.valid && awake && !taken(head.row, state, grant, flight);
    let comes = offer.valid && awake && !taken(offer.row, state, grant, flight);
    let stays_behind = flight.fourth && flight.fourth_row == head.row;
    let comes_behind = flight.fourth && flight.fourth_row == offer.row;
    let next = leaves || !head.valid;
    let chosen = if next { offer } else { head };
    Head { able: if next { comes } else { stays }, forward: if next { comes_behind } else { stays_behind }, ..chosen }
}

/// Who enters if there is room for anybody.
#[kernel_fn]
fn choose(s: State, send_room: bool) -> Grant {
    let turn = s.turn.able && send_room;
    let first = (s.host_first && s.host.able) || (s.turn_first && turn) || (s.tick_first && s.tick.able);
    let ahead = s.segment.able || s.host.able || turn;
    Grant {
        segment: s.segment.able && !first,
        host: s.host.able && (if first { s.host_first } else { !s.segment.able }),
        turn: turn && (if first { s.turn_first } else { !s.segment.able && !s.host.able }),
        tick: s.tick.able && (if first { s.tick_first } else { !ahead }),
    }
}

impl Logic for Arbiter {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, load_any);
        clocks!(self, segment, host, ticket, last_segment, last_host);
        let s = self.state.q.val();
        let flight = self.flight.val();
        let mask = self.row_mask.val();
        let room = self.room.val();
        let choice = choose(s, self.send_room.val());
        let grant = Grant {
            segment: room && choice.segment,
            host: room && choice.host,
            turn: room && choice.turn,
            tick: room && choice.tick,
        };
        let skip = s.tick.valid && !s.tick.able;

        let mut n = s;
        let arriving = self.s_segment.bits.val();
        let asking = self.s_host.bits.val();
        let turning = self.s_turn.bits.val();
        let ticking = self.s_tick.bits.val();
        let awake = s.awake;
        let row = row_of(arriving.slot, mask);
        let offer = Head { valid: self.s_segment.valid.val(), row, slot: arriving.slot, ..Head::default() };
        n.segment = advance(s.segment, offer, grant.segment, awake, s, grant, flight);
        let row = row_of(asking.slot, mask);
        let offer = Head { valid: self.s_host.valid.val(), row, slot: asking.slot, ..Head::default() };
        n.host = advance(s.host, offer, grant.host, awake, s, grant, flight);
        let offer = Head { valid: self.s_turn.valid.val(), row: turning, slot: turning, ..Head::default() };
        n.turn = advance(s.turn, offer, grant.turn, awake, s, grant, flight);
        let offer = Head {
            valid: self.s_tick.valid.val(),
            row: ticking.slot,
            slot: ticking.slot,
            erase: ticking.erase,
            ..Head::default()
        };
        n.tick = advance(s.tick, offer, grant.tick || skip, true, s, grant, flight);
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
        n.host_first = keeps && s.favour == bits::<2>(1);
        n.turn_first = keeps && s.favour == bits::<2>(2);
        n.tick_first = keeps && s.favour == bits::<2>(3);
        self.state.d.next = n;
        self.segment.d.next = if grant.segment || !s.segment.valid { arriving } else { self.segment.q.val() };
        self.host.d.next = if grant.host || !s.host.valid { asking } else { self.host.q.val() };
        self.s_segment.ready.next = grant.segment || !s.segment.valid;
        self.s_host.ready.next = grant.host || !s.host.valid;
        self.s_turn.ready.next = grant.turn || !s.turn.valid;
        self.s_tick.ready.next = grant.tick || skip || !s.tick.valid;

        // Enter. The table may be read for nobody: its address does not wait for `room`.
        let head = if choice.segment {
            s.segment
        } else if choice.host {
            s.host
        } else if choice.turn {
            s.turn
        } else {
            s.tick
        };
        self.row.next = head.row;
        self.load_any.d.next = grant.segment || grant.host || grant.turn || grant.tick;
        self.ticket.d.next = Ticket { head, grant };
        self.last_segment.d.next = self.segment.q.val();
        self.last_host.d.next = self.host.q.val();

        // Load: the event behind the ticket.
        let ticket = self.ticket.q.val();
        let mut event = if ticket.grant.segment { self.last_segment.q.val() } else { self.last_host.q.val() };
        if ticket.grant.turn {
            event.kind = EventKind::Transmit;
        }
        if ticket.grant.tick {
            event.kind = EventKind::Tick;
        }
        event.slot = ticket.head.slot;
        self.load_valid.next = self.load_any.q.val();
        self.load.next = Issued {
            event,
            row: ticket.head.row,
            legitimate: ticket.head.row.any(),
            forward: ticket.head.forward,
            erase: ticket.head.erase,
        };
    }
}
