//! Finds the next hop's MAC for the host's connect requests.
//!
//! **Role.** Between the dispatcher (`s_open`) and `connection::Lookup` (`m_open`). Requests whose next hop is unknown circulate in a queue,
//! each passing the neighbour table again and again until it answers or three questions went unheard.
//!
//! **Ports.** `clock`, `reset`. `settings`, `subnet`: own network. `now`: microseconds. `s_open`: requests, `remote_mac` undefined. `m_open`: the same, resolved; listens as they are.
//! `m_refused`: given up. `m_query`, `s_answer`: the neighbour table.
//!
//! **Handshake.** New requests and waiting ones take turns. While the queue is full no new one is taken. What the channels are told comes from registers.
//!
//! **Latency.** A listen: two cycles. A connect to a known neighbour: 10 cycles.
//!
//! **Invariant.** Each request leaves once, on `m_open` or on `m_refused`. Waiting requests never block resolved ones.
use super::addresses::{behind_gateway, Subnet};
use super::neighbours::{Answer, Query, QueryKind};
use crate::bundles::codes::{response, status};
use crate::bundles::*;
use stevedore_hdl::prelude::*;

/// Questions per request.
const TRIES: u64 = 3;
/// Time between them, in units of 1024 microseconds: a second and what rounding may take off.
const PATIENCE: u64 = 978;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Waiting {
    tuple: Tuple,
    cookie: Bits<32>,
    tries: Bits<2>,
    /// In units of 1024 microseconds.
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
    /// `Take`: it leaves the queue.
    leaves: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    request: OpenRequest,
    tries: Bits<2>,
    deadline: Bits<16>,
    direct: bool,
    due: bool,
    kind: QueryKind,
    known: bool,
}

/// See the module's text.
#[derive(LogicBlock)]
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
        Self {
            clock: Default::default(),
            reset: Default::default(),
            settings: Default::default(),
            subnet: Default::default(),
            now: Default::default(),
            s_open: Default::default(),
            m_open: Default::default(),
            m_refused: Default::default(),
            m_query: Default::default(),
            s_answer: Default::default(),
            state: Default::default(),
            work: Default::default(),
            queue: Fifo::new(waiting),
        }
    }
}

impl Logic for Resolver {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, queue);
        clocks!(self, work);
        let s = self.state.q.val();
        let mut n = s;
        n.leaves = false;
        let w = self.work.q.val();
        let mut m = w;
        let settings = self.settings.val();
        let old = self.queue.m_out.bits.val();
        let take = s.phase == Phase::Take;
        let now = self.now.val().get_bits::<16>(10);
        // The queue gives up a place before the one taken from it needs it again, so only new requests are held back.
        let may_take_new = self.s_open.valid.val() && self.queue.s_in.ready.val();
        let take_new = may_take_new && !(s.new && self.queue.m_out.valid.val());
        let take_old = self.queue.m_out.valid.val() && !take_new;
        let exhausted = w.tries == bits::<2>(TRIES);
        match s.phase {
            Phase::Choose => {
                if take_new || take_old {
                    n.new = take_new;
                    n.leaves = take_old;
                    n.phase = Phase::Take;
                }
            }
            Phase::Take => {
                // What was offered stays.
                let open = self.s_open.bits.val();
                let waiting =
                    OpenRequest { listen: false, tuple: old.tuple, remote_mac: bits::<48>(0), cookie: old.cookie };
                m.request = mux(s.new, open, waiting);
                m.tries = mux(s.new, bits::<2>(0), old.tries);
                m.deadline = mux(s.new, now, old.deadline);
                n.phase = if s.new && open.listen { Phase::Pass } else { Phase::Route };
            }
            Phase::Route => {
                m.direct = !behind_gateway(w.request.tuple.remote_address, settings, self.subnet.val());
                let late = now - w.deadline;
                m.due = !late.get_bit(15);
                n.phase = Phase::Aim;
            }
            Phase::Aim => {
                m.kind = if !w.due {
                    QueryKind::Look
                } else if exhausted {
                    QueryKind::Forget
                } else {
                    QueryKind::Ask
                };
                n.phase = Phase::Query;
            }
            Phase::Query => {
                if self.m_query.ready.val() {
                    n.phase = Phase::Answer;
                }
            }
            Phase::Answer => {
                let answer = self.s_answer.bits.val();
                m.known = answer.known;
                m.request.remote_mac = answer.mac;
                if self.s_answer.valid.val() {
                    n.phase = Phase::Judge;
                }
            }
            Phase::Judge => {
                if w.due {
                    m.tries = w.tries + 1;
                    m.deadline = now + bits::<16>(PATIENCE);
                }
                n.phase = if w.known {
                    Phase::Pass
                } else if w.due && exhausted {
                    Phase::Refuse
                } else {
                    Phase::Wait
                };
            }
            Phase::Pass => {
                if self.m_open.ready.val() {
                    n.phase = Phase::Choose;
                }
            }
            Phase::Refuse => {
                if self.m_refused.ready.val() {
                    n.phase = Phase::Choose;
                }
            }
            Phase::Wait => {
                if self.queue.s_in.ready.val() {
                    n.phase = Phase::Choose;
                }
            }
        }
        self.state.d.next = n;
        self.work.d.next = m;

        self.s_open.ready.next = take && s.new;
        self.queue.m_out.ready.next = s.leaves;
        self.queue.s_in.valid.next = s.phase == Phase::Wait;
        self.queue.s_in.bits.next =
            Waiting { tuple: w.request.tuple, cookie: w.request.cookie, tries: w.tries, deadline: w.deadline };
        self.m_open.valid.next = s.phase == Phase::Pass;
        self.m_open.bits.next = w.request;
        self.m_query.valid.next = s.phase == Phase::Query;
        let address = mux(w.direct, w.request.tuple.remote_address, settings.gateway);
        self.m_query.bits.next = Query { kind: w.kind, address };
        self.s_answer.ready.next = s.phase == Phase::Answer;
        self.m_refused.valid.next = s.phase == Phase::Refuse;
        self.m_refused.bits.next = Notice {
            response: bits::<5>(response::COMPLETION),
            status: bits::<8>(status::TIMED_OUT),
            cookie: w.request.cookie,
            ..Notice::default()
        };
    }
}
