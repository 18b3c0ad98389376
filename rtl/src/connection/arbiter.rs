//! Which event enters the pipeline next.
//!
//! **Role.** Holds the heads of each source (segments, host requests, turns to send, ticks: `heads.rs`), keeps back a head whose connection is
//! still under way in the pipeline, and lets one in per cycle. Priority: segments, host, turns, ticks; every eighth cycle one source in rotation
//! goes first, and keeps that right until its head has gone in, so that nobody starves.
//!
//! ```text
//!  s_segment ── two places ──┐
//!  s_host ───── two places ──┤ choice ── ticket ── load
//!  s_turn ───── two places ──┤             │
//!  s_tick ───── two places ──┘             └── row: the table is read
//! ```
//!
//! **Ports.** `clock`, `reset`. `s_segment`, `s_host`, `s_turn`, `s_tick`: the sources. `room`: the queues behind the pipeline take whatever
//! is under way and one more event. `send_room`: they also take a segment to send. `judge`, `measure`: the events in these stages. `row`: row
//! for the table to read. `load_valid`, `load`: the event whose row was read in the last cycle.
//!
//! **Handshake.** Sources are channels; their `ready` comes from registers. An event that is let in is not refused.
//!
//! **Latency.** From a source at an idle block to `load` three cycles. One event per cycle, of any source. A tick whose connection is under way is
//! skipped; any other event waits in its place. A tick makes way for the turn of its connection that comes in that cycle.
//!
//! **Why the event follows a cycle later.** Ticket and row say who was let in; the event is taken from its place in the next cycle,
//! when the table is read: the place is free by then, but not yet written.
//!
//! **Invariant.** No two events of one row are between the choice and the judging stage. An event that is let in while another of its row is
//! being decided carries `forward`: the table does not show that row yet when it is read.
use super::heads::{has_place, head_of, offer_of, places, Candidates, Flight, Head, Pair, UnderWay};
use super::stages::Issued;
use super::timers::Tick;
use crate::bundles::{Event, EventKind};
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    segment: Pair,
    host: Pair,
    turn: Pair,
    tick: Pair,
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
    choice: Choice,
    /// It was in the second place of its pair.
    segment_b: bool,
    host_b: bool,
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
    /// What is being measured.
    pub measure: Signal<In, UnderWay>,
    /// What is being judged.
    pub judge: Signal<In, UnderWay>,
    /// Row to be read.
    pub row: Signal<Out, Bits<16>>,
    /// An event's row was read in the last cycle.
    pub load_valid: Signal<Out, bool>,
    /// It is this one.
    pub load: Signal<Out, Issued>,
    state: Register<State>,
    segment_a: Flop<Event>,
    segment_b: Flop<Event>,
    host_a: Flop<Event>,
    host_b: Flop<Event>,
    ticket_valid: Register<bool>,
    ticket: Flop<Ticket>,
    issued_valid: Register<bool>,
    issued: Flop<Issued>,
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
            measure: Signal::default(),
            judge: Signal::default(),
            row: Signal::default(),
            load_valid: Signal::default(),
            load: Signal::default(),
            state: Register::default(),
            segment_a: Flop::default(),
            segment_b: Flop::default(),
            host_a: Flop::default(),
            host_b: Flop::default(),
            ticket_valid: Register::default(),
            ticket: Flop::default(),
            issued_valid: Register::default(),
            issued: Flop::default(),
            row_mask: Constant::new((connections as u64 - 1).into()),
        }
    }
}

/// Who goes in if there is room for anybody, of those who are able.
#[kernel_fn]
fn choose(s: State, able: Choice) -> Choice {
    let host_first = s.host_first && able.host;
    let turn_first = s.turn_first && able.turn;
    let tick_first = s.tick_first && able.tick;
    // At most one of the three is set, and what is first is able: nothing waits for "is anybody first".
    Choice {
        segment: able.segment && !host_first && !turn_first && !tick_first,
        host: able.host && (s.host_first || (!able.segment && !turn_first && !tick_first)),
        turn: able.turn && (s.turn_first || (!able.segment && !able.host && !tick_first)),
        tick: able.tick && (s.tick_first || (!able.segment && !able.host && !able.turn)),
    }
}

