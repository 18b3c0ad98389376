//! Room before the connection (decision 013), with the RTL engine: what a listener's buffers are worth to a peer that
//! speaks first, and that each of them comes home however its connection ends. Connections that the peer opens are
//! here, those of the host in `connects.rs`.
#[path = "engine_early_data/connects.rs"]
mod connects;
#[path = "network/frames.rs"]
#[allow(dead_code, reason = "shared with the tests of the network block; this binary uses part of it")]
mod frames;

use anyhow::{ensure, Context, Result};
use frames::{segment_with, OWN_MAC};
use stevedore_abi::register::offset;
use stevedore_driver::{Configuration, TcpTuning};
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{configuration, Bench, Opener, Scenario};
use stevedore_testbenches::peers::Nobody;
use stevedore_testbenches::random::Random;
use stevedore_testbenches::rtl;
use stevedore_testbenches::sessions::{BufferPlan, Exchange, Session};
use stevedore_testbenches::simulator::{Impairment, SimulatorOptions};

const ENGINE: u32 = 0x0a09_0001;
const PEER: u32 = 0x0a09_0002;
const MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x02];
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const PSH: u8 = 8;
const ACK: u8 = 16;
/// The peer's initial sequence number.
const FIRST: u32 = 1000;

/// What the engine said.
struct Said {
    control: u8,
    sequence: u32,
    acknowledgement: u32,
    window: u16,
}

/// An engine and frames made by hand.
struct Wire {
    bench: Bench<Nobody>,
}

impl Wire {
    /// Listeners get `depth` buffers of `bytes` bytes each.
    fn new(bytes: usize, depth: usize, configuration: &Configuration) -> Result<Wire> {
        let engine = rtl::engine(&Geometry::SMALL, None)?;
        let plan = BufferPlan { listener_depth: depth, ..BufferPlan::whole(bytes, 4) };
        Ok(Wire { bench: Bench::new(engine, Nobody::default(), SimulatorOptions::default(), configuration, plan)? })
    }

    /// The engine listens to port 80 and has its buffers.
    fn listen(&mut self, session: impl Session + Clone + 'static) -> Result<()> {
        self.bench.serve(80, move || session.clone())?;
        self.wait(3_000)
    }

    fn wait(&mut self, cycles: u64) -> Result<()> {
        let end = self.bench.now() + cycles;
        while self.bench.now() < end {
            self.bench.step()?;
        }
        Ok(())
    }

    /// Sends a segment from `port` and does not wait.
    fn send(&mut self, port: u16, numbers: [u32; 2], control: u8, payload: &[u8]) {
        let frame = segment_with(MAC, PEER, ENGINE, [port, 80], numbers, control, payload);
        self.bench.device.transport_mut().inject(frame);
    }

    /// Everything said to `port` so far; what was said to others is forgotten.
    fn heard(&mut self, port: u16) -> Vec<Said> {
        let frames = std::mem::take(&mut self.bench.device.transport_mut().peer.received);
        let to = |frame: &Vec<u8>| frame[12..14] == [8, 0] && frame[23] == 6 && frame[36..38] == port.to_be_bytes();
        let word =
            |frame: &[u8], at: usize| u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
        let said = |frame: Vec<u8>| Said {
            control: frame[47],
            sequence: word(&frame, 38),
            acknowledgement: word(&frame, 42),
            window: u16::from_be_bytes([frame[48], frame[49]]),
        };
        assert!(frames.iter().all(|frame| frame[6..12] == OWN_MAC));
        frames.into_iter().filter(to).map(said).collect()
    }

    /// A SYN, and the answer to it.
    fn open(&mut self, port: u16) -> Result<Said> {
        self.send(port, [FIRST, 0], SYN, &[]);
        self.wait(1_000)?;
        self.heard(port).into_iter().find(|said| said.control == SYN | ACK).context("no SYN-ACK")
    }
}

/// A third ACK with data is placed and acknowledged as it comes, and the window was what the listener's buffer has room
/// for.
#[test]
fn data_with_the_third_ack_needs_no_second_try() -> Result<()> {
    for (bytes, window) in [(500, 500), (8_192, 8_192), (65_536, 65_535)] {
        let mut wire = Wire::new(bytes, 2, &configuration())?;
        let (near, mut far) = Exchange::pair(7, 0, 400);
        wire.listen(near)?;
        let answer = wire.open(4000)?;
        assert_eq!(answer.window, window, "buffers of {bytes} bytes");
        let mut payload = vec![0; 400];
        assert_eq!(far.send(&mut payload), 400);
        wire.send(4000, [FIRST + 1, answer.sequence.wrapping_add(1)], ACK | PSH, &payload);
        wire.wait(20_000)?;
        let heard = wire.heard(4000);
        assert!(heard.iter().any(|said| said.acknowledgement == FIRST + 401), "the data is acknowledged");
        assert_eq!(wire.bench.device.register(offset::STAT_DROP_OUT_OF_ORDER)?, 0);
        assert_eq!(wire.bench.host.early, 1);
        // The session has all it expects and closes.
        assert!(heard.iter().any(|said| said.control & FIN != 0), "the session is content");
        wire.send(4000, [FIRST + 401, answer.sequence.wrapping_add(1)], RST | ACK, &[]);
        wire.wait(2_000)?;
        wire.bench.finish()?;
    }
    Ok(())
}

