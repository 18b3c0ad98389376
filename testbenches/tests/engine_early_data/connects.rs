//! The host's own connections, with a buffer borrowed from a listener: the window of the SYN, data right behind the
//! SYN-ACK, and every way in which a connect ends.
use super::*;
use frames::Arp;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The engine's port of the connections.
const NEAR: u16 = 7_000;

impl Wire {
    /// The engine learns the peer's MAC.
    fn acquaint(&mut self) -> Result<()> {
        let question = Arp { target_ip: ENGINE, sender_mac: MAC, source: MAC, ..Arp::question(PEER) };
        self.bench.device.transport_mut().inject(question.bytes());
        self.wait(1_000)
    }

    /// The host asks for a connection to `port`, with a buffer of the listener opened last.
    fn connect(&mut self, port: u16, session: impl Session + 'static) -> Result<()> {
        self.bench.open_with_lender((Ipv4Addr::from_bits(PEER), port), NEAR, session)?;
        Ok(())
    }

    /// The SYN of that connection.
    fn syn(&mut self, port: u16) -> Result<Said> {
        self.wait(2_000)?;
        self.heard(port).into_iter().find(|said| said.control == SYN).context("no SYN")
    }

    /// Sends a segment of such a connection and does not wait.
    fn reply(&mut self, port: u16, numbers: [u32; 2], control: u8, payload: &[u8]) {
        let frame = segment_with(MAC, PEER, ENGINE, [port, NEAR], numbers, control, payload);
        self.bench.device.transport_mut().inject(frame);
    }
}

/// The SYN announces what the buffer has room for, and data that comes with the SYN-ACK on its heels is placed and
/// acknowledged at once.
#[test]
fn data_behind_the_syn_ack_needs_no_second_try() -> Result<()> {
    for (bytes, window) in [(500, 500), (8_192, 8_192), (65_536, 65_535)] {
        let mut wire = Wire::new(bytes, 2, &configuration())?;
        let (near, mut far) = Exchange::pair(7, 0, 400);
        wire.listen(near.clone())?;
        wire.acquaint()?;
        wire.connect(4000, near)?;
        let syn = wire.syn(4000)?;
        assert_eq!(syn.window, window, "buffers of {bytes} bytes");
        let mut payload = vec![0; 400];
        assert_eq!(far.send(&mut payload), 400);
        let next = syn.sequence.wrapping_add(1);
        wire.reply(4000, [FIRST, next], SYN | ACK, &[]);
        wire.reply(4000, [FIRST + 1, next], ACK, &payload[..150]);
        wire.reply(4000, [FIRST + 151, next], ACK | PSH, &payload[150..]);
        wire.wait(20_000)?;
        let heard = wire.heard(4000);
        assert!(heard.iter().any(|said| said.acknowledgement == FIRST + 401), "the data is acknowledged");
        assert_eq!(wire.bench.device.register(offset::STAT_DROP_OUT_OF_ORDER)?, 0);
        assert_eq!(wire.bench.host.early, 1);
        // The session has all it expects and closes.
        assert!(heard.iter().any(|said| said.control & FIN != 0), "the session is content");
        wire.reply(4000, [FIRST + 401, next], RST | ACK, &[]);
        wire.wait(2_000)?;
        wire.bench.finish()?;
    }
    Ok(())
}

/// Both ends open at once: the SYN-ACK of the engine announces what its SYN did, and the buffer is there for the data
/// with the last acknowledgement.
#[test]
fn simultaneous_open_begins_with_a_buffer() -> Result<()> {
    let mut wire = Wire::new(1_000, 2, &configuration())?;
    let (near, mut far) = Exchange::pair(7, 0, 400);
    wire.listen(near.clone())?;
    wire.acquaint()?;
    wire.connect(4000, near)?;
    let syn = wire.syn(4000)?;
    assert_eq!(syn.window, 1_000);
    wire.reply(4000, [FIRST, 0], SYN, &[]);
    wire.wait(2_000)?;
    let answer = wire.heard(4000).into_iter().find(|said| said.control == SYN | ACK).context("no SYN-ACK")?;
    assert_eq!((answer.window, answer.acknowledgement), (1_000, FIRST + 1));
    let mut payload = vec![0; 400];
    assert_eq!(far.send(&mut payload), 400);
    wire.reply(4000, [FIRST + 1, syn.sequence.wrapping_add(1)], ACK | PSH, &payload);
    wire.wait(20_000)?;
    assert!(wire.heard(4000).iter().any(|said| said.acknowledgement == FIRST + 401), "the data is acknowledged");
    assert_eq!(wire.bench.host.early, 1);
    wire.reply(4000, [FIRST + 401, syn.sequence.wrapping_add(1)], RST | ACK, &[]);
    wire.wait(2_000)?;
    wire.bench.finish()
}

