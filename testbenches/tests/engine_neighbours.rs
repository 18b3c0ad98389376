//! The RTL engine among its neighbours: frames from addresses that cannot be a host's, and next hops that change their
//! MAC under open connections. The frames are made by hand, the host is the driver's.
#[path = "network/frames.rs"]
#[allow(dead_code, reason = "shared with the tests of the network block; this binary uses part of it")]
mod frames;

use anyhow::{Context, Result};
use frames::{segment, Arp, Echo, BROADCAST, OWN_MAC};
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{configuration, Bench};
use stevedore_testbenches::peers::Nobody;
use stevedore_testbenches::rtl;
use stevedore_testbenches::sessions::{BufferPlan, Exchange};
use stevedore_testbenches::simulator::SimulatorOptions;

const ENGINE: u32 = 0x0a09_0001;
const PEER: u32 = 0x0a09_0002;
const OLD: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x02];
const NEW: [u8; 6] = [0x02, 0x77, 0x54, 0x56, 0x44, 0x02];
const SYN: u8 = 2;
const ACK: u8 = 16;

/// An engine whose host serves port 80 with sessions that have something to say.
struct Wire {
    bench: Bench<Nobody>,
}

impl Wire {
    fn new() -> Result<Wire> {
        let engine = rtl::engine(&Geometry::SMALL, None)?;
        let plan = BufferPlan::whole(8_192, 4);
        let mut bench = Bench::new(engine, Nobody::default(), SimulatorOptions::default(), &configuration(), plan)?;
        let (near, _) = Exchange::pair(7, 3_000, 0);
        bench.serve(80, move || near.clone())?;
        Ok(Wire { bench })
    }

    /// Sends a frame to the engine, lets `cycles` pass and gives what the engine sent.
    fn exchange(&mut self, frame: Vec<u8>, cycles: u64) -> Result<Vec<Vec<u8>>> {
        self.bench.device.transport_mut().inject(frame);
        self.wait(cycles)
    }

    fn wait(&mut self, cycles: u64) -> Result<Vec<Vec<u8>>> {
        let end = self.bench.now() + cycles;
        while self.bench.now() < end {
            self.bench.step()?;
        }
        Ok(std::mem::take(&mut self.bench.device.transport_mut().peer.received))
    }

    /// Opens a connection from `port` of the peer and gives what the engine sent after the handshake; `numbers` are
    /// those of the peer's next segment.
    fn connect(&mut self, port: u16) -> Result<([u32; 2], Vec<Vec<u8>>)> {
        let ports = [port, 80];
        let frames = self.exchange(segment(OLD, PEER, ENGINE, ports, [1000, 0], SYN), 2_000)?;
        let answer = frames.iter().find(|frame| is_segment(frame) && frame[47] == SYN | ACK).context("no SYN-ACK")?;
        let sequence = u32::from_be_bytes(answer[38..42].try_into()?);
        let numbers = [1001, sequence.wrapping_add(1)];
        let frames = self.exchange(segment(OLD, PEER, ENGINE, ports, numbers, ACK), 20_000)?;
        Ok((numbers, frames))
    }
}

fn is_segment(frame: &[u8]) -> bool {
    frame[12..14] == [8, 0] && frame[23] == 6
}

/// The destinations of the segments among the frames, without repetitions.
fn destinations(frames: &[Vec<u8>]) -> Vec<[u8; 6]> {
    let mut macs: Vec<[u8; 6]> =
        frames.iter().filter(|frame| is_segment(frame)).map(|frame| frame[..6].try_into().expect("six")).collect();
    macs.sort_unstable();
    macs.dedup();
    macs
}

