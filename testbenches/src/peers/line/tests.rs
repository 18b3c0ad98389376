use super::*;
use smoltcp::wire::{TcpControl, TcpRepr};

const ENDS: Ends = Ends {
    mac: [2, 0, 0, 0, 0, 2],
    ip: std::net::Ipv4Addr::new(10, 9, 0, 2),
    engine_mac: [2, 0, 0, 0, 0, 1],
    engine_ip: std::net::Ipv4Addr::new(10, 9, 0, 1),
};
/// The same wire seen from the engine, so that `frames` reads and writes the engine's frames too.
const MIRRORED: Ends = Ends { mac: ENDS.engine_mac, ip: ENDS.engine_ip, engine_mac: ENDS.mac, engine_ip: ENDS.ip };

/// The engine's end of one connection, frame by frame.
struct Engine {
    peer: LinePeer,
    sent: Vec<Vec<u8>>,
    now: u64,
}

impl Engine {
    fn new(script: Script) -> Self {
        let mut peer = LinePeer::new(LineOptions::new(ENDS, 80, 1, script));
        peer.start();
        Engine { peer, sent: Vec::new(), now: 0 }
    }

    /// What the peer sends next.
    fn next(&mut self) -> Option<TcpRepr<'_>> {
        self.sent.clear();
        self.now += 10_000;
        self.peer.poll(self.now, 1, &mut self.sent);
        self.sent.first().map(|frame| frames::parse(&MIRRORED, frame).expect("a good frame"))
    }

    /// The engine says something; sequence numbers start at 100 after the SYN's 99.
    fn say(&mut self, control: TcpControl, position: u32, acknowledged: i32, window: u16, length: usize) {
        let initial = crate::random::mix(10_000) as i32;
        let plan = flow::Plan {
            control,
            sequence: 100 + position,
            acknowledgement: Some(initial.wrapping_add(1 + acknowledged) as u32),
            window,
            offset: u64::from(position),
            length,
            again: false,
        };
        let plan = if control == TcpControl::Syn { flow::Plan { sequence: 99, ..plan } } else { plan };
        // Payload of the engine has a seed of its own: `build` makes the peer's, which is good enough where it is
        // empty.
        self.peer.deliver(frames::build(&MIRRORED, 10_000, 80, &plan));
    }

    fn open(&mut self, window: u16) {
        assert_eq!(self.next().map(|segment| segment.control), Some(TcpControl::Syn));
        self.say(TcpControl::Syn, 0, 0, window, 0);
    }
}

#[test]
fn stream_stops_where_the_window_ends() {
    let mut engine = Engine::new(Script::Stream);
    engine.open(4000);
    let lengths: Vec<usize> = (0..3).map(|_| engine.next().map_or(0, |segment| segment.payload.len())).collect();
    assert_eq!(lengths, [1460, 1460, 0], "no short segment for the rest of the window");
    // The window field of later segments is scaled by what the SYN said: 8.
    engine.say(TcpControl::None, 0, 2920, 8, 0);
    assert_eq!(engine.next().map(|segment| segment.payload.len()), Some(1460));
    assert_eq!(engine.peer.faults, [""; 0]);
}

#[test]
fn three_duplicates_make_it_send_again() {
    let mut engine = Engine::new(Script::Stream);
    engine.open(4000);
    engine.next();
    for _ in 0..3 {
        engine.say(TcpControl::None, 0, 0, 4000, 0);
    }
    engine.say(TcpControl::None, 0, 0, 4000, 0);
    assert!(engine.next().is_some());
    assert_eq!(engine.peer.retransmissions, 1);
}

#[test]
fn wrong_payload_and_wrong_checksum_are_seen() {
    let mut engine = Engine::new(Script::Take);
    engine.open(4000);
    engine.say(TcpControl::None, 0, 0, 4000, 20);
    assert_eq!(engine.peer.faults.len(), 1, "{:?}", engine.peer.faults);
    assert!(engine.peer.faults[0].contains("byte 0 is wrong"), "{:?}", engine.peer.faults);
    let plan = flow::Plan {
        control: TcpControl::None,
        sequence: 100,
        acknowledgement: Some(0),
        window: 1,
        offset: 0,
        length: 0,
        again: false,
    };
    let mut frame = frames::build(&MIRRORED, 10_000, 80, &plan);
    frame[50] ^= 1;
    engine.peer.deliver(frame);
    assert!(engine.peer.faults[1].contains("checksum"), "{:?}", engine.peer.faults);
}

#[test]
fn visit_closes_and_returns_from_another_port() {
    let mut engine = Engine::new(Script::Visit);
    engine.open(0);
    assert_eq!(engine.next().map(|segment| (segment.control, segment.payload.len())), Some((TcpControl::None, 0)));
    assert!(engine.next().is_none(), "the window is closed");
    engine.say(TcpControl::None, 0, 0, 64, 0);
    assert_eq!(engine.next().map(|segment| segment.payload.len()), Some(1));
    assert_eq!(engine.next().map(|segment| segment.control), Some(TcpControl::Fin));
    engine.say(TcpControl::Fin, 0, 2, 64, 0);
    assert_eq!(engine.next().map(|segment| segment.ack_number.map(|number| number.0)), Some(Some(101)));
    assert_eq!(engine.peer.visits, 1);
    assert_eq!(engine.next().map(|segment| (segment.control, segment.src_port)), Some((TcpControl::Syn, 10_001)));
    assert_eq!(engine.peer.faults, [""; 0]);
}
