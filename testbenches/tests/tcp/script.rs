//! Scripts: one connection, segments written as text.
//!
//! A segment is `FLAGS first:last(length) ack N win N`, all numbers relative: what the engine sends counts from its
//! initial number, what the peer sends from the peer's. Flags: S F R P and `.` for ACK. The acknowledgement and window
//! of a segment without ACK are left out.
use super::rig::{Rig, TcpDut, Wire};
use stevedore_abi::{Response, Status};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;

/// Initial numbers, chosen so that both wrap during most tests.
pub const ENGINE: u32 = 0xffff_f000;
pub const PEER: u32 = 0xffff_ff00;
/// Cookie of the request or the listener.
pub const COOKIE: u32 = 0xc00c1e;

/// One connection of a script.
#[derive(Clone, Copy, Debug)]
pub struct Conn {
    pub slot: u16,
    pub generation: u16,
}

impl Conn {
    /// An event for it.
    pub fn event(self, kind: EventKind) -> Event {
        Event {
            kind,
            slot: u64::from(self.slot).into(),
            generation: u64::from(self.generation).into(),
            cookie: u64::from(COOKIE).into(),
            ..Event::default()
        }
    }

    /// An event that names it as the listener whose buffers are asked for.
    pub fn lends(self, event: Event) -> Event {
        Event { listener: u64::from(self.slot).into(), listener_generation: u64::from(self.generation).into(), ..event }
    }
}

/// The event of a segment given as text.
pub fn parse(conn: Conn, text: &str) -> (Event, Vec<u8>) {
    let mut words = text.split_whitespace();
    let flags = words.next().expect("flags");
    let range = words.next().expect("a range");
    let (first, rest) = range.split_once(':').expect("first:last(length)");
    let (last, length) = rest.trim_end_matches(')').split_once('(').expect("first:last(length)");
    let number = |text: &str| text.parse::<i64>().unwrap_or_else(|_| panic!("a number in {range}"));
    let (first, last, length) = (number(first), number(last), number(length));
    assert_eq!(last - first, length, "the length of {text}");
    let mut event = conn.event(EventKind::Segment);
    event.sequence = u64::from(PEER.wrapping_add(first as u32)).into();
    event.payload_length = (length as u64).into();
    let has = |c: char| flags.contains(c);
    event.control = ControlBits { fin: has('F'), syn: has('S'), rst: has('R'), psh: has('P'), ack: has('.') };
    event.window = bits(0xffff);
    while let Some(word) = words.next() {
        let value = words.next().map(|v| v.parse::<i64>().expect("a number")).expect("a value");
        match word {
            "ack" => event.acknowledgement = u64::from(ENGINE.wrapping_add(value as u32)).into(),
            "win" => event.window = (value as u64).into(),
            "mss" => event.options.mss = Optional { present: true, value: (value as u64).into() },
            "scale" => event.options.window_scale = Optional { present: true, value: (value as u64).into() },
            _ => panic!("{word} in {text}"),
        }
    }
    let payload = (first..last).map(peer_byte).collect();
    (event, payload)
}

/// Byte of the peer's stream with this relative number.
pub fn peer_byte(at: i64) -> u8 {
    (at.wrapping_mul(17) ^ (at >> 7)) as u8
}

/// A segment as text.
pub fn text(wire: &Wire) -> String {
    let c = wire.control;
    let flags: String = [('S', c.syn), ('F', c.fin), ('R', c.rst), ('P', c.psh), ('.', c.ack)]
        .iter()
        .filter(|f| f.1)
        .map(|f| f.0)
        .collect();
    let first = i64::from(wire.sequence.wrapping_sub(ENGINE) as i32);
    let length = wire.payload.len() as i64;
    let mut text = format!("{flags} {first}:{}({length})", first + length);
    if c.ack {
        let ack = wire.acknowledgement.wrapping_sub(PEER) as i32;
        text += &format!(" ack {ack}");
    }
    if !c.rst {
        text += &format!(" win {}", wire.window);
    }
    if wire.mss != 0 {
        text += &format!(" mss {}", wire.mss);
    }
    if let Some(scale) = wire.scale {
        text += &format!(" scale {scale}");
    }
    text
}

/// A time within what scan and pipeline may add.
#[track_caller]
pub fn about(time: u32, expected: u32) {
    assert!(time + 30 >= expected && time <= expected + 30, "{time} us instead of {expected}");
}

impl<D: TcpDut> Rig<D> {
    /// The peer sends.
    pub fn peer(&mut self, conn: Conn, segment: &str) {
        let (event, payload) = parse(conn, segment);
        self.arrives(event, payload);
        self.quiet();
    }

    /// What the engine has sent since last asked must be this.
    #[track_caller]
    pub fn expect(&mut self, segments: &[&str]) {
        let got: Vec<String> = self.wire.drain(..).map(|w| text(&w)).collect();
        assert_eq!(got, segments);
    }

    /// The host asks.
    pub fn host(&mut self, event: Event) {
        self.requests.push_back(event);
        self.quiet();
    }

