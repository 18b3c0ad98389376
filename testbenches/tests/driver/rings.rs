//! Rings, phases and flow control of the driver, with the test in the engine's place (H1, H7, H8).

use crate::scripted::Scripted;
use std::net::Ipv4Addr;
use stevedore_abi::descriptor::{connection_id, flag, Endpoint};
use stevedore_abi::register::{control, offset};
use stevedore_abi::{Descriptor, Request, Response, Status};
use stevedore_driver::{Configuration, Connection, Device, Error, Event, Fault, Purpose, Receipt};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const REMOTE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const ID: u64 = 0x0007_0003;

/// Tables of 16 entries.
fn configuration() -> Configuration {
    Configuration { input_size: 4, output_size: 4, ..Configuration::new([2, 0, 0, 0, 0, 1], ADDRESS, 24) }
}

fn open() -> (Scripted, Device<Scripted>) {
    let script = Scripted::new();
    let device = Device::open(script.clone(), &configuration()).unwrap();
    (script, device)
}

/// A device with one open connection; request 0 and response 0 are used.
fn connected() -> (Scripted, Device<Scripted>, Connection) {
    let (script, mut device) = open();
    let connection = device.connect(REMOTE, 80, 1024, None).unwrap();
    assert!(device.poll().unwrap().is_none());
    let request = script.0.borrow().request(0);
    assert_eq!((request.kind, request.owner), (Request::Connect as u8, true));
    let endpoint = Endpoint { remote_address: REMOTE.to_bits(), remote_port: 80, local_port: 1024 };
    assert_eq!(Endpoint::from_base(request.base), endpoint);
    let kind = Response::ConnectionCompletion as u8;
    let response = Descriptor { kind, connection: ID, owner: true, cookie: request.cookie, ..Descriptor::default() };
    script.0.borrow().respond(0, response);
    assert!(matches!(device.poll().unwrap(), Some(Event::Connected { connection: one, room: 0 }) if one == connection));
    (script, device, connection)
}

/// H8: the driver asks before it believes.
#[test]
fn another_device_is_refused() {
    let script = Scripted::new();
    script.0.borrow_mut().registers.insert(offset::MAGIC, 0x1234);
    let error = Device::open(script, &configuration()).err().unwrap();
    assert!(matches!(error, Error::NotAnEngine { found: 0x1234 }), "{error}");
    let script = Scripted::new();
    script.0.borrow_mut().registers.insert(offset::VERSION, 0x0002_0001);
    let error = Device::open(script, &configuration()).err().unwrap();
    assert!(matches!(error, Error::UnsupportedVersion { major: 2, minor: 1 }), "{error}");
}

/// H8: capabilities are kept as the engine told them.
#[test]
fn capabilities_are_asked() {
    let script = Scripted::new();
    for (register, value) in [(offset::CAP_WIDTH, 512), (offset::CAP_CONNECTIONS, 1024), (offset::CAP_READ_TAGS, 36)] {
        script.0.borrow_mut().registers.insert(register, value);
    }
    let device = Device::open(script, &configuration()).unwrap();
    let capabilities = device.capabilities();
    assert_eq!((capabilities.width, capabilities.connections, capabilities.read_tags), (512, 1024, 36));
}

/// No configuration that cannot work reaches the engine.
#[test]
fn bad_configuration_is_refused() {
    let spoil: [fn(&mut Configuration); 10] = [
        |bad| bad.input_size = 3,
        |bad| bad.output_size = 16,
        |bad| bad.prefix = 33,
        |bad| bad.mac[0] = 1,
        |bad| bad.cycles_per_microsecond = Some(0),
        |bad| bad.tcp.mss = 9000,
        |bad| bad.tcp.mss = 0,
        |bad| bad.tcp.time_wait = 1 << 31,
        |bad| bad.tcp.delayed_ack = 500_000,
        |bad| bad.interrupts.count = 0,
    ];
    for spoil in spoil {
        let (script, mut bad) = (Scripted::new(), configuration());
        spoil(&mut bad);
        assert!(matches!(Device::open(script.clone(), &bad), Err(Error::BadArgument { .. })));
        assert!(script.0.borrow().writes.is_empty());
    }
}

