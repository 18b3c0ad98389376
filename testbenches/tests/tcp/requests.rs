//! Requests: listen, posts and terminations that cannot be carried out, slots that do not exist.
use super::rig::Rig;
use super::script::{Conn, COOKIE, ENGINE};
use stevedore_abi::{Response, Status};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;

#[test]
fn listener_opens_and_terminates() {
    let mut rig = Rig::new();
    let conn = Conn { slot: 5, generation: 2 };
    rig.host(conn.event(EventKind::Listen));
    rig.notice(conn, Response::ListenResponse, Status::Success);
    // Nothing to be sent on it.
    rig.post_send(conn, 10);
    rig.notice(conn, Response::BufferAvailable, Status::UnknownConnection);
    rig.peer(conn, "S 0:0(0) win 100");
    rig.expect(&[]);
    rig.terminate(conn, false);
    rig.ending(conn, Some(Response::TerminationResponse), Status::Success, true);
    rig.terminate(conn, false);
    rig.notice(conn, Response::TerminationResponse, Status::UnknownConnection);
    rig.post_receive(conn, 10);
    rig.notice(conn, Response::BufferReceive, Status::UnknownConnection);
}

#[test]
fn requests_for_connections_that_are_gone_are_refused() {
    let mut rig = Rig::new();
    let live = rig.established(3, 65535, 1000);
    let dead = [
        Conn { slot: 3, generation: 6 },
        Conn { slot: 4, generation: 0 },
        Conn { slot: 0, generation: 0 },
        Conn { slot: 16 + 3, generation: live.generation },
        Conn { slot: 0xffff, generation: live.generation },
    ];
    for conn in dead {
        let post = |kind| Event { address: bits(0xabcd_0000_1234), length: bits(77), ..conn.event(kind) };
        rig.host(post(EventKind::PostSend));
        let notice = rig.notice(conn, Response::BufferAvailable, Status::UnknownConnection);
        assert_eq!((notice.address, notice.length), (bits(0xabcd_0000_1234), bits(77)));
        rig.host(post(EventKind::PostReceive));
        let notice = rig.notice(conn, Response::BufferReceive, Status::UnknownConnection);
        assert_eq!((notice.address, notice.length), (bits(0xabcd_0000_1234), bits(77)));
        for abort in [false, true] {
            rig.terminate(conn, abort);
            rig.notice(conn, Response::TerminationResponse, Status::UnknownConnection);
        }
        rig.peer(conn, "R 1:1(0)");
        rig.peer(conn, ". 1:101(100) ack 1 win 65535");
        rig.expect(&[]);
    }
    assert!(rig.placed(3).is_empty());
    rig.post_send(live, 10);
    rig.expect(&["P. 1:11(10) ack 1 win 1000"]);
}

#[test]
fn posts_while_closing_are_refused() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 1000);
    rig.terminate(conn, false);
    rig.wire.clear();
    rig.post_send(conn, 10);
    rig.notice(conn, Response::BufferAvailable, Status::Closing);
    rig.terminate(conn, false);
    rig.notice(conn, Response::TerminationResponse, Status::Closing);
    // The other direction lives.
    rig.post_receive(conn, 3000);
    rig.expect(&[". 2:2(0) ack 1 win 4000"]);
    rig.peer(conn, "F. 1:1(0) ack 2 win 65535");
    rig.ending(conn, Some(Response::TerminationResponse), Status::Success, false);
    // TIME-WAIT: the host had its last word.
    rig.wire.clear();
    rig.post_receive(conn, 10);
    rig.notice(conn, Response::BufferReceive, Status::UnknownConnection);
    rig.terminate(conn, true);
    rig.notice(conn, Response::TerminationResponse, Status::UnknownConnection);
    rig.expect(&[]);
}

#[test]
fn posts_before_the_handshake_is_complete() {
    let mut rig = Rig::new();
    let conn = rig.active(4);
    rig.expect(&["S 0:0(0) win 0 mss 1000 scale 0"]);
    rig.post_send(conn, 10);
    rig.notice(conn, Response::BufferAvailable, Status::UnknownConnection);
    rig.post_receive(conn, 700);
    rig.silent();
    rig.peer(conn, "S. 0:0(0) ack 1 win 5000");
    rig.notice(conn, Response::ConnectionCompletion, Status::Success);
    rig.expect(&[". 1:1(0) ack 1 win 700"]);
}

#[test]
fn more_than_sequence_numbers_can_tell_apart_is_refused() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 0, 0);
    let gigabyte = 1 << 30;
    rig.post_send(conn, gigabyte);
    rig.silent();
    rig.post_send(conn, gigabyte);
    rig.notice(conn, Response::BufferAvailable, Status::NoRoom);
    rig.post_receive(conn, gigabyte);
    rig.silent();
    rig.post_receive(conn, gigabyte);
    rig.notice(conn, Response::BufferReceive, Status::NoRoom);
}

#[test]
fn requests_of_one_connection_keep_their_order() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 1000);
    for _ in 0..5 {
        rig.requests.push_back(Event { length: bits(100), ..conn.event(EventKind::PostSend) });
    }
    rig.requests.push_back(conn.event(EventKind::Terminate));
    rig.quiet();
    let total: usize = rig.wire.iter().map(|w| w.payload.len()).sum();
    assert_eq!(total, 500);
    let last = rig.wire.back().expect("segments");
    assert!(last.control.fin);
    rig.silent();
    let _ = (COOKIE, ENGINE);
}
