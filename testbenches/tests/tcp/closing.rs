//! Closing: FIN from either side and from both, TIME-WAIT, resets in every state, aborts.
use super::rig::Rig;
use super::script::Conn;
use stevedore_abi::{Response, Status};
use stevedore_rtl::bundles::{Event, EventKind};
use stevedore_testbenches::replay::Compiled;

const TERMINATION: Option<Response> = Some(Response::TerminationResponse);

/// A connection brought into a state; nothing left to be seen of the way there.
fn in_state(rig: &mut Rig<Compiled>, slot: u16, state: &str) -> Conn {
    let conn = rig.established(slot, 65535, 5000);
    match state {
        "ESTABLISHED" => {}
        "FIN-WAIT-1" => rig.terminate(conn, false),
        "FIN-WAIT-2" => {
            rig.terminate(conn, false);
            rig.peer(conn, ". 1:1(0) ack 2 win 65535");
        }
        "CLOSE-WAIT" => rig.peer(conn, "F. 1:1(0) ack 1 win 65535"),
        "CLOSING" => {
            rig.terminate(conn, false);
            rig.peer(conn, "F. 1:1(0) ack 1 win 65535");
        }
        "LAST-ACK" => {
            rig.peer(conn, "F. 1:1(0) ack 1 win 65535");
            rig.terminate(conn, false);
        }
        "TIME-WAIT" => {
            rig.terminate(conn, false);
            rig.peer(conn, "F. 1:1(0) ack 2 win 65535");
            rig.ending(conn, TERMINATION, Status::Success, false);
        }
        _ => panic!("{state}"),
    }
    rig.silent();
    rig.wire.clear();
    conn
}

#[test]
fn host_closes_first_and_waits_out_time_wait() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 5000);
    rig.post_send(conn, 1500);
    rig.terminate(conn, false);
    rig.expect(&[
        ". 1:1001(1000) ack 1 win 5000",
        "P. 1001:1501(500) ack 1 win 5000",
        "F. 1501:1501(0) ack 1 win 5000",
    ]);
    rig.peer(conn, ". 1:1(0) ack 1502 win 65535");
    rig.silent();
    // Half closed: the peer still sends.
    rig.peer(conn, "P. 1:101(100) ack 1502 win 65535");
    rig.peer(conn, "F. 101:101(0) ack 1502 win 65535");
    // The FIN took a number of the window.
    rig.expect(&[". 1502:1502(0) ack 102 win 4899"]);
    rig.ending(conn, TERMINATION, Status::Success, false);
    assert_eq!(rig.placed(3).len(), 100);
    assert!(rig.end_of_stream(3));
    rig.microseconds(4900);
    rig.silent();
    rig.microseconds(200);
    rig.ending(conn, None, Status::Success, true);
    rig.expect(&[]);
}

#[test]
fn fin_rides_on_the_last_data_when_both_are_known() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 1000, 5000);
    rig.post_send(conn, 1500);
    rig.terminate(conn, false);
    rig.expect(&[". 1:1001(1000) ack 1 win 5000"]);
    rig.peer(conn, ". 1:1(0) ack 1001 win 1000");
    rig.expect(&["FP. 1001:1501(500) ack 1 win 5000"]);
}

#[test]
fn peer_closes_first_and_the_host_answers() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 5000);
    rig.peer(conn, "FP. 1:101(100) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 102 win 4899"]);
    assert!(rig.end_of_stream(3));
    assert_eq!(rig.placed(3).len(), 100);
    // Its direction is open still.
    rig.post_send(conn, 50);
    rig.expect(&["P. 1:51(50) ack 102 win 4899"]);
    rig.terminate(conn, false);
    rig.expect(&["F. 51:51(0) ack 102 win 4899"]);
    rig.silent();
    rig.peer(conn, ". 102:102(0) ack 52 win 65535");
    rig.ending(conn, TERMINATION, Status::Success, true);
    rig.expect(&[]);
}

#[test]
fn both_close_at_once() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 5000);
    rig.terminate(conn, false);
    rig.expect(&["F. 1:1(0) ack 1 win 5000"]);
    rig.peer(conn, "F. 1:1(0) ack 1 win 65535");
    rig.expect(&[". 2:2(0) ack 2 win 4999"]);
    rig.silent();
    rig.peer(conn, ". 2:2(0) ack 2 win 65535");
    rig.ending(conn, TERMINATION, Status::Success, false);
    rig.microseconds(5100);
    rig.ending(conn, None, Status::Success, true);
}

