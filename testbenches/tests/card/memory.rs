//! What a card may access, and what it may not.

use super::rig::{card, open, options};
use stevedore_driver::abi::Status;
use stevedore_driver::transports::Bus;
use stevedore_driver::{Device, Event, Transport};
use stevedore_testbenches::bench::{configuration, PEER};
use stevedore_testbenches::sessions::{BufferPlan, Exchange, HostApplication};

const MESSAGE: usize = 10_000;

/// The next event, waited for.
fn next<T: Transport>(device: &mut Device<T>) -> Event {
    for _ in 0..1000 {
        if let Some(event) = device.poll().expect("a healthy card") {
            return event;
        }
        device.wait(10_000).expect("a healthy card");
    }
    panic!("no event")
}

/// Memory that was unmapped is refused, with an error for the engine, and counted; the card works on with the next
/// client (issue "the card", line 6).
#[test]
fn memory_taken_away_is_refused_and_the_next_open_works() {
    let options = options();
    let (near, far) = Exchange::pair(2, 50_000, 50_000);
    let peer = far.clone();
    let card = card(&options, move |smoltcp| smoltcp.serve(1000, 2, move || peer.clone()));
    let way = open(&options).expect("a card");
    let bus = way.bus();
    let mut device = Device::open(way, &configuration()).expect("an engine");
    let connection = device.connect(PEER, 1000, 2000, None).expect("a connection");
    assert!(matches!(next(&mut device), Event::Connected { .. }));
    let buffer = device.allocate(MESSAGE, 4096).expect("memory");
    bus.borrow_mut().unmap(buffer.address(), MESSAGE.next_multiple_of(4096)).expect("unmapped");
    device.send(connection, buffer).expect("posted");
    // It tries again and again, until its limit of retransmissions.
    let refused = (0..1000).find_map(|_| {
        while let Some(event) = device.poll().expect("a healthy card") {
            assert!(!matches!(event, Event::Sent(message) if message.status == Status::Success));
        }
        device.wait(10_000).expect("a healthy card");
        Some(card.counts()).filter(|counts| counts.dma.refused_reads > 0)
    });
    let counts = refused.expect("a refusal");
    assert_eq!((counts.dma.refused_writes, counts.violations), (0, 0), "{counts:?}");
    drop(device);
    drop(bus);
    let counts = card.counts();
    let mut device = Device::open(open(&options).expect("the card again"), &configuration()).expect("an engine");
    let mut host = HostApplication::new(BufferPlan::whole(4096, 4));
    host.open(&mut device, (PEER, 1000), 2001, near).expect("a connection");
    while host.finished.is_empty() {
        if !host.step(&mut device).expect("a healthy card") {
            device.wait(10_000).expect("a healthy card");
        }
    }
    assert_eq!(host.finished[0].result, Ok(()));
    assert_eq!(card.counts().dma.refused_reads, counts.dma.refused_reads, "nothing is refused now");
}

/// A card accesses nothing while the bus master bit is off, and what it had to say by interrupt is said when the bit is
/// on again.
#[test]
fn a_card_that_is_no_bus_master_accesses_nothing() {
    use stevedore_driver::abi::pci::{command, configuration::COMMAND};
    let options = options();
    let card = card(&options, |_| {});
    let way = open(&options).expect("a card");
    let bus = way.bus();
    let mut device = Device::open(way, &configuration()).expect("an engine");
    let quiet = card.counts();
    bus.borrow_mut().write_configuration(COMMAND, command::MEMORY).expect("written");
    device.listen(80).expect("posted");
    device.flush().expect("a doorbell");
    // A read waits for the doorbell before it, and some cycles pass.
    for _ in 0..100 {
        device.register(0).expect("an answer");
    }
    let counts = card.counts();
    assert!(counts.dma.refused_reads > 0, "{counts:?}");
    assert_eq!(
        (counts.dma.read, counts.dma.written, counts.interrupts),
        (quiet.dma.read, quiet.dma.written, quiet.interrupts)
    );
}

/// What is mapped twice is an error, and what lies across the end of an unmapped range, too.
#[test]
fn maps_neither_overlap_nor_are_cut() {
    use stevedore_driver::transports::Pages;
    let options = options();
    let _card = card(&options, |_| {});
    let way = open(&options).expect("a card");
    let bus = way.bus();
    let mut bus = bus.borrow_mut();
    let pages = Pages::new(8192).expect("memory");
    bus.map(0x10_0000, &pages).expect("mapped");
    assert!(bus.map(0x10_1000, &pages).is_err(), "overlaps");
    assert!(bus.unmap(0x10_1000, 4096).is_err(), "cuts");
    bus.map(0x20_0000, &pages).expect("mapped");
    bus.unmap(0, 1 << 30).expect("both at once");
    bus.unmap(1 << 63, 1 << 63).expect("nothing, up to the end of all addresses");
    bus.map(0x10_1000, &pages).expect("nothing is there");
}
