//! The rules by themselves: the functions the pipeline is made of, walked at random in plain Rust, where the record can
//! be seen.
//!
//! Safety: the numbers stay in order. Liveness: whatever is owed has a turn or a timer to bring it about.
use super::rig::test_settings;
use super::script::{Conn, ENGINE, PEER};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::connection::listening::{lender_of, Listener, Listening};
use stevedore_rtl::connection::outcome::{outcome_of, Outcome};
use stevedore_rtl::connection::settle::{begin, settle};
use stevedore_rtl::connection::stages::{decide, judge, measure, Issued};

/// Generation of the listener.
const LISTENER: u64 = 77;
/// Length of its buffers: more than a window can tell.
const LENT: u64 = 70_000;

/// One connection.
struct Walk {
    record: ConnectionRecord,
    /// Microseconds, 33 bits.
    now: u64,
    generation: u16,
    /// The listener still listens.
    listener: bool,
    /// It has a buffer to promise.
    stock: bool,
    /// A time-out sent the segment at SND.UNA again.
    resent: bool,
    random: u64,
    log: Vec<String>,
}

fn number(bits: Bits<32>) -> u32 {
    bits.index() as u32
}

/// a <= b modulo 2^32.
fn ordered(a: Bits<32>, b: Bits<32>) -> bool {
    number(b).wrapping_sub(number(a)) < 1 << 31
}

impl Walk {
    fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % limit
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    /// One event through all stages.
    fn event(&mut self, event: Event) -> Outcome {
        let settings = test_settings();
        let now = self.now.into();
        let issued = Issued { event, row: event.slot, legitimate: true, ..Issued::default() };
        let before = self.record;
        let found = Listening { alive: self.listener, generation: bits(LISTENER), length: bits(LENT), sized: true };
        let listener = Listener { asked: lender_of(event, before), found, stock: self.stock };
        let measures = measure(issued, before, settings, now);
        let judgement = judge(issued, before, settings, measures, listener);
        let decisions = decide(issued, before, measures, judgement);
        let begun = begin(event, before, measures, judgement);
        self.record = settle(issued, begun, settings, now, measures, decisions);
        let outcome = outcome_of(issued, begun, settings, measures, decisions);
        if self.log.len() > 12 {
            self.log.remove(0);
        }
        let e = event;
        self.log.push(format!(
            "{} {:?} seq {} ack {} win {} len {} {:?} -> {:?}",
            self.now,
            e.kind,
            number(e.sequence).wrapping_sub(PEER) as i32,
            number(e.acknowledgement).wrapping_sub(ENGINE) as i32,
            e.window.index(),
            e.payload_length.index(),
            e.control,
            self.record.hard.state
        ));
        self.check(before, event, outcome);
        self.resent |= outcome.pulses.time_out;
        self.resent &= self.record.hard.snd_una == before.hard.snd_una;
        outcome
    }

    #[track_caller]
    fn holds(&self, what: &str, condition: bool) {
        assert!(condition, "{what}\n{}\n{:#?}", self.log.join("\n"), self.record);
    }

