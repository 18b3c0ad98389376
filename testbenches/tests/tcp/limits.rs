//! Limits of what a segment that is not acceptable brings forth (RFC 5961 7).
use super::rig::Rig;
use super::script::Conn;
use stevedore_testbenches::replay::Compiled;

/// Answers to `count` times the same segment.
fn answers(rig: &mut Rig<Compiled>, conn: Conn, count: usize, segment: &str) -> usize {
    for _ in 0..count {
        rig.peer(conn, segment);
    }
    let answers = rig.wire.len();
    rig.wire.clear();
    answers
}

/// To the next interval.
fn interval(rig: &mut Rig<Compiled>) {
    rig.leap(1 << 22);
}

#[test]
fn flood_of_challenges_is_answered_ten_times_in_an_interval() {
    let floods = [
        ". 1:1(0) ack -70000 win 65535",
        ". 1:1(0) ack 5000 win 65535",
        ". 1:101(100) ack 5000 win 65535",
        "S 1:1(0) win 65535",
        "S. 40000:40000(0) ack 1 win 65535",
        "R 2:2(0)",
        ". 0:0(0) ack 1 win 65535",
        ". 70000:70000(0) ack 1 win 65535",
    ];
    for flood in floods {
        let mut rig = Rig::new();
        let conn = rig.established(3, 65535, 5000);
        let other = rig.established(4, 65535, 5000);
        assert_eq!(answers(&mut rig, conn, 200, flood), 10, "{flood}");
        // One budget for all kinds, but one for each connection.
        assert_eq!(answers(&mut rig, conn, 200, floods[0]), 0, "{flood}");
        assert_eq!(answers(&mut rig, other, 200, flood), 10, "{flood}");
        interval(&mut rig);
        assert_eq!(answers(&mut rig, conn, 200, flood), 10, "{flood}");
        // What is acceptable is not limited.
        rig.peer(conn, "P. 1:101(100) ack 1 win 65535");
        assert_eq!(rig.placed(3).len(), 100, "{flood}");
        rig.silent();
    }
}

#[test]
fn payload_sent_again_is_always_answered() {
    // Acknowledgements were lost: every one of these could be the last the peer tries.
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 5000);
    rig.peer(conn, "P. 1:101(100) ack 1 win 65535");
    assert_eq!(answers(&mut rig, conn, 50, ". 1:1(0) ack 5000 win 65535"), 10);
    assert_eq!(answers(&mut rig, conn, 50, "P. 1:101(100) ack 1 win 65535"), 50);
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 5000);
    rig.peer(conn, "F. 1:1(0) ack 1 win 65535");
    rig.wire.clear();
    assert_eq!(answers(&mut rig, conn, 50, "F. 1:1(0) ack 1 win 65535"), 50);
}

#[test]
fn two_strict_ends_and_a_forged_byte_come_to_rest() {
    let mut rig = Rig::new();
    let conn = rig.established(3, 65535, 5000);
    // Not the peer's: from here on it says the same as ever, and takes what it hears for an acknowledgement of the
    // future.
    rig.peer(conn, "P. 1:2(1) ack 1 win 65535");
    rig.microseconds(150);
    let mut rounds = 0;
    while !rig.wire.is_empty() && rounds < 1000 {
        rig.wire.clear();
        rig.peer(conn, ". 1:1(0) ack 1 win 65535");
        rounds += 1;
    }
    assert_eq!(rounds, 11);
}

#[test]
fn repeated_syn_is_answered_ten_times_in_an_interval() {
    let mut rig = Rig::new();
    let conn = rig.passive(3, "win 65535 mss 1000");
    rig.wire.clear();
    assert_eq!(answers(&mut rig, conn, 50, "S 0:0(0) win 65535 mss 1000"), 10);
}
