//! Buffers of a listener: promised with the SYN-ACK, lent when the handshake is complete, promised again if it never
//! is. Those that the host's own connections borrow: see `borrowing.rs`.
use super::rig::{Rig, Stalls};
use super::script::{parse, Conn, ENGINE};
use stevedore_abi::{Response, Status};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;

/// A listener with `count` buffers of `length` bytes.
pub fn stocked(count: usize, length: u32) -> (Rig<stevedore_testbenches::replay::Compiled>, Conn) {
    let mut rig = Rig::new();
    let listener = rig.listener();
    for _ in 0..count {
        rig.post_receive(listener, length);
    }
    rig.silent();
    assert_eq!(rig.buffers(listener.slot), count);
    (rig, listener)
}

/// A SYN on a fresh slot, not waited for.
fn syn<D: super::rig::TcpDut>(rig: &mut Rig<D>, conn: Conn, listener: Conn) {
    rig.new_slot(conn.slot, ENGINE);
    let (mut event, payload) = parse(conn, "S 0:0(0) win 65535 mss 1000");
    event.fresh = true;
    event.listener = u64::from(listener.slot).into();
    event.listener_generation = u64::from(listener.generation).into();
    event.initial_sequence = u64::from(ENGINE).into();
    rig.arrives(event, payload);
}

/// How many SYN segments in a row are promised a buffer. Their connections are reset.
pub fn promised<D: super::rig::TcpDut>(rig: &mut Rig<D>, listener: Conn, slots: std::ops::Range<u16>) -> usize {
    rig.wire.clear();
    let conns: Vec<Conn> = slots.map(|slot| Conn { slot, generation: 0x4000 }).collect();
    for &conn in &conns {
        syn(rig, conn, listener);
    }
    rig.quiet();
    let count = rig.wire.drain(..).filter(|w| w.control.syn && w.window > 0).count();
    for &conn in &conns {
        rig.peer(conn, "R 1:1(0)");
    }
    rig.quiet();
    rig.endings.clear();
    count
}

#[test]
fn syn_ack_announces_a_buffer_of_the_listener() {
    for (length, window) in [(1, 1), (5000, 5000), (65535, 65535), (65536, 65535), (1 << 20, 65535)] {
        let (mut rig, listener) = stocked(1, length);
        let conn = rig.passive(3, "win 5000 mss 1460");
        rig.expect(&[&format!("S. 0:0(0) ack 1 win {window} mss 1000")]);
        // The SYN-ACK that is sent again says the same.
        rig.wait(2000);
        rig.expect(&[&format!("S. 0:0(0) ack 1 win {window} mss 1000")]);
        assert_eq!((rig.buffers(listener.slot), rig.buffers(conn.slot)), (1, 0));
        rig.peer(conn, ". 1:1(0) ack 1 win 5000");
        rig.notice(conn, Response::ConnectionArrival, Status::Success);
        assert_eq!((rig.buffers(listener.slot), rig.buffers(conn.slot)), (0, 1));
        rig.expect(&[]);
    }
}

#[test]
fn data_and_fin_with_the_last_handshake_segment_are_placed() {
    let (mut rig, _) = stocked(1, 1000);
    let conn = rig.passive(3, "win 5000 mss 1460");
    rig.wire.clear();
    rig.peer(conn, "FP. 1:101(100) ack 1 win 5000");
    rig.notice(conn, Response::ConnectionArrival, Status::Success);
    assert_eq!(rig.placed(3).len(), 100);
    assert!(rig.end_of_stream(3));
    rig.expect(&[". 1:1(0) ack 102 win 899"]);
    assert_eq!(rig.pulses.drop_out_of_order, 0);
}

#[test]
fn data_beyond_the_promise_is_cut_off() {
    let (mut rig, _) = stocked(2, 60);
    let conn = rig.passive(3, "win 5000 mss 1460");
    rig.wire.clear();
    rig.peer(conn, "P. 1:101(100) ack 1 win 5000");
    assert_eq!(rig.placed(3).len(), 60);
    rig.expect(&[". 1:1(0) ack 61 win 0"]);
    // Room of its own comes behind.
    rig.post_receive(conn, 500);
    rig.expect(&[". 1:1(0) ack 61 win 500"]);
    rig.peer(conn, "P. 61:101(40) ack 1 win 5000");
    assert_eq!(rig.placed(3).len(), 100);
}

