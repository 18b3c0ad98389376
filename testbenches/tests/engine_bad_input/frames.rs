//! Frames that no peer should send.

use super::{bench, prove};
use anyhow::{ensure, Result};
use stevedore_abi::register::offset;
use stevedore_testbenches::bench::{configuration, ENGINE, PEER};
use stevedore_testbenches::random::Random;
use stevedore_testbenches::simulator::SimulatorOptions;

const OWN_MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x01];
/// The ones' complement sum of RFC 1071.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// A TCP segment with random fields and right lengths and checksums, to `port`.
fn segment(random: &mut Random, port: u16) -> Vec<u8> {
    let options = random.below(11) as usize * 4;
    let payload = random.below(200) as usize;
    let mut tcp = vec![0; 20 + options + payload];
    random.fill(&mut tcp);
    tcp[0..2].copy_from_slice(&(1024 + random.below(60_000) as u16).to_be_bytes());
    tcp[2..4].copy_from_slice(&port.to_be_bytes());
    tcp[12] = ((20 + options) / 4) as u8 * 16;
    // One connection request in a hundred: each holds a slot until its handshake times out.
    if random.below(100) > 0 {
        tcp[13] &= !2;
    }
    tcp[16..18].fill(0);
    let mut ip = [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    ip[2..4].copy_from_slice(&((20 + tcp.len()) as u16).to_be_bytes());
    ip[12..16].copy_from_slice(&PEER.octets());
    ip[16..20].copy_from_slice(&ENGINE.octets());
    let header = checksum(&[&ip]);
    ip[10..12].copy_from_slice(&header.to_be_bytes());
    let length = (tcp.len() as u16).to_be_bytes();
    let sum = checksum(&[&ip[12..20], &[0, 6], &length, &tcp]);
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    let mut frame = OWN_MAC.to_vec();
    frame.extend([2, 0x53, 0x54, 0x56, 0x44, 2, 8, 0]);
    frame.extend(ip);
    frame.extend(tcp);
    frame
}

/// A frame of one of five degrees of plausibility.
fn fuzz(random: &mut Random, port: u16) -> Vec<u8> {
    let mut frame = vec![0; random.within(14, 300) as usize];
    random.fill(&mut frame);
    match random.below(5) {
        // Noise.
        0 => {}
        // Noise in an Ethernet frame to the engine, of a type it looks into.
        1 => {
            frame[..6].copy_from_slice(&OWN_MAC);
            frame[12..14].copy_from_slice(if random.below(4) == 0 { &[8, 6] } else { &[8, 0] });
        }
        // A segment with some bytes spoilt.
        2 => {
            frame = segment(random, port);
            for _ in 0..random.within(1, 4) {
                let at = random.within(12, frame.len() as u64 - 1) as usize;
                frame[at] = random.next() as u8;
            }
        }
        // A segment cut short, or with something behind it.
        3 => {
            frame = segment(random, port);
            frame.resize(random.within(14, 400) as usize, 0x5a);
        }
        // A correct segment that belongs to nothing, or to the listener.
        _ => {
            let port = if random.below(2) == 0 { port } else { 9 };
            frame = segment(random, port);
        }
    }
    frame
}

/// Done-when 9: a million bytes of fuzz while connections run; frames are dropped and counted, or answered with RST; no
/// byte of memory outside what is posted is touched, and connections work afterwards.
#[test]
fn a_million_bytes_of_fuzz_do_no_harm() -> Result<()> {
    let mut configuration = configuration();
    (configuration.tcp.retry_limit, configuration.tcp.initial_rto) = (3, 20_000);
    let mut random = Random::new(99);
    let mut bench = bench(SimulatorOptions::default(), &configuration)?;
    prove(&mut bench, 1_000)?;
    let (mut sent, mut frames) = (0, 0);
    while sent < 1_000_000 {
        let frame = fuzz(&mut random, 1_000);
        sent += frame.len();
        frames += 1;
        bench.device.transport_mut().inject(frame);
        // About as fast as the wire carries them.
        for _ in 0..random.below(3) {
            bench.step()?;
        }
        if frames % 1_000 == 0 {
            prove(&mut bench, 1_000 + frames / 1_000)?;
        }
    }
    prove(&mut bench, 2_000)?;
    let mut register = |offset| bench.device.register(offset);
    let dropped = register(offset::STAT_DROP_MALFORMED)?
        + register(offset::STAT_DROP_CHECKSUM)?
        + register(offset::STAT_DROP_NO_CONNECTION)?;
    ensure!(dropped > u32::from(frames) / 4, "{dropped} of {frames} frames were counted as dropped");
    bench.finish()
}

/// Every length of frame from the shortest to beyond the longest, truncated in every header.
#[test]
fn every_length_of_frame_is_survived() -> Result<()> {
    let mut random = Random::new(5);
    let mut bench = bench(SimulatorOptions::default(), &configuration())?;
    for length in (14..200).chain(1_500..1_600) {
        let mut frame = segment(&mut random, 9);
        frame.resize(length, 0);
        bench.device.transport_mut().inject(frame);
        bench.step()?;
    }
    prove(&mut bench, 1_000)?;
    bench.finish()
}
