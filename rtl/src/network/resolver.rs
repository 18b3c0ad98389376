//! Finds the next hop's MAC for the host's connect requests.
//!
//! # Role
//! Between the dispatcher (`s_open`) and `connection::Lookup` (`m_open`). Requests whose next hop is unknown circulate
//! in a queue, each passing the neighbour table again and again until the table knows the MAC or three questions went
//! unheard.
//!
//! # Ports
//! `clock`, `reset`. `settings`, `subnet`: own network. `now`: microseconds. `s_open`: requests, `remote_mac`
//! undefined. `m_open`: the same, resolved; listens as they are. `m_refused`: given up. `m_query`, `s_answer`: the
//! neighbour table.
//!
//! # Handshake
//! New requests and waiting ones take turns. A new request that would have to wait while the queue is full is refused
//! with NoRoom. What the channels are told comes from registers.
//!
//! # Latency
//! A listen: two cycles. A connect to a known neighbour: 10 cycles.
//!
//! # Invariant
//! Each request leaves once, on `m_open` or on `m_refused`. A request that waits for an answer never blocks one that
//! needs none.
//!
//! # Clock
//! Deadlines are measured on a clock of this block that advances by at most 255 ms between two choices. While an output
//! is blocked the clock stands, and a lap of the queue is far shorter than the 33 s in which a deadline can be told
//! from one of the next lap of the clock.
use super::addresses::{behind_gateway, Subnet};
use super::neighbours::{Answer, Query, QueryKind};
use crate::bundles::codes::{response, status};
use crate::bundles::*;
use stevedore_hdl::prelude::*;