/// H1: the owner bit turns around with every pass of the input table, and the doorbell counts entries modulo 2^16.
#[test]
fn input_ring_wraps_with_its_phase() {
    let (script, mut device) = open();
    for number in 0..100u32 {
        let raw = Descriptor { cookie: number, kind: 30, ..Descriptor::default() };
        device.post_descriptor(raw, false).unwrap();
        device.flush().unwrap();
        let request = script.0.borrow().request(number as usize % 16);
        assert_eq!(request.owner, number / 16 % 2 == 0, "entry {number}");
        assert_eq!(request.cookie & 0xff, number);
        assert_eq!(script.0.borrow().last(offset::INPUT_DOORBELL), Some(number + 1));
        script.0.borrow().fetched(u64::from(number) + 1);
    }
}

/// H1: a full input table refuses; the status line, or without it the register, opens it again.
#[test]
fn full_input_ring_waits_for_the_engine() {
    let (script, mut device) = open();
    let raw = Descriptor { kind: 30, ..Descriptor::default() };
    for _ in 0..16 {
        device.post_descriptor(raw, false).unwrap();
    }
    assert!(matches!(device.post_descriptor(raw, false), Err(Error::RingFull)));
    assert_eq!(script.0.borrow().last(offset::INPUT_DOORBELL), Some(16), "a full table is announced");
    script.0.borrow().fetched(3);
    script.0.borrow_mut().registers.insert(offset::INPUT_CONSUMED, 3);
    for _ in 0..3 {
        device.post_descriptor(raw, false).unwrap();
    }
    assert!(matches!(device.post_descriptor(raw, false), Err(Error::RingFull)));
    script.0.borrow_mut().registers.insert(offset::INPUT_CONSUMED, 5);
    device.post_descriptor(raw, false).unwrap();
    script.0.borrow().fetched(5);
    device.post_descriptor(raw, false).unwrap();
    // More fetched than was ever posted.
    script.0.borrow().fetched(60);
    let error = device.post_descriptor(raw, false).unwrap_err();
    assert!(matches!(error, Error::Fault(Fault::BadInputIndex { fetched: 60, .. })), "{error}");
}

/// H1, H7: the driver reads an entry when its owner bit has the phase of the pass, and returns credit every quarter
/// table.
#[test]
fn output_ring_wraps_with_its_phase() {
    let (script, mut device) = open();
    for number in 0..100u32 {
        assert!(device.poll().unwrap().is_none(), "entry {number} is still of the last pass");
        let (cookie, owner, kind) = (1 << 31 | number, number / 16 % 2 == 0, Response::Invalid as u8);
        script.0.borrow().respond(number as usize % 16, Descriptor { cookie, owner, kind, ..Descriptor::default() });
        assert!(matches!(device.poll().unwrap(), Some(Event::Raw(raw)) if raw.cookie == cookie));
        let credit = (number + 1) / 4 * 4;
        assert_eq!(script.0.borrow().last(offset::OUTPUT_DOORBELL).unwrap_or(0), credit);
    }
}

/// Each wrong call has its error, and gives its buffers back.
#[test]
fn wrong_calls_are_refused() {
    let (script, mut device, connection) = connected();
    assert!(matches!(device.connect(REMOTE, 0, 5, None), Err(Error::BadArgument { .. })));
    assert!(matches!(device.connect(REMOTE, 5, 0, None), Err(Error::BadArgument { .. })));
    assert!(matches!(device.listen(0), Err(Error::BadArgument { .. })));
    assert!(matches!(device.allocate(0, 8), Err(Error::EmptyBuffer)));
    assert!(matches!(device.allocate(8, 3), Err(Error::BadArgument { .. })));
    assert!(matches!(device.allocate(1 << 41, 8), Err(Error::Transport(_))));
    let mut buffer = device.allocate(64, 8).unwrap();
    buffer.set_len(0);
    let rejected = device.send(connection, buffer).unwrap_err();
    assert!(matches!(rejected.error, Error::EmptyBuffer));
    assert_eq!(rejected.buffers.len(), 1);
    assert!(matches!(device.send_list(connection, Vec::new()).unwrap_err().error, Error::EmptyBuffer));
    let huge = device.allocate((1 << 30) + 1, 8).unwrap();
    let rejected = device.post_receive(connection, huge).unwrap_err();
    assert!(matches!(rejected.error, Error::BufferTooLarge { .. }));
    let opening = device.connect(REMOTE, 80, 1025, None).unwrap();
    let buffer = device.allocate(64, 8).unwrap();
    assert!(matches!(device.send(opening, buffer).unwrap_err().error, Error::NotConnected));
    assert!(matches!(device.close(opening), Err(Error::NotConnected)));
    device.close(connection).unwrap();
    assert!(matches!(device.close(connection), Err(Error::Closing)));
    let buffer = device.allocate(64, 8).unwrap();
    assert!(matches!(device.send(connection, buffer).unwrap_err().error, Error::Closing));
    let listener = device.listen(80).unwrap();
    assert!(matches!(device.close_listener(listener), Err(Error::NotConnected)));
    assert!(script.0.borrow().granted.iter().all(|(_, purpose)| !matches!(purpose, Purpose::Send | Purpose::Receive)));
}

