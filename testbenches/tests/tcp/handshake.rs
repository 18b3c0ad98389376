//! Opening: both roles, both at once, lost and refused.
use super::rig::Rig;
use super::script::about;
use stevedore_abi::{Response, Status};

#[test]
fn passive_open_is_announced_when_complete() {
    let mut rig = Rig::new();
    let conn = rig.passive(3, "win 5000 mss 1460");
    rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000"]);
    rig.silent();
    rig.peer(conn, ". 1:1(0) ack 1 win 5000");
    rig.notice(conn, Response::ConnectionArrival, Status::Success);
    rig.expect(&[]);
}

#[test]
fn active_open_completes_with_the_syn_ack() {
    let mut rig = Rig::new();
    let conn = rig.active(4);
    rig.expect(&["S 0:0(0) win 0 mss 1000 scale 0"]);
    rig.silent();
    rig.peer(conn, "S. 0:0(0) ack 1 win 5000 mss 500");
    rig.notice(conn, Response::ConnectionCompletion, Status::Success);
    rig.expect(&[". 1:1(0) ack 1 win 0"]);
    // The smaller MSS is used for sending.
    rig.post_send(conn, 700);
    rig.expect(&[". 1:501(500) ack 1 win 0", "P. 501:701(200) ack 1 win 0"]);
}

#[test]
fn both_sides_open_at_once() {
    let mut rig = Rig::new();
    let conn = rig.active(4);
    rig.expect(&["S 0:0(0) win 0 mss 1000 scale 0"]);
    rig.peer(conn, "S 0:0(0) win 5000 mss 1000");
    rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000"]);
    rig.silent();
    rig.peer(conn, "S. 0:0(0) ack 1 win 5000");
    rig.notice(conn, Response::ConnectionCompletion, Status::Success);
    rig.expect(&[". 1:1(0) ack 1 win 0"]);
    rig.post_send(conn, 10);
    rig.expect(&["P. 1:11(10) ack 1 win 0"]);
}

#[test]
fn data_with_the_last_handshake_segment_is_announced_and_refused_without_room() {
    let mut rig = Rig::new();
    let conn = rig.passive(3, "win 5000 mss 1460");
    rig.wire.clear();
    rig.peer(conn, "P. 1:101(100) ack 1 win 5000");
    rig.notice(conn, Response::ConnectionArrival, Status::Success);
    rig.expect(&[". 1:1(0) ack 1 win 0"]);
    rig.post_receive(conn, 1000);
    rig.expect(&[". 1:1(0) ack 1 win 1000"]);
    rig.peer(conn, "P. 1:101(100) ack 1 win 5000");
    assert_eq!(rig.placed(3).len(), 100);
}

#[test]
fn syn_sent_answers_a_wrong_ack_with_a_reset() {
    let mut rig = Rig::new();
    let conn = rig.active(4);
    rig.wire.clear();
    for ack in [0, 2, -5] {
        rig.peer(conn, &format!(". 0:0(0) ack {ack} win 5000"));
        rig.expect(&[&format!("R {ack}:{ack}(0)")]);
        rig.peer(conn, &format!("S. 0:0(0) ack {ack} win 5000"));
        rig.expect(&[&format!("R {ack}:{ack}(0)")]);
        // A reset is not answered, and without a good ACK it resets nothing.
        rig.peer(conn, &format!("R. 0:0(0) ack {ack} win 5000"));
    }
    rig.peer(conn, "R 0:0(0)");
    rig.peer(conn, ". 0:0(0) ack 1 win 5000");
    rig.expect(&[]);
    rig.silent();
    rig.peer(conn, "S. 0:0(0) ack 1 win 5000");
    rig.notice(conn, Response::ConnectionCompletion, Status::Success);
}

#[test]
fn syn_sent_is_refused_by_a_reset_with_a_good_ack() {
    let mut rig = Rig::new();
    let conn = rig.active(4);
    rig.wire.clear();
    rig.peer(conn, "R. 0:0(0) ack 1 win 0");
    rig.expect(&[]);
    rig.ending(conn, Some(Response::ConnectionCompletion), Status::Reset, true);
    // The slot is dead: nothing moves it.
    rig.peer(conn, "S. 0:0(0) ack 1 win 5000");
    rig.microseconds(3000);
    rig.expect(&[]);
    rig.silent();
}

#[test]
fn syn_received_answers_a_wrong_ack_with_a_reset_and_stays() {
    let mut rig = Rig::new();
    let conn = rig.passive(3, "win 5000 mss 1460");
    rig.wire.clear();
    for ack in [0, 2, 100] {
        rig.peer(conn, &format!(". 1:1(0) ack {ack} win 5000"));
        rig.expect(&[&format!("R {ack}:{ack}(0)")]);
    }
    // Outside the window: told where we are, not counted.
    rig.peer(conn, ". 5:5(0) ack 1 win 5000");
    rig.expect(&[". 1:1(0) ack 1 win 0"]);
    rig.silent();
    rig.peer(conn, ". 1:1(0) ack 1 win 5000");
    rig.notice(conn, Response::ConnectionArrival, Status::Success);
}

