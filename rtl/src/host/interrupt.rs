//! Interrupt moderation.
//!
//! # Role
//! Turns "responses were written" into as few interrupts as the host asked for (H7).
//!
//! # Ports
//! `responses` counts responses written this cycle, `nearly_full` warns of the output table, `bus_error` pulses;
//! `moderation` comes from the register file, `cause` goes back to it, `clear` is the host's write-one-to-clear.
//!
//! # Handshake
//! None: `line` is high while an enabled cause is pending. A cause that is set anew while the line is high, and a clear
//! that leaves it high, let it fall for one cycle, so that each makes an edge: a host that is told of edges only
//! (messages) misses nothing.
//!
//! # Latency
//! Three cycles from `responses` to the line when `count` is 1; else at most `delay` microseconds after the first
//! unannounced response.
//!
//! # Invariant
//! A response written after the host cleared a cause sets it again: no response stays unannounced longer than `delay`.
use super::registers::Moderation;
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    cause: Bits<3>,
    waiting: Bits<16>,
    since: Bits<32>,
    line: bool,
    raised: bool,
    nearly_full: bool,
    /// Responses waited longer than `delay`, or `count` of them: judged in one cycle, acted on in the next.
    late: bool,
    many: bool,
}

/// The interrupt line.
#[derive(LogicBlock, Default)]
pub struct Interrupt {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Settings.
    pub moderation: Signal<In, Moderation>,
    /// Engine time, microseconds.
    pub now: Signal<In, Bits<32>>,
    /// Responses written this cycle.
    pub responses: Signal<In, Bits<4>>,
    /// The output table has little room.
    pub nearly_full: Signal<In, bool>,
    /// A bus error happened.
    pub bus_error: Signal<In, bool>,
    /// Causes cleared by the host.
    pub clear: Signal<In, Bits<3>>,
    /// Pending causes: 0 response, 1 table nearly full, 2 bus error.
    pub cause: Signal<Out, Bits<3>>,
    /// The line.
    pub line: Signal<Out, bool>,
    /// The line went up: an event (statistics, and where interrupts are messages).
    pub raised: Signal<Out, bool>,
    state: Register<State>,
}

impl Logic for Interrupt {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let moderation = self.moderation.val();
        let mut next = state;
        let kept = state.cause & !self.clear.val();
        let mut set = bits::<3>(0);
        let written = resize::<16, 4>(self.responses.val());
        let waiting = state.waiting + written;
        next.waiting = waiting;
        if written != 0 && (state.waiting == 0 || state.late || state.many) {
            next.since = self.now.val();
        }
        if state.late || state.many {
            set = set | 1;
            next.waiting = written;
        }
        let some = state.waiting != 0 && !state.late && !state.many;
        next.late = some && (self.now.val() - state.since) >= moderation.delay;
        next.many = some && state.waiting >= moderation.count;
        // An edge, so that a host clearing the cause while the table stays full is not interrupted for ever.
        next.nearly_full = self.nearly_full.val();
        if self.nearly_full.val() && !state.nearly_full {
            set = set | 2;
        }
        if self.bus_error.val() {
            set = set | 4;
        }
        let cause = kept | set;
        next.cause = cause;
        let anew = (set & !kept & moderation.enable).any() || self.clear.val().any();
        next.line = (cause & moderation.enable).any() && !(state.line && anew);
        next.raised = next.line && !state.line;
        self.cause.next = state.cause;
        self.line.next = state.line;
        self.raised.next = state.raised;
        self.state.d.next = next;
    }
}
