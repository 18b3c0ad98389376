//! Which event enters the pipeline next.
//!
//! **Role.** Holds the head of each source (segments, host requests, turns to send, ticks), keeps back a head whose connection is still
//! under way in the pipeline, and lets one in per cycle. Priority: segments, host, turns, ticks; every eighth cycle one source in rotation
//! goes first, and keeps that right until its head has gone in, so that nobody starves.
//!
//! **Ports.** `clock`, `reset`. `s_segment`, `s_host`, `s_turn`, `s_tick`: the sources. `room`: the queues behind the pipeline take whatever
//! is under way and one more event. `send_room`: they also take a segment to send. `flight`: rows in the first stages. `issue_valid`,
//! `issue`: the event that enters now.
//!
//! **Handshake.** Sources are channels; their `ready` does not depend on their `valid`. An issue is not refused.
//!
//! **Latency.** One cycle from a source to the earliest issue; one event per cycle and per source. A tick whose connection is under way is
//! skipped; any other event waits at the head of its source.
//!
//! **Why the conflict is judged a cycle ahead.** Whether a head may go in the next cycle follows from what is in the pipeline now and what
//! enters now, so `busy` is a register, and the way from the heads to the table's read address is one short priority choice.
//!
//! **Invariant.** No two events of one row are in the first three stages. An event that enters while another of its row is in the fourth
//! carries `forward`: the table does not show that row yet.
use super::stages::Issued;
use super::timers::Tick;
use crate::bundles::{Event, EventKind};
use stevedore_hdl::prelude::*;

/// Rows in the first three stages.
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
}

/// What is known about the head of a source.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Head {
    valid: bool,
    /// Another event of its row is in the first three stages.
    busy: bool,
    /// Another event of its row is in the fourth.
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
}

/// What happens in this cycle.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Grant {
    segment: bool,
    host: bool,
    turn: bool,
    tick: bool,
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
    /// An event enters.
    pub issue_valid: Signal<Out, bool>,
    /// It is this one.
    pub issue: Signal<Out, Issued>,
    state: Register<State>,
    segment: Flop<Event>,
    host: Flop<Event>,
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
            issue_valid: Signal::default(),
            issue: Signal::default(),
            state: Register::default(),
            segment: Flop::default(),
            host: Flop::default(),
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

/// A head that goes in at once has nothing in common with `row`.
#[kernel_fn]
fn enters(head: Head, granted: bool, row: Bits<16>) -> bool {
    granted && head.row == row
}

/// The head in the next cycle: `offer` if the present one leaves, with its conflicts as they will be then.
#[kernel_fn]
fn advance(head: Head, offer: Head, leaves: bool, state: State, grant: Grant, flight: Flight) -> Head {
    let mut next = if leaves || !head.valid { offer } else { head };
    let row = next.row;
    next.busy = (flight.first && flight.first_row == row)
        || (flight.second && flight.second_row == row)
        || enters(state.segment, grant.segment, row)
        || enters(state.host, grant.host, row)
        || enters(state.turn, grant.turn, row)
        || enters(state.tick, grant.tick, row);
    next.forward = flight.third && flight.third_row == row;
    next
}

/// Who goes in. The arguments say who could.
#[kernel_fn]
fn choose(segment: bool, host: bool, turn: bool, tick: bool, favoured: bool, favour: Bits<2>) -> Grant {
    let first_host = favoured && favour == bits::<2>(1) && host;
    let first_turn = favoured && favour == bits::<2>(2) && turn;
    let first_tick = favoured && favour == bits::<2>(3) && tick;
    let first = first_host || first_turn || first_tick;
    Grant {
        segment: segment && !first,
        host: first_host || (host && !first && !segment),
        turn: first_turn || (turn && !first && !segment && !host),
        tick: first_tick || (tick && !first && !segment && !host && !turn),
    }
}

impl Logic for Arbiter {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, segment, host);
        let s = self.state.q.val();
        let flight = self.flight.val();
        let mask = self.row_mask.val();
        let room = self.room.val();

        let ready = s.awake && room;
        let segment = ready && s.segment.valid && !s.segment.busy;
        let host = ready && s.host.valid && !s.host.busy;
        let turn = ready && s.turn.valid && !s.turn.busy && self.send_room.val();
        let tick = room && s.tick.valid && !s.tick.busy;
        let favoured = s.age.all();
        let grant = choose(segment, host, turn, tick, favoured, s.favour);
        let skip = s.tick.valid && s.tick.busy;

        let mut n = s;
        let arriving = self.s_segment.bits.val();
        let asking = self.s_host.bits.val();
        let turning = self.s_turn.bits.val();
        let ticking = self.s_tick.bits.val();
        let offer = Head {
            valid: self.s_segment.valid.val(),
            row: row_of(arriving.slot, mask),
            slot: arriving.slot,
            ..Head::default()
        };
        n.segment = advance(s.segment, offer, grant.segment, s, grant, flight);
        let offer =
            Head { valid: self.s_host.valid.val(), row: row_of(asking.slot, mask), slot: asking.slot, ..Head::default() };
        n.host = advance(s.host, offer, grant.host, s, grant, flight);
        let offer = Head { valid: self.s_turn.valid.val(), row: turning, slot: turning, ..Head::default() };
        n.turn = advance(s.turn, offer, grant.turn, s, grant, flight);
        let offer = Head {
            valid: self.s_tick.valid.val(),
            row: ticking.slot,
            slot: ticking.slot,
            erase: ticking.erase,
            ..Head::default()
        };
        n.tick = advance(s.tick, offer, grant.tick || skip, s, grant, flight);
        n.awake = s.awake || (s.tick.valid && !s.tick.erase);

        // The right to go first moves on when it was used, or when there was nobody to use it.
        let waits = match s.favour.index() {
            0 => s.segment.valid && !grant.segment,
            1 => s.host.valid && !grant.host,
            2 => s.turn.valid && self.send_room.val() && !grant.turn,
            _ => s.tick.valid && !grant.tick && !skip,
        };
        if !favoured {
            n.age = s.age + 1;
        } else if !waits {
            n.age = Default::default();
            n.favour = s.favour + 1;
        }
        self.state.d.next = n;
        self.segment.d.next = if grant.segment || !s.segment.valid { arriving } else { self.segment.q.val() };
        self.host.d.next = if grant.host || !s.host.valid { asking } else { self.host.q.val() };
        self.s_segment.ready.next = grant.segment || !s.segment.valid;
        self.s_host.ready.next = grant.host || !s.host.valid;
        self.s_turn.ready.next = grant.turn || !s.turn.valid;
        self.s_tick.ready.next = grant.tick || skip || !s.tick.valid;

        let mut event = if grant.segment { self.segment.q.val() } else { self.host.q.val() };
        let mut head = if grant.segment { s.segment } else { s.host };
        if grant.turn {
            event.kind = EventKind::Transmit;
            head = s.turn;
        }
        if grant.tick {
            event.kind = EventKind::Tick;
            head = s.tick;
        }
        event.slot = head.slot;
        self.issue_valid.next = grant.segment || grant.host || grant.turn || grant.tick;
        self.issue.next = Issued {
            event,
            row: head.row,
            legitimate: head.row.any(),
            forward: head.forward,
            erase: head.erase,
        };
    }
}
