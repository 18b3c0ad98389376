//! Window scale (RFC 7323 2): who offers it, who answers it, and what windows mean from then on.
use super::rig::Rig;
use super::script::{about, Conn};
use stevedore_abi::{Response, Status};

/// RFC 7323 2.2: our SYN offers it; 2.2, 2.3: the window of the SYN-ACK is not scaled, those behind it are.
#[test]
fn windows_are_scaled_behind_the_handshake_of_an_active_open() {
    let mut rig = Rig::new();
    let conn = rig.active(4);
    rig.expect(&["S 0:0(0) win 0 mss 1000 scale 0"]);
    rig.peer(conn, "S. 0:0(0) ack 1 win 600 mss 500 scale 7");
    rig.notice(conn, Response::ConnectionCompletion, Status::Success);
    rig.expect(&[". 1:1(0) ack 1 win 0"]);
    // 600 bytes: one segment, and a crumb that waits.
    rig.post_send(conn, 3000);
    rig.expect(&[". 1:501(500) ack 1 win 0"]);
    // 10 times 128 bytes: two segments.
    rig.peer(conn, ". 1:1(0) ack 501 win 10");
    rig.expect(&[". 501:1001(500) ack 1 win 0", ". 1001:1501(500) ack 1 win 0"]);
}

/// RFC 7323 2.2: without the option in the SYN-ACK nothing is scaled.
#[test]
fn windows_are_not_scaled_if_the_peer_does_not_answer_the_offer() {
    let mut rig = Rig::new();
    let conn = rig.active(4);
    rig.expect(&["S 0:0(0) win 0 mss 1000 scale 0"]);
    rig.peer(conn, "S. 0:0(0) ack 1 win 600 mss 500");
    rig.notice(conn, Response::ConnectionCompletion, Status::Success);
    rig.wire.clear();
    rig.post_send(conn, 3000);
    rig.expect(&[". 1:501(500) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 501 win 10");
    rig.expect(&[]);
}

/// RFC 7323 2.2: the SYN-ACK has the option if and only if the SYN had it, and so has the SYN-ACK that is sent again.
#[test]
fn syn_ack_scales_only_if_the_syn_does() {
    let mut rig = Rig::new();
    let asked = rig.passive(3, "win 2000 mss 1000 scale 14");
    rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000 scale 0"]);
    about(rig.wait(2000), 1000);
    rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000 scale 0"]);
    // 2^14 bytes are 16 segments, of which the window of one segment that a lost SYN-ACK leaves lets one go.
    rig.peer(asked, ". 1:1(0) ack 1 win 1");
    rig.notice(asked, Response::ConnectionArrival, Status::Success);
    rig.post_send(asked, 40_000);
    rig.expect(&[". 1:1001(1000) ack 1 win 0"]);

    let other = rig.passive(5, "win 2000 mss 1000");
    rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000"]);
    rig.peer(other, ". 1:1(0) ack 1 win 1500");
    rig.notice(other, Response::ConnectionArrival, Status::Success);
    rig.post_send(other, 40_000);
    rig.expect(&[". 1:1001(1000) ack 1 win 0"]);
}

/// RFC 7323 2.2 and 2.3 for a simultaneous open: the SYN-ACK answers the peer's SYN, and neither SYN's window is
/// scaled.
#[test]
fn both_sides_that_open_at_once_agree() {
    for scaled in [true, false] {
        let option = if scaled { " scale 3" } else { "" };
        let mut rig = Rig::new();
        let conn = rig.active(4);
        rig.expect(&["S 0:0(0) win 0 mss 1000 scale 0"]);
        rig.peer(conn, &format!("S 0:0(0) win 5000 mss 1000{option}"));
        rig.expect(&[&format!("S. 0:0(0) ack 1 win 0 mss 1000{}", if scaled { " scale 0" } else { "" })]);
        rig.peer(conn, &format!("S. 0:0(0) ack 1 win 1500{option}"));
        rig.notice(conn, Response::ConnectionCompletion, Status::Success);
        rig.wire.clear();
        // 1,500 bytes: if the window of this SYN-ACK were scaled, all ten segments of the first window would go.
        rig.post_send(conn, 20_000);
        rig.expect(&[". 1:1001(1000) ack 1 win 0"]);
        rig.peer(conn, ". 1:1(0) ack 1001 win 300");
        let sent = rig.wire.iter().map(|wire| wire.payload.len()).sum::<usize>();
        assert_eq!(sent, if scaled { 2000 } else { 0 }, "{scaled}");
    }
}

/// An established connection whose peer scales by 7.
fn large(rig: &mut Rig<stevedore_testbenches::replay::Compiled>) -> Conn {
    let conn = rig.passive(3, "win 65535 mss 1000 scale 7");
    rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000 scale 0"]);
    rig.peer(conn, ". 1:1(0) ack 1 win 2000");
    rig.notice(conn, Response::ConnectionArrival, Status::Success);
    conn
}

/// RFC 7323 2.3: a window of 2,000 times 128 bytes is filled to the byte, though 16 bits cannot say it, and never
/// passed.
#[test]
fn more_than_64_kilobytes_are_in_flight() {
    const WINDOW: u64 = 2000 << 7;
    let mut rig = Rig::new();
    let conn = large(&mut rig);
    rig.post_send(conn, 700_000);
    let (mut sent, mut acknowledged, mut most) = (0, 0, 0);
    while acknowledged < 400_000 {
        while let Some(segment) = rig.wire.pop_front() {
            assert!(!segment.again && segment.payload.len() == 1000);
            sent += 1000;
        }
        assert!(sent - acknowledged <= WINDOW, "{sent} sent, {acknowledged} acknowledged");
        most = most.max(sent - acknowledged);
        acknowledged += 1000;
        rig.peer(conn, &format!(". 1:1(0) ack {} win 2000", acknowledged + 1));
    }
    assert_eq!(most, WINDOW);
    // RFC 5961 5.2: an acknowledgement as old as a window may be is ignored, one older than any window is answered.
    rig.wire.clear();
    rig.peer(conn, &format!(". 1:1(0) ack {} win 2000", 400_001 - 300_000));
    rig.expect(&[]);
    rig.peer(conn, &format!(". 1:1(0) ack {} win 2000", 400_001 - (65536 << 7) - 1));
    assert_eq!(rig.wire.len(), 1);
    assert!(rig.wire[0].payload.is_empty() && rig.wire[0].control.ack);
}

/// RFC 9293 3.8.6.2.1: half of the largest window is half of its bytes: a peer whose window shrinks from 256,000 to 600
/// bytes gets no crumbs before the override timer.
#[test]
fn silly_windows_are_measured_in_bytes() {
    let mut rig = Rig::new();
    let conn = large(&mut rig);
    // Five times 128 bytes are more than half of 2,000, and of 256,000 less than half.
    rig.peer(conn, ". 1:1(0) ack 1 win 5");
    rig.post_send(conn, 1000);
    rig.expect(&[]);
    rig.wait(2000);
    rig.expect(&[". 1:641(640) ack 1 win 0"]);
}

/// RFC 9293 3.8.6.1: a closed window is closed at any scale, and the probe asks.
#[test]
fn closed_window_is_probed_with_scaling_too() {
    let mut rig = Rig::new();
    let conn = large(&mut rig);
    rig.peer(conn, ". 1:1(0) ack 1 win 0");
    rig.post_send(conn, 2000);
    rig.expect(&[]);
    rig.wait(2000);
    rig.expect(&[". 1:2(1) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 1 win 16");
    rig.expect(&[". 1:1001(1000) ack 1 win 0", "P. 1001:2001(1000) ack 1 win 0"]);
}
