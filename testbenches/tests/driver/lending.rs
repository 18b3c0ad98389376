//! Buffers posted to a listener, with the test in the engine's place: whose they are, and that each comes back once.

use crate::scripted::Scripted;
use std::net::Ipv4Addr;
use stevedore_abi::descriptor::flag;
use stevedore_abi::{Descriptor, Request, Response, Status};
use stevedore_driver::{Buffer, Configuration, Device, Error, Event, Fault, Listener, Purpose};

const LISTENER: u64 = 0x0001_0001;
const CHILD: u64 = 0x0001_0002;

/// A device that listens; request 0 and response 0 are used. The cookie is the listener's.
fn listening() -> (Scripted, Device<Scripted>, Listener, u32) {
    let script = Scripted::new();
    let configuration = Configuration::new([2, 0, 0, 0, 0, 1], Ipv4Addr::new(10, 0, 0, 1), 24);
    let mut device = Device::open(script.clone(), &configuration).unwrap();
    let listener = device.listen(80).unwrap();
    let early = device.allocate(64, 8).unwrap();
    let refused = device.post_to_listener(listener, vec![early]).unwrap_err();
    assert!(matches!(refused.error, Error::NotConnected));
    let refused = device.connect(Ipv4Addr::new(10, 0, 0, 2), 80, 1024, Some(listener));
    assert!(matches!(refused, Err(Error::NotConnected)));
    device.flush().unwrap();
    let cookie = script.0.borrow().request(0).cookie;
    let kind = Response::ListenResponse as u8;
    let answer = Descriptor { kind, connection: LISTENER, cookie, owner: true, ..Descriptor::default() };
    script.0.borrow().respond(0, answer);
    assert!(matches!(device.poll().unwrap(), Some(Event::Listening { .. })));
    (script, device, listener, cookie)
}

fn buffers(device: &mut Device<Scripted>, lengths: &[usize]) -> Vec<Buffer> {
    lengths.iter().map(|&length| device.allocate(length, 8).unwrap()).collect()
}

/// The engine's word about a buffer that was posted with `request`.
fn about(request: Descriptor, connection: u64, length: u32, flags: u16, status: Status) -> Descriptor {
    let (kind, status) = (Response::BufferReceive as u8, status as u8);
    Descriptor { kind, connection, length, flags, status, owner: true, ..request }
}

#[test]
fn buffer_lent_is_the_connections() {
    let (script, mut device, listener, cookie) = listening();
    let room = buffers(&mut device, &[64, 64]);
    device.post_to_listener(listener, room).unwrap();
    device.flush().unwrap();
    let posts = [1, 2].map(|entry| script.0.borrow().request(entry));
    assert!(posts
        .iter()
        .all(|post| (post.kind, post.connection, post.length) == (Request::BufferAvailable as u8, LISTENER, 64)));
    assert_eq!(script.0.borrow().granted.iter().filter(|(_, purpose)| *purpose == Purpose::Receive).count(), 2);
    let kind = Response::ConnectionArrival as u8;
    let arrival = Descriptor { kind, connection: CHILD, length: 64, cookie, owner: true, ..Descriptor::default() };
    script.0.borrow().respond(1, arrival);
    let Some(Event::Accepted { connection, room: 64, .. }) = device.poll().unwrap() else { panic!("no arrival") };
    let statistics = device.statistics(connection).unwrap();
    assert_eq!((statistics.posted, statistics.receive_buffers), (64, 1));

    script.0.borrow().respond(2, about(posts[0], CHILD, 10, 0, Status::Success));
    let Some(Event::Received(receipt)) = device.poll().unwrap() else { panic!("no data") };
    assert_eq!((receipt.connection, receipt.length, receipt.buffer.is_none()), (connection, 10, true));
    // From now on it is this connection's, whatever else comes.
    let rest = Descriptor { offset: 10, ..about(posts[0], CHILD, 54, flag::HANDED_BACK, Status::Success) };
    script.0.borrow().respond(3, rest);
    let Some(Event::Received(receipt)) = device.poll().unwrap() else { panic!("no data") };
    assert_eq!((receipt.connection, receipt.buffer.map(|buffer| buffer.len())), (connection, Some(64)));
    let statistics = device.statistics(connection).unwrap();
    assert_eq!((statistics.received, statistics.receive_buffers), (64, 0));

    // The other one comes back when the listener is closed, once.
    device.close_listener(listener).unwrap();
    script.0.borrow().respond(4, about(posts[1], LISTENER, 0, flag::HANDED_BACK, Status::Aborted));
    let Some(Event::Unused { listener: whose, status, .. }) = device.poll().unwrap() else { panic!("no buffer") };
    assert_eq!((whose, status), (listener, Status::Aborted));
    script.0.borrow().respond(5, about(posts[1], LISTENER, 0, flag::HANDED_BACK, Status::Aborted));
    assert!(matches!(device.poll(), Err(Error::Fault(Fault::Unexpected(_)))));
}