#[test]
fn syn_received_reset_is_silent_for_a_listener_and_reported_to_who_opened() {
    let mut rig = Rig::new();
    let conn = rig.passive(3, "win 5000 mss 1460");
    rig.wire.clear();
    rig.peer(conn, "R 1:1(0)");
    rig.expect(&[]);
    rig.ending(conn, None, Status::Success, true);

    let conn = rig.active(4);
    rig.peer(conn, "S 0:0(0) win 5000 mss 1000");
    rig.wire.clear();
    rig.peer(conn, "R 1:1(0)");
    rig.expect(&[]);
    rig.ending(conn, Some(Response::ConnectionCompletion), Status::Reset, true);
}

#[test]
fn repeated_syn_gets_the_syn_ack_again() {
    let mut rig = Rig::new();
    let conn = rig.passive(3, "win 5000 mss 1460");
    rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000"]);
    rig.peer(conn, "S 0:0(0) win 5000 mss 1460");
    rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000"]);
    rig.peer(conn, ". 1:1(0) ack 1 win 5000");
    rig.notice(conn, Response::ConnectionArrival, Status::Success);
}

/// RFC 6298 3: which of the two was acknowledged nobody knows, so the initial time-out stays.
#[test]
fn syn_ack_sent_twice_is_not_timed() {
    let mut rig = Rig::new();
    let conn = rig.passive(3, "win 65535 mss 1000");
    rig.microseconds(500);
    rig.peer(conn, "S 0:0(0) win 65535 mss 1000");
    rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000"; 2]);
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.notice(conn, Response::ConnectionArrival, Status::Success);
    rig.post_send(conn, 1000);
    rig.expect(&["P. 1:1001(1000) ack 1 win 0"]);
    about(rig.wait(3000), 1000);
    rig.expect(&["P. 1:1001(1000) ack 1 win 0"]);
}

#[test]
fn lost_syn_is_sent_again_with_back_off_until_the_limit() {
    let mut rig = Rig::new();
    let conn = rig.active(4);
    rig.expect(&["S 0:0(0) win 0 mss 1000 scale 0"]);
    for time in [1000, 2000, 4000, 8000] {
        about(rig.wait(20_000), time);
        rig.expect(&["S 0:0(0) win 0 mss 1000 scale 0"]);
    }
    rig.microseconds(15_900);
    rig.silent();
    rig.microseconds(200);
    rig.expect(&[]);
    rig.ending(conn, Some(Response::ConnectionCompletion), Status::TimedOut, true);
}

#[test]
fn unanswered_syn_ack_is_given_up_silently() {
    let mut rig = Rig::new();
    let conn = rig.passive(3, "win 5000 mss 1460");
    rig.microseconds(1000 + 2000 + 4000 + 8000 + 500);
    rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000"; 5]);
    rig.silent();
    rig.microseconds(16000);
    rig.expect(&[]);
    rig.ending(conn, None, Status::Success, true);
}

#[test]
fn lost_syn_costs_the_initial_window_and_the_initial_time_out() {
    let mut rig = Rig::new();
    let conn = rig.active(4);
    rig.microseconds(1100);
    rig.wire.clear();
    rig.peer(conn, "S. 0:0(0) ack 1 win 65535 mss 1000");
    rig.notice(conn, Response::ConnectionCompletion, Status::Success);
    rig.expect(&[". 1:1(0) ack 1 win 0"]);
    rig.post_send(conn, 5000);
    rig.expect(&[". 1:1001(1000) ack 1 win 0"]);
    // RFC 6298 5.7: three times the initial time-out.
    rig.microseconds(2900);
    rig.expect(&[]);
    rig.microseconds(200);
    rig.expect(&[". 1:1001(1000) ack 1 win 0"]);
}

#[test]
fn slot_reused_while_still_queued_starts_clean() {
    let mut rig = Rig::new();
    for round in 0..20 {
        let conn = rig.passive(3, "win 5000 mss 1460");
        rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000"]);
        rig.peer(conn, ". 1:1(0) ack 1 win 5000");
        rig.notice(conn, Response::ConnectionArrival, Status::Success);
        if round % 2 == 0 {
            rig.post_send(conn, 100);
            rig.expect(&["P. 1:101(100) ack 1 win 0"]);
        }
        rig.peer(conn, "R 1:1(0)");
        rig.ending(conn, Some(Response::TerminationResponse), Status::Reset, true);
    }
}
