//! `network::Network`: next hops that change their MAC under open connections (decision 006).
use crate::bench::{compiled_network, stepped_network, Pins, Rig};
use crate::frames::*;
use rand::Rng;
use std::collections::BTreeMap;
use stevedore_rtl::bundles::*;
use stevedore_rtl::network::Heard;

const PEER: u32 = 0x0a00_0005;
const OTHER: u32 = 0x0a00_0006;
const FAR: u32 = 0x0808_0808;
const FARTHER: u32 = 0x0909_0909;
const NEW: [u8; 6] = [0x06, 0x77, 1, 2, 3, 4];

fn number(mac: [u8; 6]) -> u64 {
    mac.iter().fold(0, |value, &octet| value << 8 | u64::from(octet))
}

fn row(slot: u16, ip: u32, mac: [u8; 6]) -> Address {
    let tuple = Tuple {
        remote_address: u64::from(ip).into(),
        remote_port: (1000 + u64::from(slot)).into(),
        local_port: 80.into(),
    };
    Address { slot: u64::from(slot).into(), tuple, remote_mac: number(mac).into() }
}

/// Two connections to a peer, one to another, two through the gateway, and a listener.
fn rows() -> [Address; 6] {
    [
        row(1, PEER, mac_of(PEER)),
        row(2, OTHER, mac_of(OTHER)),
        row(3, FAR, mac_of(GATEWAY)),
        row(40, FARTHER, mac_of(GATEWAY)),
        row(62, 0, [0; 6]),
        row(63, PEER, mac_of(PEER)),
    ]
}

fn fill<const W: usize, D: Pins>(rig: &mut Rig<W, D>) {
    for row in rows() {
        rig.row = Some(row);
        rig.step();
        assert_eq!(rig.table[&(row.slot.index() as u16)], row, "a row passes in the cycle it comes");
    }
}

/// The MACs of the rows above.
fn macs<const W: usize, D: Pins>(rig: &Rig<W, D>) -> Vec<u64> {
    rows().iter().map(|row| rig.table[&(row.slot.index() as u16)].remote_mac.to_u64()).collect()
}

/// The MACs when the rows at `moved` have the new one.
fn moved(moved: &[usize]) -> Vec<u64> {
    let mac = |(i, row): (usize, &Address)| {
        if moved.contains(&i) {
            number(NEW)
        } else {
            row.remote_mac.to_u64()
        }
    };
    rows().iter().enumerate().map(mac).collect()
}

/// What may make the engine doubt a MAC.
#[derive(Clone, Copy, Debug)]
enum Cause {
    /// An ARP question for the own address, broadcast (RFC 5227: an announcement).
    Gratuitous,
    /// An ARP reply nobody asked for, to everybody.
    Reply,
    /// An ARP question for the engine.
    Question,
    /// An ARP question for somebody else.
    Overheard,
    /// A segment of a connection.
    Segment,
}

const CAUSES: [Cause; 5] = [Cause::Gratuitous, Cause::Reply, Cause::Question, Cause::Overheard, Cause::Segment];

/// `hop` claims to have the new MAC; a segment comes from `peer` in `slot`. Gives what the engine sent.
fn claim<const W: usize, D: Pins>(
    rig: &mut Rig<W, D>,
    cause: Cause,
    hop: u32,
    (slot, peer): (u16, u32),
) -> Vec<Vec<u8>> {
    let question = Arp { source: NEW, sender_mac: NEW, ..Arp::question(hop) };
    rig.frames.clear();
    match cause {
        Cause::Gratuitous => rig.send(&Arp { target_ip: hop, ..question }.bytes(), false),
        Cause::Reply => rig.send(&Arp { operation: 2, target_ip: hop, target_mac: NEW, ..question }.bytes(), false),
        Cause::Question => rig.send(&question.bytes(), false),
        Cause::Overheard => rig.send(&Arp { target_ip: OWN_IP + 9, ..question }.bytes(), false),
        Cause::Segment => {
            let (remote_address, remote_mac) = (u64::from(peer).into(), number(NEW).into());
            rig.heard = Some((Heard { remote_address, remote_mac }, slot));
        }
    }
    rig.settle(1_500);
    let mut frames = std::mem::take(&mut rig.frames);
    // The question for the engine is answered, too.
    frames.retain(|frame| frame[20..22] != [0, 2]);
    frames
}