#[test]
fn buffers_of_one_listener_are_alike() {
    let (script, mut device, listener, _) = listening();
    for lengths in [&[][..], &[64, 65]] {
        let room = buffers(&mut device, lengths);
        let refused = device.post_to_listener(listener, room).unwrap_err();
        assert_eq!(refused.buffers.len(), lengths.len());
        assert!(matches!(refused.error, Error::EmptyBuffer | Error::BadArgument { .. }), "{}", refused.error);
    }
    let room = buffers(&mut device, &[64]);
    device.post_to_listener(listener, room).unwrap();
    let room = buffers(&mut device, &[32]);
    assert!(matches!(device.post_to_listener(listener, room).unwrap_err().error, Error::BadArgument { .. }));
    // The engine has no room for it.
    device.flush().unwrap();
    let post = script.0.borrow().request(1);
    script.0.borrow().respond(1, about(post, LISTENER, 64, 0, Status::NoRoom));
    assert!(matches!(device.poll().unwrap(), Some(Event::Unused { status: Status::NoRoom, .. })));
    device.close_listener(listener).unwrap();
    let room = buffers(&mut device, &[64]);
    assert!(matches!(device.post_to_listener(listener, room).unwrap_err().error, Error::Closing));
    assert!(script.0.borrow().granted.iter().all(|(_, purpose)| *purpose != Purpose::Receive));
}

/// A connect request names its lender by the engine's id; the buffer is the connection's when it is complete.
#[test]
fn buffer_borrowed_is_the_connections() {
    let (script, mut device, listener, _) = listening();
    let room = buffers(&mut device, &[64]);
    device.post_to_listener(listener, room).unwrap();
    let remote = Ipv4Addr::new(10, 0, 0, 2);
    let connection = device.connect(remote, 80, 1024, Some(listener)).unwrap();
    let plain = device.connect(remote, 80, 1025, None).unwrap();
    device.flush().unwrap();
    let [post, request, other] = [1, 2, 3].map(|entry| script.0.borrow().request(entry));
    assert_eq!((request.kind, request.connection, other.connection), (Request::Connect as u8, LISTENER, 0));
    let kind = Response::ConnectionCompletion as u8;
    let cookie = request.cookie;
    let answer = Descriptor { kind, connection: CHILD, length: 64, cookie, owner: true, ..Descriptor::default() };
    script.0.borrow().respond(1, answer);
    let Some(Event::Connected { connection: one, room: 64 }) = device.poll().unwrap() else { panic!("not connected") };
    assert_eq!(one, connection);
    let statistics = device.statistics(connection).unwrap();
    assert_eq!((statistics.posted, statistics.receive_buffers), (64, 1));
    let answer = Descriptor { connection: CHILD + 1, length: 0, cookie: other.cookie, ..answer };
    script.0.borrow().respond(2, answer);
    let Some(Event::Connected { connection: one, room: 0 }) = device.poll().unwrap() else { panic!("not connected") };
    assert_eq!((one, device.statistics(plain).unwrap().receive_buffers), (plain, 0));

    // The listener may be closed now: what it lent is not its own any more.
    device.close_listener(listener).unwrap();
    assert!(matches!(device.connect(remote, 80, 1026, Some(listener)), Err(Error::Closing)));
    script.0.borrow().respond(3, about(post, CHILD, 64, flag::HANDED_BACK, Status::Success));
    let Some(Event::Received(receipt)) = device.poll().unwrap() else { panic!("no data") };
    assert_eq!((receipt.connection, receipt.buffer.map(|buffer| buffer.len())), (connection, Some(64)));
}

/// A connect that ends with its lender is told apart, and the buffer comes back from the listener.
#[test]
fn connect_that_ends_with_its_lender_fails_as_aborted() {
    let (script, mut device, listener, _) = listening();
    let room = buffers(&mut device, &[64]);
    device.post_to_listener(listener, room).unwrap();
    let connection = device.connect(Ipv4Addr::new(10, 0, 0, 2), 80, 1024, Some(listener)).unwrap();
    device.close_listener(listener).unwrap();
    device.flush().unwrap();
    let [post, request] = [1, 2].map(|entry| script.0.borrow().request(entry));
    script.0.borrow().respond(1, about(post, LISTENER, 0, flag::HANDED_BACK, Status::Aborted));
    assert!(matches!(device.poll().unwrap(), Some(Event::Unused { .. })));
    let (kind, status) = (Response::ConnectionCompletion as u8, Status::Aborted as u8);
    let cookie = request.cookie;
    let answer = Descriptor { kind, connection: CHILD, status, cookie, owner: true, ..Descriptor::default() };
    script.0.borrow().respond(2, answer);
    let Some(Event::ConnectFailed { connection: one, status: Status::Aborted }) = device.poll().unwrap() else {
        panic!("not refused")
    };
    assert_eq!(one, connection);
}