/// Without buffers, or without a lender, everything is as it was.
#[test]
fn connect_without_a_buffer_announces_nothing() -> Result<()> {
    for lends in [true, false] {
        let mut wire = Wire::new(4_096, 0, &configuration())?;
        let (near, _) = Exchange::pair(7, 0, 400);
        if lends {
            wire.listen(near.clone())?;
        }
        wire.acquaint()?;
        wire.connect(4000, near)?;
        let syn = wire.syn(4000)?;
        assert_eq!(syn.window, 0);
        wire.reply(4000, [FIRST, syn.sequence.wrapping_add(1)], SYN | ACK, &[]);
        wire.wait(20_000)?;
        assert!(wire.heard(4000).last().is_some_and(|said| said.window > 0), "the host has posted room by now");
        assert_eq!(wire.bench.host.early, 0);
        wire.reply(4000, [FIRST + 1, syn.sequence.wrapping_add(1)], RST | ACK, &[]);
        wire.wait(2_000)?;
        wire.bench.finish()?;
    }
    Ok(())
}

/// Some hundred connects, ended at random in every way there is; now and then the listener is closed and comes again.
/// At the end every buffer, context and slot is home.
#[test]
fn buffers_come_home_however_a_connect_ends() -> Result<()> {
    const SEED: u64 = 0xc0de;
    println!("seed {SEED:#x}");
    let mut random = Random::new(SEED);
    let tcp =
        TcpTuning { initial_rto: 500, minimum_rto: 500, maximum_rto: 1_000, retry_limit: 2, ..configuration().tcp };
    let mut wire = Wire::new(1_000, 1, &Configuration { tcp, ..configuration() })?;
    let (near, _) = Exchange::pair(7, 50, 300);
    wire.listen(near.clone())?;
    wire.acquaint()?;
    let (mut with_room, mut without) = (0, 0);
    for round in 0..300u16 {
        let port = 5_000 + round;
        wire.connect(port, near.clone())?;
        wire.wait(300 + random.below(400))?;
        let syn = wire.heard(port).into_iter().find(|said| said.control == SYN);
        let next = syn.as_ref().map_or(0, |said| said.sequence.wrapping_add(1));
        match syn.map(|said| said.window) {
            Some(0) => without += 1,
            Some(window) => {
                ensure!(window == 1_000, "round {round}: window {window}");
                with_room += 1;
            }
            None => {}
        }
        match random.below(10) {
            0 | 1 => wire.reply(port, [0, next], RST | ACK, &[]),
            2 | 3 => {
                wire.reply(port, [FIRST, next], SYN | ACK, &[]);
                wire.reply(port, [FIRST + 1, next], ACK | PSH, &vec![0; random.within(1, 300) as usize]);
            }
            4 => {
                wire.reply(port, [FIRST, next], SYN | ACK, &[]);
                wire.reply(port, [FIRST + 1, next], ACK, &[0; 200]);
                wire.reply(port, [FIRST + 201, next], RST, &[]);
            }
            5 => {
                wire.reply(port, [FIRST, 0], SYN, &[]);
                wire.reply(port, [FIRST + 1, next], ACK | FIN, &[0; 100]);
            }
            6 => {
                wire.reply(port, [FIRST, 0], SYN, &[]);
                wire.wait(random.below(200))?;
                wire.reply(port, [FIRST + 1, next], RST, &[]);
            }
            7 => wire.reply(port, [FIRST, 0], SYN, &[]),
            // It is given up.
            _ => {}
        }
        wire.wait(random.below(600))?;
        if random.below(30) == 0 {
            wire.bench.close_listeners()?;
            wire.bench.run(100_000, |bench| bench.host.listening == 0)?;
            wire.listen(near.clone())?;
        }
    }
    wire.bench.finish()?;
    let mut ends = BTreeMap::new();
    for finished in &wire.bench.host.finished {
        let end = finished.result.as_ref().map_or_else(|error| error.as_str(), |()| "content");
        *ends.entry(end.split(';').next().unwrap_or(end)).or_insert(0) += 1;
    }
    println!("{with_room} SYNs with room, {without} without; {ends:?}");
    assert!(with_room > 50 && without > 0);
    for end in ["connect: Reset", "connect: TimedOut", "connect: Aborted"] {
        assert!(ends.contains_key(end), "no connection ends with {end}");
    }
    Ok(())
}

/// smoltcp as the peer that accepts: every connection begins with a buffer, on a perfect wire and on one that loses
/// and repeats.
#[test]
fn sessions_begin_with_a_buffer_of_their_lender() {
    let impairments =
        [Impairment::default(), Impairment { loss: 0.03, duplicate: 0.03, reorder: 0.03, ..Impairment::default() }];
    for (seed, impairment) in impairments.into_iter().enumerate() {
        let mut scenario = Scenario::new(60 + seed as u64, Opener::Engine, 30_000, 60_000).impaired(impairment);
        scenario.connections = 6;
        scenario.plan.listener_depth = 6;
        let engine = rtl::engine(&Geometry::SMALL, None).expect("the engine elaborates and compiles");
        match scenario.run(engine) {
            Ok(bench) => assert_eq!(bench.host.early, 6, "{scenario:?}"),
            Err(error) => panic!("{scenario:?}: {error:#}"),
        }
    }
}
