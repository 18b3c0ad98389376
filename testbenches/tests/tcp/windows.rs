//! Windows: the peer's, respected and probed; ours, announced and updated; the congestion window at its start.
use super::rig::{test_settings, Rig};
use super::script::{about, peer_byte};
use stevedore_abi::{Response, Status};
use stevedore_hdl::prelude::*;

#[test]
fn initial_window_is_ten_segments() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 0);
    rig.post_send(conn, 30_000);
    assert_eq!(rig.wire.len(), 10);
    rig.wire.clear();
    // Slow start: each acknowledged segment lets two go.
    rig.peer(conn, ". 1:1(0) ack 1001 win 65535");
    assert_eq!(rig.wire.len(), 2);
    rig.wire.clear();
    // At most one segment of growth per acknowledgement.
    rig.peer(conn, ". 1:1(0) ack 4001 win 65535");
    assert_eq!(rig.wire.len(), 4);
}

#[test]
fn window_of_the_peer_is_filled_and_not_passed() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 2500, 0);
    rig.post_send(conn, 5000);
    // Less than half the largest window would be a crumb: it waits.
    rig.expect(&[". 1:1001(1000) ack 1 win 0", ". 1001:2001(1000) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 1001 win 2500");
    rig.expect(&[". 2001:3001(1000) ack 1 win 0"]);
    // A window that moves back sends nothing and breaks nothing.
    rig.peer(conn, ". 1:1(0) ack 2001 win 500");
    rig.expect(&[]);
    rig.peer(conn, ". 1:1(0) ack 3001 win 2500");
    rig.expect(&[". 3001:4001(1000) ack 1 win 0", "P. 4001:5001(1000) ack 1 win 0"]);
}

#[test]
fn old_segment_does_not_update_the_window() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 2000, 5000);
    rig.peer(conn, ". 1:101(100) ack 1 win 2000");
    rig.peer(conn, ". 101:201(100) ack 1 win 2000");
    rig.expect(&[". 1:1(0) ack 201 win 4800"]);
    rig.post_send(conn, 3000);
    rig.expect(&[". 1:1001(1000) ack 201 win 4800", ". 1001:2001(1000) ack 201 win 4800"]);
    rig.peer(conn, ". 1:101(100) ack 1 win 60000");
    rig.expect(&[". 2001:2001(0) ack 201 win 4800"]);
    rig.peer(conn, ". 201:201(0) ack 1 win 3000");
    rig.expect(&["P. 2001:3001(1000) ack 201 win 4800"]);
}

#[test]
fn crumbs_wait_for_the_override_timer() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 10_000, 0);
    rig.peer(conn, ". 1:1(0) ack 1 win 300");
    rig.post_send(conn, 1000);
    rig.expect(&[]);
    about(rig.wait(1000), 400);
    rig.expect(&[". 1:301(300) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 301 win 10000");
    rig.expect(&["P. 301:1001(700) ack 1 win 0"]);
}

#[test]
fn closed_window_is_probed_for_ever_while_the_peer_answers() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 1000, 0);
    rig.post_send(conn, 3000);
    rig.expect(&[". 1:1001(1000) ack 1 win 0"]);
    rig.microseconds(200);
    rig.peer(conn, ". 1:1(0) ack 1001 win 0");
    rig.expect(&[]);
    // RTT sample of some 200 us: time-out of 600 us at least, doubled at each probe up to its bound.
    let mut gaps = Vec::new();
    for _ in 0..9 {
        gaps.push(rig.wait(20_000));
        rig.expect(&[". 1001:1002(1) ack 1 win 0"]);
        rig.peer(conn, ". 1:1(0) ack 1001 win 0");
        rig.expect(&[]);
    }
    assert!(gaps.windows(2).all(|g| g[1] + 50 >= (2 * g[0]).min(16_000)), "{gaps:?}");
    assert!(gaps[8] < 16_100, "{gaps:?}");
    // The window opens: data goes at once, from the probed byte on; no time was lost for the retransmission timer.
    rig.peer(conn, ". 1:1(0) ack 1001 win 5000");
    rig.expect(&[". 1001:2001(1000) ack 1 win 0", "P. 2001:3001(1000) ack 1 win 0"]);
    about(rig.wait(1500), 400);
    rig.expect(&[". 1001:2001(1000) ack 1 win 0"]);
    rig.silent();
}