fn answer<const W: usize, D: Pins>(rig: &mut Rig<W, D>, hop: u32, mac: [u8; 6]) {
    rig.exchange(&Arp { source: mac, sender_mac: mac, ..Arp::answer(hop) }.bytes());
    rig.settle(1_500);
}

fn follows<const W: usize, D: Pins>(rig: &mut Rig<W, D>, cause: Cause) {
    fill(rig);
    let frames = claim(rig, cause, PEER, (63, PEER));
    assert_eq!(frames, vec![Arp::question_for(PEER).bytes()], "{cause:?}: the peer is asked");
    assert_eq!(macs(rig), moved(&[]), "{cause:?}: a claim changes nothing");
    answer(rig, PEER, NEW);
    assert_eq!(macs(rig), moved(&[0, 5]), "{cause:?}: all connections of the peer follow, no other");
}

#[test]
fn connections_follow_a_peer_that_answers_from_a_new_mac() {
    for (seed, cause) in CAUSES.into_iter().enumerate() {
        follows(&mut Rig::<64, _>::new(compiled_network::<64>(), seed as u64, 0.0), cause);
        follows(&mut Rig::<512, _>::new(compiled_network::<512>(), seed as u64, 0.3), cause);
    }
}

#[test]
fn both_simulators_agree_on_moves() {
    let mut rig = Rig::<64, _>::new(stepped_network::<64>(), 5, 0.0);
    follows(&mut rig, Cause::Gratuitous);
    rig.dut.replay("network_64").unwrap();
}

#[test]
fn connections_follow_a_gateway_that_answers_from_a_new_mac() {
    for (seed, cause) in CAUSES.into_iter().enumerate() {
        let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 10 + seed as u64, 0.0);
        fill(&mut rig);
        let frames = claim(&mut rig, cause, GATEWAY, (40, FARTHER));
        assert_eq!(frames, vec![Arp::question_for(GATEWAY).bytes()], "{cause:?}");
        answer(&mut rig, GATEWAY, NEW);
        assert_eq!(macs(&rig), moved(&[2, 3]), "{cause:?}: all connections through the gateway follow, no other");
    }
}

#[test]
fn forged_claims_steal_nothing() {
    for (seed, cause) in CAUSES.into_iter().enumerate() {
        // Nobody answers; the host with the old MAC answers, then the forger, too late.
        for old_answers in [false, true] {
            let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 20 + seed as u64, 0.0);
            fill(&mut rig);
            claim(&mut rig, cause, PEER, (1, PEER));
            if old_answers {
                answer(&mut rig, PEER, mac_of(PEER));
                answer(&mut rig, PEER, NEW);
            }
            assert_eq!(macs(&rig), moved(&[]), "{cause:?}, old MAC answers: {old_answers}");
        }
    }
}

/// An answer is believed as long as somebody waits for one (a little over two seconds), and not before the question.
#[test]
fn answers_out_of_time_move_nobody() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 30, 0.0);
    fill(&mut rig);
    answer(&mut rig, PEER, NEW);
    assert_eq!(macs(&rig), moved(&[]), "before any question");
    assert_eq!(claim(&mut rig, Cause::Segment, PEER, (1, PEER)), vec![Arp::question_for(PEER).bytes()]);
    rig.pace = 1_000;
    rig.steps(2_300);
    rig.pace = 1;
    answer(&mut rig, PEER, NEW);
    assert_eq!(macs(&rig), moved(&[]), "after 2.3 s");
}

/// A claim that agrees with the table, or is about nobody a connection sends to, asks nothing.
#[test]
fn claims_without_a_contradiction_ask_nothing() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 31, 0.0);
    fill(&mut rig);
    let quiet = Arp { target_ip: PEER, ..Arp::question(PEER) };
    assert!(rig.exchange(&quiet.bytes()).is_empty());
    assert!(claim(&mut rig, Cause::Gratuitous, PEER + 9, (0, 0)).is_empty());
    // A far host's claim on this wire is not about the next hop.
    assert!(claim(&mut rig, Cause::Gratuitous, FAR, (0, 0)).is_empty());
    // A segment in another connection's slot, as if the lookup had overtaken itself.
    assert!(claim(&mut rig, Cause::Segment, PEER, (2, PEER)).is_empty());
    assert!(claim(&mut rig, Cause::Segment, PEER, (0, PEER)).is_empty());
    assert_eq!(macs(&rig), moved(&[]));
}