    fn check(&self, before: ConnectionRecord, event: Event, outcome: Outcome) {
        let (hard, soft) = (self.record.hard, self.record.soft);
        let state = hard.state;
        // Safety.
        if state != TcpState::Closed && state != TcpState::Listen {
            self.holds("SND.UNA <= SND.NXT", ordered(hard.snd_una, hard.snd_nxt));
            self.holds("SND.NXT <= SND.MAX", ordered(hard.snd_nxt, hard.snd_max));
            self.holds("SND.MAX <= SND.END + 1", ordered(hard.snd_max, hard.snd_end + 1));
            self.holds("no FIN unasked", hard.fin_wanted || ordered(hard.snd_max, hard.snd_end));
            let open = number(soft.rcv_adv).wrapping_sub(number(hard.rcv_nxt)) as i32;
            self.holds(
                "the window announced is no more than the room",
                open <= number(hard.rcv_room).min(65535) as i32,
            );
            // Room that was posted but not announced yet is used if the peer hits it, so RCV.NXT may pass the edge.
            self.holds("the edge announced is near", open >= -65536);
        }
        let data = matches!(
            state,
            TcpState::Established | TcpState::CloseWait | TcpState::FinWait1 | TcpState::Closing | TcpState::LastAck
        );
        let handshake = matches!(state, TcpState::SynSent | TcpState::SynReceived);
        let lingering = matches!(state, TcpState::FinWait2 | TcpState::TimeWait);
        if data {
            self.holds("cwnd is never zero", soft.cwnd.any());
            self.holds("ssthresh is two segments at least", soft.ssthresh.index() >= 2 * hard.snd_mss.index());
        }
        // Liveness.
        let owed = hard.farewell != Farewell::None || hard.reset_now;
        self.holds("an ending owed has a turn", !owed || soft.queued);
        if state == TcpState::Closed || state == TcpState::Listen {
            self.holds("nothing is timed at the end", !soft.timer_armed && !soft.ack_armed && !soft.notify_armed);
        } else {
            self.holds("an acknowledgement owed has a turn", !soft.ack_now || soft.queued);
            self.holds("unacknowledged payload has a timer", !soft.ack_owed.any() || soft.ack_armed || soft.queued);
        }
        let outstanding = hard.snd_una != hard.snd_max;
        let waiting = hard.snd_nxt != hard.snd_end && ordered(hard.snd_nxt, hard.snd_end);
        let fin_waits = hard.fin_wanted && ordered(hard.snd_nxt, hard.snd_end);
        if data {
            self.holds("what is outstanding has a timer", !outstanding || soft.timer_armed || soft.queued);
            self.holds("what waits has a timer or a turn", !(waiting || fin_waits) || soft.timer_armed || soft.queued);
            self.holds("a retransmission owed has a turn", !soft.retransmit_now || !outstanding || soft.queued);
            // A whole segment and room for it: the turn is now.
            let room = (number(soft.snd_wnd).min(soft.send_limit.index() as u32))
                .wrapping_sub(number(hard.snd_nxt).wrapping_sub(number(hard.snd_una))) as i32;
            let unsent = number(hard.snd_end).wrapping_sub(number(hard.snd_nxt)) as i32;
            let mss = hard.snd_mss.index() as i32;
            let ready = waiting && room > 0 && room >= unsent.min(mss);
            self.holds("what can be sent has a turn", !ready || soft.queued);
        }
        if data {
            // RFC 3042: cwnd, and a segment for each of the first two duplicates.
            let (cwnd, limit) = (soft.cwnd.index(), soft.send_limit.index());
            let most = soft.duplicate_acks.index().min(2) * hard.snd_mss.index();
            self.holds("limited transmit is limited", limit == cwnd || limit <= cwnd + most);
        }
        if outcome.pulses.time_out {
            // RFC 5681 3.1 (4) and (7).
            let flight = number(before.hard.snd_max).wrapping_sub(number(before.hard.snd_una));
            let flight = flight.min(before.soft.cwnd.index() as u32);
            let half = (flight / 2).max(2 * hard.snd_mss.index() as u32);
            let expected = if self.resent { before.soft.ssthresh.index() as u32 } else { half };
            self.holds(
                "the first time-out lowers ssthresh, those after it do not",
                soft.ssthresh.index() as u32 == expected,
            );
            self.holds("a time-out leaves a window of one segment", soft.cwnd.index() == hard.snd_mss.index());
        }
        self.holds("a half-open connection has a timer", !handshake || soft.timer_armed || soft.queued);
        self.holds("a lingering connection has a timer", !lingering || soft.timer_armed);
        // A promise: room is there, and it is kept when the handshake is complete, or it goes back.
        self.holds("only a half-open connection is promised a buffer", !hard.promised || handshake || owed);
        self.holds("a promise is room", !hard.promised || hard.rcv_room.index() as u64 == LENT);
        let kept = before.hard.promised && !hard.promised;
        let lent = outcome.receive_valid && outcome.receive.lends;
        let torn_down = outcome.receive_valid && outcome.receive.kind == ReceiveKind::Teardown;
        self.holds("a promise is kept once, or given back", kept == (lent || (before.hard.promised && torn_down)));
        // Commands.
        let send = outcome.send;
        if outcome.send_valid && send.kind == SendKind::Segment && event.kind == EventKind::Transmit {
            let end = send.sequence + send.length;
            if send.length.any() {
                self.holds("only posted bytes are sent", ordered(end, hard.snd_end));
            }
            let edge = before.hard.snd_una + before.soft.snd_wnd;
            let probe = send.length == bits::<32>(1) && send.retransmit;
            if send.length.any() && !send.retransmit {
                self.holds("the peer's window is respected", ordered(end, edge));
                let congestion = before.hard.snd_una + before.soft.send_limit.index() as u64;
                self.holds("the congestion window is respected", ordered(end, congestion));
            }
            self.holds("no more than a segment", probe || send.length.index() <= before.hard.snd_mss.index());
        }
        let arriving = event.kind == EventKind::Segment;
        let placing = matches!(outcome.receive.kind, ReceiveKind::Place | ReceiveKind::Discard);
        self.holds("one command per frame", !arriving || (outcome.receive_valid && placing));
        self.holds("no frame without a segment", arriving || !(outcome.receive_valid && placing));
    }

    fn conn(&self) -> Conn {
        Conn { slot: 3, generation: self.generation }
    }