#[test]
fn without_a_buffer_the_window_is_zero() {
    let (mut rig, listener) = stocked(1, 1000);
    let first = rig.passive(3, "win 5000 mss 1000");
    let second = rig.passive(4, "win 5000 mss 1000");
    rig.expect(&["S. 0:0(0) ack 1 win 1000 mss 1000", "S. 0:0(0) ack 1 win 0 mss 1000"]);
    // Who comes first in completing gets what was promised to it, not to another.
    rig.peer(second, "P. 1:101(100) ack 1 win 5000");
    rig.notice(second, Response::ConnectionArrival, Status::Success);
    rig.expect(&[". 1:1(0) ack 1 win 0"]);
    rig.peer(first, "P. 1:101(100) ack 1 win 5000");
    rig.notice(first, Response::ConnectionArrival, Status::Success);
    assert_eq!((rig.placed(3).len(), rig.placed(4).len()), (100, 0));
    assert_eq!(rig.buffers(listener.slot), 0);
}

#[test]
fn buffers_of_a_listener_have_one_length() {
    let (mut rig, listener) = stocked(1, 1000);
    for length in [999, 1001, 1] {
        rig.post_receive(listener, length);
        rig.notice(listener, Response::BufferReceive, Status::BadLength);
    }
    rig.host(Event {
        length: bits(1000),
        abort: true,
        payload_length: bits(5),
        ..listener.event(EventKind::PostReceive)
    });
    rig.notice(listener, Response::BufferReceive, Status::NoRoom);
    rig.post_receive(listener, 1000);
    rig.silent();
    assert_eq!(rig.buffers(listener.slot), 2);
    assert_eq!(promised(&mut rig, listener, 3..9), 2);
}

#[test]
fn host_cannot_post_to_a_connection_it_does_not_know() {
    let (mut rig, listener) = stocked(1, 1000);
    let conn = rig.passive(3, "win 5000 mss 1000");
    rig.wire.clear();
    rig.post_receive(conn, 1000);
    rig.notice(conn, Response::BufferReceive, Status::UnknownConnection);
    rig.peer(conn, "P. 1:101(100) ack 1 win 5000");
    rig.notice(conn, Response::ConnectionArrival, Status::Success);
    rig.post_receive(conn, 1000);
    rig.silent();
    assert_eq!((rig.buffers(3), rig.buffers(listener.slot)), (2, 0));
}

#[test]
fn promise_of_a_connection_that_never_opens_goes_back() {
    type End = fn(&mut Rig<stevedore_testbenches::replay::Compiled>, Conn);
    let reset: End = |rig, conn| rig.peer(conn, "R 1:1(0)");
    // The longest time-out, as often as a SYN-ACK is sent, and once more.
    let timed_out: End = |rig, _| (0..6).for_each(|_| rig.leap(17_000));
    let unreachable: End = |rig, conn| {
        rig.host(Event { sequence: u64::from(ENGINE).into(), ..conn.event(EventKind::Unreachable) });
    };
    for (case, end) in [reset, timed_out, unreachable].into_iter().enumerate() {
        let (mut rig, listener) = stocked(2, 1000);
        for round in 0..3 {
            println!("case {case}, round {round}");
            let conn = rig.passive(3, "win 65535 mss 1000");
            let other = rig.passive(4, "win 65535 mss 1000");
            rig.wire.retain(|w| w.control.syn);
            rig.expect(&["S. 0:0(0) ack 1 win 1000 mss 1000"; 2]);
            end(&mut rig, conn);
            end(&mut rig, other);
            rig.quiet();
            assert!(rig.endings.drain(..).all(|(_, ending)| ending.response == 0 && ending.free));
            rig.wire.clear();
        }
        rig.silent();
        assert_eq!(rig.buffers(listener.slot), 2);
        assert_eq!(promised(&mut rig, listener, 3..9), 2);
    }
}

#[test]
fn listener_that_ends_gives_back_what_was_promised_too() {
    let (mut rig, listener) = stocked(3, 1000);
    let open = rig.passive(3, "win 65535 mss 1000");
    rig.peer(open, ". 1:1(0) ack 1 win 65535");
    let half = rig.passive(4, "win 65535 mss 1000");
    rig.notices.clear();
    rig.wire.clear();
    rig.terminate(listener, false);
    rig.expect(&["R. 1:1(0) ack 1"]);
    assert!(rig.endings.iter().any(|(slot, ending)| *slot == half.slot && ending.response == 0));
    assert_eq!((rig.buffers(listener.slot), rig.buffers(half.slot), rig.buffers(open.slot)), (0, 0, 1));
    // The next one in the slot begins with nothing, and with another length.
    rig.endings.clear();
    let next = Conn { generation: listener.generation + 1, ..listener };
    rig.new_slot(next.slot, ENGINE);
    rig.host(next.event(EventKind::Listen));
    rig.notices.clear();
    assert_eq!(promised(&mut rig, next, 5..9), 0);
    rig.post_receive(next, 77);
    rig.silent();
    assert_eq!(promised(&mut rig, next, 5..9), 1);
}

