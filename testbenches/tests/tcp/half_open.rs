//! Half-open connections of a listener that closes: nobody would be there to take them.
use super::rig::Rig;
use super::script::{parse, Conn};
use stevedore_abi::{Response, Status};
use stevedore_rtl::bundles::EventKind;

#[test]
fn half_open_connection_is_reset_when_its_listener_closes() {
    let mut rig = Rig::new();
    let conn = rig.passive(3, "win 65535 mss 1000");
    rig.expect(&["S. 0:0(0) ack 1 win 0 mss 1000"]);
    let listener = rig.listener();
    rig.terminate(listener, false);
    rig.expect(&["R. 1:1(0) ack 1"]);
    rig.endings.retain(|(slot, _)| *slot == conn.slot);
    // The host never hears of it; its slot is free.
    rig.ending(conn, None, Status::Success, true);
    rig.peer(conn, ". 1:1(0) ack 1 win 65535");
    rig.microseconds(20_000);
    rig.expect(&[]);
    rig.silent();
}

#[test]
fn what_is_open_or_was_opened_from_here_outlives_the_listener() {
    let mut rig = Rig::new();
    let open = rig.established(3, 65535, 5000);
    let active = rig.active(4);
    // Both open at once: SYN-RECEIVED, and no listener's.
    rig.peer(active, "S 0:0(0) win 65535 mss 1000");
    rig.wire.clear();
    let listener = rig.listener();
    rig.terminate(listener, false);
    rig.ending(listener, Some(Response::TerminationResponse), Status::Success, true);
    rig.peer(open, "P. 1:101(100) ack 1 win 65535");
    rig.peer(active, ". 1:1(0) ack 1 win 65535");
    rig.notice(active, Response::ConnectionCompletion, Status::Success);
    assert_eq!(rig.placed(3).len(), 100);
    assert!(rig.wire.iter().all(|w| !w.control.rst));
}

#[test]
fn next_listener_in_the_slot_is_another_one() {
    let mut rig = Rig::new();
    let conn = rig.passive(3, "win 65535 mss 1000");
    let old = rig.listener();
    rig.wire.clear();
    // Close, and listen again in the slot, one right behind the other.
    let next = Conn { generation: old.generation + 1, ..old };
    rig.requests.push_back(old.event(EventKind::Terminate));
    rig.requests.push_back(next.event(EventKind::Listen));
    rig.quiet();
    rig.expect(&["R. 1:1(0) ack 1"]);
    assert!(rig.endings.iter().any(|(slot, ending)| *slot == conn.slot && ending.free));
    // The new one takes connections.
    let (mut event, payload) = parse(Conn { slot: 5, generation: 1 }, "S 0:0(0) win 65535 mss 1000");
    event.fresh = true;
    event.listener = u64::from(next.slot).into();
    event.listener_generation = u64::from(next.generation).into();
    rig.new_slot(5, 0);
    rig.arrives(event, payload);
    rig.microseconds(200);
    assert!(rig.wire.iter().all(|w| !w.control.rst), "{:?}", rig.wire);
}

/// The segment that completes the handshake meets the end of the listener at every distance: the host either hears of
/// the connection before it hears that the listener is gone, or never.
#[test]
fn arrival_never_follows_the_end_of_its_listener() {
    let mut outcomes = (0, 0);
    for gap in -12..12_i64 {
        let mut rig = Rig::new();
        let conn = rig.passive(3, "win 65535 mss 1000");
        let listener = rig.listener();
        rig.wire.clear();
        let request = listener.event(EventKind::Terminate);
        let (segment, payload) = parse(conn, ". 1:1(0) ack 1 win 65535");
        if gap < 0 {
            rig.requests.push_back(request);
            rig.cycles(gap.unsigned_abs());
            rig.arrives(segment, payload);
        } else {
            rig.arrives(segment, payload);
            rig.cycles(gap.unsigned_abs());
            rig.requests.push_back(request);
        }
        let (mut arrived, mut closed) = (None, None);
        for cycle in 0..400 {
            rig.cycle();
            if !rig.notices.is_empty() && arrived.is_none() {
                arrived = Some(cycle);
            }
            if closed.is_none() && rig.endings.iter().any(|(slot, _)| *slot == listener.slot) {
                closed = Some(cycle);
            }
        }
        assert!(closed.is_some(), "gap {gap}");
        let was_reset = rig.wire.iter().any(|w| w.control.rst);
        assert_eq!(arrived.is_some(), !was_reset, "gap {gap}");
        assert!(arrived.is_none() || arrived < closed, "gap {gap}: arrived {arrived:?}, closed {closed:?}");
        outcomes.0 += u32::from(was_reset);
        outcomes.1 += u32::from(!was_reset);
    }
    assert!(outcomes.0 > 3 && outcomes.1 > 3, "{outcomes:?}");
}
