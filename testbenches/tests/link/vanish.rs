//! Hosts that vanish, come back, or want what another has.

use super::world::{host, options, Mishaps, Wire, World, HOST, STRANGER};
use std::rc::Rc;
use stevedore_driver::transports::link::LinkTransport;
use stevedore_driver::{Purpose, Transport};

#[test]
fn a_host_that_vanishes_and_comes_back_finds_a_working_engine() {
    for (session, at) in [(1, 0), (10, 700), (20, 3_000), (30, 50_000)] {
        let mishaps = Mishaps { loss: 0.05, stall: 0.1, ..Mishaps::default() };
        let world = World::new(mishaps, 0x500 + at);
        let mut first = host(&world, session);
        let memory = first.allocate(4096, 64).expect("memory");
        first.grant(&memory, 0..4096, Purpose::Receive).expect("a grant");
        for _ in 0..100 {
            world.borrow_mut().write(memory.address(), &[7; 300]);
        }
        for tag in 0..200 {
            world.borrow_mut().read(tag, memory.address(), 64);
        }
        first.write(0x44, 5).expect("a write");
        first.progress().expect("a living link");
        drop(first);
        world.borrow_mut().cycles(at);
        let (resets, finished) = (world.borrow().resets, world.borrow().finished.len());

        let mut second = host(&world, session + 1);
        assert!(world.borrow().resets > resets, "no reset");
        assert!(world.borrow().finished[finished..].iter().all(|read| read.failed), "a read that nobody can answer");
        assert_eq!(second.read(0x44).expect("a read"), 0, "a register of the session before");
        let memory = second.allocate(4096, 64).expect("memory");
        second.grant(&memory, 0..4096, Purpose::Receive).expect("a grant");
        world.borrow_mut().write(memory.address() + 3, &[9; 1000]);
        while second.moved().payload_written < 1000 {
            second.progress().expect("a living link");
        }
        assert_eq!((second.moved().payload_written, second.moved().refused), (1000, 0));
    }
}

#[test]
fn another_host_waits_until_the_first_is_silent() {
    let world = World::new(Mishaps::default(), 0x600);
    let mut first = host(&world, 1);
    let stranger = Wire { world: Rc::clone(&world), mac: STRANGER };
    let mut other = options(2);
    let refused = LinkTransport::open(stranger.clone(), other.clone()).err().expect("a refusal").to_string();
    assert!(refused.contains("another host"), "{refused}");
    // The first says that it is there, for longer than either end's patience.
    for _ in 0..10_000 {
        first.progress().expect("a living link");
    }
    assert!(LinkTransport::open(stranger.clone(), other.clone()).is_err());
    assert_eq!(first.read(0x48).expect("a read"), 0);
    let identity = LinkTransport::probe(&mut stranger.clone(), &other).expect("an identity");
    assert!(identity.refused >= 2 && identity.heard > 0, "{identity:?}");

    world.borrow_mut().cycles(40_000);
    assert!(!world.borrow().is_open(), "the host is silent");
    other.session = 3;
    let mut second = LinkTransport::open(stranger, other).expect("a session");
    second.write(0x48, 77).expect("a write");
    assert_eq!(second.read(0x48).expect("a read"), 77);
    // The first host's frames are of no session now.
    let lost = (0..20_000).find_map(|_| first.progress().err()).expect("the link is gone").to_string();
    assert!(lost.contains("stopped answering"), "{lost}");
    assert_eq!(second.read(0x48).expect("a read"), 77);
    let _ = HOST;
}

#[test]
fn a_link_says_who_it_is_before_there_is_a_session() {
    let world = World::new(Mishaps { loss: 0.3, ..Mishaps::default() }, 0x700);
    let mut wire = Wire { world: Rc::clone(&world), mac: STRANGER };
    let identity = LinkTransport::probe(&mut wire, &options(1)).expect("an identity");
    assert_eq!((identity.version, identity.heard, identity.refused), (1, 0, 0));
    assert!(!world.borrow().is_open());
}

#[test]
fn a_host_that_asks_nobody_is_told_so() {
    let world = World::new(Mishaps { loss: 1.0, ..Mishaps::default() }, 0x701);
    let wire = Wire { world: Rc::clone(&world), mac: HOST };
    let error = LinkTransport::open(wire, options(1)).err().expect("silence").to_string();
    assert!(error.contains("no answer"), "{error}");
}

/// The repetition of an `OPEN` is answered, and begins nothing.
#[test]
fn the_same_session_is_not_begun_twice() {
    let world = World::new(Mishaps::default(), 0x702);
    let mut first = host(&world, 9);
    first.write(0x44, 5).expect("a write");
    assert_eq!(first.read(0x44).expect("a read"), 5);
    let resets = world.borrow().resets;
    drop(host(&world, 9));
    assert_eq!(world.borrow().resets, resets);
    assert_eq!(first.read(0x44).expect("a read"), 5);
}
