//! `network::Network`: frames nobody should send.
use crate::bench::{compiled_network, geometry, stepped_network, Pins, Rig};
use crate::frames::*;
use rand::Rng;
use stevedore_hdl::prelude::*;
use stevedore_rtl::network::Network;
use stevedore_verilated::lint;

const PEER: u32 = 0x0a00_0009;

/// A frame that is nearly right, or not at all.
fn nasty<const W: usize, D: Pins>(rig: &mut Rig<W, D>) -> Vec<u8> {
    let rng = &mut rig.rng;
    let mut bytes = match rng.random_range(0..4) {
        0 => Arp::question(PEER).bytes(),
        1 => Arp::answer(PEER).bytes(),
        2 => Echo::request(PEER, (0..rng.random_range(0..300)).map(|_| 0).collect()).bytes(),
        _ => (0..rng.random_range(1..200)).map(|_| rng.random()).collect(),
    };
    for _ in 0..rng.random_range(0..3) {
        let at = rng.random_range(0..bytes.len().min(60));
        bytes[at] = rng.random();
    }
    match rng.random_range(0..8) {
        0 => bytes.truncate(rng.random_range(1..=bytes.len())),
        1 => bytes.extend((0..rng.random_range(0..40)).map(|_| 0xa5)),
        2 => bytes.resize(rng.random_range(1400..4000), 0x77),
        _ => (),
    }
    bytes
}

/// Whatever comes out is a well-formed frame of the engine.
fn check(frame: &[u8]) {
    assert!((60..=1514).contains(&frame.len()));
    assert_eq!(frame[6..12], OWN_MAC);
    match frame[12..14] {
        [8, 6] => assert_eq!((frame[22..28].to_vec(), frame.len()), (OWN_MAC.to_vec(), 60)),
        [8, 0] => {
            let end = 14 + usize::from(u16::from_be_bytes([frame[16], frame[17]]));
            assert_eq!((checksum(&frame[14..34]), checksum(&frame[34..end])), (0, 0));
            assert!(frame[end..].iter().all(|&octet| octet == 0), "padding");
        }
        _ => panic!("what is this? {frame:x?}"),
    }
}

fn storm<const W: usize, D: Pins>(rig: &mut Rig<W, D>, frames: usize) {
    for _ in 0..frames {
        let (bytes, damaged) = (nasty(rig), rig.rng.random_bool(0.05));
        rig.send(&bytes, damaged);
        if rig.rng.random_bool(0.2) {
            rig.settle(0);
        }
    }
    rig.settle(20_000);
    std::mem::take(&mut rig.frames).iter().for_each(|frame| check(frame));
    let question = Arp::question(PEER);
    assert_eq!(rig.exchange(&question.bytes()), vec![question.reply().bytes()], "ARP is alive");
    let request = Echo::request(PEER, vec![7; 99]);
    assert_eq!(rig.exchange(&request.bytes()), vec![request.reply().bytes()], "ping is alive");
}

#[test]
fn storm_of_bad_frames_leaves_it_alive() {
    for stall in [0.0, 0.3, 0.9] {
        storm(&mut Rig::<64, _>::new(compiled_network::<64>(), 1, stall), 2000);
        storm(&mut Rig::<512, _>::new(compiled_network::<512>(), 2, stall), 2000);
    }
}

#[test]
fn both_simulators_agree_on_bad_frames() {
    let mut rig = Rig::<64, _>::new(stepped_network::<64>(), 3, 0.1);
    for _ in 0..30 {
        let bytes = nasty(&mut rig);
        rig.send(&bytes, false);
    }
    rig.settle(500);
    rig.dut.replay("network_64").unwrap();
}

#[test]
fn network_verilog_is_clean() {
    let narrow = with_big_stack(|| verilog(&Network::<64>::new(&geometry(64)), "network"));
    lint(&narrow, "network", &[]).unwrap();
    let wide = with_big_stack(|| verilog(&Network::<512>::new(&geometry(512)), "network"));
    lint(&wide, "network", &[]).unwrap();
}