    /// Options of a SYN: this MSS, and a window scale or none.
    fn options(&mut self, mss: u64) -> Options {
        let scale = Optional { present: true, value: self.below(15).into() };
        Options {
            mss: Optional { present: true, value: mss.into() },
            window_scale: if self.chance(2) { scale } else { Optional::default() },
        }
    }

    /// A segment close to what the connection expects.
    fn segment(&mut self) -> Event {
        let hard = self.record.hard;
        let sent = u64::from(number(hard.snd_max).wrapping_sub(number(hard.snd_una)));
        let mut event = self.conn().event(EventKind::Segment);
        event.sequence = hard.rcv_nxt;
        event.acknowledgement = match self.below(6) {
            0 | 1 => hard.snd_una,
            2 => hard.snd_max,
            3 => hard.snd_una + self.below(sent + 1),
            4 => hard.snd_una + self.below(3) - 1,
            _ => hard.snd_nxt,
        };
        event.window = match self.below(5) {
            0 => self.below(4),
            1 => self.below(3000),
            2 => self.below(65536),
            _ => (number(self.record.soft.snd_wnd) >> hard.snd_scale.index()).min(65535).into(),
        }
        .into();
        event.payload_length = if self.chance(2) { self.below(1400) } else { 0 }.into();
        match self.below(12) {
            0 => event.sequence = event.sequence + self.below(3000) - 1500,
            1 => event.sequence = event.sequence + self.below(3) - 1,
            _ => {}
        }
        event.control.ack = !self.chance(50);
        event.control.psh = self.chance(3);
        event.control.fin = self.chance(80);
        event.control.rst = self.chance(150);
        event.options = self.options(700);
        if matches!(hard.state, TcpState::SynSent) {
            event.sequence = u64::from(PEER).into();
            event.control.syn = !self.chance(5);
        } else if self.chance(60) {
            event.control.syn = true;
            event.sequence = u64::from(PEER).into();
        }
        event
    }

    fn open(&mut self) {
        self.generation = self.generation.wrapping_add(1).max(1);
        self.listener = true;
        self.stock = self.chance(2);
        self.resent = false;
        let mut event = self.conn().event(EventKind::Segment);
        event.initial_sequence = u64::from(ENGINE).into();
        if self.chance(2) {
            event.kind = EventKind::Connect;
            // It asks nobody, the listener, or one that is gone.
            event.listener_generation = [0, LISTENER, LISTENER, LISTENER + 1][self.below(4) as usize].into();
        } else {
            event.fresh = true;
            event.listener_generation = bits(LISTENER);
            event.control.syn = true;
            event.sequence = u64::from(PEER).into();
            event.window = self.below(65536).into();
            let mss = self.below(1500);
            event.options = self.options(mss);
        }
        self.event(event);
    }

    /// One step: something happens.
    fn step(&mut self) {
        let passes = match self.below(40) {
            0 => self.below(3000),
            _ => self.below(20),
        };
        self.now = (self.now + passes) & 0x1_ffff_ffff;
        self.listener &= !self.chance(200);
        let state = self.record.hard.state;
        if self.record.soft.queued && self.chance(3) {
            self.event(self.conn().event(EventKind::Transmit));
        } else if state == TcpState::Closed && self.record.hard.farewell == Farewell::None {
            self.open();
        } else {
            let length = 1 + self.below(4000);
            let event = match self.below(100) {
                0..=54 => self.segment(),
                55..=69 => self.conn().event(EventKind::Tick),
                70..=83 => Event { length: length.into(), ..self.conn().event(EventKind::PostSend) },
                84..=97 => Event { length: length.into(), ..self.conn().event(EventKind::PostReceive) },
                _ if self.chance(4) => Event { abort: self.chance(3), ..self.conn().event(EventKind::Terminate) },
                _ if self.chance(4) => {
                    let sequence = self.record.hard.snd_una + self.below(3) - 1;
                    Event { sequence, ..self.conn().event(EventKind::Unreachable) }
                }
                _ => Event { generation: bits(0), ..self.segment() },
            };
            self.event(event);
        }
    }
}

#[test]
fn every_promise_of_the_record_is_kept() {
    let mut seen = std::collections::BTreeMap::new();
    for seed in 1..=8u64 {
        println!("seed {seed}");
        let mut walk = Walk {
            record: ConnectionRecord::default(),
            // Over the edge of 32 bits, and of 33.
            now: if seed % 2 == 0 { 0xffff_0000 } else { 0x1_ffff_0000 },
            generation: 0,
            listener: true,
            stock: false,
            resent: false,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            log: vec![],
        };
        for _ in 0..40_000 {
            walk.step();
            *seen.entry(format!("{:?}", walk.record.hard.state)).or_insert(0u64) += 1;
        }
    }
    println!("{seen:?}");
    assert_eq!(seen.len(), 10, "every state but LISTEN is visited");
}