/// Questions per request.
const TRIES: u64 = 3;
/// Time between them, in units of 1024 microseconds: a second and what rounding may take off.
const PATIENCE: u64 = 978;
/// By how much the clock advances at most between two choices.
const LONGEST_STEP: u64 = 255;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Waiting {
    tuple: Tuple,
    cookie: Bits<32>,
    lender: Bits<32>,
    tries: Bits<2>,
    /// In units of 1024 microseconds of the block's clock.
    deadline: Bits<16>,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Choose,
    Take,
    Route,
    Aim,
    Query,
    Answer,
    Judge,
    Pass,
    Refuse,
    Wait,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// The request in hand is a new one.
    new: bool,
    /// `Take`: the request in hand leaves the queue.
    leaves: bool,
    /// The block's clock, and by how much it is to be put on.
    clock: Bits<16>,
    step: Bits<16>,
    /// `now` when `step` was measured.
    seen: Bits<16>,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    request: OpenRequest,
    tries: Bits<2>,
    deadline: Bits<16>,
    direct: bool,
    due: bool,
    /// The request may stay in the queue if its next hop is unknown.
    may_wait: bool,
    kind: QueryKind,
    known: bool,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Resolver {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Own network.
    pub settings: Signal<In, Settings>,
    /// What follows from it.
    pub subnet: Signal<In, Subnet>,
    /// Microseconds.
    pub now: Signal<In, Bits<32>>,
    /// Requests.
    pub s_open: Sink<OpenRequest>,
    /// Requests resolved.
    pub m_open: Source<OpenRequest>,
    /// Requests given up.
    pub m_refused: Source<Notice>,
    /// To the neighbour table.
    pub m_query: Source<Query>,
    /// Its answers.
    pub s_answer: Sink<Answer>,
    state: Register<State>,
    work: Flop<Work>,
    queue: Fifo<Waiting>,
}

impl Resolver {
    /// At most `waiting` requests wait.
    pub fn new(waiting: usize) -> Self {
        // Between two visits to one request the clock passes at most this many choices: see "Clock" above.
        assert!((2 * waiting as u64 + 2) * (LONGEST_STEP + 1) + PATIENCE < 1 << 15, "deadlines would wrap");
        Self { queue: Fifo::new(waiting), ..Self::default() }
    }
}

impl Logic for Resolver {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, queue);
        clocks!(self, work);
        let state = self.state.q.val();
        let mut next = state;
        next.leaves = false;
        let work = self.work.q.val();
        let mut next_work = work;
        let settings = self.settings.val();
        let old = self.queue.m_out.bits.val();
        let take = state.phase == Phase::Take;
        let clock = state.clock;
        let take_new = self.s_open.valid.val() && !(state.new && self.queue.m_out.valid.val());
        let take_old = self.queue.m_out.valid.val() && !take_new;
        let exhausted = work.tries == bits::<2>(TRIES);
        match state.phase {
            Phase::Choose => {
                let now = self.now.val().get_bits::<16>(10);
                let elapsed = now - state.seen;
                next.seen = now;
                next.step = if elapsed.get_bits::<8>(8).any() { bits::<16>(LONGEST_STEP) } else { elapsed };
                next.clock = state.clock + state.step;
                if take_new || take_old {
                    next.new = take_new;
                    next.leaves = take_old;
                    next.phase = Phase::Take;
                }
            }
            Phase::Take => {
                // What was offered stays.
                let open = self.s_open.bits.val();
                let waiting = OpenRequest {
                    listen: false,
                    tuple: old.tuple,
                    remote_mac: bits::<48>(0),
                    cookie: old.cookie,
                    lender: old.lender,
                };
                next_work.request = mux(state.new, open, waiting);
                next_work.tries = mux(state.new, bits::<2>(0), old.tries);
                next_work.deadline = mux(state.new, clock, old.deadline);
                next.phase = if state.new && open.listen { Phase::Pass } else { Phase::Route };
            }
            Phase::Route => {
                next_work.direct = !behind_gateway(work.request.tuple.remote_address, settings, self.subnet.val());
                let late = clock - work.deadline;
                next_work.due = !late.get_bit(15);
                // A request that came from the queue has left a place there, and only one request is in hand.
                next_work.may_wait = !state.new || self.queue.s_in.ready.val();
                next.phase = Phase::Aim;
            }
            Phase::Aim => {
                next_work.kind = if !work.due || !work.may_wait {
                    QueryKind::Look
                } else if exhausted {
                    QueryKind::Forget
                } else {
                    QueryKind::Ask
                };
                next.phase = Phase::Query;
            }
            Phase::Query => {
                if self.m_query.ready.val() {
                    next.phase = Phase::Answer;
                }
            }
            Phase::Answer => {
                let answer = self.s_answer.bits.val();
                next_work.known = answer.known;
                next_work.request.remote_mac = answer.mac;
                if self.s_answer.valid.val() {
                    next.phase = Phase::Judge;
                }
            }
            Phase::Judge => {
                if work.due {
                    next_work.tries = work.tries + 1;
                    next_work.deadline = clock + bits::<16>(PATIENCE);
                }
                next.phase = if work.known {
                    Phase::Pass
                } else if !work.may_wait || (work.due && exhausted) {
                    Phase::Refuse
                } else {
                    Phase::Wait
                };
            }
            Phase::Pass => {
                if self.m_open.ready.val() {
                    next.phase = Phase::Choose;
                }
            }
            Phase::Refuse => {
                if self.m_refused.ready.val() {
                    next.phase = Phase::Choose;
                }
            }
            Phase::Wait => {
                if self.queue.s_in.ready.val() {
                    next.phase = Phase::Choose;
                }
            }
        }
        self.state.d.next = next;
        self.work.d.next = next_work;

        self.s_open.ready.next = take && state.new;
        self.queue.m_out.ready.next = state.leaves;
        self.queue.s_in.valid.next = state.phase == Phase::Wait;
        self.queue.s_in.bits.next = Waiting {
            tuple: work.request.tuple,
            cookie: work.request.cookie,
            lender: work.request.lender,
            tries: work.tries,
            deadline: work.deadline,
        };
        self.m_open.valid.next = state.phase == Phase::Pass;
        self.m_open.bits.next = work.request;
        self.m_query.valid.next = state.phase == Phase::Query;
        let address = mux(work.direct, work.request.tuple.remote_address, settings.gateway);
        self.m_query.bits.next = Query { kind: work.kind, address };
        self.s_answer.ready.next = state.phase == Phase::Answer;
        self.m_refused.valid.next = state.phase == Phase::Refuse;
        self.m_refused.bits.next = Notice {
            response: bits::<5>(response::COMPLETION),
            status: mux(work.may_wait, bits::<8>(status::TIMED_OUT), bits::<8>(status::NO_ROOM)),
            cookie: work.request.cookie,
            ..Notice::default()
        };
    }
}
