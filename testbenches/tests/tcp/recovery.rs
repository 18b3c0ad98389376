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
    // Limited transmit, then the missing segment.
    rig.expect(&[". 10001:11001(1000) ack 1 win 0", ". 11001:12001(1000) ack 1 win 0", ". 1:1001(1000) ack 1 win 0"]);
    // ssthresh 5, cwnd 8, twelve in flight: the eighth duplicate makes room.
    for _ in 0..4 {
        rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    }
    rig.expect(&[]);
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.expect(&[". 12001:13001(1000) ack 1 win 0"]);
    // A partial acknowledgement: the next missing one at once, without a third duplicate.
    rig.peer(conn, ". 1:1(0) ack 3001 win 65535");
    rig.expect(&[". 3001:4001(1000) ack 1 win 0", ". 13001:14001(1000) ack 1 win 0"]);
    // Everything sent before recovery began is acknowledged: it ends at ssthresh.
    rig.peer(conn, ". 1:1(0) ack 12001 win 65535");
    rig.expect(&[". 14001:15001(1000) ack 1 win 0"]);
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
    rig.peer(conn, ". 1:1(0) ack 12001 win 65535");
    rig.wire.clear();
    // In flight: what the window of ssthresh = 5 segments allows. Each round of five adds one.
    let (mut una, mut nxt) = (12_001, 0);
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

/// One round trip: the peer acknowledges every segment that is out, one by one. How many there were.
fn round(rig: &mut Rig<Compiled>, conn: Conn) -> usize {
    let sent: Vec<_> = rig.wire.drain(..).collect();
    for wire in &sent {
        let end = wire.sequence.wrapping_sub(super::script::ENGINE) + wire.payload.len() as u32;
        rig.peer(conn, &format!(". 1:1(0) ack {end} win 65535"));
    }
    sent.len()
}

/// Posts, and waits until everything that may go is out.
fn burst(rig: &mut Rig<Compiled>, conn: Conn, bytes: u32) {
    rig.post_send(conn, bytes);
    rig.cycles(600);
}

/// A connection whose congestion window has grown to 70 segments in slow start; 60,000 bytes are acknowledged.
fn grown(rig: &mut Rig<Compiled>) -> Conn {
    let conn = rig.established(3, 65535, 0);
    rig.post_send(conn, 60_000);
    while !rig.wire.is_empty() {
        round(rig, conn);
    }
    conn
}

/// RFC 3042: a new segment for each of the first two duplicates, if the peer's window has room for it.
#[test]
fn first_two_duplicates_let_a_new_segment_go_each() {
    for (window, more) in [(65535, 2), (11_000, 1), (10_000, 0)] {
        let mut rig = Rig::new();
        let conn = rig.established(3, window, 0);
        rig.post_send(conn, 40_000);
        assert_eq!(rig.wire.len(), 10);
        rig.wire.clear();
        rig.peer(conn, &format!(". 1:1(0) ack 1 win {window}"));
        rig.peer(conn, &format!(". 1:1(0) ack 1 win {window}"));
        let expected = [". 10001:11001(1000) ack 1 win 0", ". 11001:12001(1000) ack 1 win 0"];
        rig.expect(&expected[..more]);
        // No loss after all. The congestion window has not grown by them: eleven segments, of which `more` are out.
        rig.peer(conn, ". 1:1(0) ack 10001 win 65535");
        assert_eq!(rig.wire.len(), 11 - more, "window {window}");
    }
}

/// RFC 5681 4.1: after a time-out without sending, no more than the initial window goes at once.
#[test]
fn idle_connection_starts_anew_with_the_initial_window() {
    let mut rig = Rig::new();
    let conn = grown(&mut rig);
    // Less than a time-out (400 us): the window is as large as it was.
    rig.microseconds(250);
    burst(&mut rig, conn, 40_000);
    assert_eq!(rig.wire.len(), 40);
    while !rig.wire.is_empty() {
        round(&mut rig, conn);
    }
    rig.microseconds(450);
    burst(&mut rig, conn, 40_000);
    assert_eq!(round(&mut rig, conn), 10);
    // Slow start again: the threshold is where it was.
    assert_eq!(rig.wire.len(), 20);
    assert_eq!((rig.pulses.time_out, rig.pulses.retransmission), (0, 0));
}

#[test]
fn post_after_idling_has_a_whole_time_out_of_its_own() {
    // The peer's window is closed: the first probe comes a time-out after the post, whenever that was.
    for idle in [10, 200, 350, 450, 1000] {
        let mut rig = Rig::new();
        let conn = rig.established(3, 65535, 0);
        rig.post_send(conn, 1000);
        rig.wire.clear();
        rig.peer(conn, ". 1:1(0) ack 1001 win 0");
        rig.microseconds(idle);
        rig.post_send(conn, 1000);
        rig.expect(&[]);
        about(rig.wait(1000), 400);
        rig.expect(&[". 1001:1002(1) ack 1 win 0"]);
    }
}

/// RFC 5681 3.1 (7): only the first time-out of a segment lowers ssthresh.
#[test]
fn second_time_out_leaves_the_threshold_of_the_first() {
    for time_outs in 1..=3 {
        let mut rig = Rig::new();
        let conn = grown(&mut rig);
        burst(&mut rig, conn, 200_000);
        assert_eq!(rig.wire.len(), 65);
        for _ in 0..time_outs {
            rig.wire.clear();
            rig.wait(5000);
        }
        assert_eq!(rig.pulses.time_out, time_outs);
        // Slow start to half of what was out, 32.5 segments, then a segment a round.
        let rounds: Vec<usize> = (0..9).map(|_| round(&mut rig, conn)).collect();
        assert_eq!(rounds, [1, 2, 4, 8, 16, 32, 33, 34, 35], "{time_outs} time-outs");
    }
}

/// RFC 5681 3.1 (4): a time-out that only ends the wait for a larger window is no loss, and hides none.
#[test]
fn loss_after_a_silly_window_lowers_the_threshold() {
    let mut rig = Rig::new();
    let conn = grown(&mut rig);
    rig.peer(conn, ". 1:1(0) ack 60001 win 300");
    rig.post_send(conn, 200_000);
    rig.wait(1000);
    rig.expect(&[". 60001:60301(300) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 60001 win 40000");
    rig.cycles(400);
    assert_eq!(rig.wire.len(), 39);
    rig.wire.clear();
    rig.wait(5000);
    assert_eq!(rig.pulses.time_out, 1);
    rig.peer(conn, ". 1:1(0) ack 60001 win 65535");
    let rounds: Vec<usize> = (0..8).map(|_| round(&mut rig, conn)).collect();
    assert_eq!(rounds[..5], [1, 2, 4, 8, 16]);
    assert!(rounds[5] <= 20 && rounds[6] <= 21 && rounds[7] <= 22, "{rounds:?}");
}