/// SYN segments, posts and resets one right behind the other, at every distance: the count of what can be promised is
/// read, changed and written in different cycles.
#[test]
fn no_promise_is_lost_or_made_twice_at_any_distance() {
    for gap in 0..12 {
        let (mut rig, listener) = stocked(2, 1000);
        for slot in 3..7 {
            syn(&mut rig, Conn { slot, generation: 1 }, listener);
            rig.cycles(gap);
        }
        rig.requests.push_back(Event { length: bits(1000), ..listener.event(EventKind::PostReceive) });
        rig.cycles(gap);
        for slot in 3..5 {
            let (event, payload) = parse(Conn { slot, generation: 1 }, "R 1:1(0)");
            rig.arrives(event, payload);
            rig.cycles(gap);
        }
        for slot in 8..10 {
            syn(&mut rig, Conn { slot, generation: 1 }, listener);
            rig.cycles(gap);
        }
        rig.quiet();
        // However they met, of three buffers as many can be promised as are not.
        let held = rig.wire.drain(..).filter(|w| w.control.syn && w.window > 0 && !(3..5).contains(&w.slot)).count();
        assert!(held <= 3, "gap {gap}: {held} promises");
        assert_eq!(promised(&mut rig, listener, 10..15), 3 - held, "gap {gap}");
    }
}

/// Some hundred random lives of half-open connections, opened from either side: at the end, every buffer is in one
/// chain, and the listener can promise what it has.
#[test]
fn buffers_of_listeners_do_not_leak() {
    const SEED: u64 = 0x9e0d;
    for run in 0..200u64 {
        let seed = SEED + run;
        let (mut rig, listener) = stocked(0, 1);
        rig.stalls = [Stalls::None, Stalls::Random, Stalls::Heavy][run as usize % 3];
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = |limit: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % limit
        };
        let mut posted = 0;
        // And whether the host asked for them.
        let mut lives: Vec<Option<(Conn, bool)>> = vec![None; 12];
        let mut generation = 0;
        for _ in 0..120 {
            let slot = 1 + below(11) as u16;
            match (below(8), lives[usize::from(slot)]) {
                (0..=1, _) => {
                    posted += 1;
                    rig.requests.push_back(Event { length: bits(300), ..listener.event(EventKind::PostReceive) });
                }
                (_, None) => {
                    generation += 1;
                    let conn = Conn { slot, generation };
                    let active = below(2) == 0;
                    if active {
                        rig.new_slot(slot, ENGINE);
                        let event = conn.event(EventKind::Connect);
                        let event = Event { initial_sequence: u64::from(ENGINE).into(), ..event };
                        rig.requests.push_back(listener.lends(event));
                    } else {
                        syn(&mut rig, conn, listener);
                    }
                    lives[usize::from(slot)] = Some((conn, active));
                }
                (2..=3, Some((conn, active))) => {
                    let data = "P. 1:41(40) ack 1 win 5000";
                    let segments = ["S. 0:0(0) ack 1 win 5000", data, "S 0:0(0) win 5000", data];
                    let (event, payload) = parse(conn, if active { segments[below(4) as usize] } else { data });
                    rig.arrives(event, payload);
                }
                (4, Some((conn, active))) => {
                    let refusal = active && below(2) == 0;
                    let (event, payload) = parse(conn, if refusal { "R. 0:0(0) ack 1" } else { "R 1:1(0)" });
                    rig.arrives(event, payload);
                }
                (5, Some((conn, _))) => {
                    rig.requests.push_back(Event { abort: true, ..conn.event(EventKind::Terminate) });
                }
                _ => {}
            }
            rig.cycles(below(40));
            for (slot, _) in rig.endings.drain(..).filter(|(_, ending)| ending.free) {
                lives[usize::from(slot)] = None;
            }
        }
        rig.stalls = Stalls::None;
        // What is half open still is given up.
        (0..6).for_each(|_| rig.leap(17_000));
        rig.quiet();
        let opened = [Response::ConnectionArrival as usize, Response::ConnectionCompletion as usize];
        let lent = rig.notices.iter().filter(|n| opened.contains(&n.response.index())).count();
        let left = rig.buffers(listener.slot);
        assert!(posted - left <= lent, "seed {seed}: {posted} posted, {left} left, {lent} opened");
        for (conn, _) in lives.iter().flatten() {
            rig.requests.push_back(Event { abort: true, ..conn.event(EventKind::Terminate) });
        }
        rig.quiet();
        assert_eq!(promised(&mut rig, listener, 1..15), left.min(14), "seed {seed}: {left} left");
    }
    println!("200 runs from seed {SEED:#x}");
}
