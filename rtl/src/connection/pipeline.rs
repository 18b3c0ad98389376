//! The connection pipeline: one event per cycle; read, load, measure, judge, decide, settle.
//!
//! # Role
//! Owns the connection table, and what is known of listeners beside it (`listening.rs`). Everything TCP is in the
//! functions of the files named in `stages.rs`; here is only the order of things. Neighbours: `arbiter.rs` before it,
//! the queues of `tcp.rs` and the scheduler behind it.
//!
//! ```text
//!  read    0 the table is read for the event that was let in
//!  load    1 the record arrives, or the one that is in stage 5, or just left it
//!  measure 2 differences, deadlines
//!  judge   3 the verdict on a segment
//!  decide  4 named actions; the record of a connection that begins
//!  settle  5 the new record: written to the table, and kept for an event right behind; commands and notices leave
//! ```
//!
//! # Ports
//! `clock`, `reset`. `row`: row to be read. `load_valid`, `load`: the event whose row was read in the last cycle.
//! `settings`: settings of the host, read by the stages; new values apply one cycle late. `now`: microseconds, read by
//! the stages. `measured`, `judged`: rows in these stages. `outcome_valid`, `outcome`: what leaves. `pulses`: for the
//! statistics. `push`, `push_slot`: who wants a turn. `again`, `again_slot`, `again_taken`, `turn_comes`: the turn of a
//! connection that sends alone leads to its next one two stages earlier. The scheduler drives `again_taken` whether or
//! not `again` is high; the early turn is granted in a cycle in which both are high.
//!
//! # Handshake
//! None: the arbiter lets an event in only when everything behind has room.
//!
//! # Latency
//! Five cycles from reading to outcome; a connection takes an event every four cycles. Never stalls.
//!
//! # Invariant
//! A record is in at most one stage from 0 to 3 (the arbiter sees to it), so what is loaded is what was settled last:
//! it comes from the table, or from the settling stage where the table does not show it yet.
use super::heads::UnderWay;
use super::listening::{lender_of, listening_of, Lender, Listener, Listening};
use super::outcome::{outcome_of, Outcome};
use super::settle::{begin, settle};
use super::stages::{decide, judge, measure, Decisions, Issued, Judgement, Measures};
use super::stock::Stock;
use crate::bundles::{ConnectionRecord, EventKind, TcpPulses, TcpSettings};
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Pipeline {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous.
    pub reset: Signal<In, bool>,
    /// Row to be read.
    pub row: Signal<In, Bits<16>>,
    /// An event's row was read in the last cycle.
    pub load_valid: Signal<In, bool>,
    /// It is this one.
    pub load: Signal<In, Issued>,
    /// Settings.
    pub settings: Signal<In, TcpSettings>,
    /// Microseconds.
    pub now: Signal<In, Bits<33>>,
    /// What is being measured, if its row will be written.
    pub measured: Signal<Out, UnderWay>,
    /// What is being judged, if its row will be written.
    pub judged: Signal<Out, UnderWay>,
    /// An event leaves.
    pub outcome_valid: Signal<Out, bool>,
    /// With these effects.
    pub outcome: Signal<Out, Outcome>,
    /// For the statistics.
    pub pulses: Signal<Out, TcpPulses>,
    /// The event that is being settled leaves its connection with something to send, and without a turn.
    pub push: Signal<Out, bool>,
    /// The connection's slot.
    pub push_slot: Signal<Out, Bits<16>>,
    /// A turn that is being judged leads to another one, which may be taken now already: nobody else has one under way.
    pub again: Signal<Out, bool>,
    /// The connection's slot.
    pub again_slot: Signal<Out, Bits<16>>,
    /// The scheduler would grant an early turn. With `again` the turn is granted: nothing is pushed for the connection
    /// later.
    pub again_taken: Signal<In, bool>,
    /// A turn is on its way to this block.
    pub turn_comes: Signal<In, bool>,
    /// The settings. All stages read them, and the register file is half a device away: from a copy of this block the
    /// way into the table is short.
    near: Flop<TcpSettings>,
    table: DualPortRam<ConnectionRecord>,
    listening: DualPortRam<Listening>,
    listened_valid: Register<bool>,
    listened_row: Flop<Bits<16>>,
    listened: Flop<Listening>,
    stock: Stock,
    lender: Flop<Lender>,
    decide_handed: Flop<bool>,
    settle_handed: Flop<bool>,
    measure_valid: Register<bool>,
    measure: Flop<Issued>,
    measure_record: Flop<ConnectionRecord>,
    judge_valid: Register<bool>,
    judge: Flop<Issued>,
    judge_record: Flop<ConnectionRecord>,
    measures: Flop<Measures>,
    decide_valid: Register<bool>,
    decide: Flop<Issued>,
    decide_record: Flop<ConnectionRecord>,
    decide_measures: Flop<Measures>,
    judgement: Flop<Judgement>,
    settle_valid: Register<bool>,
    settle: Flop<Issued>,
    settle_record: Flop<ConnectionRecord>,
    settle_measures: Flop<Measures>,
    decisions: Flop<Decisions>,
    settled: Flop<ConnectionRecord>,
    counted: Register<TcpPulses>,
}

impl Pipeline {
    /// A pipeline with a table of `connections` rows.
    pub fn new(connections: usize) -> Self {
        Self {
            // A row that is read while it is written is taken from `settled` instead.
            table: DualPortRam::new(connections).no_rw_check(),
            listening: DualPortRam::new(connections),
            stock: Stock::new(connections),
            ..Self::default()
        }
    }
}

