//! Connect requests that ask a listener for a buffer: it is promised with the SYN, lent when the handshake is complete,
//! promised again if it never is.
use super::lending::{promised, stocked};
use super::rig::Rig;
use super::script::{parse, Conn, ENGINE};
use stevedore_abi::{Response, Status};
use stevedore_rtl::bundles::*;
use stevedore_testbenches::replay::Compiled;

#[test]
fn syn_of_a_connect_announces_a_buffer_of_the_listener() {
    for (length, window) in [(1, 1), (5000, 5000), (65535, 65535), (65536, 65535), (1 << 20, 65535)] {
        let (mut rig, listener) = stocked(1, length);
        let conn = rig.borrowing(3, listener);
        rig.expect(&[&format!("S 0:0(0) win {window} mss 1000 scale 0")]);
        // The SYN that is sent again says the same.
        rig.wait(2000);
        rig.expect(&[&format!("S 0:0(0) win {window} mss 1000 scale 0")]);
        assert_eq!((rig.buffers(listener.slot), rig.buffers(conn.slot)), (1, 0));
        rig.peer(conn, "S. 0:0(0) ack 1 win 5000 mss 1000");
        rig.notice(conn, Response::ConnectionCompletion, Status::Success);
        assert_eq!((rig.buffers(listener.slot), rig.buffers(conn.slot)), (0, 1));
        rig.expect(&[&format!(". 1:1(0) ack 1 win {window}")]);
    }
}

#[test]
fn data_right_behind_the_syn_ack_is_placed() {
    let (mut rig, listener) = stocked(1, 1000);
    let conn = rig.borrowing(3, listener);
    rig.wire.clear();
    for segment in
        ["S. 0:0(0) ack 1 win 5000 mss 1000", "P. 1:101(100) ack 1 win 5000", "FP. 101:151(50) ack 1 win 5000"]
    {
        let (event, payload) = parse(conn, segment);
        rig.arrives(event, payload);
    }
    rig.quiet();
    rig.notice(conn, Response::ConnectionCompletion, Status::Success);
    assert_eq!(rig.placed(3).len(), 150);
    assert!(rig.end_of_stream(3));
    assert_eq!(rig.pulses.drop_out_of_order, 0);
    assert_eq!(rig.wire.back().map(|w| w.acknowledgement.wrapping_sub(super::script::PEER)), Some(152));
}

#[test]
fn simultaneous_open_gets_its_buffer_when_it_is_complete() {
    for (last, bytes) in
        [("S. 0:0(0) ack 1 win 5000", 0), (". 1:1(0) ack 1 win 5000", 0), ("P. 1:101(100) ack 1 win 5000", 100)]
    {
        let (mut rig, listener) = stocked(1, 700);
        let conn = rig.borrowing(3, listener);
        rig.expect(&["S 0:0(0) win 700 mss 1000 scale 0"]);
        rig.peer(conn, "S 0:0(0) win 5000 mss 1000");
        rig.expect(&["S. 0:0(0) ack 1 win 700 mss 1000"]);
        rig.silent();
        assert_eq!((rig.buffers(listener.slot), rig.buffers(3)), (1, 0));
        rig.peer(conn, last);
        rig.notice(conn, Response::ConnectionCompletion, Status::Success);
        assert_eq!((rig.buffers(listener.slot), rig.buffers(3)), (0, 1));
        assert_eq!(rig.placed(3).len(), bytes);
    }
}

/// Who was promised nothing needs nothing of its listener.
#[test]
fn connect_without_a_promise_announces_nothing_and_outlives_its_listener() {
    let (mut rig, listener) = stocked(1, 700);
    rig.borrowing(3, listener);
    let poor = rig.borrowing(4, listener);
    rig.expect(&["S 0:0(0) win 700 mss 1000 scale 0", "S 0:0(0) win 0 mss 1000 scale 0"]);
    rig.terminate(listener, false);
    rig.endings.clear();
    rig.peer(poor, "S. 0:0(0) ack 1 win 5000 mss 1000");
    rig.notice(poor, Response::ConnectionCompletion, Status::Success);
    rig.expect(&[". 1:1(0) ack 1 win 0"]);
    assert_eq!(rig.buffers(4), 0);
}

