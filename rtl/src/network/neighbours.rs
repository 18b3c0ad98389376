//! The neighbour table: which MAC a next hop has, whether it was asked, and when.
//!
//! # Role
//! `Arp` teaches the table (`s_lesson`), `Resolver` queries it (`s_query`, `m_answer`), `Moves` doubts it
//! (`s_suspect`). What has to be asked becomes a question for `Arp` to broadcast (`m_question`); the answer to a doubt
//! goes to `Moves` (`m_moved`).
//!
//! # Ports
//! `clock`, `reset`. `now`: microseconds. `s_lesson`: a mapping heard on the wire. `s_query`: what the resolver wants
//! to know. `m_answer`: one per query, in order. `s_suspect`: a next hop that seems to have another MAC. `m_question`:
//! an address to ask the wire for. `m_moved`: the MAC of a doubted next hop.
//!
//! # Handshake
//! Lessons and doubts are always taken within a few cycles: the table waits only for the takers of `m_answer` and
//! `m_moved`. A query is taken only while no question waits; a doubt that may not be asked now is dropped, for it will
//! be raised again.
//!
//! # Latency
//! Four cycles from query to answer, if nothing else is in the way. Not ready after reset for as many cycles as there
//! are entries.
//!
//! # Invariant
//! A known MAC is replaced only by the answer to a question: what merely claims another MAC makes the table ask, and
//! until the answer the old MAC holds (decision 006). An entry speaks for a little more than a minute (RFC 1122
//! 2.3.2.1); a question is not repeated within 65 ms, after a doubt within a second, and doubts together ask at most
//! once in 65 ms, however many requests wait or frames claim (RFC 1122 2.3.2.1: no flooding).
//!
//! # Clock
//! Stamps have 16 bits and wrap after 4,295 s. Every millisecond the next entry is looked at and what has run out is
//! struck off, which comes round long before a stamp could be taken for a younger one.
//!
//! Direct mapped: two neighbours on one entry displace each other, which costs an ARP exchange per opening and nothing
//! per segment.
use stevedore_hdl::prelude::*;

/// How a mapping was heard.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum LessonKind {
    /// In an answer to the engine.
    #[default]
    Answer,
    /// In a question to the engine: the sender is about to talk to it.
    Question,
    /// In any other ARP packet.
    Claim,
}

/// A mapping heard on the wire.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Lesson {
    /// Whose.
    pub address: Bits<32>,
    /// The MAC it is said to have.
    pub mac: Bits<48>,
    /// How it was heard.
    pub kind: LessonKind,
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
    /// The MAC, if known.
    pub mac: Bits<48>,
}

/// The MAC of a next hop that was doubted and has answered.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Moved {
    /// The next hop.
    pub address: Bits<32>,
    /// Its MAC, new or not.
    pub mac: Bits<48>,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Entry {
    /// `mac` is believed.
    known: bool,
    /// An answer is waited for.
    asked: bool,
    /// The question was asked because of a doubt.
    suspected: bool,
    address: Bits<32>,
    mac: Bits<48>,
    /// When `mac` was learnt, in units of 65 ms (`now[31:16]`).
    learnt: Bits<16>,
    /// When the question was asked, likewise.
    asked_at: Bits<16>,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    Read,
    Judge,
    Act,
    Answer,
    Tell,
}

/// What is being done with an entry.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Task {
    #[default]
    Query,
    Lesson,
    Suspect,
    /// Strike off what has run out.
    Age,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    task: Task,
    /// The entry aged next.
    place: Bits<16>,
    /// `now[10]` a cycle ago, and an entry is to be aged.
    millisecond: bool,
    age: bool,
    /// `now[16]` a cycle ago, and a doubt has asked since it changed.
    tick: bool,
    spent: bool,
    question: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    index: Bits<16>,
    query: Query,
    /// The MAC heard; of a query, the one in the entry.
    mac: Bits<48>,
    kind: LessonKind,
    /// The entry is that of the address.
    same: bool,
    known: bool,
    asked: bool,
    asked_lately: bool,
    asked_within_a_second: bool,
    suspected: bool,
    /// The MAC in the entry is not the one heard.
    differs: bool,
    /// The entry, whosesoever it is, waits for an answer.
    waited_for: bool,
    /// What its times allow to stay of the entry.
    still_known: bool,
    still_asked: bool,
    question: Bits<32>,
}