#[test]
fn fin_that_acknowledges_ours_skips_a_state() {
    let mut rig = Rig::new();
    let conn = in_state(&mut rig, 3, "FIN-WAIT-1");
    rig.peer(conn, "F. 1:1(0) ack 2 win 65535");
    rig.expect(&[". 2:2(0) ack 2 win 4999"]);
    rig.ending(conn, TERMINATION, Status::Success, false);
}

#[test]
fn repeated_fin_is_acknowledged_and_restarts_time_wait() {
    let mut rig = Rig::new();
    let conn = in_state(&mut rig, 3, "TIME-WAIT");
    rig.microseconds(4000);
    rig.peer(conn, "F. 1:1(0) ack 2 win 65535");
    rig.expect(&[". 2:2(0) ack 2 win 4999"]);
    rig.microseconds(4000);
    rig.silent();
    rig.microseconds(1200);
    rig.ending(conn, None, Status::Success, true);
}

#[test]
fn fin_beyond_a_gap_or_without_room_waits() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 50);
    rig.peer(conn, "F. 101:101(0) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 1 win 50"]);
    rig.peer(conn, "F. 1:101(100) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 51 win 0"]);
    assert!(!rig.end_of_stream(3));
    rig.post_receive(conn, 50);
    rig.expect(&[". 1:1(0) ack 51 win 50"]);
    rig.peer(conn, "F. 1:101(100) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 102 win 0"]);
    assert!(rig.end_of_stream(3));
    assert_eq!(rig.placed(3).len(), 100);
}

#[test]
fn bare_fin_is_taken_without_room() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 0);
    rig.peer(conn, "F. 1:1(0) ack 1 win 65535");
    rig.expect(&[". 1:1(0) ack 2 win 0"]);
    assert!(rig.end_of_stream(3));
}

#[test]
fn reset_ends_every_state_and_only_at_the_exact_number() {
    for state in ["ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"] {
        let mut rig = Rig::new();
        let conn = in_state(&mut rig, 3, state);
        let next = if ["CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"].contains(&state) { 2 } else { 1 };
        // Inside the window, but not its first number: challenged (RFC 5961 3.2).
        rig.peer(conn, &format!("R {}:{}(0)", next + 1, next + 1));
        assert_eq!(rig.wire.len(), 1, "{state}");
        assert_eq!(rig.wire[0].acknowledgement, super::script::PEER.wrapping_add(next));
        rig.wire.clear();
        // Outside: nothing.
        rig.peer(conn, &format!("R {}:{}(0)", next - 1, next - 1));
        rig.peer(conn, "R 60000:60000(0)");
        rig.expect(&[]);
        rig.silent();
        rig.peer(conn, &format!("R {next}:{next}(0)"));
        rig.expect(&[]);
        if state == "TIME-WAIT" {
            rig.ending(conn, None, Status::Success, true);
        } else {
            rig.ending(conn, TERMINATION, Status::Reset, true);
        }
        // Gone: neither time nor segments bring it back.
        rig.microseconds(20_000);
        rig.peer(conn, ". 1:101(100) ack 1 win 65535");
        rig.expect(&[]);
        rig.silent();
    }
}

#[test]
fn syn_on_an_open_connection_is_challenged() {
    for state in ["ESTABLISHED", "FIN-WAIT-2", "CLOSE-WAIT", "TIME-WAIT"] {
        let mut rig = Rig::new();
        let conn = in_state(&mut rig, 3, state);
        for text in ["S 2:2(0) win 100", "S. 2:2(0) ack 1 win 100", "S 40000:40000(0) win 100", "S 0:0(0) win 100"] {
            rig.peer(conn, text);
            assert_eq!(rig.wire.len(), 1, "{state}: {text}");
            let c = rig.wire.pop_front().expect("one").control;
            assert!(c.ack && !c.syn && !c.rst, "{state}: {text}");
        }
        rig.silent();
    }
}

#[test]
fn segment_without_ack_is_dropped() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 5000);
    rig.peer(conn, "P 1:101(100) win 65535");
    rig.expect(&[]);
    assert!(rig.placed(3).is_empty());
}