#[test]
fn connect_that_names_no_listener_is_refused() {
    let (mut rig, listener) = stocked(1, 700);
    let live = rig.active(3);
    rig.peer(live, "S. 0:0(0) ack 1 win 5000 mss 1000");
    rig.notices.clear();
    rig.wire.clear();
    let nobody = [
        Conn { generation: listener.generation + 1, ..listener },
        Conn { generation: 0, ..listener },
        live,
        Conn { slot: 6, generation: 1 },
        Conn { slot: 0, generation: listener.generation },
        // Itself.
        Conn { slot: 4, generation: 9 },
    ];
    for lender in nobody {
        let conn = rig.borrowing(4, lender);
        rig.ending(conn, Some(Response::ConnectionCompletion), Status::UnknownConnection, true);
    }
    // A listener that is gone, and the next one in its slot, which has a buffer, too.
    rig.terminate(listener, false);
    let next = Conn { generation: listener.generation + 1, ..listener };
    for round in 0..2 {
        rig.endings.clear();
        let conn = rig.borrowing(4, listener);
        rig.ending(conn, Some(Response::ConnectionCompletion), Status::UnknownConnection, true);
        if round == 0 {
            rig.new_slot(next.slot, ENGINE);
            rig.host(next.event(EventKind::Listen));
            rig.post_receive(next, 700);
            rig.notices.clear();
        }
    }
    rig.expect(&[]);
    rig.silent();
    assert_eq!((rig.buffers(4), rig.buffers(next.slot)), (0, 1));
    assert_eq!(promised(&mut rig, next, 5..9), 1);
}

#[test]
fn promise_of_a_connect_that_never_opens_goes_back() {
    type End = fn(&mut Rig<Compiled>, Conn);
    let refused: End = |rig, conn| rig.peer(conn, "R. 0:0(0) ack 1 win 0");
    // The longest time-out, as often as a SYN is sent, and once more.
    let timed_out: End = |rig, _| (0..6).for_each(|_| rig.leap(17_000));
    let unreachable: End = |rig, conn| {
        rig.host(Event { sequence: u64::from(ENGINE).into(), ..conn.event(EventKind::Unreachable) });
    };
    let crossed_and_reset: End = |rig, conn| {
        rig.peer(conn, "S 0:0(0) win 5000 mss 1000");
        rig.peer(conn, "R 1:1(0)");
    };
    let crossed_and_timed_out: End = |rig, conn| {
        rig.peer(conn, "S 0:0(0) win 5000 mss 1000");
        (0..6).for_each(|_| rig.leap(17_000));
    };
    let ends = [
        (refused, Status::Reset),
        (timed_out, Status::TimedOut),
        (unreachable, Status::Reset),
        (crossed_and_reset, Status::Reset),
        (crossed_and_timed_out, Status::TimedOut),
    ];
    for (case, (end, status)) in ends.into_iter().enumerate() {
        let (mut rig, listener) = stocked(2, 1000);
        for round in 0..3 {
            println!("case {case}, round {round}");
            let conn = rig.borrowing(3, listener);
            let other = rig.borrowing(4, listener);
            rig.expect(&["S 0:0(0) win 1000 mss 1000 scale 0"; 2]);
            end(&mut rig, conn);
            end(&mut rig, other);
            rig.quiet();
            assert_eq!(rig.endings.len(), 2);
            for (_, ending) in rig.endings.drain(..) {
                assert_eq!(ending.response.index(), Response::ConnectionCompletion as usize);
                assert_eq!((ending.status.index(), ending.free), (status as usize, true));
            }
            rig.wire.clear();
        }
        rig.silent();
        assert_eq!(rig.buffers(listener.slot), 2);
        assert_eq!(promised(&mut rig, listener, 3..9), 2);
    }
}