/// What `Act` decided, a cycle later: the decision and the memory are each far from the other.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Write {
    index: Bits<16>,
    entry: Entry,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
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
    /// Next hops that seem to have another MAC.
    pub s_suspect: Sink<Bits<32>>,
    /// Addresses to ask the wire for.
    pub m_question: Source<Bits<32>>,
    /// Answers to doubts.
    pub m_moved: Source<Moved>,
    state: Register<State>,
    work: Flop<Work>,
    table: ClearedRam<Entry>,
    change: Register<bool>,
    write: Flop<Write>,
    _entries: usize,
}

impl Neighbours {
    /// A table of `entries`, a power of two.
    pub fn new(entries: usize) -> Self {
        assert!(entries.is_power_of_two() && (2..=1 << 15).contains(&entries), "a table of {entries} neighbours");
        Self {
            // Read in `Read`, written in the cycle after `Act`, which is `Idle` at the earliest.
            table: ClearedRam::new(entries).no_rw_check(),
            _entries: entries,
            ..Self::default()
        }
    }
}

impl Logic for Neighbours {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, table, change);
        clocks!(self, work, write);
        let state = self.state.q.val();
        let mut next = state;
        let work = self.work.q.val();
        let mut next_work = work;
        let lesson = self.s_lesson.bits.val();
        let query = self.s_query.bits.val();
        let now = self.now.val();
        let stamp = now.get_bits::<16>(16);
        // The memory shows the entry from `Judge` on: nothing changes its address before `Idle`.
        let entry = self.table.read_data.val();
        let age = stamp - entry.learnt;
        let waits = stamp - entry.asked_at;
        let heard = state.task == Task::Lesson;
        let answers = heard && work.kind == LessonKind::Answer;
        let asks_us = heard && work.kind == LessonKind::Question;

        let wanted = state.task == Task::Query && work.query.kind == QueryKind::Ask;
        let ask = wanted && !work.known && !work.asked_lately;
        let given_up = state.task == Task::Query && work.query.kind == QueryKind::Forget;
        let forget = given_up && work.asked && !work.known && !work.suspected;
        // A question that waits for its answer is not displaced by a mapping nobody asked for.
        let news = mux(work.same, mux(work.known, !work.differs, !work.suspected), !work.waited_for);
        let learn = (answers && work.asked) || (asks_us && news);
        let contradicts = heard && !learn && work.known && work.differs;
        let suspects = state.task == Task::Suspect && (work.same || !work.waited_for);
        let may_doubt = !state.question && !state.spent && !work.asked_within_a_second;
        let doubt = (contradicts || suspects) && may_doubt;
        let strike = state.task == Task::Age && (entry.known != work.still_known || entry.asked != work.still_asked);

        if self.m_question.ready.val() {
            next.question = false;
        }
        next.millisecond = now.get_bit(10);
        if now.get_bit(10) != state.millisecond {
            next.age = true;
        }
        next.tick = now.get_bit(16);
        if now.get_bit(16) != state.tick {
            next.spent = false;
        }
        let last_place = state.place == bits::<16>(self._entries as u64 - 1);
        let following_place = mux(last_place, bits::<16>(0), state.place + 1);
        // Ageing and what waits take turns.
        let query_waits = self.s_query.valid.val() && !state.question;
        let yields = state.task == Task::Age && (self.s_lesson.valid.val() || query_waits);
        let free = state.phase == Phase::Idle && self.table.ready.val();
        let ages = free && state.age && !yields;
        let idle = free && !ages;
        let take_lesson = idle && self.s_lesson.valid.val();
        let take_query = idle && !self.s_lesson.valid.val() && query_waits;
        let take_suspect = idle && !self.s_lesson.valid.val() && !query_waits;
        match state.phase {
            Phase::Idle => {
                let address = if take_lesson {
                    lesson.address
                } else if take_query {
                    query.address
                } else {
                    self.s_suspect.bits.val()
                };
                next_work.query = Query { kind: query.kind, address };
                next_work.mac = lesson.mac;
                next_work.kind = lesson.kind;
                next_work.index = mux(ages, state.place, resize::<16, 32>(address ^ (address >> 8)));
                if ages {
                    next.age = now.get_bit(10) != state.millisecond;
                }
                next.task = if ages {
                    Task::Age
                } else if take_lesson {
                    Task::Lesson
                } else if take_query {
                    Task::Query
                } else {
                    Task::Suspect
                };
                if ages || take_lesson || take_query || (take_suspect && self.s_suspect.valid.val()) {
                    next.phase = Phase::Read;
                }
            }
            Phase::Read => {
                if state.task == Task::Age {
                    next.place = following_place;
                }
                next.phase = Phase::Judge;
            }
            Phase::Judge => {
                let same = entry.address == work.query.address;
                // 1024 units are 67 s, 32 units 2.1 s, 16 units 1.05 s.
                next_work.still_known = entry.known && !age.get_bits::<6>(10).any();
                next_work.still_asked = entry.asked && !waits.get_bits::<11>(5).any();
                next_work.same = same;
                next_work.known = same && next_work.still_known;
                next_work.asked = same && next_work.still_asked;
                next_work.waited_for = next_work.still_asked;
                next_work.asked_lately = next_work.asked && !waits.get_bits::<15>(1).any();
                next_work.asked_within_a_second = next_work.asked && !waits.get_bits::<12>(4).any();
                next_work.suspected = next_work.asked && entry.suspected;
                next_work.differs = entry.mac != work.mac;
                if state.task == Task::Query {
                    next_work.mac = entry.mac;
                }
                next.phase = Phase::Act;
            }
            Phase::Act => {
                if ask || doubt {
                    next.question = true;
                    next_work.question = work.query.address;
                }
                if doubt {
                    next.spent = true;
                }
                next.phase = if state.task == Task::Query {
                    Phase::Answer
                } else if answers && work.suspected {
                    Phase::Tell
                } else {
                    Phase::Idle
                };
            }
            Phase::Answer => {
                if self.m_answer.ready.val() {
                    next.phase = Phase::Idle;
                }
            }
            Phase::Tell => {
                if self.m_moved.ready.val() {
                    next.phase = Phase::Idle;
                }
            }
        }
        self.state.d.next = next;
        self.work.d.next = next_work;

        // A question to the engine confirms what is known, and leaves a doubt as it is.
        let confirm = asks_us && work.known;
        let written = Entry {
            known: learn || (doubt && work.known) || (strike && work.still_known),
            asked: ask || doubt || (confirm && work.asked) || (strike && work.still_asked),
            suspected: doubt || ((ask || confirm) && work.suspected) || (strike && work.still_asked && entry.suspected),
            address: mux(strike, entry.address, work.query.address),
            mac: mux(learn, work.mac, entry.mac),
            learnt: mux(learn, stamp, entry.learnt),
            asked_at: mux(ask || doubt, stamp, entry.asked_at),
        };
        let change = ask || forget || learn || doubt || strike;
        self.change.d.next = state.phase == Phase::Act && change;
        self.write.d.next = Write { index: work.index, entry: written };
        let write = self.write.q.val();
        self.table.read_address.next = work.index;
        self.table.write_address.next = write.index;
        self.table.write_enable.next = self.change.q.val();
        self.table.write_data.next = write.entry;
        self.s_lesson.ready.next = idle;
        self.s_query.ready.next = idle && !self.s_lesson.valid.val() && !state.question;
        self.s_suspect.ready.next = take_suspect;
        self.m_answer.valid.next = state.phase == Phase::Answer;
        self.m_answer.bits.next = Answer { known: work.known, mac: work.mac };
        self.m_question.valid.next = state.question;
        self.m_question.bits.next = work.question;
        self.m_moved.valid.next = state.phase == Phase::Tell;
        self.m_moved.bits.next = Moved { address: work.query.address, mac: work.mac };
    }
}