    /// Runs until the engine sends something; how long that took.
    pub fn wait(&mut self, limit: u32) -> u32 {
        let from = self.now;
        while self.wire.is_empty() {
            self.cycle();
            assert!(self.now.wrapping_sub(from) < limit, "nothing was sent for {limit} us");
        }
        self.now.wrapping_sub(from)
    }

    /// Posts bytes to send.
    pub fn post_send(&mut self, conn: Conn, length: u32) {
        let event = conn.event(EventKind::PostSend);
        self.host(Event { length: u64::from(length).into(), address: bits(0x1000), ..event });
    }

    /// Posts room.
    pub fn post_receive(&mut self, conn: Conn, length: u32) {
        let event = conn.event(EventKind::PostReceive);
        self.host(Event { length: u64::from(length).into(), address: bits(0x2000), ..event });
    }

    /// Closes or aborts.
    pub fn terminate(&mut self, conn: Conn, abort: bool) {
        let event = conn.event(EventKind::Terminate);
        self.host(Event { abort, ..event });
    }

    /// The only notice must be this.
    #[track_caller]
    pub fn notice(&mut self, conn: Conn, response: Response, status: Status) -> Notice {
        assert_eq!(self.notices.len(), 1, "{:?}", self.notices);
        let notice = self.notices.pop_front().expect("one notice");
        assert_eq!(notice.response.index(), response as usize);
        assert_eq!(notice.status.index(), status as usize);
        assert_eq!(notice.slot.index(), usize::from(conn.slot));
        assert_eq!(notice.generation.index(), usize::from(conn.generation));
        assert_eq!(notice.cookie.index(), COOKIE as usize);
        notice
    }

    /// The only ending must be this one.
    #[track_caller]
    pub fn ending(&mut self, conn: Conn, response: Option<Response>, status: Status, free: bool) {
        assert_eq!(self.endings.len(), 1, "{:?}", self.endings);
        let (slot, ending) = self.endings.pop_front().expect("one ending");
        assert_eq!(slot, conn.slot);
        assert_eq!(ending.response.index(), response.map_or(0, |r| r as usize), "{ending:?}");
        if response.is_some() {
            assert_eq!(ending.status.index(), status as usize, "{ending:?}");
            assert_eq!(ending.cookie.index(), COOKIE as usize);
        }
        assert_eq!(ending.free, free, "{ending:?}");
    }

    /// Nothing was said to the host.
    #[track_caller]
    pub fn silent(&mut self) {
        assert!(self.notices.is_empty(), "{:?}", self.notices);
        assert!(self.endings.is_empty(), "{:?}", self.endings);
    }

    /// The listener; the first time it is asked for, it begins.
    pub fn listener(&mut self) -> Conn {
        let conn = Conn { slot: self.listener_slot, generation: 3 };
        if !self.listens {
            self.listens = true;
            self.host(conn.event(EventKind::Listen));
            let notice = self.notices.pop_back().expect("the answer");
            assert_eq!(notice.response.index(), Response::ListenResponse as usize);
        }
        conn
    }

    /// A SYN of the peer for the listener, on a fresh slot.
    pub fn passive(&mut self, slot: u16, options: &str) -> Conn {
        let conn = Conn { slot, generation: 7 };
        self.new_slot(slot, ENGINE);
        let listener = self.listener();
        let (mut event, payload) = parse(conn, &format!("S 0:0(0) {options}"));
        event.fresh = true;
        event.listener = u64::from(listener.slot).into();
        event.listener_generation = u64::from(listener.generation).into();
        event.initial_sequence = u64::from(ENGINE).into();
        self.arrives(event, payload);
        self.quiet();
        conn
    }

    /// Asks for a connection on a fresh slot.
    pub fn active(&mut self, slot: u16) -> Conn {
        self.borrowing(slot, Conn { slot: 0, generation: 0 })
    }

    /// The same, with a buffer of this listener.
    pub fn borrowing(&mut self, slot: u16, lender: Conn) -> Conn {
        let conn = Conn { slot, generation: 9 };
        self.new_slot(slot, ENGINE);
        let event = Event { initial_sequence: u64::from(ENGINE).into(), ..conn.event(EventKind::Connect) };
        self.host(lender.lends(event));
        conn
    }

    /// An established connection, peer's MSS 1000 and window as given, `room` bytes posted; nothing left to be seen of
    /// it.
    pub fn established(&mut self, slot: u16, window: u16, room: u32) -> Conn {
        let conn = self.passive(slot, "win 65535 mss 1000");
        let mss = self.settings.mss.index();
        self.expect(&[&format!("S. 0:0(0) ack 1 win 0 mss {mss}")]);
        self.peer(conn, &format!(". 1:1(0) ack 1 win {window}"));
        self.notice(conn, Response::ConnectionArrival, Status::Success);
        self.expect(&[]);
        if room > 0 {
            self.post_receive(conn, room);
            self.expect(&[&format!(". 1:1(0) ack 1 win {}", room.min(65535))]);
        }
        conn
    }
}