#[test]
fn probe_that_is_taken_moves_on() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 1000, 0);
    rig.post_send(conn, 3000);
    rig.peer(conn, ". 1:1(0) ack 1001 win 0");
    rig.wire.clear();
    about(rig.wait(1000), 400);
    rig.expect(&[". 1001:1002(1) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 1002 win 0");
    rig.expect(&[]);
    rig.peer(conn, ". 1:1(0) ack 1002 win 5000");
    rig.expect(&[". 1002:2002(1000) ack 1 win 0", "P. 2002:3001(999) ack 1 win 0"]);
}

#[test]
fn unanswered_probes_end_the_connection() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 1000, 0);
    rig.post_send(conn, 3000);
    rig.peer(conn, ". 1:1(0) ack 1001 win 0");
    rig.wire.clear();
    rig.microseconds(70_000);
    rig.expect(&[". 1001:1002(1) ack 1 win 0"; 4]);
    rig.ending(conn, Some(Response::TerminationResponse), Status::TimedOut, true);
}

#[test]
fn data_sent_into_a_closing_window_is_probed_not_counted_as_loss() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 4000, 0);
    rig.post_send(conn, 8000);
    assert_eq!(rig.wire.len(), 4);
    rig.wire.clear();
    // The peer took one and closes over the other three.
    rig.peer(conn, ". 1:1(0) ack 1001 win 0");
    about(rig.wait(1000), 400);
    rig.expect(&[". 1001:1002(1) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 1001 win 8000");
    // The congestion window is still open.
    assert_eq!(rig.wire.len(), 7);
    assert_eq!(rig.pulses.time_out, 0);
}

#[test]
fn outstanding_data_keeps_its_timer_when_the_window_opens_again() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 4000, 0);
    rig.post_send(conn, 3000);
    assert_eq!(rig.wire.len(), 3);
    rig.peer(conn, ". 1:1(0) ack 1001 win 0");
    rig.peer(conn, ". 1:1(0) ack 1001 win 4000");
    rig.wire.clear();
    about(rig.wait(1000), 400);
    rig.expect(&[". 1001:2001(1000) ack 1 win 0"]);
}

/// RFC 6298 5.1: the timer that waited for the window is none for the data that goes when it opens.
#[test]
fn data_sent_from_idle_gets_a_whole_time_out() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 1000, 0);
    rig.post_send(conn, 3000);
    rig.peer(conn, ". 1:1(0) ack 1001 win 0");
    rig.wire.clear();
    // Nearly time for a probe.
    rig.microseconds(350);
    rig.peer(conn, ". 1:1(0) ack 1001 win 5000");
    rig.expect(&[". 1001:2001(1000) ack 1 win 0", "P. 2001:3001(1000) ack 1 win 0"]);
    about(rig.wait(1500), 400);
    rig.expect(&[". 1001:2001(1000) ack 1 win 0"]);
}

#[test]
fn announced_window_follows_the_room_and_never_shrinks() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 3000);
    rig.peer(conn, ". 1:1001(1000) ack 1 win 65535");
    rig.peer(conn, ". 1001:2001(1000) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 2001 win 1000"]);
    // Less than two segments and less than half the room more: no update of its own, but the next acknowledgement
    // carries it.
    rig.post_receive(conn, 400);
    rig.expect(&[]);
    rig.post_receive(conn, 1600);
    rig.expect(&[". 1:1(0) ack 2001 win 3000"]);
    rig.post_receive(conn, 200_000);
    rig.expect(&[". 1:1(0) ack 2001 win 65535"]);
    let edge = 2001 + 65535;
    let mut at = 2001;
    let mut right = edge;
    while at < 60_000 {
        rig.peer(conn, &format!(". {at}:{}(1000) ack 1 win 65535", at + 1000));
        at += 1000;
        for wire in rig.wire.drain(..) {
            let ack = wire.acknowledgement.wrapping_sub(super::script::PEER);
            assert!(ack + u32::from(wire.window) >= right, "the right edge moved back");
            right = ack + u32::from(wire.window);
        }
    }
    let placed = rig.placed(3).to_vec();
    assert!(placed.iter().enumerate().all(|(i, &b)| b == peer_byte(i as i64 + 1)));
}