impl Logic for Pipeline {
    #[kernel]
    fn update(&mut self) {
        setup!(self, measure_valid, judge_valid, decide_valid, settle_valid, counted, listened_valid, stock);
        clocks!(self, near, listening, listened_row, listened, lender, decide_handed, settle_handed);
        clocks!(self, table, measure, measure_record, judge, judge_record, measures);
        clocks!(self, decide, decide_record, decide_measures, judgement);
        clocks!(self, settle, settle_record, settle_measures, decisions, settled);
        self.near.d.next = self.settings.val();
        let settings = self.near.q.val();
        let now = self.now.val();

        // Read and load.
        self.table.read_address.next = self.row.val();
        let load = self.load.val();
        self.measure_valid.d.next = self.load_valid.val();
        self.measure.d.next = load;
        // What was settled in the last cycle came too late for the table's answer.
        let read = if load.settled { self.settled.q.val() } else { self.table.read_data.val() };
        // A closed record is left alone by a tick, so that is what is written.
        let kept = if load.blank { ConnectionRecord::default() } else { read };

        // Measure.
        let measured = self.measure.q.val();
        // What does not exist may share the row of something that does, and is not written back: nothing is taken over
        // from it.
        self.measured.next = UnderWay { valid: self.measure_valid.q.val() && measured.legitimate, row: measured.row };
        let record = self.measure_record.q.val();
        self.judge_valid.d.next = self.measure_valid.q.val();
        self.judge.d.next = measured;
        self.judge_record.d.next = record;
        self.measures.d.next = measure(measured, record, settings, now);
        let lender = lender_of(measured.event, record);
        self.lender.d.next = lender;
        self.listening.read_address.next = lender.slot;
        self.stock.row.next = lender.slot;

        // Judge.
        let judged = self.judge.q.val();
        self.judged.next = UnderWay { valid: self.judge_valid.q.val() && judged.legitimate, row: judged.row };
        let record = self.judge_record.q.val();
        let measures = self.measures.q.val();
        self.decide_valid.d.next = self.judge_valid.q.val();
        self.decide.d.next = judged;
        self.decide_record.d.next = record;
        self.decide_measures.d.next = measures;
        let listener = Listener {
            asked: self.lender.q.val(),
            found: self.listening.read_data.val(),
            stock: self.stock.some.val(),
        };
        let judgement = judge(judged, record, settings, measures, listener);
        self.judgement.d.next = judgement;
        let lending = judgement.lending;
        let exists = self.judge_valid.q.val() && judged.legitimate;
        self.stock.changes.next = exists && (lending.promise || lending.stocks || lending.returns);
        self.stock.down.next = judged.event.kind == EventKind::Segment || judged.event.kind == EventKind::Connect;
        self.stock.clears.next = exists && lending.clears;

        // One connection alone: its next turn need not wait until this one is settled. Where others send, too, each
        // waits for all others.
        let loading = load.event.kind == EventKind::Transmit && self.load_valid.val();
        let measuring = measured.event.kind == EventKind::Transmit && self.measure_valid.q.val();
        let deciding = self.decide.q.val().event.kind == EventKind::Transmit && self.decide_valid.q.val();
        let settling = self.settle.q.val().event.kind == EventKind::Transmit && self.settle_valid.q.val();
        let others = self.turn_comes.val() || loading || measuring || deciding || settling;
        let again = judgement.goes_on && self.judge_valid.q.val() && !others;
        self.again.next = again;
        self.again_slot.next = judged.event.slot;
        self.decide_handed.d.next = again && self.again_taken.val();

        // Decide.
        let decided = self.decide.q.val();
        let record = self.decide_record.q.val();
        let measures = self.decide_measures.q.val();
        self.settle_valid.d.next = self.decide_valid.q.val();
        self.settle.d.next = decided;
        let judgement = self.judgement.q.val();
        self.settle_handed.d.next = self.decide_handed.q.val();
        self.settle_record.d.next = begin(decided.event, record, measures, judgement);
        self.settle_measures.d.next = measures;
        self.decisions.d.next = decide(decided, record, measures, judgement);

        // Settle.
        let settled = self.settle.q.val();
        let record = self.settle_record.q.val();
        let measures = self.settle_measures.q.val();
        let decisions = self.decisions.q.val();
        let next = settle(settled, record, settings, now, measures, decisions);
        let valid = self.settle_valid.q.val();
        self.settled.d.next = next;
        self.measure_record.d.next = if load.settling { next } else { kept };
        self.table.write_enable.next = valid && (settled.legitimate || settled.erase);
        self.table.write_address.next = settled.row;
        self.table.write_data.next = next;
        // A cycle later is soon enough: the end of a listener is told to the host by a turn that comes after it.
        self.listened_valid.d.next = valid && (settled.legitimate || settled.erase);
        self.listened_row.d.next = settled.row;
        self.listened.d.next = listening_of(next);
        self.listening.write_enable.next = self.listened_valid.q.val();
        self.listening.write_address.next = self.listened_row.q.val();
        let listened = self.listened.q.val();
        self.listening.write_data.next = Listening { sized: listened.length.any(), ..listened };

        let outcome = outcome_of(settled, record, settings, measures, decisions);
        self.outcome_valid.next = valid;
        self.outcome.next = outcome;
        self.counted.d.next = if valid { outcome.pulses } else { TcpPulses::default() };
        self.pulses.next = self.counted.q.val();

        let without_turn = decisions.turning || !record.soft.queued;
        self.push.next = valid && decisions.wake && without_turn && !self.settle_handed.q.val();
        self.push_slot.next = settled.event.slot;
    }
}