impl Logic for Arbiter {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, ticket_valid, issued_valid);
        clocks!(self, segment_a, segment_b, host_a, host_b, ticket, issued);
        let s = self.state.q.val();
        let mask = self.row_mask.val();
        let room = self.room.val();
        let segment = head_of(s.segment);
        let host = head_of(s.host);
        let turn = head_of(s.turn);
        let tick = head_of(s.tick);
        // Else the turn would have to wait until the tick is through. The tick waits one cycle and is not skipped: timers must not starve.
        let comes = self.s_turn.valid.val() && has_place(s.turn) && (self.s_turn.bits.val() & mask) == tick.row;
        let able = Choice {
            segment: segment.able,
            host: host.able,
            turn: turn.able && self.send_room.val(),
            tick: tick.able && !comes,
        };
        let choice = choose(s, able);
        let grant = Choice {
            segment: room && choice.segment,
            host: room && choice.host,
            turn: room && choice.turn,
            tick: room && choice.tick,
        };
        let candidates = Candidates {
            segment: UnderWay { valid: choice.segment, row: segment.row },
            host: UnderWay { valid: choice.host, row: host.row },
            turn: UnderWay { valid: choice.turn, row: turn.row },
            tick: UnderWay { valid: choice.tick, row: tick.row },
        };
        let ticket = self.ticket.q.val();
        let flight = Flight {
            read: UnderWay { valid: self.ticket_valid.q.val(), row: ticket.head.row },
            load: UnderWay { valid: self.issued_valid.q.val(), row: self.issued.q.val().row },
            measure: self.measure.val(),
            judge: self.judge.val(),
        };
        let skip = tick.valid && !tick.able;

        let mut n = s;
        let arriving = self.s_segment.bits.val();
        let asking = self.s_host.bits.val();
        let ticking = self.s_tick.bits.val();
        let offer = offer_of(s.awake && self.s_segment.valid.val(), arriving.slot, mask);
        let others = Candidates { segment: UnderWay::default(), ..candidates };
        n.segment = places(s.segment, offer, grant.segment, candidates.segment, others, flight);
        let offer = offer_of(s.awake && self.s_host.valid.val(), asking.slot, mask);
        let others = Candidates { host: UnderWay::default(), ..candidates };
        n.host = places(s.host, offer, grant.host, candidates.host, others, flight);
        let offer = offer_of(s.awake && self.s_turn.valid.val(), self.s_turn.bits.val(), mask);
        let others = Candidates { turn: UnderWay::default(), ..candidates };
        n.turn = places(s.turn, offer, grant.turn, candidates.turn, others, flight);
        let offer = Head { erase: ticking.erase, ..offer_of(self.s_tick.valid.val(), ticking.slot, mask) };
        let others = Candidates { tick: UnderWay::default(), ..candidates };
        n.tick = places(s.tick, offer, grant.tick || skip, candidates.tick, others, flight);
        n.awake = s.awake || (tick.valid && !tick.erase);

        // The right to go first moves on when it was used, or when there was nobody to use it.
        // While `age` is full, whoever it favours is granted if anybody can be: `waits` need not wait for the choice.
        let full = s.age.all();
        let waits = match s.favour.index() {
            0 => segment.valid && !(room && able.segment),
            1 => host.valid && !(room && able.host),
            2 => turn.valid && self.send_room.val() && !(room && able.turn),
            _ => able.tick && !room,
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
        self.segment_a.d.next = if s.segment.a.valid { self.segment_a.q.val() } else { arriving };
        self.segment_b.d.next = if s.segment.b.valid { self.segment_b.q.val() } else { arriving };
        self.host_a.d.next = if s.host.a.valid { self.host_a.q.val() } else { asking };
        self.host_b.d.next = if s.host.b.valid { self.host_b.q.val() } else { asking };
        self.s_segment.ready.next = s.awake && has_place(s.segment);
        self.s_host.ready.next = s.awake && has_place(s.host);
        self.s_turn.ready.next = s.awake && has_place(s.turn);
        self.s_tick.ready.next = has_place(s.tick);

        // Who is let in: the ticket does not wait for `room`, for without it nobody looks.
        let head = if choice.segment {
            segment
        } else if choice.host {
            host
        } else if choice.turn {
            turn
        } else {
            tick
        };
        self.ticket_valid.d.next = room && (choice.segment || choice.host || choice.turn || choice.tick);
        self.ticket.d.next = Ticket { head, choice, segment_b: s.segment.empties_b, host_b: s.host.empties_b };

        // The event behind the ticket.
        self.row.next = ticket.head.row;
        let segment = if ticket.segment_b { self.segment_b.q.val() } else { self.segment_a.q.val() };
        let host = if ticket.host_b { self.host_b.q.val() } else { self.host_a.q.val() };
        let mut event = if ticket.choice.segment { segment } else { host };
        if ticket.choice.turn {
            event.kind = EventKind::Transmit;
        }
        if ticket.choice.tick {
            event.kind = EventKind::Tick;
        }
        event.slot = ticket.head.slot;
        self.issued_valid.d.next = self.ticket_valid.q.val();
        self.issued.d.next = Issued {
            event,
            row: ticket.head.row,
            legitimate: ticket.head.row.any() && !ticket.head.wild,
            forward: ticket.head.forward,
            erase: ticket.head.erase,
            blank: ticket.head.erase || ticket.head.wild,
        };
        self.load_valid.next = self.issued_valid.q.val();
        self.load.next = self.issued.q.val();
    }
}
