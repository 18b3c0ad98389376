//! `network::Network`: ping (RFC 792, RFC 1122 3.2.2.6).
use crate::bench::{compiled_network, stepped_network, Pins, Rig};
use crate::frames::*;
use rand::Rng;

const PEER: u32 = 0x0a00_0107;

fn random_request<const W: usize, D: Pins>(rig: &mut Rig<W, D>, data: usize) -> Echo {
    let data = (0..data).map(|_| rig.rng.random()).collect();
    Echo {
        service: rig.rng.random(),
        identification: rig.rng.random(),
        fragment: rig.rng.random::<u16>() & 0xc000,
        lifetime: rig.rng.random(),
        identity: rig.rng.random(),
        ..Echo::request(PEER, data)
    }
}

fn sweep<const W: usize, D: Pins>(rig: &mut Rig<W, D>, lengths: &[usize]) {
    for &length in lengths {
        let request = random_request(rig, length);
        assert_eq!(rig.exchange(&request.padded(0xee)), vec![request.reply().bytes()], "{length} octets of data");
    }
}

#[test]
fn request_of_any_length_is_answered() {
    let lengths: Vec<usize> = (0..200).chain((200..1472).step_by(37)).chain(1465..=1472).collect();
    sweep(&mut Rig::<64, _>::new(compiled_network::<64>(), 1, 0.0), &lengths);
    sweep(&mut Rig::<512, _>::new(compiled_network::<512>(), 2, 0.0), &lengths);
    for stall in [0.3, 0.9] {
        let lengths: Vec<usize> = (0..60).chain([100, 777, 1471, 1472]).collect();
        sweep(&mut Rig::<64, _>::new(compiled_network::<64>(), 3, stall), &lengths);
        sweep(&mut Rig::<512, _>::new(compiled_network::<512>(), 4, stall), &lengths);
    }
}

#[test]
fn both_simulators_agree_on_ping() {
    let mut rig = Rig::<64, _>::new(stepped_network::<64>(), 5, 0.1);
    sweep(&mut rig, &[0, 1, 17, 18, 19, 64, 101]);
    rig.dut.replay("network_64").unwrap();
}

#[test]
fn checksums_at_their_limits_stay_right() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 6, 0.0);
    // All checksums around 0xf7ff, where the update carries, and where it comes out as either zero.
    for word in (0xf7f0..0xf810u16).chain(0..0x20).chain(0xffe0..=0xffff).chain(0x07f0..0x0810) {
        let request = Echo { identity: [0, 0, (word >> 8) as u8, word as u8], ..Echo::request(PEER, vec![]) };
        let replies = rig.exchange(&request.bytes());
        assert_eq!(replies.len(), 1, "identity {word:#x}");
        assert_eq!(checksum(&replies[0][34..42]), 0, "identity {word:#x}: ICMP checksum");
        assert_eq!(checksum(&replies[0][14..34]), 0, "identity {word:#x}: IP checksum");
    }
    for lifetime in 0..=255 {
        for identification in [0, 0x3b0a, rig.rng.random()] {
            let request = Echo { lifetime, identification, ..Echo::request(PEER, vec![1, 2, 3]) };
            assert_eq!(rig.exchange(&request.bytes()), vec![request.reply().bytes()], "time to live {lifetime}");
        }
    }
}

fn ignores_what_it_should<const W: usize>() {
    let mut rig = Rig::<W, _>::new(compiled_network::<W>(), 7, 0.0);
    let request = Echo::request(PEER, (0..50).collect());
    let nothing: Vec<Vec<u8>> = vec![];
    let others = [
        Echo { destination: BROADCAST, ..request.clone() },
        Echo { destination: mac_of(PEER + 1), ..request.clone() },
        Echo { source: [1, 0, 0, 0, 0, 1], ..request.clone() },
        Echo { destination_ip: OWN_IP + 1, ..request.clone() },
        Echo { destination_ip: OWN_IP | !NETMASK, ..request.clone() },
        Echo { fragment: 0x2000, ..request.clone() },
        Echo { fragment: 0x0001, ..request.clone() },
        Echo { kind: 0, ..request.clone() },
        Echo { kind: 13, ..request.clone() },
        Echo { code: 1, ..request.clone() },
        Echo { data: vec![0; 1473], ..request.clone() },
    ];
    for other in others {
        assert_eq!(rig.exchange(&other.bytes()), nothing, "{other:?}");
    }
    // Any single damaged bit from the EtherType on.
    let bytes = request.bytes();
    for octet in 12..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[octet] ^= 1 << rig.rng.random_range(0..8);
        assert_eq!(rig.exchange(&damaged), nothing, "octet {octet}");
    }
    for length in 1..bytes.len() {
        assert_eq!(rig.exchange(&bytes[..length]), nothing, "cut off after {length}");
    }
    rig.send(&bytes, true);
    rig.settle(300);
    assert!(rig.frames.is_empty(), "damaged");
    assert_eq!(rig.exchange(&bytes), vec![request.reply().bytes()], "still alive");
}

#[test]
fn other_messages_are_ignored() {
    ignores_what_it_should::<64>();
    ignores_what_it_should::<512>();
}

#[test]
fn flood_is_answered_in_part_and_never_wrongly() {
    fn run<const W: usize>() {
        let mut rig = Rig::<W, _>::new(compiled_network::<W>(), 8, 0.0);
        let requests: Vec<Echo> = (0..300).map(|i| random_request(&mut rig, i % 120)).collect();
        for request in &requests {
            rig.send(&request.bytes(), false);
        }
        rig.settle(1000);
        let replies: Vec<Vec<u8>> = requests.iter().map(|request| request.reply().bytes()).collect();
        let mut from = 0;
        for frame in &rig.frames {
            from += 1 + replies[from..].iter().position(|reply| reply == frame).expect("a reply, in order");
        }
        assert!(rig.frames.len() > 5, "{} of 300", rig.frames.len());
    }
    run::<64>();
    run::<512>();
}