#[test]
fn connect_that_was_promised_a_buffer_ends_with_its_listener() {
    for crossed in [false, true] {
        let (mut rig, listener) = stocked(3, 1000);
        let conn = rig.borrowing(3, listener);
        if crossed {
            rig.peer(conn, "S 0:0(0) win 5000 mss 1000");
        }
        rig.wire.clear();
        rig.terminate(listener, false);
        rig.microseconds(200);
        // RFC 9293 3.10.5: SYN-SENT ends silently.
        rig.expect(if crossed { &["R. 1:1(0) ack 1"] } else { &[] });
        rig.endings.retain(|(slot, _)| *slot == conn.slot);
        rig.ending(conn, Some(Response::ConnectionCompletion), Status::Aborted, true);
        assert_eq!((rig.buffers(listener.slot), rig.buffers(3)), (0, 0));
        rig.peer(conn, "S. 0:0(0) ack 1 win 5000 mss 1000");
        rig.expect(&[]);
        rig.silent();
        // The next listener in the slot begins with nothing.
        let next = Conn { generation: listener.generation + 1, ..listener };
        rig.new_slot(next.slot, ENGINE);
        rig.host(next.event(EventKind::Listen));
        rig.notices.clear();
        assert_eq!(promised(&mut rig, next, 5..9), 0);
        rig.post_receive(next, 77);
        rig.silent();
        assert_eq!(promised(&mut rig, next, 5..9), 1);
    }
}

/// The SYN-ACK meets the end of the lender at every distance: the connection is lent its buffer before the listener
/// gives the others back, or it ends. The bench checks that what is lent was there.
#[test]
fn syn_ack_and_the_end_of_the_lender_meet_at_every_distance() {
    let mut outcomes = (0, 0);
    for gap in -12..12_i64 {
        let (mut rig, listener) = stocked(1, 1000);
        let conn = rig.borrowing(3, listener);
        let (segment, payload) = parse(conn, "S. 0:0(0) ack 1 win 65535");
        let request = listener.event(EventKind::Terminate);
        if gap < 0 {
            rig.requests.push_back(request);
            rig.cycles(gap.unsigned_abs());
            rig.arrives(segment, payload);
        } else {
            rig.arrives(segment, payload);
            rig.cycles(gap.unsigned_abs());
            rig.requests.push_back(request);
        }
        rig.quiet();
        rig.microseconds(200);
        let opened = !rig.notices.is_empty();
        rig.endings.retain(|(slot, _)| *slot == conn.slot);
        if opened {
            rig.notice(conn, Response::ConnectionCompletion, Status::Success);
        } else {
            rig.ending(conn, Some(Response::ConnectionCompletion), Status::Aborted, true);
        }
        rig.silent();
        assert_eq!((rig.buffers(listener.slot), rig.buffers(3)), (0, usize::from(opened)), "gap {gap}");
        outcomes.0 += u32::from(opened);
        outcomes.1 += u32::from(!opened);
    }
    assert!(outcomes.0 > 3 && outcomes.1 > 3, "{outcomes:?}");
}

#[test]
fn host_cannot_post_before_the_promise_is_kept() {
    let (mut rig, listener) = stocked(1, 1000);
    let conn = rig.borrowing(3, listener);
    rig.post_receive(conn, 500);
    rig.notice(conn, Response::BufferReceive, Status::UnknownConnection);
    rig.peer(conn, "S. 0:0(0) ack 1 win 5000 mss 1000");
    rig.notice(conn, Response::ConnectionCompletion, Status::Success);
    rig.post_receive(conn, 500);
    rig.silent();
    assert_eq!((rig.buffers(3), rig.buffers(listener.slot)), (2, 0));
}
