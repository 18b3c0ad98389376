//! Frames that nobody should send.

use super::world::{host, options, Mishaps, Wire, World, HOST, LINK, STRANGER};
use std::rc::Rc;
use stevedore_abi::link::{kind, message};
use stevedore_driver::transports::link::{Frame, LinkTransport};
use stevedore_driver::{Purpose, Transport};

fn register_write(value: u32) -> u64 {
    u64::from(value) << 32 | 0x4c << 16 | u64::from(message::REGISTER_WRITE)
}

fn data(source: [u8; 6], session: u32, number: u16, words: Vec<u64>) -> Frame {
    let fourth = words.len() as u64;
    Frame { destination: LINK, source, kind: kind::DATA, session, number, fourth, words, ..Frame::default() }
}

#[test]
fn only_the_host_of_the_session_is_obeyed() {
    let world = World::new(Mishaps::default(), 0x800);
    let mut host = host(&world, 7);
    host.write(0x4c, 1).expect("a write");
    assert_eq!(host.read(0x4c).expect("a read"), 1);
    let before = LinkTransport::probe(&mut Wire { world: Rc::clone(&world), mac: STRANGER }, &options(7)).expect("it");
    for number in 0..8 {
        let mut elsewhere = data(HOST, 7, number, vec![register_write(6)]);
        elsewhere.destination = STRANGER;
        let frames = [
            data(STRANGER, 7, number, vec![register_write(2)]),
            data(HOST, 6, number, vec![register_write(3)]),
            data(HOST, 0, number, vec![register_write(4)]),
            elsewhere,
        ];
        frames.iter().for_each(|frame| world.borrow_mut().send(&frame.to_bytes()));
    }
    world.borrow_mut().cycles(2_000);
    assert_eq!(host.read(0x4c).expect("a read"), 1);
    assert_eq!(world.borrow().register_writes, [(0x4c, 1)]);
    let after = LinkTransport::probe(&mut Wire { world: Rc::clone(&world), mac: STRANGER }, &options(7)).expect("it");
    assert_eq!(after.foreign - before.foreign, 32);
    assert_eq!(after.bad, before.bad);
}

/// Frames of the right host, session and number that make no sense: each is a counted drop or an error to the read it
/// names, and the next session works.
#[test]
fn wild_messages_neither_hang_nor_reach_anything_else() {
    let world = World::new(Mishaps { stall: 0.1, ..Mishaps::default() }, 0x900);
    for round in 0..60u32 {
        let session = 100 + 2 * round;
        drop(host(&world, session));
        for tag in 0..16 {
            world.borrow_mut().read(tag, 0x1000 + u64::from(tag), 100);
        }
        world.borrow_mut().cycles(500);
        let finished = world.borrow().finished.len();
        for number in 0..12 {
            let mut wild = world.borrow_mut();
            let count = 1 + wild.random.below(30);
            let kinds = [0, message::COMPLETION, message::COMPLETION, message::REGISTER_READ, 99];
            let words = (0..count).map(|_| {
                let kind = kinds[wild.random.below(5) as usize];
                let (length, tag) = (wild.random.below(20), wild.random.below(40));
                wild.random.below(1 << 32) << 32 | tag << 16 | length << 8 | u64::from(kind)
            });
            let words: Vec<u64> = words.collect();
            let mut frame = data(HOST, session, number, words);
            // Some say that they are longer than they are.
            frame.fourth += if wild.random.chance(0.3) { wild.random.below(200) } else { 0 };
            let mut bytes = frame.to_bytes();
            if wild.random.chance(0.2) {
                let length = 16 + wild.random.below(bytes.len() as u64 - 16) as usize;
                bytes.truncate(length);
            }
            wild.send(&bytes);
        }
        world.borrow_mut().cycles(3_000);
        let world_now = world.borrow();
        for read in &world_now.finished[finished..] {
            let words = (read.address % 8 + u64::from(read.length)).div_ceil(8);
            assert!(read.failed || read.words.len() as u64 == words, "{read:?}");
        }
        drop(world_now);
        let mut next = host(&world, session + 1);
        let memory = next.allocate(4096, 64).expect("memory");
        next.grant(&memory, 0..4096, Purpose::Send).expect("a grant");
        let finished = world.borrow().finished.len();
        world.borrow_mut().read(3, memory.address(), 1000);
        while world.borrow().finished.len() == finished {
            next.progress().expect("a living link");
        }
        assert!(world.borrow().finished.last().is_some_and(|read| !read.failed && read.words.len() == 125));
    }
    let mut wire = Wire { world: Rc::clone(&world), mac: STRANGER };
    let identity = LinkTransport::probe(&mut wire, &options(1)).expect("an identity");
    println!("{identity:?}");
    assert!(identity.bad > 300, "{identity:?}");
}