fn arp(operation: u16, mac: [u8; 6], target_ip: u32) -> Vec<u8> {
    let (destination, target_mac) = if operation == 2 { (OWN_MAC, OWN_MAC) } else { (BROADCAST, [0; 6]) };
    Arp { destination, source: mac, operation, sender_mac: mac, sender_ip: PEER, target_mac, target_ip }.bytes()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

/// RFC 1122 3.2.1.3, on the wire: frames that came back with an answer, or took a slot, before one place knew all
/// addresses.
#[test]
fn impossible_senders_get_no_answer_and_no_slot() -> Result<()> {
    let mut wire = Wire::new()?;
    let free = wire.bench.device.free_resources()?;
    let from_broadcast =
        "02535456440102535456440208004500002800004000400625bf0a0900ff0a0900010fa00050000003e8000000005002ffff\
                          86f90000000000000000";
    let mut frames = vec![unhex(from_broadcast), segment(BROADCAST, PEER, ENGINE, [4000, 80], [1000, 0], SYN)];
    for address in [0xffff_ffff, 0x7f00_0001, ENGINE, 0x0a09_00ff, 0x0a09_0000, 0xe000_0001] {
        let echo = Echo { destination_ip: ENGINE, source: OLD, ..Echo::request(address, vec![1; 20]) };
        let question = Arp { target_ip: ENGINE, sender_mac: OLD, source: OLD, ..Arp::question(address) };
        frames.extend([echo.bytes(), question.bytes(), segment(OLD, address, ENGINE, [4001, 80], [1000, 0], SYN)]);
    }
    for frame in frames {
        let answers = wire.exchange(frame.clone(), 2_000)?;
        assert!(answers.is_empty(), "{frame:02x?} was answered: {answers:02x?}");
    }
    assert_eq!(wire.bench.device.free_resources()?, free);
    let (_, frames) = wire.connect(4000)?;
    assert_eq!(destinations(&frames), [OLD], "the engine still works");
    Ok(())
}

/// What comes from the new MAC before anybody is asked.
#[derive(Clone, Copy, Debug)]
enum Cause {
    Gratuitous,
    Question,
    Data,
}

/// Who answers the engine's question.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answerer {
    Nobody,
    Old,
    New,
}

fn moves(cause: Cause, answerer: Answerer) -> Result<()> {
    let context = format!("{cause:?}, answered by {answerer:?}");
    let mut wire = Wire::new()?;
    let (numbers, frames) = wire.connect(4000)?;
    assert_eq!(destinations(&frames), [OLD], "{context}");
    let (_, frames) = wire.connect(4001)?;
    assert_eq!(destinations(&frames), [OLD], "{context}");
    let frame = match cause {
        Cause::Gratuitous => arp(1, NEW, PEER),
        Cause::Question => arp(1, NEW, ENGINE),
        Cause::Data => segment(NEW, PEER, ENGINE, [4000, 80], numbers, ACK),
    };
    let frames = wire.exchange(frame, 5_000)?;
    let asked = frames
        .iter()
        .filter(|frame| frame[12..14] == [8, 6] && frame[20..22] == [0, 1] && frame[38..42] == PEER.to_be_bytes());
    assert_eq!(asked.count(), 1, "{context}: the peer is asked, once");
    match answerer {
        Answerer::Nobody => (),
        Answerer::Old => drop(wire.exchange(arp(2, OLD, ENGINE), 5_000)?),
        Answerer::New => drop(wire.exchange(arp(2, NEW, ENGINE), 5_000)?),
    }
    // Both connections retransmit meanwhile.
    let frames = wire.wait(600_000)?;
    for port in [4000u16, 4001] {
        let of_port: Vec<Vec<u8>> =
            frames.iter().filter(|frame| is_segment(frame) && frame[36..38] == port.to_be_bytes()).cloned().collect();
        let expected = if answerer == Answerer::New { NEW } else { OLD };
        assert_eq!(destinations(&of_port), [expected], "{context}, port {port}");
    }
    Ok(())
}

/// Decision 006: whatever claims another MAC, the peer is asked, and its answer moves every connection; without one
/// nothing moves.
#[test]
fn open_connections_follow_a_peer_only_when_it_answers_from_its_new_mac() -> Result<()> {
    for cause in [Cause::Gratuitous, Cause::Question, Cause::Data] {
        for answerer in [Answerer::New, Answerer::Nobody, Answerer::Old] {
            moves(cause, answerer)?;
        }
    }
    Ok(())
}

/// RFC 9293 3.10.7.2: a listener drops a segment that has neither SYN nor ACK nor RST; 3.10.7.1: where nobody listens a
/// reset answers.
#[test]
fn listener_drops_a_fin_alone() -> Result<()> {
    const FIN: u8 = 1;
    const RST: u8 = 4;
    let mut wire = Wire::new()?;
    let mut answers = |port: u16| -> Result<Vec<u8>> {
        let frames = wire.exchange(segment(OLD, PEER, ENGINE, [5_000, port], [1_000, 0], FIN), 3_000)?;
        Ok(frames.iter().filter(|frame| is_segment(frame)).map(|frame| frame[47]).collect())
    };
    assert_eq!(answers(80)?, Vec::<u8>::new(), "answers of the listener");
    assert_eq!(answers(81)?, vec![RST | ACK], "answers where nobody listens");
    wire.bench.finish()
}
