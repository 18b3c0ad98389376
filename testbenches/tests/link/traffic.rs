//! Reads, writes, registers and interrupts over every kind of wire.

use super::world::{host, options, Mishaps, Read, World, PARAMETERS};
use std::cell::RefCell;
use std::rc::Rc;
use stevedore_driver::transports::link::LinkTransport;
use stevedore_driver::{Buffer, Purpose, Transport, TransportError};

const BYTES: usize = 1 << 14;

const WIRES: [Mishaps; 7] = [
    Mishaps { loss: 0.0, duplicate: 0.0, hold: 0.0, damage: 0.0, stall: 0.0 },
    Mishaps { loss: 0.0, duplicate: 0.0, hold: 0.0, damage: 0.0, stall: 0.6 },
    Mishaps { loss: 0.1, duplicate: 0.0, hold: 0.0, damage: 0.0, stall: 0.0 },
    Mishaps { loss: 0.0, duplicate: 0.2, hold: 0.0, damage: 0.0, stall: 0.1 },
    Mishaps { loss: 0.0, duplicate: 0.0, hold: 0.1, damage: 0.0, stall: 0.0 },
    Mishaps { loss: 0.0, duplicate: 0.0, hold: 0.0, damage: 0.1, stall: 0.1 },
    Mishaps { loss: 0.05, duplicate: 0.05, hold: 0.05, damage: 0.05, stall: 0.3 },
];

/// The bytes a read brought, out of their lanes.
pub fn bytes_of(read: &Read) -> Vec<u8> {
    let lanes: Vec<u8> = read.words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let first = (read.address % 8) as usize;
    lanes[first..first + read.length as usize].to_vec()
}

#[test]
fn every_access_arrives_once_and_in_order() {
    for (index, mishaps) in WIRES.into_iter().enumerate() {
        run(&World::new(mishaps, 0x100 + index as u64), 1 + index as u32);
    }
}