/// RFC 1122 2.3.2.1: claims without end make a question a second for each next hop, and one in 65 ms for all.
#[test]
fn questions_are_rare_however_many_claims_come() {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), 32, 0.0);
    rig.pace = 100;
    fill(&mut rig);
    let segment = |rig: &mut Rig<64, _>, ip: u32, slot| {
        let (remote_address, remote_mac) = (u64::from(ip).into(), number(NEW).into());
        rig.heard = Some((Heard { remote_address, remote_mac }, slot));
        rig.steps(40);
    };
    // 5 s of one peer's segments.
    (0..1250).for_each(|_| segment(&mut rig, PEER, 1));
    let questions = std::mem::take(&mut rig.frames);
    assert!((3..=6).contains(&questions.len()), "{} questions in 5 s", questions.len());
    // 5 s of three.
    for i in 0..1250 {
        let (ip, slot) = [(PEER, 1), (OTHER, 2), (FAR, 3)][i % 3];
        segment(&mut rig, ip, slot);
    }
    let questions = std::mem::take(&mut rig.frames);
    assert!((9..=18).contains(&questions.len()), "{} questions in 5 s", questions.len());
    assert_eq!(macs(&rig), moved(&[]));
}

/// The lookup gives slots to new peers while rows are rewritten: a row never gets a peer back that is gone.
fn storm(seed: u64) {
    let mut rig = Rig::<64, _>::new(compiled_network::<64>(), seed, 0.0);
    // A tick of the limit on doubts every 32 cycles.
    rig.pace = 2_000;
    let hops = [PEER, OTHER, PEER + 16, GATEWAY];
    let mut now_at = hops.map(mac_of);
    let mut tuples: BTreeMap<u16, Tuple> = BTreeMap::new();
    let mut moves = 0;
    for cycle in 0..60_000 {
        let hop = rig.rng.random_range(0..hops.len());
        // Bursts of new rows, and pauses in which a walk comes to its end.
        if cycle % 2_000 < 1_000 && rig.rng.random_bool(0.1) {
            let slot = rig.rng.random_range(1..64);
            let ip = if hops[hop] == GATEWAY { FAR + rig.rng.random_range(0..3) } else { hops[hop] };
            let new = Address {
                tuple: Tuple { local_port: (cycle & 0xffff).into(), ..row(slot, ip, NEW).tuple },
                ..row(slot, ip, now_at[hop])
            };
            tuples.insert(slot, new.tuple);
            rig.row = Some(new);
        }
        if rig.rng.random_bool(0.002) {
            now_at[hop] = [6, 0x99, hop as u8, 0, (cycle >> 8) as u8, cycle as u8];
            let mac = now_at[hop];
            rig.send(
                &Arp { source: mac, sender_mac: mac, target_ip: hops[hop], ..Arp::question(hops[hop]) }.bytes(),
                false,
            );
        }
        let before = rig.table.clone();
        rig.step();
        for (slot, tuple) in &tuples {
            assert_eq!(rig.table[slot].tuple, *tuple, "seed {seed}, cycle {cycle}, slot {slot}");
            moves += usize::from(
                before.get(slot).is_some_and(|old| old.tuple == *tuple && old.remote_mac != rig.table[slot].remote_mac),
            );
        }
        for question in std::mem::take(&mut rig.frames) {
            let ip = u32::from_be_bytes(question[38..42].try_into().expect("four octets"));
            let asked = hops.iter().position(|&hop| hop == ip).expect("a question for a next hop");
            let mac = now_at[asked];
            rig.send(&Arp { source: mac, sender_mac: mac, ..Arp::answer(ip) }.bytes(), false);
        }
    }
    assert!(moves > 200, "seed {seed}: {moves} rows moved");
}

#[test]
fn rows_written_meanwhile_are_not_overwritten() {
    (40..44).for_each(storm);
}
