//! Returner: gives the buffers of a connection that is over back to the host.
//!
//! # Role
//! One of the units of the [`ReceiveChain`](super::ReceiveChain): carries out Teardown. What was placed and not yet
//! reported is reported, each buffer is handed back, and at last the end of the teardown is reported. The chain it
//! works on stays with its owner: what becomes of it is said there, step by step. When a listener lends, its head is
//! taken off in the same way, but not given back.
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! `active` rises with a Teardown and its record in `work`, and stays until `done`, or it rises with `beheads` and a
//! record that is not vacant, and stays until `beheaded`. `context` must show the context that the chain's `next` named
//! two cycles ago.
//!
//! # Latency
//! Two cycles, and three more for each buffer, if every report is taken at once. What is to be reported first costs no
//! cycle more: `Report` takes one cycle in any case, and reports in this cycle. A head is taken off in four cycles.
//!
//! # Invariant
//! A buffer is reported and its context given back in the same cycle; the last report is the end of the teardown.
use super::chain_record::{headed, Chain, Context, Given, Report, Work};
use crate::bundles::codes::{response, status};
use crate::bundles::*;
use stevedore_hdl::prelude::*;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// What was placed is reported, if it was not yet.
    #[default]
    Report,
    /// The head buffer is handed back, or the end reported.
    Next,
    /// The next context leaves the memory.
    Read,
    /// The next context is there.
    Fetch,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// The placeholder is next behind the head.
    only: bool,
}

/// The returner.
#[derive(LogicBlock, Default)]
pub struct Returner {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// There is something to do.
    pub active: Signal<In, bool>,
    /// It is no teardown: the head is taken off, and that is all.
    pub beheads: Signal<In, bool>,
    /// The teardown, and the chain as it stands.
    pub work: Signal<In, Work>,
    /// The chain from the next cycle on.
    pub chain: Signal<Out, Chain>,
    /// The context behind the head.
    pub context: Signal<In, Context>,
    /// What there is to say.
    pub m_report: Source<Report>,
    /// A context that is given back.
    pub given: Signal<Out, Given>,
    /// The teardown is over in this cycle: nothing but the placeholder is left.
    pub done: Signal<Out, bool>,
    /// The head is off with the end of this cycle.
    pub beheaded: Signal<Out, bool>,
    state: Register<State>,
}

impl Logic for Returner {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let active = self.active.val();
        let work = self.work.val();
        let command = work.command;
        let chain = work.chain;
        let context = self.context.val();
        let beheads = self.beheads.val();
        // What is not said need not wait.
        let can_report = self.m_report.ready.val() || beheads;
        let reports = active && state.phase == Phase::Report;
        let hands = active && state.phase == Phase::Next;
        let fetches = state.phase == Phase::Fetch;
        let behind = if fetches { context.next } else { chain.next };
        let mut next = state;
        next.only = behind == chain.tail;
        match state.phase {
            Phase::Report => {
                if active && (can_report || !chain.pending) {
                    next.phase = Phase::Next;
                }
            }
            Phase::Next => {
                if can_report {
                    next.phase = if chain.vacant { Phase::Report } else { Phase::Read };
                }
            }
            Phase::Read => next.phase = Phase::Fetch,
            Phase::Fetch => next.phase = if beheads { Phase::Report } else { Phase::Next },
        }
        self.state.d.next = next;

        let mut left = chain;
        if reports && can_report {
            left.pending = false;
            left.reported = chain.filled;
        }
        if hands && can_report {
            left.head = chain.next;
            left.vacant = state.only;
        }
        if fetches {
            left = headed(chain, context);
        }
        self.chain.next = left;
        self.given.next = Given { valid: hands && can_report && !chain.vacant && !beheads, entry: chain.head };
        self.done.next = hands && can_report && chain.vacant;
        self.beheaded.next = fetches && beheads;

        let over = hands && chain.vacant;
        let ending = command.ending;
        let given = if ending.status == 0 { bits::<8>(status::ABORTED) } else { ending.status };
        let buffer = Notice {
            response: bits::<5>(response::BUFFER_RECEIVE),
            status: if hands { given } else { bits::<8>(0) },
            slot: command.slot,
            generation: command.generation,
            cookie: chain.cookie,
            address: chain.base,
            length: chain.filled - chain.reported,
            offset: chain.reported,
            handed_back: hands,
            end_of_stream: false,
        };
        let end = Notice { response: ending.response, status: ending.status, cookie: ending.cookie, ..buffer };
        self.m_report.valid.next = !beheads && (hands || (reports && chain.pending));
        self.m_report.bits.next =
            Report { torn_down: over, free: ending.free, notice: if over { end } else { buffer } };
    }
}