fn run(world: &Rc<RefCell<World>>, session: u32) {
    let mut host = host(world, session);
    let memory = host.allocate(BYTES, 64).expect("memory");
    let from = memory.address();
    host.grant(&memory, 0..BYTES, Purpose::Send).expect("a grant");
    let mut source = Buffer::new(memory);
    source.as_mut_slice().iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 7 + at / 251) as u8);
    let sent = source.as_slice().to_vec();
    let target = host.allocate(BYTES, 64).expect("memory");
    let to = target.address();
    host.grant(&target, 0..BYTES, Purpose::Receive).expect("a grant");
    let target = Buffer::new(target);
    let mut model = vec![0u8; BYTES];
    let mut bursts: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut applied = 0;

    for round in 0..40u32 {
        let mut taken = world.borrow_mut();
        for burst in 0..6 {
            let length = 1 + taken.random.below(256) as usize;
            let at = taken.random.below((BYTES - length) as u64) as usize;
            let bytes: Vec<u8> = (0..length).map(|i| (i as u32 * 3 + round * 17 + burst) as u8).collect();
            taken.write(to + at as u64, &bytes);
            bursts.push((at, bytes));
        }
        let reads = taken.finished.len();
        for tag in 0..8u8 {
            let length = 1 + taken.random.below(1024) as u32;
            let at = taken.random.below((BYTES - length as usize) as u64);
            taken.read(tag * 31, from + at, length);
        }
        drop(taken);
        host.write(0x20 + 4 * round, round * 1_000_003).expect("a write");
        assert_eq!(host.read(0x20 + 4 * round).expect("a read"), round * 1_000_003);

        // The count of bursts lies behind the bursts.
        let count = host.read(0x10).expect("a read") as usize;
        for (at, bytes) in &bursts[applied..count] {
            model[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        applied = count;
        // More bursts may have come since: only what is not overwritten by those can be compared.
        let mut compared: Vec<bool> = vec![true; BYTES];
        bursts[count..].iter().for_each(|(at, bytes)| compared[*at..at + bytes.len()].fill(false));
        let got = target.as_slice();
        assert!((0..BYTES).all(|at| !compared[at] || got[at] == model[at]), "round {round}, {count} bursts");

        // The interrupt lies behind the bursts, too.
        while !world.borrow().writes.is_empty() {
            host.progress().expect("a living link");
        }
        world.borrow_mut().interrupt = true;
        assert!(host.wait_for_interrupt(200_000).expect("a living link"), "no interrupt");
        for (at, bytes) in &bursts[applied..] {
            model[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        applied = bursts.len();
        assert_eq!(target.as_slice(), model, "round {round}");
        world.borrow_mut().interrupt = false;
        let start = world.borrow().now;
        while world.borrow().finished.len() < reads + 8 {
            host.progress().expect("a living link");
            assert!(world.borrow().now < start + 400_000, "reads are not answered");
        }
        while host.wait_for_interrupt(0).expect("a living link") {
            host.progress().expect("a living link");
        }
    }
    assert!(matches!(host.read(0xffc), Err(TransportError::Register { offset: 0xffc })));
    let world = world.borrow();
    assert_eq!(world.finished.len(), 40 * 8);
    for read in &world.finished {
        let at = (read.address - from) as usize;
        assert!(!read.failed && bytes_of(read) == sent[at..at + read.length as usize], "{read:?}");
    }
    let writes: Vec<_> = (0..40u64).map(|round| (0x20 + 4 * round, (round * 1_000_003) & 0xffff_ffff)).collect();
    assert_eq!(world.register_writes, writes);
    let moved = host.moved();
    assert_eq!(moved.refused, 0);
    assert_eq!(moved.payload_written, bursts.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
}

#[test]
fn accesses_outside_of_grants_do_not_happen() {
    let world = World::new(Mishaps::default(), 0x200);
    let mut host = host(&world, 1);
    let memory = host.allocate(256, 64).expect("memory");
    host.grant(&memory, 64..128, Purpose::Receive).expect("a grant");
    let base = memory.address();
    for (tag, address, length) in [(0, base + 64, 8), (1, base, 8), (2, u64::MAX - 8, 4), (3, 0, 1024)] {
        world.borrow_mut().read(tag, address, length);
    }
    for address in [base + 60, base + 124, 16, u64::MAX - 15] {
        world.borrow_mut().write(address, &[1; 8]);
    }
    world.borrow_mut().write(base + 64, &[2; 64]);
    while world.borrow().finished.len() < 4 || host.moved().payload_written < 64 {
        host.progress().expect("a living link");
        assert!(world.borrow().now < 100_000, "{:?}", host.moved());
    }
    assert!(world.borrow().finished.iter().all(|read| read.failed));
    assert_eq!((host.moved().payload_written, host.moved().refused), (64, 8));
    // To the link an answer that failed is as good as another.
    let identity = LinkTransport::probe(host.interface_mut(), &options(1)).expect("an identity");
    assert_eq!(identity.bad, 0, "{identity:?}");
    let buffer = Buffer::new(memory);
    assert!(buffer
        .as_slice()
        .iter()
        .enumerate()
        .all(|(at, &byte)| byte == if (64..128).contains(&at) { 2 } else { 0 }));
}

#[test]
fn frames_of_other_types_pass_both_ways() {
    let mishaps = Mishaps { stall: 0.2, loss: 0.1, ..Mishaps::default() };
    let world = World::new(mishaps, 0x300);
    let mut host = host(&world, 1);
    let mut frames = Vec::new();
    for length in (60..1515).step_by(13) {
        let mut frame: Vec<u8> = (0..length).map(|at| (at * 5 + length) as u8).collect();
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        world.borrow_mut().send(&frame);
        world.borrow_mut().send_from_engine(&frame);
        host.write(0x40, length as u32).expect("a write");
        frames.push(frame);
    }
    assert_eq!(host.read(0x40).expect("a read"), 1503);
    while world.borrow().to_engine.len() < frames.len() || world.borrow().others.len() < frames.len() {
        host.progress().expect("a living link");
        assert!(world.borrow().now < 1_000_000);
    }
    assert!(world.borrow().to_engine == frames && world.borrow().others == frames);
}

/// A frame is lost and others follow: the gap is reported, and repeated long before the time-out. Each way.
#[test]
fn a_gap_is_repeated_before_the_time_out() {
    let world = World::new(Mishaps::default(), 0x301);
    let mut host = host(&world, 1);
    let memory = host.allocate(4096, 64).expect("memory");
    host.grant(&memory, 0..4096, Purpose::Receive).expect("a grant");
    let limit = u64::from(PARAMETERS.timeout) / 2;

    world.borrow_mut().drop_in = 1;
    let start = world.borrow().now;
    for value in 0..3 {
        host.write(0x50, value).expect("a write");
    }
    while world.borrow().register_writes.len() < 3 {
        host.progress().expect("a living link");
        assert!(world.borrow().now < start + limit, "to the engine");
    }
    world.borrow_mut().drop_out = 1;
    let start = world.borrow().now;
    (0..4).for_each(|_| world.borrow_mut().write(memory.address(), &[7; 1000]));
    while host.moved().payload_written < 4000 {
        host.progress().expect("a living link");
        assert!(world.borrow().now < start + limit, "to the host");
    }
}

/// Short bursts share frames while the host has not acknowledged the frames before.
#[test]
fn messages_share_frames_under_load() {
    let world = World::new(Mishaps::default(), 0x302);
    let mut host = host(&world, 1);
    let memory = host.allocate(4096, 64).expect("memory");
    host.grant(&memory, 0..4096, Purpose::Receive).expect("a grant");
    let before = world.borrow().link_frames;
    // 900 words of messages: they fit in the window if all frames but the first two are full.
    (0..150).for_each(|_| world.borrow_mut().write(memory.address(), &[7; 32]));
    world.borrow_mut().cycles(1_500);
    assert!(world.borrow().writes.is_empty(), "the window is full of short frames");
    while host.moved().payload_written < 4800 {
        host.progress().expect("a living link");
    }
    let frames = world.borrow().link_frames - before;
    assert!(frames < 30, "{frames} frames for 150 bursts");
}