/// Odd responses are typed errors, one each, and polling goes on behind them.
#[test]
fn odd_responses_are_faults() {
    let (script, mut device, connection) = connected();
    let buffer = device.allocate(64, 8).unwrap();
    let address = buffer.address();
    device.send(connection, buffer).unwrap();
    device.flush().unwrap();
    let cookie = script.0.borrow().request(1).cookie;
    let kind = Response::BufferAvailable as u8;
    let good =
        Descriptor { kind, base: address, connection: ID, length: 64, cookie, owner: true, ..Default::default() };
    let receive = Response::BufferReceive as u8;
    let odd = [
        Descriptor { kind: 17, ..good },
        Descriptor { status: 99, ..good },
        Descriptor { cookie: 12345, ..good },
        Descriptor { cookie: cookie ^ 1 << 20, ..good },
        Descriptor { base: address + 8, ..good },
        Descriptor { status: Status::Reset as u8, offset: 65, ..good },
        Descriptor { kind: receive, ..good },
        Descriptor { kind: receive, cookie: 0, ..good },
        Descriptor { kind: Response::ConnectionArrival as u8, ..good },
        Descriptor { kind: Response::ConnectionCompletion as u8, ..good },
        Descriptor { kind: Response::ListenResponse as u8, ..good },
        Descriptor { kind: Response::TerminationResponse as u8, connection: connection_id(9, 9), ..good },
        Descriptor { kind: Response::CancellationResponse as u8, ..good },
    ];
    for (index, response) in odd.iter().enumerate() {
        script.0.borrow().respond(index + 1, *response);
        assert!(matches!(device.poll(), Err(Error::Fault(_))), "{response:?}");
    }
    script.0.borrow().respond(odd.len() + 1, good);
    let event = device.poll().unwrap();
    assert!(
        matches!(&event, Some(Event::Sent(sent)) if sent.acknowledged == 64 && sent.buffers.len() == 1),
        "{event:?}"
    );
    // The same again is an answer to nothing.
    script.0.borrow().respond(odd.len() + 2, good);
    assert!(matches!(device.poll(), Err(Error::Fault(Fault::Unexpected(_)))));
}

/// R4: offsets add up, the bytes can be read before the buffer comes back, and bytes reported twice are a fault.
#[test]
fn partial_receipts_add_up() {
    let (script, mut device, connection) = connected();
    let mut buffer = device.allocate(64, 8).unwrap();
    buffer.as_mut_slice().copy_from_slice(&std::array::from_fn::<u8, 64, _>(|index| index as u8));
    let base = buffer.address();
    device.post_receive(connection, buffer).unwrap();
    device.flush().unwrap();
    let cookie = script.0.borrow().request(1).cookie;
    let kind = Response::BufferReceive as u8;
    let part = |offset, length, flags| Descriptor {
        kind,
        base,
        connection: ID,
        offset,
        length,
        flags,
        cookie,
        owner: true,
        ..Descriptor::default()
    };
    let take = |event: Option<Event>| -> Receipt {
        match event {
            Some(Event::Received(receipt)) => receipt,
            event => panic!("{event:?}"),
        }
    };
    script.0.borrow().respond(1, part(0, 10, 0));
    let receipt = take(device.poll().unwrap());
    assert_eq!(device.bytes(&receipt), (0..10).collect::<Vec<u8>>());
    script.0.borrow().respond(2, part(5, 10, 0));
    assert!(matches!(device.poll(), Err(Error::Fault(Fault::BadExtent(_)))));
    script.0.borrow().respond(3, part(10, 55, 0));
    assert!(matches!(device.poll(), Err(Error::Fault(Fault::BadExtent(_)))));
    script.0.borrow().respond(4, part(10, 54, flag::HANDED_BACK));
    let receipt = take(device.poll().unwrap());
    assert_eq!(device.bytes(&receipt), (10..64).collect::<Vec<u8>>());
    assert_eq!(receipt.buffer.as_ref().map(|buffer| buffer.len()), Some(64));
    let statistics = device.statistics(connection).unwrap();
    assert_eq!((statistics.posted, statistics.received, statistics.receive_buffers), (64, 64, 0));
}

