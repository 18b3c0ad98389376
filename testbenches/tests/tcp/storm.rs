//! Events at random: plausible, stale, absurd. The chains of the bench check every command; here, that nothing ever
//! stalls, every segment has its one command, and every connection that begins ends exactly once.
use super::rig::{Rig, Stalls, TcpDut};
use super::script::{Conn, ENGINE, PEER};
use std::collections::HashMap;
use stevedore_abi::Response;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;

/// What the bench knows of a slot.
#[derive(Clone, Copy, Debug)]
struct Slot {
    conn: Conn,
    /// Highest number the peer knows of the engine's, and its own next; relative.
    ack: i64,
    next: i64,
    window: u64,
    listener: bool,
}

/// Slots in use and their history.
pub struct Storm {
    slots: Vec<Option<Slot>>,
    generations: Vec<u16>,
    begun: u64,
    ended: u64,
    answers: HashMap<(u16, u16), u32>,
}

impl Storm {
    /// A storm over `connections` slots, 0 included, and not that of the bench's listener.
    pub fn new(connections: usize) -> Self {
        Storm {
            slots: vec![None; connections],
            generations: vec![0; connections],
            begun: 0,
            ended: 0,
            answers: HashMap::new(),
        }
    }

    fn open<D: TcpDut>(&mut self, rig: &mut Rig<D>, slot: u16) {
        let generation = &mut self.generations[usize::from(slot)];
        *generation += 1;
        let conn = Conn { slot, generation: *generation };
        let kind = rig.random() % 8;
        rig.new_slot(slot, ENGINE);
        let event = match kind {
            0 => conn.event(EventKind::Listen),
            1..=3 => conn.event(EventKind::Connect),
            _ => conn.event(EventKind::Segment),
        };
        let mut event = Event { initial_sequence: u64::from(ENGINE).into(), ..event };
        let asks = event.kind == EventKind::Connect && rig.random().is_multiple_of(2);
        if event.kind == EventKind::Segment || asks {
            // Mostly a listener that stays; or what has one of the slots, which may be another listener, which ends.
            let stays = !rig.random().is_multiple_of(4);
            let other = (1 + rig.random() % (self.slots.len() as u64 - 1)) as u16;
            let listener = if stays {
                Conn { slot: rig.listener_slot, generation: 3 }
            } else {
                Conn { slot: other, generation: self.generations[usize::from(other)] }
            };
            event = listener.lends(event);
        }
        if event.kind == EventKind::Segment {
            event.fresh = true;
            event.sequence = u64::from(PEER).into();
            event.control.syn = true;
            event.window = (rig.random() % 3000).into();
            event.options.mss = Optional { present: true, value: (rig.random() % 1500).into() };
            event.options.window_scale =
                Optional { present: rig.random().is_multiple_of(2), value: (rig.random() % 15).into() };
            rig.arrives(event, vec![]);
        } else {
            rig.requests.push_back(event);
        }
        self.begun += 1;
        self.slots[usize::from(slot)] = Some(Slot { conn, ack: 1, next: 1, window: 1000, listener: kind == 0 });
    }

    fn segment<D: TcpDut>(&mut self, rig: &mut Rig<D>, mut s: Slot) -> Slot {
        let random = |rig: &mut Rig<D>, n: u64| rig.random() % n;
        let length = if random(rig, 2) == 0 { 0 } else { random(rig, 1200) };
        let jitter = match random(rig, 8) {
            0 => random(rig, 4000) as i64 - 2000,
            1 => random(rig, 5) as i64 - 2,
            _ => 0,
        };
        let back = match random(rig, 6) {
            0 => random(rig, 3000) as i64,
            1 => random(rig, 3) as i64 - 1,
            _ => 0,
        };
        let odd = random(rig, 64);
        if random(rig, 4) == 0 {
            s.window = if random(rig, 4) == 0 { random(rig, 3) } else { random(rig, 0x10000) };
        }
        let first = s.next + jitter;
        let stale = random(rig, 32) == 0;
        let conn =
            Conn { generation: if stale { s.conn.generation.wrapping_sub(1) } else { s.conn.generation }, ..s.conn };
        let event = Event {
            sequence: u64::from(PEER.wrapping_add(first as u32)).into(),
            acknowledgement: u64::from(ENGINE.wrapping_add((s.ack - back) as u32)).into(),
            window: s.window.into(),
            control: ControlBits {
                ack: odd != 0,
                syn: odd == 1 || (s.next == 1 && random(rig, 4) == 0),
                fin: odd == 2 || odd == 3,
                rst: odd == 4,
                psh: odd & 8 != 0,
            },
            options: Options {
                mss: Optional { present: true, value: bits(900) },
                window_scale: Optional { present: random(rig, 2) == 0, value: random(rig, 15).into() },
            },
            payload_length: length.into(),
            ..conn.event(EventKind::Segment)
        };
        let event = if event.control.syn { Event { sequence: u64::from(PEER).into(), ..event } } else { event };
        rig.arrives(event, vec![0; length as usize]);
        s
    }

