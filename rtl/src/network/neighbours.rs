//! The neighbour table: which MAC a next hop has, whether it was asked, and when.
//!
//! **Role.** `Arp` teaches it (`s_lesson`), `Resolver` queries it (`s_query`, `m_answer`); what is not known and asked for becomes a
//! question for `Arp` to broadcast (`m_question`).
//!
//! **Ports.** `clock`, `reset`. `now`: microseconds. `s_lesson`: a mapping heard on the wire. `s_query`: what the resolver wants to know. `m_answer`: one per
//! query, in order. `m_question`: an address to ask the wire for.
//!
//! **Handshake.** Lessons are always taken within a few cycles: the table never waits for anyone but the taker of `m_answer`. A query is taken only while
//! no question waits.
//!
//! **Latency.** Four cycles from query to answer, if no lesson is in the way. Not ready after reset for as many cycles as there are entries.
//!
//! **Invariant.** A mapping is learnt from an answer only while the very address is on record as asked. An entry speaks for a little more than a minute (RFC 1122
//! 2.3.2.1); a question is not repeated within 65 ms, however many requests wait for its answer (RFC 1122 2.3.2.1: no flooding).
//!
//! Direct mapped: two neighbours on one entry displace each other, which costs an ARP exchange per opening and nothing per segment.
use stevedore_hdl::prelude::*;

/// A mapping heard on the wire.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Lesson {
    /// Whose.
    pub address: Bits<32>,
    /// Its MAC.
    pub mac: Bits<48>,
    /// It answers a question; otherwise it came with a question to us.
    pub answers: bool,
}

/// What a query wants beside the answer.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum QueryKind {
    /// Nothing.
    #[default]
    Look,
    /// If unknown, ask the wire.
    Ask,
    /// If unknown, stop waiting for an answer.
    Forget,
}

/// A query.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Query {
    /// What to do.
    pub kind: QueryKind,
    /// The next hop.
    pub address: Bits<32>,
}

/// Its answer.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Answer {
    /// The MAC is known.
    pub known: bool,
    /// It.
    pub mac: Bits<48>,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Knowledge {
    #[default]
    None,
    Asked,
    Known,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Entry {
    knowledge: Knowledge,
    address: Bits<32>,
    mac: Bits<48>,
    /// Units of 65 ms (`now[31:16]`): when it was asked or learnt.
    stamp: Bits<16>,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Clear,
    Idle,
    Read,
    Judge,
    Act,
    Answer,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    cleared: Bits<16>,
    /// A lesson is in hand, not a query.
    lesson: bool,
    question: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    query: Query,
    mac: Bits<48>,
    answers: bool,
    known: bool,
    asked: bool,
    asked_lately: bool,
    /// The entry, whosesoever it is, waits for an answer.
    waited_for: bool,
    question: Bits<32>,
}

/// See the module's text.
#[derive(LogicBlock)]
pub struct Neighbours {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Microseconds.
    pub now: Signal<In, Bits<32>>,
    /// Mappings heard.
    pub s_lesson: Sink<Lesson>,
    /// Queries.
    pub s_query: Sink<Query>,
    /// Their answers.
    pub m_answer: Source<Answer>,
    /// Addresses to ask the wire for.
    pub m_question: Source<Bits<32>>,
    state: Register<State>,
    work: Flop<Work>,
    table: DualPortRam<Entry>,
    _entries: usize,
}

impl Neighbours {
    /// A table of `entries`, a power of two.
    pub fn new(entries: usize) -> Self {
        assert!(entries.is_power_of_two() && entries <= 1 << 15);
        Self {
            clock: Default::default(),
            reset: Default::default(),
            now: Default::default(),
            s_lesson: Default::default(),
            s_query: Default::default(),
            m_answer: Default::default(),
            m_question: Default::default(),
            state: Default::default(),
            work: Default::default(),
            // Read in `Read` only, written in `Clear` and `Act` only.
            table: DualPortRam::new(entries).no_rw_check(),
            _entries: entries,
        }
    }
}

impl Logic for Neighbours {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, work, table);
        let s = self.state.q.val();
        let mut n = s;
        let w = self.work.q.val();
        let mut m = w;
        let lesson = self.s_lesson.bits.val();
        let query = self.s_query.bits.val();
        let stamp = self.now.val().get_bits::<16>(16);
        // The memory shows the entry from `Judge` on: nothing changes its address before `Idle`.
        let entry = self.table.read_data.val();
        let age = stamp - entry.stamp;
        let answered = s.phase == Phase::Answer && self.m_answer.ready.val();
        let ask = !s.lesson && !w.known && w.query.kind == QueryKind::Ask && !w.asked_lately;
        let forget = !s.lesson && w.asked && w.query.kind == QueryKind::Forget;
        // A question that waits for its answer is not displaced by a mapping nobody asked for.
        let learn = s.lesson && mux(w.answers, w.asked, w.asked || !w.waited_for);
        if self.m_question.ready.val() {
            n.question = false;
        }
        let take_query = s.phase == Phase::Idle && !self.s_lesson.valid.val() && !s.question;
        match s.phase {
            Phase::Clear => {
                n.cleared = (s.cleared + 1) & bits::<16>(self._entries as u64 - 1);
                if s.cleared == bits::<16>(self._entries as u64 - 1) {
                    n.phase = Phase::Idle;
                }
            }
            Phase::Idle => {
                n.lesson = self.s_lesson.valid.val();
                m.query = query;
                if n.lesson {
                    m.query.address = lesson.address;
                }
                m.mac = lesson.mac;
                m.answers = lesson.answers;
                if n.lesson || (take_query && self.s_query.valid.val()) {
                    n.phase = Phase::Read;
                }
            }
            Phase::Read => n.phase = Phase::Judge,
            Phase::Judge => {
                let same = entry.address == w.query.address;
                m.known = same && entry.knowledge == Knowledge::Known && !age.get_bits::<6>(10).any();
                m.asked = same && entry.knowledge == Knowledge::Asked;
                m.waited_for = entry.knowledge == Knowledge::Asked;
                m.asked_lately = m.asked && !age.get_bits::<15>(1).any();
                n.phase = Phase::Act;
            }
            Phase::Act => {
                if ask {
                    n.question = true;
                    m.question = w.query.address;
                }
                n.phase = if s.lesson { Phase::Idle } else { Phase::Answer };
            }
            Phase::Answer => {
                if answered {
                    n.phase = Phase::Idle;
                }
            }
        }
        self.state.d.next = n;
        self.work.d.next = m;

        let clear = s.phase == Phase::Clear;
        let index = resize::<16, 32>(w.query.address ^ (w.query.address >> 8));
        self.table.read_address.next = index;
        self.table.write_address.next = mux(clear, s.cleared, index);
        self.table.write_enable.next = clear || (s.phase == Phase::Act && (ask || forget || learn));
        let written = Entry {
            knowledge: if learn {
                Knowledge::Known
            } else if ask {
                Knowledge::Asked
            } else {
                Knowledge::None
            },
            address: w.query.address,
            mac: w.mac,
            stamp,
        };
        self.table.write_data.next = mux(clear, Entry::default(), written);
        self.s_lesson.ready.next = s.phase == Phase::Idle;
        self.s_query.ready.next = take_query;
        self.m_answer.valid.next = s.phase == Phase::Answer;
        self.m_answer.bits.next = Answer { known: w.known, mac: entry.mac };
        self.m_question.valid.next = s.question;
        self.m_question.bits.next = w.question;
    }
}
