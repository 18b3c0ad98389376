//! `network::Network`: ARP questions from the wire (RFC 826, RFC 5227).
use crate::bench::{compiled_network, stepped_network, Pins, Rig};
use crate::frames::*;

const PEER: u32 = 0x0a00_0005;

fn answers_what_it_should<const W: usize, D: Pins>(rig: &mut Rig<W, D>) {
    let question = Arp::question(PEER);
    let reply = vec![question.reply().bytes()];
    assert_eq!(rig.exchange(&question.bytes()), reply, "broadcast");
    assert_eq!(rig.exchange(&question.bytes()[..42]), reply, "not padded");
    assert_eq!(rig.exchange(&Arp { destination: OWN_MAC, ..question.clone() }.bytes()), reply, "unicast");
    let probe = Arp { sender_ip: 0, ..question.clone() };
    assert_eq!(rig.exchange(&probe.bytes()), vec![probe.reply().bytes()], "probe");
}

fn ignores_what_it_should<const W: usize, D: Pins>(rig: &mut Rig<W, D>) {
    let question = Arp::question(PEER);
    let nothing: Vec<Vec<u8>> = vec![];
    let others = [
        Arp { target_ip: PEER + 1, ..question.clone() },
        Arp { destination: mac_of(PEER), ..question.clone() },
        Arp { operation: 3, ..question.clone() },
        Arp { sender_ip: OWN_IP, ..question.clone() },
        Arp { sender_mac: BROADCAST, ..question.clone() },
        Arp::answer(PEER),
    ];
    for other in others {
        assert_eq!(rig.exchange(&other.bytes()), nothing, "{other:?}");
    }
    // EtherType, hardware, protocol, sizes.
    for octet in 12..20 {
        let mut bytes = question.bytes();
        bytes[octet] ^= 1;
        assert_eq!(rig.exchange(&bytes), nothing, "octet {octet}");
    }
    assert_eq!(rig.exchange(&question.bytes()[..41]), nothing, "cut off");
    rig.send(&question.bytes(), true);
    rig.settle(100);
    assert!(rig.frames.is_empty(), "damaged");
}

#[test]
fn question_for_the_own_address_is_answered() {
    for stall in [0.0, 0.3, 0.9] {
        answers_what_it_should(&mut Rig::<64, _>::new(compiled_network::<64>(), 1, stall));
        answers_what_it_should(&mut Rig::<512, _>::new(compiled_network::<512>(), 2, stall));
    }
}

#[test]
fn other_arp_packets_are_ignored() {
    ignores_what_it_should(&mut Rig::<64, _>::new(compiled_network::<64>(), 3, 0.0));
    ignores_what_it_should(&mut Rig::<512, _>::new(compiled_network::<512>(), 4, 0.0));
}

#[test]
fn both_simulators_agree_on_arp() {
    let mut rig = Rig::<64, _>::new(stepped_network::<64>(), 5, 0.2);
    answers_what_it_should(&mut rig);
    rig.dut.replay("network_64").unwrap();
}

#[test]
fn questions_between_other_frames_at_full_rate_are_all_answered() {
    fn run<const W: usize>() {
        let mut rig = Rig::<W, _>::new(compiled_network::<W>(), 6, 0.0);
        for i in 0..100u32 {
            rig.send(&Arp::question(PEER + i).bytes(), false);
            // Enough of other traffic for the answer to leave, no cycle more between the frames.
            (0..32).for_each(|_| rig.send(&[0x5a; 64], false));
        }
        rig.settle(100);
        let expected: Vec<_> = (0..100).map(|i| Arp::question(PEER + i).reply().bytes()).collect();
        assert_eq!(rig.frames, expected);
    }
    run::<64>();
    run::<512>();
}
