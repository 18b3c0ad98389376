//! An acknowledgement of a connection that sends alone takes a segment along.
use super::rig::{test_geometry, test_settings, Rig};
use super::script::{parse, Conn};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{Event, EventKind, TcpSettings};
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::replay::Compiled;

/// A wide engine, whose queue gives a command in every cycle; six bytes a segment.
fn rig() -> Rig<Compiled> {
    let settings = TcpSettings { mss: bits(6), ..test_settings() };
    Rig::with(&Geometry { connections: 64, width: 512, ..test_geometry() }, settings)
}

/// Connections in slots 3 and up, each with much to send and a congestion window of `segments`.
fn senders(rig: &mut Rig<Compiled>, count: u16, segments: u32) -> Vec<Conn> {
    let conns: Vec<Conn> = (3..3 + count).map(|slot| rig.established(slot, 65535, 0)).collect();
    for &conn in &conns {
        rig.post_send(conn, segments * 6);
        for end in 1..=segments {
            rig.peer(conn, &format!(". 1:1(0) ack {} win 65535", 1 + end * 6));
        }
    }
    rig.wire.clear();
    rig.sent_at.clear();
    rig.sent_along = 0;
    conns
}

/// Lets everybody send for `cycles` cycles to a peer that acknowledges every second segment; returns the highest byte
/// that each peer saw.
fn converse(rig: &mut Rig<Compiled>, conns: &[Conn], begin: i64, cycles: u64) -> Vec<i64> {
    let mut ends = vec![begin; conns.len()];
    let mut unanswered = vec![0; conns.len()];
    for &conn in conns {
        rig.requests.push_back(Event { length: bits(60_000), ..conn.event(EventKind::PostSend) });
    }
    for _ in 0..cycles {
        rig.cycle();
        while let Some(wire) = rig.wire.pop_front() {
            let index = conns.iter().position(|conn| conn.slot == wire.slot).expect("a sender");
            assert!(!wire.again, "nothing is lost");
            ends[index] += wire.payload.len() as i64;
            unanswered[index] += 1;
            if unanswered[index] == 2 {
                unanswered[index] = 0;
                let (event, payload) = parse(conns[index], &format!(". 1:1(0) ack {} win 65535", ends[index]));
                rig.arrives(event, payload);
            }
        }
    }
    ends
}

#[test]
fn one_connection_with_acknowledgements_sends_a_segment_in_less_than_five_cycles() {
    let mut rig = rig();
    let conns = senders(&mut rig, 1, 40);
    let ends = converse(&mut rig, &conns, 241, 4000);
    let segments = (ends[0] - 241) / 6;
    println!("{segments} segments in 4000 cycles, {} of them along", rig.sent_along);
    assert!(segments * 14 > 4000 * 3, "{segments} segments in 4000 cycles");
    assert!(rig.sent_along * 3 > segments as usize, "{} of {segments} along", rig.sent_along);
}

#[test]
fn where_several_send_each_waits_for_its_turn() {
    let mut rig = rig();
    let conns = senders(&mut rig, 3, 40);
    let ends = converse(&mut rig, &conns, 241, 4000);
    let segments: Vec<i64> = ends.iter().map(|end| (end - 241) / 6).collect();
    println!("{segments:?} segments in 4000 cycles, {} of them along", rig.sent_along);
    let (least, most) = (segments.iter().min().unwrap(), segments.iter().max().unwrap());
    assert!(most - least <= most / 20, "{segments:?}: a fair share for each");
    assert_eq!(rig.sent_along, 0, "others wait");
}

/// The segments that leave within the cycles that `segment` takes through the pipeline while others go out.
fn along_with(rig: &mut Rig<Compiled>, conn: Conn, segment: &str) -> usize {
    rig.sent_along = 0;
    rig.requests.push_back(Event { length: bits(120), ..conn.event(EventKind::PostSend) });
    // Some are out, others not yet.
    while rig.sent_at.len() < 3 {
        rig.cycle();
    }
    let (event, payload) = parse(conn, segment);
    rig.arrives(event, payload);
    rig.quiet();
    rig.sent_along
}

#[test]
fn only_what_acknowledges_new_bytes_and_nothing_else_takes_one_along() {
    let cases = [
        (". 1:1(0) ack 247 win 65535", 1),
        (". 1:1(0) ack 241 win 65535", 0),
        (". 1:1(0) ack 235 win 65535", 0),
        (". 1:7(6) ack 247 win 65535", 0),
        ("F. 1:1(0) ack 247 win 65535", 0),
        ("R. 1:1(0) ack 247 win 65535", 0),
        ("S. 0:0(0) ack 247 win 65535", 0),
        (". 1:1(0) ack 60000 win 65535", 0),
        (". 90000:90000(0) ack 247 win 65535", 0),
    ];
    for (segment, expected) in cases {
        let mut rig = rig();
        let conn = senders(&mut rig, 1, 40)[0];
        assert_eq!(along_with(&mut rig, conn, segment), expected, "{segment}");
    }
}

#[test]
fn a_segment_sent_along_is_timed_and_sent_again() {
    let mut rig = rig();
    let conn = senders(&mut rig, 1, 40)[0];
    assert_eq!(along_with(&mut rig, conn, ". 1:1(0) ack 247 win 65535"), 1);
    let sent: usize = rig.wire.iter().map(|wire| wire.payload.len()).sum();
    assert_eq!(sent, 120, "everything is out once");
    rig.wire.clear();
    rig.peer(conn, ". 1:1(0) ack 355 win 65535");
    rig.silent();
    // The last segment is lost: its time-out comes.
    rig.wait(20_000);
    rig.expect(&["P. 355:361(6) ack 1 win 0"]);
    rig.peer(conn, ". 1:1(0) ack 361 win 65535");
    assert_eq!(rig.released(3), 360);
}