#[test]
fn closed_window_of_ours_opens_with_the_first_room() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 500);
    rig.peer(conn, ". 1:501(500) ack 1 win 65535");
    rig.microseconds(150);
    rig.expect(&[". 1:1(0) ack 501 win 0"]);
    // The peer probes: the byte has no room, and is answered.
    rig.peer(conn, ". 501:502(1) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 501 win 0"]);
    rig.post_receive(conn, 10);
    rig.expect(&[". 1:1(0) ack 501 win 10"]);
    // A segment larger than the room is cut.
    rig.peer(conn, ". 501:601(100) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 511 win 0"]);
    assert_eq!(rig.placed(3).len(), 510);
    assert_eq!(rig.pulses.drop_out_of_order, 2);
}

#[test]
fn every_second_segment_or_the_timer_acknowledges() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 60_000);
    rig.peer(conn, ". 1:1001(1000) ack 1 win 65535");
    rig.microseconds(50);
    rig.expect(&[]);
    rig.microseconds(100);
    rig.expect(&[". 1:1(0) ack 1001 win 59000"]);
    rig.peer(conn, ". 1001:2001(1000) ack 1 win 65535");
    rig.expect(&[]);
    rig.peer(conn, ". 2001:3001(1000) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 3001 win 57000"]);
    // Data of ours carries it.
    rig.peer(conn, ". 3001:4001(1000) ack 1 win 65535");
    rig.post_send(conn, 10);
    rig.expect(&["P. 1:11(10) ack 4001 win 56000"]);
    rig.microseconds(300);
    rig.expect(&[]);
}

/// H3: bytes wait for the timer, unless PSH ends something: a whole segment's PSH does not, since bulk senders set it
/// anyhow.
#[test]
fn placed_bytes_are_reported_at_push_or_by_the_timer() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 60_000);
    rig.peer(conn, ". 1:1001(1000) ack 1 win 65535");
    assert_eq!(rig.reported(3), 0);
    rig.microseconds(60);
    assert_eq!(rig.reported(3), 1000);
    rig.peer(conn, "P. 1001:2000(999) ack 1 win 65535");
    assert_eq!(rig.reported(3), 1999);
    rig.peer(conn, "P. 2000:3000(1000) ack 1 win 65535");
    assert_eq!(rig.reported(3), 1999);
    rig.microseconds(60);
    assert_eq!(rig.reported(3), 2999);
    let mut settings = test_settings();
    settings.notify_on_push = false;
    settings.notify_delay = bits(500);
    let mut rig = Rig::with(&super::rig::test_geometry(), settings);
    let conn = rig.established(3, 65535, 60_000);
    rig.peer(conn, "P. 1:501(500) ack 1 win 65535");
    rig.microseconds(400);
    assert_eq!(rig.reported(3), 0);
    rig.microseconds(150);
    assert_eq!(rig.reported(3), 500);
}

#[test]
fn acknowledgement_stays_acceptable_while_the_window_is_probed() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 1000, 5000);
    rig.post_send(conn, 3000);
    rig.peer(conn, ". 1:1(0) ack 1001 win 0");
    rig.wire.clear();
    about(rig.wait(1000), 400);
    rig.expect(&[". 1001:1002(1) ack 1 win 5000"]);
    // The probe lies behind the window; an acknowledgement numbered behind it would be refused.
    rig.peer(conn, ". 1:101(100) ack 1001 win 0");
    rig.peer(conn, ". 101:201(100) ack 1001 win 0");
    rig.expect(&[". 1001:1001(0) ack 201 win 4800"]);
}