    /// Thinks of an event.
    pub fn blow<D: TcpDut>(&mut self, rig: &mut Rig<D>) {
        let slot = (1 + rig.random() % (self.slots.len() as u64 - 1)) as u16;
        let Some(mut s) = self.slots[usize::from(slot)] else {
            return self.open(rig, slot);
        };
        let length = 1 + rig.random() % 2500;
        match rig.random() % 64 {
            0..=35 => s = self.segment(rig, s),
            36..=47 if rig.requests.len() < 8 => {
                let event = s.conn.event(EventKind::PostSend);
                rig.requests.push_back(Event { length: length.into(), ..event });
            }
            48..=60 if rig.requests.len() < 8 => {
                let event = s.conn.event(EventKind::PostReceive);
                rig.requests.push_back(Event { length: length.into(), ..event });
            }
            61 => {
                let abort = rig.random().is_multiple_of(2);
                rig.requests.push_back(Event { abort, ..s.conn.event(EventKind::Terminate) });
            }
            62 => {
                let event =
                    Conn { slot: rig.random() as u16, generation: rig.random() as u16 }.event(EventKind::Segment);
                let known = usize::from(event.slot.index() as u16) < self.slots.len();
                if !known {
                    rig.arrives(event, vec![]);
                }
            }
            _ => {}
        }
        self.slots[usize::from(slot)] = Some(s);
    }

    /// Learns from what came out.
    pub fn look<D: TcpDut>(&mut self, rig: &mut Rig<D>) {
        while let Some(wire) = rig.wire.pop_front() {
            if let Some(s) = &mut self.slots[usize::from(wire.slot)] {
                if wire.control.rst {
                    continue;
                }
                let end = i64::from(wire.sequence.wrapping_sub(ENGINE) as i32)
                    + wire.payload.len() as i64
                    + i64::from(wire.control.syn)
                    + i64::from(wire.control.fin);
                s.ack = s.ack.max(end);
                if wire.control.ack {
                    s.next = i64::from(wire.acknowledgement.wrapping_sub(PEER) as i32);
                }
            }
        }
        while let Some(notice) = rig.notices.pop_front() {
            let response = notice.response.index();
            if response == Response::ConnectionArrival as usize || response == Response::ConnectionCompletion as usize {
                let key = (notice.slot.index() as u16, notice.generation.index() as u16);
                *self.answers.entry(key).or_default() += 1;
                assert_eq!(self.answers[&key], 1, "{key:?} was announced twice");
            }
        }
        while let Some((slot, ending)) = rig.endings.pop_front() {
            let s = self.slots[usize::from(slot)].expect("an ending of a slot in use");
            let announced = self.answers.contains_key(&(slot, s.conn.generation));
            if ending.response.index() == Response::TerminationResponse as usize {
                assert!(announced || s.listener, "slot {slot}: the end of a connection the host does not know");
            }
            if ending.free {
                self.ended += 1;
                self.slots[usize::from(slot)] = None;
            }
        }
    }

    /// Ends everything, and counts.
    pub fn calm<D: TcpDut>(&mut self, rig: &mut Rig<D>) {
        rig.stalls = Stalls::None;
        let mut limit = 3_000_000;
        let mut round = 0;
        while self.slots.iter().any(Option::is_some) {
            if round % 4000 == 0 {
                for s in self.slots.iter().flatten() {
                    rig.requests.push_back(Event { abort: true, ..s.conn.event(EventKind::Terminate) });
                }
            }
            round += 1;
            rig.cycle();
            self.look(rig);
            limit -= 1;
            assert!(limit > 0, "slots that never end: {:?}", self.slots);
        }
        assert_eq!(self.begun, self.ended);
        assert!(rig.segments.is_empty() && rig.requests.is_empty(), "events are not taken");
        assert_eq!(rig.frames_waiting(), 0, "frames without a command");
    }
}

fn storm(stalls: Stalls, pace: u64, cycles: u64) {
    let mut rig = Rig::new();
    rig.stalls = stalls;
    rig.listener();
    let mut storm = Storm::new(15);
    let mut waited = 0;
    for _ in 0..cycles {
        if rig.random().is_multiple_of(pace) && rig.segments.len() < 20 {
            storm.blow(&mut rig);
        }
        let before = rig.taken_at.len();
        rig.cycle();
        storm.look(&mut rig);
        let idle = rig.taken_at.len() == before && !(rig.segments.is_empty() && rig.requests.is_empty());
        waited = if idle { waited + 1 } else { 0 };
        assert!(waited < 3000, "{stalls:?}: nothing is taken for {waited} cycles");
    }
    println!(
        "{stalls:?}, an event every {pace} cycles: {} events, {} connections, {:?}",
        rig.taken_at.len(),
        storm.begun,
        rig.pulses
    );
    storm.calm(&mut rig);
    assert!(storm.begun > 20);
}

#[test]
fn storm_at_full_rate_is_survived() {
    storm(Stalls::None, 1, 300_000);
}

#[test]
fn storm_at_line_rate_is_survived() {
    storm(Stalls::None, 10, 600_000);
}

#[test]
fn storm_against_stalled_outputs_is_survived() {
    storm(Stalls::Random, 3, 300_000);
    storm(Stalls::Heavy, 20, 300_000);
}