/// The end of a connection is its last event, though a request of it was still on its way to the engine.
#[test]
fn closed_comes_last() {
    let (script, mut device, connection) = connected();
    let buffer = device.allocate(64, 8).unwrap();
    let base = buffer.address();
    device.send(connection, buffer).unwrap();
    device.close(connection).unwrap();
    device.flush().unwrap();
    let cookie = script.0.borrow().request(1).cookie;
    let gone = Status::Reset as u8;
    let end = Descriptor { connection: ID, owner: true, ..Descriptor::default() };
    let kind = Response::TerminationResponse as u8;
    script.0.borrow().respond(1, Descriptor { kind, status: gone, ..end });
    assert!(device.poll().unwrap().is_none());
    let unknown = Status::UnknownConnection as u8;
    let refused = Response::BufferAvailable as u8;
    script.0.borrow().respond(2, Descriptor { kind: refused, status: unknown, base, cookie, length: 64, ..end });
    // The termination request came too late as well: that answer means nothing any more.
    script.0.borrow().respond(3, Descriptor { kind, status: unknown, ..end });
    let event = device.poll().unwrap();
    assert!(matches!(&event, Some(Event::Sent(sent)) if sent.status == Status::UnknownConnection), "{event:?}");
    let event = device.poll().unwrap();
    assert!(matches!(&event, Some(Event::Closed { status: Status::Reset, .. })), "{event:?}");
    assert!(device.poll().unwrap().is_none());
    assert!(matches!(device.statistics(connection), Err(Error::UnknownConnection)));
    assert_eq!(device.outstanding(), 0);
}

/// Fault of kind 10: an arrival for a listener that is closing comes while the input table is full. Nothing fails, and
/// the abort follows when there is room.
#[test]
fn arrival_nobody_wants_waits_for_room() {
    let (script, mut device) = open();
    let listener = device.listen(80).unwrap();
    device.poll().unwrap();
    let cookie = script.0.borrow().request(0).cookie;
    let answer = Descriptor { cookie, owner: true, connection: ID, ..Descriptor::default() };
    script.0.borrow().respond(0, Descriptor { kind: Response::ListenResponse as u8, ..answer });
    assert!(matches!(device.poll().unwrap(), Some(Event::Listening { .. })));
    device.close_listener(listener).unwrap();
    device.poll().unwrap();
    script.0.borrow().respond(1, Descriptor { kind: Response::TerminationResponse as u8, ..answer });
    assert!(matches!(device.poll().unwrap(), Some(Event::ListenerClosed { .. })));
    let raw = Descriptor { kind: 30, ..Descriptor::default() };
    while device.post_descriptor(raw, false).is_ok() {}
    let arrivals = [connection_id(9, 1), connection_id(11, 1)];
    for (index, id) in arrivals.into_iter().enumerate() {
        let arrival = Descriptor { kind: Response::ConnectionArrival as u8, connection: id, ..answer };
        script.0.borrow().respond(2 + index, arrival);
    }
    for _ in 0..3 {
        assert!(device.poll().unwrap().is_none());
    }
    script.0.borrow().fetched(16);
    assert!(device.poll().unwrap().is_none());
    for (index, id) in arrivals.into_iter().enumerate() {
        let request = script.0.borrow().request(index);
        assert_eq!((request.kind, request.connection, request.flags), (Request::Termination as u8, id, flag::ABORT));
        let end = Descriptor { kind: Response::TerminationResponse as u8, connection: id, ..answer };
        script.0.borrow().respond(4 + index, end);
    }
    assert!(device.poll().unwrap().is_none(), "the ends of connections nobody wanted are no events");
    assert_eq!(device.outstanding(), 0);
}

