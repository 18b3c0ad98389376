//! Loss: time-outs with back-off, fast retransmit and recovery, the round-trip estimate.
use super::rig::{test_settings, Rig};
use super::script::{about, Conn};
use stevedore_abi::{Response, Status};
use stevedore_hdl::prelude::*;
use stevedore_testbenches::replay::Compiled;

/// `count` segments of 1000 bytes out.
fn sent(rig: &mut Rig<Compiled>, count: usize) -> Conn {
    let conn = rig.established(3, 65535, 0);
    rig.post_send(conn, count as u32 * 1000);
    assert_eq!(rig.wire.len(), count);
    rig.wire.clear();
    conn
}

#[test]
fn lost_data_goes_back_to_the_first_byte_with_one_segment() {
    let mut rig = Rig::new();
    let conn = sent(&mut rig, 5);
    rig.microseconds(1100);
    rig.expect(&[". 1:1001(1000) ack 1 win 0"]);
    assert_eq!(rig.pulses.time_out, 1);
    // Only the first was lost: the ACK covers all, nothing is sent twice.
    rig.peer(conn, ". 1:1(0) ack 5001 win 65535");
    rig.microseconds(20_000);
    rig.expect(&[]);
    assert_eq!(rig.released(3), 5000);
}

#[test]
fn everything_lost_is_sent_again_in_slow_start() {
    let mut rig = Rig::new();
    let conn = sent(&mut rig, 5);
    rig.microseconds(1100);
    rig.expect(&[". 1:1001(1000) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 1001 win 65535");
    rig.expect(&[". 1001:2001(1000) ack 1 win 0", ". 2001:3001(1000) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 3001 win 65535");
    rig.expect(&[". 3001:4001(1000) ack 1 win 0", "P. 4001:5001(1000) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 5001 win 65535");
    assert_eq!(rig.released(3), 5000);
    assert_eq!(rig.pulses.retransmission, 5);
}

#[test]
fn time_out_doubles_up_to_the_limit_and_ends_the_connection() {
    let mut rig = Rig::new();
    let conn = sent(&mut rig, 1);
    // The handshake took no time: the lower bound.
    let mut expected = 400;
    for _ in 0..4 {
        about(rig.wait(20_000), expected);
        rig.expect(&["P. 1:1001(1000) ack 1 win 0"]);
        expected *= 2;
    }
    rig.microseconds(u64::from(expected) - 30);
    rig.silent();
    rig.microseconds(60);
    rig.expect(&[]);
    rig.ending(conn, Some(Response::TerminationResponse), Status::TimedOut, true);
}

/// A connection whose handshake took 600 us.
fn slow(rig: &mut Rig<Compiled>) -> Conn {
    let conn = rig.passive(3, "win 65535 mss 1000");
    rig.microseconds(585);
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.wire.clear();
    conn
}

#[test]
fn round_trip_time_sets_the_time_out() {
    // SRTT 600, RTTVAR 300: 600 + 4 * 300.
    let mut rig = Rig::new();
    let conn = slow(&mut rig);
    rig.post_send(conn, 1000);
    rig.expect(&["P. 1:1001(1000) ack 1 win 0"]);
    about(rig.wait(3000), 1800);
    // A second sample, of 700: RTTVAR 3/4 * 300 + 1/4 * 100 = 250, SRTT 612.5.
    let mut rig = Rig::new();
    let conn = slow(&mut rig);
    rig.post_send(conn, 1000);
    rig.microseconds(685);
    rig.peer(conn, ". 1:1(0) ack 1001 win 65535");
    rig.post_send(conn, 1000);
    rig.wire.clear();
    about(rig.wait(3000), 1612);
    rig.wire.clear();
    // Karn: the acknowledgement of a segment sent twice is no sample, and the back-off stays.
    rig.microseconds(100);
    rig.peer(conn, ". 1:1(0) ack 2001 win 65535");
    rig.post_send(conn, 1000);
    rig.expect(&["P. 2001:3001(1000) ack 1 win 0"]);
    about(rig.wait(4000), 2 * 1612);
    // A sample ends it: 15 us of round trip. SRTT 538, RTTVAR 338.
    rig.peer(conn, ". 1:1(0) ack 3001 win 65535");
    rig.post_send(conn, 1000);
    rig.peer(conn, ". 1:1(0) ack 4001 win 65535");
    rig.post_send(conn, 1000);
    rig.wire.clear();
    about(rig.wait(4000), 538 + 4 * 338);
}

#[test]
fn time_out_stays_within_its_bounds() {
    let mut rig = Rig::new();
    sent(&mut rig, 1);
    about(rig.wait(3000), 400);
    let mut settings = test_settings();
    settings.maximum_rto = bits(1500);
    let mut rig = Rig::with(&super::rig::test_geometry(), settings);
    let conn = slow(&mut rig);
    rig.post_send(conn, 1000);
    for _ in 0..3 {
        rig.wire.clear();
        about(rig.wait(3000), 1500);
    }
}

#[test]
fn third_duplicate_sends_the_missing_segment_again() {
    let mut rig = Rig::new();
    let conn = sent(&mut rig, 6);
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.expect(&[]);
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.expect(&[". 1:1001(1000) ack 1 win 0"]);
    assert_eq!(rig.pulses.fast_retransmit, 1);
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.expect(&[]);
    rig.peer(conn, ". 1:1(0) ack 6001 win 65535");
    rig.expect(&[]);
    assert_eq!(rig.released(3), 6000);
    // ssthresh is three segments: after recovery with nothing in flight, min(ssthresh, 2 MSS).
    rig.post_send(conn, 8000);
    assert_eq!(rig.wire.len(), 2);
}

#[test]
fn duplicates_in_recovery_let_new_data_go() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 0);
    rig.post_send(conn, 40_000);
    assert_eq!(rig.wire.len(), 10);
    rig.wire.clear();
    for _ in 0..3 {
        rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    }
    rig.expect(&[". 1:1001(1000) ack 1 win 0"]);
    // ssthresh 5, cwnd 8, ten in flight: the sixth duplicate makes room.
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.expect(&[]);
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.expect(&[". 10001:11001(1000) ack 1 win 0"]);
    // A partial acknowledgement: the next missing one at once, without a third duplicate.
    rig.peer(conn, ". 1:1(0) ack 3001 win 65535");
    rig.expect(&[". 3001:4001(1000) ack 1 win 0", ". 11001:12001(1000) ack 1 win 0"]);
    // Everything sent before recovery began is acknowledged: it ends at ssthresh.
    rig.peer(conn, ". 1:1(0) ack 11001 win 65535");
    rig.expect(&[". 12001:13001(1000) ack 1 win 0"]);
    assert_eq!(rig.pulses.fast_retransmit, 1);
}

#[test]
fn what_is_no_duplicate_does_not_count() {
    let mut rig = Rig::new();
    let conn = sent(&mut rig, 6);
    rig.post_receive(conn, 60_000);
    rig.wire.clear();
    for i in 0..6 {
        // A window update, and data.
        rig.peer(conn, &format!(". 1:1(0) ack 1 win {}", 60_000 + i));
        rig.peer(conn, &format!(". {}:{}(10) ack 1 win {}", 1 + 10 * i, 11 + 10 * i, 60_000 + i));
    }
    assert_eq!(rig.pulses.fast_retransmit, 0);
    assert!(rig.wire.iter().all(|w| w.payload.is_empty()));
    // Nothing outstanding: no duplicate either.
    rig.peer(conn, ". 61:61(0) ack 6001 win 60000");
    rig.microseconds(150);
    rig.wire.clear();
    for _ in 0..5 {
        rig.peer(conn, ". 61:61(0) ack 6001 win 60000");
    }
    rig.expect(&[]);
}

#[test]
fn duplicates_after_a_time_out_start_no_recovery() {
    let mut rig = Rig::new();
    let conn = sent(&mut rig, 6);
    rig.microseconds(1100);
    rig.expect(&[". 1:1001(1000) ack 1 win 0"]);
    for _ in 0..5 {
        rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    }
    rig.expect(&[]);
    assert_eq!(rig.pulses.fast_retransmit, 0);
    rig.peer(conn, ". 1:1(0) ack 6001 win 65535");
    assert_eq!(rig.released(3), 6000);
}

#[test]
fn congestion_avoidance_grows_by_one_segment_per_window() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 0);
    rig.post_send(conn, 300_000);
    for _ in 0..3 {
        rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    }
    rig.peer(conn, ". 1:1(0) ack 10001 win 65535");
    rig.wire.clear();
    // In flight: what the window of ssthresh = 5 segments allows. Each round of five adds one.
    let (mut una, mut nxt) = (10_001, 0);
    let mut sizes = Vec::new();
    for _ in 0..40 {
        una += 1000;
        rig.peer(conn, &format!(". 1:1(0) ack {una} win 65535"));
        for w in rig.wire.drain(..) {
            nxt = w.sequence.wrapping_sub(super::script::ENGINE) + w.payload.len() as u32;
        }
        sizes.push((nxt - una) / 1000);
    }
    assert!(sizes[39] >= 9 && sizes[39] <= 11, "{sizes:?}");
    assert!(sizes.windows(2).all(|s| s[1] <= s[0] + 1), "{sizes:?}");
}

