//! Judge: looks at every answer of the host, and says what becomes of its bytes.
//!
//! # Role
//! Compares a completion with the read it answers. Good ones pass with the engine's tag, all others are dropped; a read
//! that failed, for whatever reason, is answered once with an error. Errors take the same way as answers, behind all
//! answers that were found good before.
//!
//! # Ports
//! - `s_header`: `CompletionHeader`: completions; their rows wait in front of `Unpacker`.
//! - `issued`, `issued_tag`, `entry`: the reads, from `ReadIssue`.
//! - `waiting`, `late`, `owed`, `over`: from `TagStates`. `judged`, `settled`, `settled_tag`: to it.
//! - `returned`, `returned_cost`: a read is over, for `ReadIssue`.
//! - `m_verdict`: `Verdict`: what `Unpacker` does next.
//! - `poisoned`, `wrong`, `unexpected`: pulses for the statistics.
//!
//! # Handshake
//! `s_header.ready` follows registers only.
//!
//! # Latency
//! A verdict two cycles after its header. One header or one error every second cycle, in turns if both wait.
//!
//! # Invariant
//! After the error of a read, nothing of that read passes: its tag was not `waiting` any more when the error was found.
use super::read_issue::Entry;
use super::tag_states::Judged;
use super::tlp::{CompletionHeader, COMPLETION_BOUNDARY, TAGS};
use stevedore_hdl::prelude::*;

/// Verdicts that wait for the rows before them.
const VERDICTS: usize = 16;

/// What becomes of a packet's rows.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// They are given to the engine.
    #[default]
    Pass,
    /// They are thrown away.
    Drop,
    /// There are none: the engine is told that the read failed.
    Fail,
}

/// What to do next.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Verdict {
    /// With the rows.
    pub fate: Fate,
    /// The engine's tag.
    pub tag: Bits<8>,
    /// First dword, in the page.
    pub address: Bits<10>,
    /// Dwords.
    pub dwords: Bits<11>,
    /// The read ends with them.
    pub last: bool,
}

/// What is left of a read.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Progress {
    address: Bits<10>,
    dwords: Bits<11>,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// A header is looked at, or what a tag owes; the memories show its tag.
    looking: bool,
    settling: bool,
    tag: Bits<5>,
    /// Nothing of the read has come.
    fresh: Bits<32>,
}

/// Compares answers with reads; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Judge {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Completions.
    pub s_header: Sink<CompletionHeader>,
    /// A read leaves.
    pub issued: Signal<In, bool>,
    /// With `issued`: its tag.
    pub issued_tag: Signal<In, Bits<5>>,
    /// With `issued`: what is kept of it.
    pub entry: Signal<In, Entry>,
    /// Tags whose answers are expected.
    pub waiting: Signal<In, Bits<32>>,
    /// Tags whose answers are dropped.
    pub late: Signal<In, Bits<32>>,
    /// Tags that owe an error.
    pub owed: Signal<In, Bits<32>>,
    /// Tags to which no answer comes any more.
    pub over: Signal<In, Bits<32>>,
    /// What the answer means for its tag.
    pub judged: Signal<Out, Judged>,
    /// What a tag owed was given.
    pub settled: Signal<Out, bool>,
    /// With `settled`: the tag.
    pub settled_tag: Signal<Out, Bits<5>>,
    /// A read is over.
    pub returned: Signal<Out, bool>,
    /// With `returned`: the completions set aside for it.
    pub returned_cost: Signal<Out, Bits<7>>,
    /// What becomes of rows.
    pub m_verdict: Source<Verdict>,
    /// A damaged answer came.
    pub poisoned: Signal<Out, bool>,
    /// A refusal came, or an answer that does not fit.
    pub wrong: Signal<Out, bool>,
    /// An answer came that nobody waits for.
    pub unexpected: Signal<Out, bool>,
    state: Register<State>,
    header: PingPong<CompletionHeader>,
    entries: DualPortRam<Entry>,
    progress: DualPortRam<Progress>,
    verdicts: Fifo<Verdict>,
}

impl Judge {
    /// A judge.
    pub fn new() -> Self {
        Self {
            header: PingPong::single(),
            // A read is looked up two cycles after it left, at the earliest; progress is written a cycle before it is
            // read.
            entries: DualPortRam::new(TAGS).no_rw_check(),
            progress: DualPortRam::new(TAGS).no_rw_check(),
            verdicts: Fifo::new(VERDICTS),
            ..Self::default()
        }
    }
}