/// More frames than the store has room for, at the pace of the wire: lost ones are counted, the link goes on.
#[test]
fn a_flood_is_lost_and_counted() {
    let world = World::new(Mishaps { stall: 0.0, ..Mishaps::default() }, 0xa00);
    let mut host = host(&world, 1);
    host.write(0x4c, 1).expect("a write");
    assert_eq!(host.read(0x4c).expect("a read"), 1);
    // Reads of registers take their time; their answers wait for the host.
    let read = 0x4c << 16 | u64::from(message::REGISTER_READ);
    for _ in 0..10 {
        for number in 2..80 {
            world.borrow_mut().send(&data(HOST, 1, number, vec![read; 184]).to_bytes());
        }
    }
    world.borrow_mut().cycles(200_000);
    let mut next = super::world::host(&world, 2);
    next.write(0x4c, 9).expect("a write");
    assert_eq!(next.read(0x4c).expect("a read"), 9);
    let mut wire = Wire { world: Rc::clone(&world), mac: STRANGER };
    let identity = LinkTransport::probe(&mut wire, &options(1)).expect("an identity");
    assert!(identity.lost > 0, "{identity:?}");
}

/// Before there is a session, nobody is its host: not even a station whose MAC and session are zero.
#[test]
fn nobody_is_obeyed_before_there_is_a_session() {
    let world = World::new(Mishaps::default(), 0xb00);
    world.borrow_mut().send(&data([0; 6], 0, 0, vec![register_write(1)]).to_bytes());
    world.borrow_mut().cycles(1_000);
    assert_eq!(world.borrow().register_writes, []);
}

/// Completions that end with their frame, in front of their data or inside of a word of it: the read fails, and words
/// of the next frame are not taken for its data.
#[test]
fn a_completion_cut_off_by_its_frame_fails() {
    let world = World::new(Mishaps::default(), 0xc00);
    drop(host(&world, 1));
    let header = |tag: u64, words: u64| tag << 16 | words << 8 | u64::from(message::COMPLETION);
    (0..2).for_each(|tag| world.borrow_mut().read(tag, 0x1000, 64));
    world.borrow_mut().cycles(500);
    // The header says 8 words, as the read wants, and is the last word of its frame.
    let frames = [
        data(HOST, 1, 0, vec![header(0, 8)]).to_bytes(),
        data(HOST, 1, 1, vec![register_write(5), register_write(6)]).to_bytes(),
        data(HOST, 1, 2, [&[header(1, 8)][..], &[7; 8]].concat()).to_bytes(),
    ];
    let cut = &frames[2][..frames[2].len() - 3];
    world.borrow_mut().send(&frames[0]);
    world.borrow_mut().send(&frames[1]);
    world.borrow_mut().send(cut);
    world.borrow_mut().cycles(1_000);
    let world = world.borrow();
    assert_eq!(world.finished.iter().map(|read| read.failed).collect::<Vec<_>>(), [true, true]);
    assert_eq!(world.register_writes, [(0x4c, 5), (0x4c, 6)]);
}

/// An acknowledgement of frames that were never sent moves nothing, and is counted.
#[test]
fn an_acknowledgement_of_what_was_not_sent_is_ignored() {
    let world = World::new(Mishaps::default(), 0xd00);
    let mut host = host(&world, 1);
    assert_eq!(host.read(0x4c).expect("a read"), 0);
    for acknowledgement in [1_000, 0x8000, 0xff00] {
        let frame = Frame { acknowledgement, ..data(HOST, 1, 0, vec![]) };
        world.borrow_mut().send(&frame.to_bytes());
    }
    world.borrow_mut().cycles(200);
    assert_eq!(host.read(0x4c).expect("a read"), 0);
    let identity = LinkTransport::probe(host.interface_mut(), &options(1)).expect("an identity");
    assert_eq!(identity.bad, 3, "{identity:?}");
}