#[test]
fn out_of_order_data_is_dropped_and_answered_at_once() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 60_000);
    for at in [1001, 2001, 3001] {
        rig.peer(conn, &format!(". {at}:{}(1000) ack 1 win 65535", at + 1000));
        rig.expect(&[". 1:1(0) ack 1 win 60000"]);
    }
    assert_eq!(rig.pulses.drop_out_of_order, 3);
    rig.peer(conn, ". 1:1001(1000) ack 1 win 65535");
    // Overlapping: the new part is taken.
    rig.peer(conn, ". 501:1501(1000) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 1501 win 58500"]);
    assert_eq!(rig.placed(3).len(), 1500);
    // Wholly old: answered, not taken.
    rig.peer(conn, ". 501:1501(1000) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 1501 win 58500"]);
    // Behind the window.
    rig.peer(conn, ". 60002:60003(1) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 1501 win 58500"]);
    assert_eq!(rig.placed(3).len(), 1500);
}

#[test]
fn lost_fin_is_sent_again() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 0);
    rig.post_send(conn, 100);
    rig.terminate(conn, false);
    rig.expect(&["P. 1:101(100) ack 1 win 0", "F. 101:101(0) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 101 win 65535");
    rig.microseconds(500);
    rig.expect(&["F. 101:101(0) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 102 win 65535");
    rig.microseconds(4000);
    rig.expect(&[]);
}

#[test]
fn lost_data_before_the_fin_brings_both_again() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 0);
    rig.post_send(conn, 100);
    rig.terminate(conn, false);
    rig.wire.clear();
    rig.microseconds(1100);
    rig.expect(&["FP. 1:101(100) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 102 win 65535");
    rig.expect(&[]);
    assert_eq!(rig.released(3), 100);
}

#[test]
fn acknowledgement_of_what_was_never_sent_is_answered_and_ignored() {
    let mut rig = Rig::new();
    let conn = sent(&mut rig, 2);
    rig.peer(conn, ". 1:1(0) ack 2002 win 65535");
    rig.expect(&[". 2001:2001(0) ack 1 win 0"]);
    // RFC 5961 5.2: much too old.
    rig.peer(conn, ". 1:1(0) ack -70000 win 65535");
    rig.expect(&[". 2001:2001(0) ack 1 win 0"]);
    // Merely old.
    rig.peer(conn, ". 1:1(0) ack -100 win 65535");
    rig.expect(&[]);
    assert_eq!(rig.released(3), 0);
}