/// The lowest one of `tags`.
#[kernel_fn]
fn lowest(tags: Bits<32>) -> Bits<5> {
    let mut found = bits::<5>(0);
    for back in 0..TAGS {
        let tag = TAGS - 1 - back;
        found = mux(tags.get_bit(tag), bits::<5>(tag as u64), found);
    }
    found
}

impl Logic for Judge {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, header, verdicts);
        clocks!(self, entries, progress);
        forward!(self.s_header => self.header.s_in);
        forward!(self.verdicts.m_out => self.m_verdict);
        let state = self.state.q.val();
        let mut next = state;
        let header = self.header.m_out.bits.val();
        let comes = self.header.m_out.valid.val();
        let debts = self.owed.val() | self.over.val();
        let busy = state.looking || state.settling;
        let room = self.verdicts.s_in.ready.val();

        // First cycle: the tag is looked up. Debts wait while a header does, but for the cycle behind a header.
        let settles = !busy && room && debts.any() && !comes;
        let looks = !busy && room && comes;
        let tag = mux(settles, lowest(debts), bit_cast::<5, 8>(header.tag));
        next.looking = looks;
        next.settling = settles;
        next.tag = mux(busy, state.tag, tag);
        self.entries.read_address.next = bit_cast::<16, 5>(next.tag);
        self.progress.read_address.next = bit_cast::<16, 5>(next.tag);

        // Second cycle: the answer is compared with what is left of the read.
        let entry = self.entries.read_data.val();
        let at = state.tag.index();
        let whole = Progress { address: entry.address, dwords: entry.dwords };
        let left = mux(state.fresh.get_bit(at), whole, self.progress.read_data.val());
        let known = header.tag < TAGS as u64;
        let expected = known && self.waiting.val().get_bit(at);
        let late = known && self.late.val().get_bit(at);
        let all = header.dwords == left.dwords;
        let onward = left.address + bit_cast::<10, 11>(header.dwords);
        let between = (onward & (COMPLETION_BOUNDARY as u64 / 4 - 1)).any();
        let misplaced = bit_cast::<5, 7>(header.address >> 2) != bit_cast::<5, 10>(left.address);
        let misfit = !header.dwords.any() || header.dwords > left.dwords || header.completed != all || misplaced;
        let refused = header.status.any();
        let bad = refused || header.poisoned || header.failed || misfit || (!all && between);
        let ends = header.completed || refused;
        let good = expected && !bad;
        self.header.m_out.ready.next = state.looking;
        self.judged.next =
            Judged { valid: state.looking && (expected || late), tag: state.tag, fails: expected && bad, ends };
        self.poisoned.next = state.looking && expected && header.poisoned;
        self.wrong.next = state.looking && expected && bad && !header.poisoned;
        self.unexpected.next = state.looking && !expected;
        self.progress.write_enable.next = state.looking && good;
        self.progress.write_address.next = bit_cast::<16, 5>(state.tag);
        self.progress.write_data.next = Progress { address: onward, dwords: left.dwords - header.dwords };
        if state.looking && good {
            next.fresh = next.fresh.replace_bit(at, false);
        }

        // Or an error is given, and a tag that is over is free again.
        let owes = self.owed.val().get_bit(at);
        self.settled.next = state.settling;
        self.settled_tag.next = state.tag;
        self.returned.next = state.settling && self.over.val().get_bit(at);
        self.returned_cost.next = entry.cost;

        let fate = if state.settling {
            Fate::Fail
        } else if good {
            Fate::Pass
        } else {
            Fate::Drop
        };
        self.verdicts.s_in.valid.next = (state.looking && (good || header.dwords.any())) || (state.settling && owes);
        self.verdicts.s_in.bits.next = Verdict {
            fate,
            tag: entry.tag,
            address: left.address,
            dwords: header.dwords,
            last: state.settling || header.completed,
        };

        self.entries.write_enable.next = self.issued.val();
        self.entries.write_address.next = bit_cast::<16, 5>(self.issued_tag.val());
        self.entries.write_data.next = self.entry.val();
        if self.issued.val() {
            next.fresh = next.fresh.replace_bit(self.issued_tag.val().index(), true);
        }
        self.state.d.next = next;
    }
}
