//! Time: settings that are larger than a deadline, clocks that go round, a host that stops the engine for a while.
use super::rig::{test_geometry, test_settings, Rig};
use super::script::{about, parse};
use stevedore_abi::{Response, Status};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::TcpSettings;
use stevedore_testbenches::replay::Compiled;

fn rig(settings: TcpSettings) -> Rig<Compiled> {
    Rig::with(&test_geometry(), settings)
}

#[test]
fn time_wait_of_any_setting_lasts_as_long() {
    for time_wait in [0x7fff_ffff_u64, 0x8000_0000, 3_000_000_000, 0xffff_ffff] {
        let mut rig = rig(TcpSettings { time_wait: time_wait.into(), ..test_settings() });
        let conn = rig.established(3, 65535, 5000);
        rig.terminate(conn, false);
        rig.peer(conn, "F. 1:1(0) ack 2 win 65535");
        rig.ending(conn, Some(Response::TerminationResponse), Status::Success, false);
        rig.leap(time_wait - 10_000);
        rig.silent();
        rig.leap(20_000);
        rig.ending(conn, None, Status::Success, true);
    }
}

#[test]
fn time_outs_above_134_seconds_are_134_seconds() {
    let large = 3_000_000_000_u64.into();
    let settings = TcpSettings { initial_rto: large, minimum_rto: large, maximum_rto: large, ..test_settings() };
    let mut rig = rig(settings);
    rig.active(3);
    assert_eq!(rig.wire.len(), 1);
    rig.leap(134_000_000);
    assert_eq!(rig.wire.len(), 1);
    rig.leap(1_000_000);
    assert_eq!(rig.wire.len(), 2);
    // The back-off does not go beyond that.
    rig.leap(133_000_000);
    assert_eq!(rig.wire.len(), 2);
    rig.leap(2_000_000);
    assert_eq!(rig.wire.len(), 3);
}

#[test]
fn delays_above_8_seconds_are_8_seconds() {
    for delay in [0x0080_0000_u64, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        let settings = TcpSettings { delayed_ack: delay.into(), notify_delay: delay.into(), ..test_settings() };
        let mut rig = rig(settings);
        let conn = rig.established(3, 65535, 5000);
        rig.peer(conn, ". 1:101(100) ack 1 win 65535");
        rig.leap(8_300_000);
        rig.expect(&[]);
        assert_eq!(rig.reported(3), 0);
        rig.leap(100_000);
        rig.expect(&[". 1:1(0) ack 101 win 4900"]);
        assert_eq!(rig.reported(3), 100);
    }
}

/// Data that is lost while the clock goes round is sent again in time, and TIME-WAIT across it is as long as ever.
#[test]
fn clock_that_goes_round_is_not_noticed() {
    for edge in [1_u64 << 31, 1 << 32, 3 << 31, 1 << 33, 5 << 31] {
        let mut rig = Rig::new();
        let from = u64::from(rig.now);
        let conn = rig.established(3, 65535, 5000);
        rig.leap(edge - from - 350);
        rig.post_send(conn, 1000);
        rig.wire.clear();
        about(rig.wait(1000), 400);
        rig.peer(conn, ". 1:1(0) ack 1001 win 65535");
        let mut rig = Rig::new();
        let conn = rig.established(3, 65535, 5000);
        rig.leap(edge - from - 2500);
        rig.terminate(conn, false);
        rig.peer(conn, "F. 1:1(0) ack 2 win 65535");
        rig.endings.clear();
        rig.microseconds(4900);
        rig.silent();
        rig.microseconds(200);
        rig.ending(conn, None, Status::Success, true);
    }
}

#[test]
fn sample_longer_than_its_field_counts_as_the_longest() {
    let large = 3_000_000_000_u64.into();
    let mut rig = rig(TcpSettings { initial_rto: large, maximum_rto: large, ..test_settings() });
    let conn = rig.active(3);
    rig.wire.clear();
    rig.leap(100_000_000);
    rig.peer(conn, "S. 0:0(0) ack 1 win 65535 mss 1000");
    rig.wire.clear();
    rig.post_send(conn, 1000);
    rig.wire.clear();
    // SRTT 16.8 s, RTTVAR 8.4 s.
    rig.leap(50_000_000);
    rig.expect(&[]);
    rig.leap(1_000_000);
    rig.expect(&["P. 1:1001(1000) ack 1 win 0"]);
}

/// A host that takes nothing for 14 s stops the scan. A delay of 5 s has passed long ago then, but is not further away
/// than it was: on a clock of 24 bits it would be, by 8 s.
#[test]
fn deadline_that_passes_while_the_engine_is_stopped_is_kept() {
    let mut rig = rig(TcpSettings { delayed_ack: bits(5_000_000), ..test_settings() });
    let conn = rig.established(3, 65535, 5000);
    let other = rig.established(4, 65535, 5000);
    rig.peer(conn, ". 1:101(100) ack 1 win 65535");
    rig.blocked = Some("m_receive");
    for _ in 0..20 {
        let (event, payload) = parse(other, ". 1:1(0) ack 1 win 65535");
        rig.arrives(event, payload);
    }
    rig.cycles(200);
    rig.leap(14_000_000);
    rig.expect(&[]);
    assert!(!rig.segments.is_empty(), "the engine was not stopped");
    rig.blocked = None;
    rig.quiet();
    rig.leap(5_000_000);
    rig.expect(&[". 1:1(0) ack 101 win 4900"]);
}