#[test]
fn abort_resets_the_peer_and_answers() {
    for state in ["ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT"] {
        let mut rig = Rig::new();
        let conn = in_state(&mut rig, 3, state);
        rig.terminate(conn, true);
        assert_eq!(rig.wire.len(), 1, "{state}");
        let wire = rig.wire.pop_front().expect("one");
        assert!(wire.control.rst && wire.payload.is_empty());
        let next = if state.starts_with("FIN") { 2 } else { 1 };
        assert_eq!(wire.sequence, super::script::ENGINE.wrapping_add(next), "{state}");
        rig.ending(conn, TERMINATION, Status::Aborted, true);
        rig.microseconds(6000);
        rig.silent();
    }
    for state in ["CLOSING", "LAST-ACK"] {
        let mut rig = Rig::new();
        let conn = in_state(&mut rig, 3, state);
        rig.terminate(conn, true);
        rig.expect(&[]);
        rig.ending(conn, TERMINATION, Status::Aborted, true);
    }
}

#[test]
fn abort_throws_unsent_data_away() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 1000, 5000);
    rig.post_send(conn, 5000);
    rig.wire.clear();
    rig.terminate(conn, true);
    rig.expect(&["R. 1001:1001(0) ack 1"]);
    rig.ending(conn, TERMINATION, Status::Aborted, true);
}

/// The peer would ignore a reset numbered behind the probe it did not take.
#[test]
fn abort_into_a_closed_window_is_acceptable_to_the_peer() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 1000, 0);
    rig.post_send(conn, 3000);
    rig.peer(conn, ". 1:1(0) ack 1001 win 0");
    rig.wire.clear();
    rig.wait(1000);
    rig.expect(&[". 1001:1002(1) ack 1 win 0"]);
    rig.terminate(conn, true);
    rig.expect(&["R. 1001:1001(0) ack 1"]);
    rig.ending(conn, TERMINATION, Status::Aborted, true);
}

#[test]
fn window_that_opens_again_does_not_stop_time_wait() {
    for state in ["TIME-WAIT", "FIN-WAIT-2"] {
        let mut rig = Rig::new();
        let conn = in_state(&mut rig, 3, state);
        let next = if state == "TIME-WAIT" { 2 } else { 1 };
        rig.peer(conn, &format!(". {next}:{next}(0) ack 2 win 0"));
        rig.peer(conn, &format!(". {next}:{next}(0) ack 2 win 100"));
        rig.microseconds(5200);
        assert_eq!(rig.endings.len(), 1, "{state}");
    }
}

#[test]
fn peer_that_never_closes_is_left_after_the_time_wait_setting() {
    let mut rig = Rig::new();
    let conn = in_state(&mut rig, 3, "FIN-WAIT-2");
    // Data and room postpone it.
    for round in 0..3 {
        rig.microseconds(4000);
        rig.peer(conn, &format!("P. {}:{}(10) ack 2 win 65535", 1 + 10 * round, 11 + 10 * round));
        rig.microseconds(4000);
        rig.post_receive(conn, 100);
    }
    rig.silent();
    rig.microseconds(4800);
    rig.silent();
    rig.microseconds(300);
    rig.ending(conn, TERMINATION, Status::TimedOut, true);
}

#[test]
fn data_without_room_after_terminate_is_discarded_and_acknowledged() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 0);
    rig.terminate(conn, false);
    rig.peer(conn, ". 1:1(0) ack 2 win 65535");
    rig.wire.clear();
    rig.peer(conn, "P. 1:101(100) ack 2 win 65535");
    rig.expect(&[". 2:2(0) ack 1 win 0"]);
    assert!(rig.placed(3).is_empty());
    rig.silent();
}

#[test]
fn reset_before_the_first_teardown_of_time_wait_ends_it_at_once() {
    // The teardown that begins TIME-WAIT needs a turn; the reset may come first. Either way the host hears once, and
    // the slot is freed once.
    for gap in 0..14 {
        let mut rig = Rig::new();
        let conn = in_state(&mut rig, 3, "FIN-WAIT-2");
        let (event, payload) = super::script::parse(conn, "F. 1:1(0) ack 2 win 65535");
        rig.arrives(event, payload);
        rig.cycles(gap);
        rig.peer(conn, "R 2:2(0)");
        let endings: Vec<_> = rig.endings.drain(..).map(|(_, e)| (e.response.index(), e.free)).collect();
        let said = endings.iter().filter(|e| e.0 == Response::TerminationResponse as usize).count();
        let freed = endings.iter().filter(|e| e.1).count();
        assert_eq!((said, freed), (1, 1), "gap {gap}: {endings:?}");
    }
}