/// Without buffers everything is as it was: a window of 0, and the data waits for the host's room.
#[test]
fn listener_without_buffers_announces_nothing() -> Result<()> {
    let mut wire = Wire::new(4_096, 0, &configuration())?;
    let (near, _) = Exchange::pair(7, 0, 400);
    wire.listen(near)?;
    let answer = wire.open(4000)?;
    assert_eq!(answer.window, 0);
    wire.send(4000, [FIRST + 1, answer.sequence.wrapping_add(1)], ACK | PSH, &[1; 400]);
    wire.wait(20_000)?;
    let heard = wire.heard(4000);
    assert!(heard.iter().all(|said| said.acknowledgement == FIRST + 1));
    assert!(heard.last().is_some_and(|said| said.window > 0), "the host has posted room by now");
    assert_eq!(wire.bench.host.early, 0);
    wire.send(4000, [FIRST + 1, answer.sequence.wrapping_add(1)], RST | ACK, &[]);
    wire.wait(2_000)?;
    wire.bench.finish()
}

/// Some hundred half-open connections, ended at random in every way there is; now and then the listener is closed and
/// comes again. At the end every buffer, context and slot is home.
#[test]
fn buffers_come_home_however_a_handshake_ends() -> Result<()> {
    const SEED: u64 = 0xea51;
    println!("seed {SEED:#x}");
    let mut random = Random::new(SEED);
    let tcp =
        TcpTuning { initial_rto: 500, minimum_rto: 500, maximum_rto: 1_000, retry_limit: 2, ..configuration().tcp };
    let mut wire = Wire::new(1_000, 3, &Configuration { tcp, ..configuration() })?;
    let (near, _) = Exchange::pair(7, 50, 300);
    wire.listen(near.clone())?;
    let (mut with_room, mut without) = (0, 0);
    for round in 0..300u16 {
        let port = 5_000 + round;
        wire.send(port, [FIRST, 0], SYN, &[]);
        wire.wait(random.below(400))?;
        let answer = wire.heard(port).into_iter().find(|said| said.control == SYN | ACK);
        let next = answer.as_ref().map_or(0, |said| said.sequence.wrapping_add(1));
        match answer.map(|said| said.window) {
            Some(0) => without += 1,
            Some(window) => {
                ensure!(window == 1_000, "round {round}: window {window}");
                with_room += 1;
            }
            None => {}
        }
        match random.below(8) {
            0 | 1 => wire.send(port, [FIRST + 1, 0], RST, &[]),
            2 | 3 => wire.send(port, [FIRST + 1, next], ACK | PSH, &vec![0; random.within(1, 300) as usize]),
            4 => {
                wire.send(port, [FIRST + 1, next], ACK | PSH, &[0; 200]);
                wire.send(port, [FIRST + 201, next], RST, &[]);
            }
            5 => wire.send(port, [FIRST + 1, next], ACK | FIN, &[]),
            // It is given up.
            _ => {}
        }
        wire.wait(random.below(600))?;
        if random.below(40) == 0 {
            wire.bench.close_listeners()?;
            wire.wait(random.below(3_000))?;
            wire.listen(near.clone())?;
        }
    }
    println!("{with_room} SYN-ACKs with room, {without} without");
    assert!(with_room > 50 && without > 0);
    for round in 0..300 {
        wire.send(5_000 + round, [FIRST + 1, 0], RST, &[]);
        wire.wait(50)?;
    }
    wire.bench.finish()
}

/// smoltcp as the peer: its handshakes find the room they were promised, on a perfect wire and on one that loses and
/// repeats.
#[test]
fn sessions_begin_with_a_buffer_of_their_listener() {
    let impairments =
        [Impairment::default(), Impairment { loss: 0.03, duplicate: 0.03, reorder: 0.03, ..Impairment::default() }];
    for (seed, impairment) in impairments.into_iter().enumerate() {
        let mut scenario = Scenario::new(40 + seed as u64, Opener::Peer, 30_000, 60_000).impaired(impairment);
        scenario.connections = 12;
        scenario.plan.listener_depth = 2;
        let engine = rtl::engine(&Geometry::SMALL, None).expect("the engine elaborates and compiles");
        match scenario.run(engine) {
            // The SYN to the listener that was opened last may come before its buffers do.
            Ok(bench) => assert!(bench.host.early >= 11, "{} began with room, {scenario:?}", bench.host.early),
            Err(error) => panic!("{scenario:?}: {error:#}"),
        }
    }
}
