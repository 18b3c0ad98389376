//! The dispatcher's stock of contexts (rule 8 of the design, H7).
use stevedore_abi::{Request, Response, Status};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{DescriptorFields, Event, EventKind, Notice, OpenRequest, Settings, Tuple};
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::host::{Dispatcher, Fetched};
use stevedore_testbenches::replay::{Compiled, Dut};

/// What becomes of a post to `connection`: passed on, or the status it is refused with.
fn post_to(dut: &mut Compiled, request: Request, connection: u64) -> Result<(), u64> {
    let fields = DescriptorFields {
        base: bits(0x1000),
        length: bits(1),
        connection: bits(connection),
        kind: bits(request as u64),
        ..DescriptorFields::default()
    };
    let word = Fetched { fields, bad_owner: false, bus_error: false }.to_flat();
    for port in ["m_event", "m_notice", "m_open"] {
        dut.accept(port, true);
    }
    dut.offer("s_descriptor", Some(&word));
    dut.settle();
    assert!(dut.ready("s_descriptor"));
    dut.step();
    dut.offer("s_descriptor", None);
    dut.settle();
    let (event, notice) = (dut.word("m_event"), dut.word("m_notice"));
    dut.step();
    match (event, notice) {
        (Some(word), None) => {
            // A refusal passes the pipeline, too, so that it is said in the connection's order.
            let event = Event::from_flat(&word);
            let kind = match request {
                Request::BufferSend => EventKind::PostSend,
                Request::Termination => EventKind::Terminate,
                _ => EventKind::PostReceive,
            };
            assert_eq!(event.kind, kind);
            match event.abort {
                true => Err(event.payload_length.to_u64()),
                false => Ok(()),
            }
        }
        (None, Some(word)) => {
            let notice = Notice::from_flat(&word);
            let response = match request {
                Request::BufferSend => Response::BufferAvailable,
                Request::Termination => Response::TerminationResponse,
                _ => Response::BufferReceive,
            };
            assert_eq!(notice.response.to_u64(), response as u64);
            Err(notice.status.to_u64())
        }
        other => panic!("{request:?} to {connection:#x}: {other:?}"),
    }
}

/// What becomes of a post while `free` contexts of either kind are free: passed on, or the status it is refused with.
fn post(dut: &mut Compiled, request: Request, free: u64) -> Result<(), u64> {
    for port in ["free_send_entries", "free_receive_entries"] {
        let port = dut.model.port(port);
        dut.model.set(port, free);
    }
    dut.step();
    post_to(dut, request, 0x0001_0003)
}

/// H4, H7: requests about slots the engine does not have, slot 0 and ids with bits above the generation are refused
/// here; the last slot is good.
#[test]
fn requests_beyond_the_last_slot_are_refused() {
    for (name, geometry) in [("small", Geometry::SMALL), ("default", Geometry::DEFAULT)] {
        let mut dut = Compiled::new(&Dispatcher::new(&geometry), &format!("dispatcher_{name}")).expect("a model");
        dut.reset();
        for port in ["free_send_entries", "free_receive_entries"] {
            let port = dut.model.port(port);
            dut.model.set(port, 0x7fff);
        }
        dut.step();
        let slots = geometry.connections as u64;
        for request in [Request::BufferSend, Request::BufferAvailable, Request::Termination] {
            let generation = 0x0001_0000;
            for slot in [1, slots / 2, slots - 1] {
                assert_eq!(post_to(&mut dut, request, generation | slot), Ok(()), "{name}, slot {slot}");
            }
            let high = [1 << 32, 1 << 63].map(|bit| bit | generation | 3);
            let slots = [0, slots, slots + 1, 2 * slots - 1, 2 * slots, 0x8003, 0xffff].map(|slot| generation | slot);
            for id in slots.into_iter().chain(high) {
                let unknown = Err(Status::UnknownConnection as u64);
                assert_eq!(post_to(&mut dut, request, id), unknown, "{name}, {request:?} to {id:#x}");
            }
        }
    }
}

