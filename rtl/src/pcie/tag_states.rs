//! Tag states: what every tag of the bus is waiting for, and since when.
//!
//! # Role
//! Says to `ReadIssue` which tags are free, to `Judge` which answers are expected, and measures the time.
//!
//! ```text
//! free --issued--> waiting --answered, or given up by the carrier--> over --settled--> free
//!                     \--time is up, or the answer is wrong--> late --last answer, or time is up--^
//! ```
//! A tag that owes the engine an error is `owed` as well, until that is settled.
//!
//! # Ports
//! - `issued`, `issued_tag`: a read leaves; with `thrown` it does not reach the bus, and is over with an error.
//! - `judged`: an answer has been looked at.
//! - `settled`, `settled_tag`: what the tag owed was given, and it is free again if it is over.
//! - `waiting`, `late`, `owed`, `over`, `busy`: the tags, a bit each. `busy` is all that are not free.
//! - `running`: time passes. `timed_out`: a read's time is up.
//!
//! # Handshake
//! None: all inputs are pulses, for different tags or in the order drawn above.
//!
//! # Latency
//! One cycle. The time of a read is up one to two periods after it left, that of a late tag again after one to two.
//!
//! # Invariant
//! A tag is free only when no answer to its last read can come, or two times its time has passed: a late answer is
//! never taken for that of another read.
use super::tlp::TAGS;
use stevedore_hdl::prelude::*;

/// What an answer means for its tag.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Judged {
    /// There is one.
    pub valid: bool,
    /// Its tag.
    pub tag: Bits<5>,
    /// The read failed with it.
    pub fails: bool,
    /// No further answer comes.
    pub ends: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    waiting: Bits<32>,
    late: Bits<32>,
    owed: Bits<32>,
    over: Bits<32>,
    /// Waiting or late since the last period began, or longer.
    old: Bits<32>,
    time: Bits<32>,
    scanning: bool,
    scan: Bits<5>,
    timed_out: bool,
}

/// Keeps the tags; see the module's text.
#[derive(LogicBlock, Default)]
pub struct TagStates {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// A read leaves.
    pub issued: Signal<In, bool>,
    /// With `issued`: its tag.
    pub issued_tag: Signal<In, Bits<5>>,
    /// With `issued`: it does not reach the bus.
    pub thrown: Signal<In, bool>,
    /// An answer was looked at.
    pub judged: Signal<In, Judged>,
    /// What a tag owed was given.
    pub settled: Signal<In, bool>,
    /// With `settled`: the tag.
    pub settled_tag: Signal<In, Bits<5>>,
    /// Time passes.
    pub running: Signal<In, bool>,
    /// Answers are expected.
    pub waiting: Signal<Out, Bits<32>>,
    /// Answers may come and are dropped.
    pub late: Signal<Out, Bits<32>>,
    /// The engine is owed an error.
    pub owed: Signal<Out, Bits<32>>,
    /// No answer comes.
    pub over: Signal<Out, Bits<32>>,
    /// Not free.
    pub busy: Signal<Out, Bits<32>>,
    /// A read's time is up.
    pub timed_out: Signal<Out, bool>,
    state: Register<State>,
    _period: u64,
}

impl TagStates {
    /// Tags whose time is up after one to two times `period` cycles.
    pub fn new(period: u64) -> Self {
        assert!(period > TAGS as u64 && period < 1 << 32, "a period of {period} cycles");
        Self { _period: period, ..Self::default() }
    }
}

impl Logic for TagStates {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;

        // Once in a period every tag is looked at, one in a cycle. An answer to it just now comes first.
        let up = state.time == self._period - 1;
        if self.running.val() {
            next.time = if up { bits::<32>(0) } else { state.time + 1 };
        }
        if up {
            next.scanning = true;
        } else if state.scan == TAGS as u64 - 1 {
            next.scanning = false;
        }
        next.scan = if state.scanning { state.scan + 1 } else { bits::<5>(0) };
        let judged = self.judged.val();
        let looks = state.scanning && !(judged.valid && judged.tag == state.scan);
        let at = state.scan.index();
        let old = state.old.get_bit(at);
        let expires = looks && state.waiting.get_bit(at) && old;
        let forgets = looks && state.late.get_bit(at) && old;
        next.timed_out = expires;
        if looks {
            let stays = (state.waiting.get_bit(at) || state.late.get_bit(at)) && !old;
            next.old = next.old.replace_bit(at, stays);
        }
        if expires {
            next.waiting = next.waiting.replace_bit(at, false);
            next.late = next.late.replace_bit(at, true);
            next.owed = next.owed.replace_bit(at, true);
        }
        if forgets {
            next.late = next.late.replace_bit(at, false);
            next.over = next.over.replace_bit(at, true);
        }

        let at = judged.tag.index();
        if judged.valid && (judged.fails || judged.ends) {
            next.waiting = next.waiting.replace_bit(at, false);
            next.late = next.late.replace_bit(at, !judged.ends);
            next.over = next.over.replace_bit(at, judged.ends);
            next.old = next.old.replace_bit(at, false);
            next.owed = next.owed.replace_bit(at, judged.fails || state.owed.get_bit(at));
        }

        let at = self.settled_tag.val().index();
        if self.settled.val() {
            next.owed = next.owed.replace_bit(at, false);
            next.over = next.over.replace_bit(at, next.over.get_bit(at) && !state.over.get_bit(at));
        }

        let at = self.issued_tag.val().index();
        if self.issued.val() {
            let thrown = self.thrown.val();
            next.waiting = next.waiting.replace_bit(at, !thrown);
            next.owed = next.owed.replace_bit(at, thrown);
            next.over = next.over.replace_bit(at, thrown);
            next.old = next.old.replace_bit(at, false);
        }
        self.waiting.next = state.waiting;
        self.late.next = state.late;
        self.owed.next = state.owed;
        self.over.next = state.over;
        self.busy.next = state.waiting | state.late | state.owed | state.over;
        self.timed_out.next = state.timed_out;
        self.state.d.next = next;
    }
}
