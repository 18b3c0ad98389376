//! What waits at the door of the pipeline, and whether it may go in: the state of the arbiter, and how it goes on.
//!
//! The events of each source wait in a *pair* of places, filled and emptied in turn. A place that is free loads in each cycle, whatever
//! comes, so neither the 330 bits of an event nor the answer to its source hang on who is let in.
//!
//! Whether a head may go in the next cycle follows from what is in the pipeline now and what is chosen now, so `able` is a register, and
//! the arbiter's choice is one short priority. What is chosen keeps others of its row back for a cycle even if there is no room for it.
use stevedore_hdl::prelude::*;

/// A row with an event under way.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct UnderWay {
    /// There is one.
    pub valid: bool,
    /// Its row.
    pub row: Bits<16>,
}

/// The stages of the pipeline an event must not be in when another of its row is let in, and the one behind them.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Flight {
    /// The table is being read.
    pub read: UnderWay,
    /// Loading.
    pub load: UnderWay,
    /// Measuring.
    pub measure: UnderWay,
    /// Judging.
    pub judge: UnderWay,
}

/// What happens at a place.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Access {
    /// It is the one to be filled.
    fills: bool,
    /// It holds the head of its pair.
    head: bool,
    /// The head leaves.
    granted: bool,
}

/// What is known about an event that waits.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Head {
    /// There is one.
    pub valid: bool,
    /// It may go in: no other event of its row is in a stage before deciding.
    pub able: bool,
    /// Another event of its row is being decided: the table will be read a cycle too early.
    pub forward: bool,
    /// Its slot.
    pub slot: Bits<16>,
    /// The row of the table that the slot's low bits name.
    pub row: Bits<16>,
    /// There is no such slot.
    pub wild: bool,
    /// Ticks: erase.
    pub erase: bool,
}

/// Two places, filled and emptied in turn.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Pair {
    /// One.
    pub a: Head,
    /// The other.
    pub b: Head,
    /// The next one to be filled is `b`.
    pub fills_b: bool,
    /// The next one to be emptied is `b`.
    pub empties_b: bool,
}

/// Who is let in if there is room, by source; each with the row it has if it is.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Candidates {
    /// A segment.
    pub segment: UnderWay,
    /// A request of the host.
    pub host: UnderWay,
    /// A turn to send.
    pub turn: UnderWay,
    /// A tick.
    pub tick: UnderWay,
}

/// An event that is offered. A slot that does not exist keeps others back by the row it would have if it did: that does no harm.
#[kernel_fn]
pub fn offer_of(valid: bool, slot: Bits<16>, mask: Bits<16>) -> Head {
    Head { valid, slot, row: slot & mask, wild: (slot & !mask).any(), ..Head::default() }
}

/// `row` is the row under way.
#[kernel_fn]
fn is(event: UnderWay, row: Bits<16>) -> bool {
    event.valid && event.row == row
}

/// An event of `row` may go in in the next cycle: nothing of its row is inside, or chosen now.
#[kernel_fn]
fn free(row: Bits<16>, own: UnderWay, others: Candidates, flight: Flight) -> bool {
    let inside = is(flight.read, row) || is(flight.load, row) || is(flight.measure, row);
    let hosted = is(others.segment, row) || is(others.host, row) || is(others.turn, row) || is(others.tick, row);
    !(inside || is(own, row) || hosted)
}

/// A place in the next cycle: what is in it now unless it `leaves`, or what is offered if it `fills`. Both are judged before it is known
/// which one it will be. `own`: the candidate of its source; `others`: those of the other sources.
#[kernel_fn]
fn place(head: Head, offer: Head, at: Access, own: UnderWay, others: Candidates, flight: Flight) -> Head {
    // What is at the head itself does not stand in its own way.
    let ahead = UnderWay { valid: own.valid && !at.head, row: own.row };
    let stays = free(head.row, ahead, others, flight);
    let filled = offer.valid && at.fills;
    let comes = filled && free(offer.row, own, others, flight);
    if head.valid {
        let leaves = at.head && at.granted;
        Head { valid: !leaves, able: stays && !leaves, forward: is(flight.judge, head.row), ..head }
    } else {
        Head { valid: filled, able: comes, forward: is(flight.judge, offer.row), ..offer }
    }
}

/// The head of a pair.
#[kernel_fn]
pub fn head_of(pair: Pair) -> Head {
    if pair.empties_b {
        pair.b
    } else {
        pair.a
    }
}

/// A pair takes what is offered.
#[kernel_fn]
pub fn has_place(pair: Pair) -> bool {
    if pair.fills_b {
        !pair.b.valid
    } else {
        !pair.a.valid
    }
}

/// A pair in the next cycle; its head leaves if it is `granted`.
#[kernel_fn]
pub fn places(pair: Pair, offer: Head, granted: bool, own: UnderWay, others: Candidates, flight: Flight) -> Pair {
    let filled = offer.valid && has_place(pair);
    let a = Access { fills: !pair.fills_b, head: !pair.empties_b, granted };
    let b = Access { fills: pair.fills_b, head: pair.empties_b, granted };
    Pair {
        a: place(pair.a, offer, a, own, others, flight),
        b: place(pair.b, offer, b, own, others, flight),
        fills_b: pair.fills_b != filled,
        empties_b: pair.empties_b != granted,
    }
}