/// A whole queue of posts may stand behind a command that waits: when it comes to them they find contexts, else the
/// commands that set some free would wait behind them for ever.
#[test]
fn posts_are_refused_while_those_under_way_could_use_up_the_contexts() {
    for (name, geometry) in [("small", Geometry::SMALL), ("default", Geometry::DEFAULT)] {
        let mut dut = Compiled::new(&Dispatcher::new(&geometry), &format!("dispatcher_{name}")).expect("a model");
        dut.reset();
        let queue = geometry.queue as u64;
        for request in [Request::BufferSend, Request::BufferAvailable] {
            for free in [0, 1, 16, 17, queue, queue + 8] {
                assert_eq!(post(&mut dut, request, free), Err(Status::NoRoom as u64), "{name}, {free} free");
            }
            for free in [geometry.send_entries as u64 - 1, 2 * queue + 32] {
                assert_eq!(post(&mut dut, request, free), Ok(()), "{name}, {free} free");
            }
        }
    }
}

/// A connect passes the id of its lender on as it is, unless that cannot be a listener's; the refusal names no
/// connection.
#[test]
fn lender_of_a_connect_is_passed_on() {
    for (name, geometry) in [("small", Geometry::SMALL), ("default", Geometry::DEFAULT)] {
        let mut dut = Compiled::new(&Dispatcher::new(&geometry), &format!("dispatcher_{name}")).expect("a model");
        dut.reset();
        let settings =
            Settings { ip_address: bits(0x0a00_0001), netmask: bits(0xffff_ff00), ..Settings::default() }.to_flat();
        let words: Vec<u32> =
            settings.chunks(32).map(|word| word.iter().rev().fold(0, |w, &bit| w << 1 | u32::from(bit))).collect();
        let port = dut.model.port("settings");
        dut.model.set_wide(port, &words);
        (0..4).for_each(|_| dut.step());
        let slots = geometry.connections as u64;
        let tuple = Tuple { remote_address: bits(0x0a00_0002), remote_port: bits(80), local_port: bits(4000) };
        let mut ask = |lender: u64| {
            let fields = DescriptorFields {
                base: Bits::from_flat(&tuple.to_flat()),
                connection: bits(lender),
                cookie: bits(77),
                kind: bits(Request::Connect as u64),
                ..DescriptorFields::default()
            };
            for port in ["m_event", "m_notice", "m_open"] {
                dut.accept(port, true);
            }
            dut.offer("s_descriptor", Some(&Fetched { fields, bad_owner: false, bus_error: false }.to_flat()));
            dut.settle();
            assert!(dut.ready("s_descriptor"));
            dut.step();
            dut.offer("s_descriptor", None);
            dut.settle();
            let (open, notice) = (dut.word("m_open"), dut.word("m_notice"));
            dut.step();
            (open.map(|word| OpenRequest::from_flat(&word)), notice.map(|word| Notice::from_flat(&word)))
        };
        for lender in [0, 0x0001_0001, 0xffff_0000 | (slots - 1), 0x0000_0002] {
            let (Some(open), None) = ask(lender) else { panic!("{name}: lender {lender:#x} is refused") };
            assert_eq!((open.tuple, open.lender.to_u64(), open.listen), (tuple, lender, false), "{name}");
        }
        for lender in [0x0001_0000, slots, 0x0001_0000 | slots, 0xffff, 1 << 32, 1 << 32 | 0x0001_0001, 1 << 63] {
            let (None, Some(notice)) = ask(lender) else { panic!("{name}: lender {lender:#x} is passed on") };
            assert_eq!(notice.response.to_u64(), Response::ConnectionCompletion as u64);
            let said = (notice.status.to_u64(), notice.slot.to_u64(), notice.cookie.to_u64());
            assert_eq!(said, (Status::UnknownConnection as u64, 0, 77), "{name}, lender {lender:#x}");
        }
    }
}