/// What `device` does with one response of every kind, polled until nothing comes; the transport fails once, after
/// `good` calls.
fn events_of_a_life(good: Option<u32>) -> (Vec<String>, u32) {
    let (script, mut device, connection) = connected();
    let [sent, received] = [64, 32].map(|length| device.allocate(length, 8).unwrap());
    let (send_base, receive_base) = (sent.address(), received.address());
    device.send(connection, sent).unwrap();
    device.post_receive(connection, received).unwrap();
    let listener = device.listen(80).unwrap();
    device.flush().unwrap();
    let cookies = [1, 2, 3].map(|index| script.0.borrow().request(index).cookie);
    let any = Descriptor { owner: true, connection: ID, ..Descriptor::default() };
    let part = Descriptor { kind: Response::BufferReceive as u8, base: receive_base, cookie: cookies[1], ..any };
    let arrival = Descriptor { kind: Response::ConnectionArrival as u8, cookie: cookies[2], ..any };
    let responses = [
        Descriptor { kind: Response::ListenResponse as u8, cookie: cookies[2], connection: 5 << 16 | 9, ..any },
        Descriptor { connection: 1 << 16 | 10, ..arrival },
        Descriptor { length: 20, ..part },
        Descriptor { kind: Response::BufferAvailable as u8, base: send_base, length: 64, cookie: cookies[0], ..any },
        Descriptor { offset: 20, length: 12, flags: flag::HANDED_BACK, ..part },
        Descriptor { kind: Response::TerminationResponse as u8, ..any },
        Descriptor { connection: 1 << 16 | 11, ..arrival },
    ];
    for (index, response) in responses.into_iter().enumerate() {
        script.0.borrow().respond(1 + index, response);
    }
    script.0.borrow_mut().good = good;
    let (mut events, mut errors) = (Vec::new(), 0);
    loop {
        match device.poll() {
            Ok(Some(event)) => events.push(format!("{event:?}")),
            Ok(None) => break,
            Err(Error::Transport(_)) => errors += 1,
            Err(error) => panic!("{error}"),
        }
    }
    script.0.borrow_mut().good = None;
    assert_eq!(device.outstanding(), 1, "the listener");
    assert!(script.0.borrow().granted.iter().all(|(_, purpose)| !matches!(purpose, Purpose::Send | Purpose::Receive)));
    let _ = listener;
    (events, errors)
}

/// Fault of kind 10: whichever call of the transport fails in `poll`, the next polls give every event, once and in
/// order.
#[test]
fn no_error_loses_a_response() {
    let addresses = |events: Vec<String>| -> Vec<String> {
        // Buffers are elsewhere in every run.
        events.iter().map(|event| event.split("0x").next().unwrap_or_default().to_string()).collect()
    };
    let (expected, errors) = events_of_a_life(None);
    assert_eq!((expected.len(), errors), (7, 0), "{expected:#?}");
    let expected = addresses(expected);
    let mut failures = 0;
    for good in 0..20 {
        let (events, errors) = events_of_a_life(Some(good));
        assert_eq!(addresses(events), expected, "call {good} failed");
        failures += errors;
    }
    assert!(failures >= 3, "{failures} calls failed");
}

/// Fault of kind 11: dropping the device resets the engine and takes everything back; with an engine that does not come
/// to rest the memory stays.
#[test]
fn dropped_device_takes_everything_back() {
    let (script, mut device, connection) = connected();
    let buffer = device.allocate(64, 8).unwrap();
    device.send(connection, buffer).unwrap();
    assert!(script.0.borrow().granted.len() == 4);
    drop(device);
    assert_eq!(script.0.borrow().last(offset::CONTROL), Some(control::RESET));
    assert!(script.0.borrow().granted.is_empty());
    let (script, device, _) = connected();
    script.0.borrow_mut().registers.insert(offset::STATUS, 0);
    drop(device);
    assert_eq!(script.0.borrow().granted.len(), 3, "still the engine's");
    assert!(matches!(Device::open(script, &configuration()), Err(Error::NotAtRest)));
}
