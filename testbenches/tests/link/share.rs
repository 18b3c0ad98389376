//! The bound of the link's share of the wire, in cycles and bytes.

use super::world::{options, Mishaps, Wire, World, HOST};
use std::rc::Rc;
use stevedore_driver::transports::link::LinkTransport;
use stevedore_driver::{Purpose, Transport};

#[test]
fn the_link_sends_its_share_and_no_more() {
    const CYCLES: u64 = 40_000;
    for share in [64u16, 256, 1_024] {
        let world = World::new(Mishaps::default(), 0x400);
        let wire = Wire { world: Rc::clone(&world), mac: HOST };
        let mut options = options(1);
        options.share = share;
        let mut host = LinkTransport::open(wire, options).expect("a session");
        let memory = host.allocate(4096, 64).expect("memory");
        host.grant(&memory, 0..4096, Purpose::Receive).expect("a grant");
        let before = world.borrow().link_bytes;
        let end = world.borrow().now + CYCLES;
        while world.borrow().now < end {
            if world.borrow().writes.len() < 64 {
                world.borrow_mut().write(memory.address(), &[7; 256]);
            }
            host.progress().expect("a living link");
        }
        let sent = world.borrow().link_bytes - before;
        let bound = CYCLES * u64::from(share) / 256;
        println!("share {share}: {sent} bytes of {bound}");
        assert!(sent <= bound + 2 * 1538, "{sent} bytes, {bound} allowed");
        assert!(sent >= bound * 9 / 10, "{sent} bytes, {bound} allowed");
    }
}
