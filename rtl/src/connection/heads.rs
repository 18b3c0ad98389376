//! What waits at the door of the pipeline, and whether it may go in: the state of the arbiter, and how it goes on.
//!
//! Each source has one *head*. Whether it may go in in the next cycle follows from what is in the pipeline now and what
//! is chosen now, so `able` is a register, and the arbiter's choice is one short priority. All comparisons of rows are
//! between registers, or with the row that comes, and are made for what is at the head and for what comes to it at
//! once: the choice, which is late, only picks from their outcomes.
//!
//! What is chosen keeps others of its row back for a cycle even if there is no room for it.
use stevedore_hdl::prelude::*;

/// A row with an event under way.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct UnderWay {
    /// There is one.
    pub valid: bool,
    /// Its row.
    pub row: Bits<16>,
}

/// The stages of the pipeline an event must not be in when another of its row is let in, and the two behind them.
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

/// The event of a source that goes in next.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Head {
    /// There is one.
    pub valid: bool,
    /// The head may go in: no other event of its row is in a stage before judging.
    pub able: bool,
    /// Another event of its row is being judged: it is being settled when the head loads.
    pub settling: bool,
    /// Another event of its row is being decided: it was settled when the head loads, but not when the table was read.
    pub settled: bool,
    /// Its slot.
    pub slot: Bits<16>,
    /// Ticks: erase.
    pub erase: bool,
}

/// What becomes of a head.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Step {
    /// It leaves.
    pub leaves: bool,
    /// What comes is taken: it is empty, or it leaves and somebody else cares for its place.
    pub loads: bool,
    /// It has the row of what comes.
    pub same: bool,
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

/// `row` is the row under way.
#[kernel_fn]
pub fn is(event: UnderWay, row: Bits<16>) -> bool {
    event.valid && event.row == row
}

/// An event of `row` may go in in the next cycle: nothing of its row is inside, or chosen now. `others`: without the
/// candidate of its own source. A slot that does not exist keeps others back by the row it would have if it did: that
/// does no harm.
#[kernel_fn]
fn free(row: Bits<16>, others: Candidates, flight: Flight) -> bool {
    let inside = is(flight.read, row) || is(flight.load, row);
    let ahead = is(others.segment, row) || is(others.host, row) || is(others.turn, row) || is(others.tick, row);
    !(inside || ahead)
}

/// A head in the next cycle.
#[kernel_fn]
pub fn go_on(head: Head, coming: Head, step: Step, mask: Bits<16>, others: Candidates, flight: Flight) -> Head {
    let stays = free(head.slot & mask, others, flight);
    let comes = coming.valid && !(head.valid && step.same) && free(coming.slot & mask, others, flight);
    let goes_on = head.valid && !step.leaves;
    let stays_settling = is(flight.measure, head.slot & mask);
    let comes_settling = is(flight.measure, coming.slot & mask);
    let stays_settled = is(flight.judge, head.slot & mask);
    let comes_settled = is(flight.judge, coming.slot & mask);
    Head {
        valid: if step.loads { coming.valid } else { goes_on },
        able: if step.loads { comes } else { stays && goes_on },
        settling: if step.loads { comes_settling } else { stays_settling },
        settled: if step.loads { comes_settled } else { stays_settled },
        slot: if step.loads { coming.slot } else { head.slot },
        erase: if step.loads { coming.erase } else { head.erase },
    }
}