/// RFC 9293 3.10.7.4, second, 1 (RFC 5961 3.2): RCV.NXT + RCV.WND is the first number outside the window.
#[test]
fn reset_at_the_right_edge_is_dropped() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 5000);
    rig.peer(conn, "R 5001:5001(0)");
    rig.expect(&[]);
    // The last number inside is challenged.
    rig.peer(conn, "R 5000:5000(0)");
    rig.expect(&[". 1:1(0) ack 1 win 5000"]);
    rig.silent();
    // A closed window still takes the reset that is exact.
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 0);
    rig.peer(conn, "R 1:1(0)");
    rig.expect(&[]);
    rig.ending(conn, TERMINATION, Status::Reset, true);
}

/// RFC 9293 3.10.7.4, fifth, TIME-WAIT: a FIN inside the window is acknowledged and restarts the time; one outside is
/// answered by the check of the sequence number, and that is all.
#[test]
fn fin_in_time_wait_is_acknowledged_and_restarts_the_time_if_it_is_in_the_window() {
    for (fin, restarts) in [
        ("F. 2:2(0) ack 2 win 65535", true),
        ("F. 1000:1000(0) ack 2 win 65535", true),
        ("F. 60000:60000(0) ack 2 win 65535", false),
        ("F. -50:-50(0) ack 2 win 65535", false),
        ("F. 0:0(0) ack 2 win 65535", false),
    ] {
        let mut rig = Rig::new();
        let conn = in_state(&mut rig, 3, "TIME-WAIT");
        rig.microseconds(4000);
        rig.peer(conn, fin);
        rig.expect(&[". 2:2(0) ack 2 win 4999"]);
        rig.microseconds(1300);
        assert_eq!(rig.endings.is_empty(), restarts, "{fin}");
        rig.microseconds(4000);
        rig.ending(conn, None, Status::Success, true);
    }
}

/// A hard error that the network reports about a segment of this sequence number, relative.
fn unreachable(rig: &mut Rig<Compiled>, conn: Conn, sequence: u32) {
    let event = conn.event(EventKind::Unreachable);
    rig.host(Event { sequence: u64::from(super::script::ENGINE.wrapping_add(sequence)).into(), ..event });
}

/// RFC 9293 3.9.2.2, hard errors; RFC 5927 4.1: only about what is under way.
#[test]
fn hard_error_about_what_is_under_way_ends_the_connection() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 5000);
    // Nothing is.
    for sequence in [0, 1, 2, 0x8000_0000] {
        unreachable(&mut rig, conn, sequence);
    }
    rig.post_send(conn, 1500);
    rig.wire.clear();
    for sequence in [0, 1501, 1502, 0x8000_0001] {
        unreachable(&mut rig, conn, sequence);
    }
    let stale = Conn { generation: 6, ..conn };
    unreachable(&mut rig, stale, 1);
    rig.expect(&[]);
    rig.silent();
    unreachable(&mut rig, conn, 1500);
    rig.expect(&[]);
    rig.ending(conn, TERMINATION, Status::Reset, true);
    rig.microseconds(20_000);
    rig.expect(&[]);
    rig.silent();
}

#[test]
fn hard_error_ends_a_handshake() {
    let mut rig = Rig::new();
    let conn = rig.active(3);
    rig.wire.clear();
    unreachable(&mut rig, conn, 1);
    rig.silent();
    unreachable(&mut rig, conn, 0);
    rig.ending(conn, Some(Response::ConnectionCompletion), Status::Reset, true);
    let conn = rig.passive(4, "win 65535 mss 1000");
    rig.wire.clear();
    unreachable(&mut rig, conn, 0);
    rig.ending(conn, None, Status::Success, true);
    rig.microseconds(20_000);
    rig.expect(&[]);
    rig.silent();
}

#[test]
fn hard_error_means_nothing_to_who_waits() {
    let mut rig = Rig::new();
    let listener = rig.listener();
    let conn = in_state(&mut rig, 3, "TIME-WAIT");
    for sequence in [0, 1, 2, 3] {
        unreachable(&mut rig, listener, sequence);
        unreachable(&mut rig, conn, sequence);
    }
    rig.expect(&[]);
    rig.silent();
}
