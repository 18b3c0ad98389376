//! How fast: events per cycle over many connections, events of one connection, latency.
use super::rig::{test_geometry, test_settings, Rig};
use super::script::{parse, Conn};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::replay::{Compiled, Dut};

/// Established connections in slots 1 to `count`.
fn many(rig: &mut Rig<Compiled>, count: u16, room: u32) -> Vec<Conn> {
    let conns = (1..=count).map(|slot| rig.established(slot, 65535, room)).collect();
    rig.taken_at.clear();
    rig.sent_at.clear();
    conns
}

#[test]
fn one_event_per_cycle_over_many_connections() {
    let mut rig = Rig::with(&Geometry { connections: 64, ..test_geometry() }, test_settings());
    let conns = many(&mut rig, 12, 0);
    let rounds = 40;
    for _ in 0..rounds {
        for &conn in &conns {
            let (event, payload) = parse(conn, ". 1:1(0) ack 1 win 65535");
            rig.arrives(event, payload);
        }
    }
    rig.quiet();
    let events = rig.taken_at.len() as u64;
    let cycles = rig.taken_at[rig.taken_at.len() - 1] - rig.taken_at[0] + 1;
    println!("{events} segment events of 12 connections in {cycles} cycles");
    assert_eq!(events, rounds * 12);
    // The eighth cycle belongs to another source in turn; a tick may hold a connection for three cycles.
    assert!(cycles < events * 5 / 4, "{events} events in {cycles} cycles");
}

#[test]
fn segments_and_host_share_the_pipeline() {
    let mut rig = Rig::with(&Geometry { connections: 64, ..test_geometry() }, test_settings());
    let conns = many(&mut rig, 24, 0);
    // More connections each than the pipeline has stages: the sources hinder only each other.
    for round in 0..400 {
        let (event, payload) = parse(conns[round % 12], ". 1:1(0) ack 1 win 65535");
        rig.arrives(event, payload);
        rig.requests.push_back(Event { length: bits(10), ..conns[12 + round % 12].event(EventKind::PostReceive) });
    }
    rig.quiet();
    let cycles = rig.taken_at[799] - rig.taken_at[0] + 1;
    println!("800 events of two sources in {cycles} cycles");
    assert!(cycles < 1200, "{cycles}");
}

#[test]
fn one_connection_takes_a_segment_and_a_turn_every_ten_cycles() {
    let settings = TcpSettings { mss: bits(6), ..test_settings() };
    let mut rig = Rig::with(&Geometry { connections: 64, ..test_geometry() }, settings);
    let conn = many(&mut rig, 1, 60_000)[0];
    // Six bytes per segment both ways: the smallest frames. The peer acknowledges everything at once.
    rig.post_send(conn, 100_000);
    let (mut ack, mut at) = (1, 1);
    let from = rig.dut.cycle();
    for _ in 0..4000 {
        if (rig.dut.cycle() - from).is_multiple_of(10) {
            let (event, payload) = parse(conn, &format!(". {at}:{}(6) ack {ack} win 65535", at + 6));
            at += 6;
            rig.arrives(event, payload);
        }
        rig.cycle();
        while let Some(wire) = rig.wire.pop_front() {
            ack += wire.payload.len() as i64;
        }
    }
    let segments = rig.sent_at.iter().filter(|&&at| at >= from).count();
    println!("one connection, 400 segments in and {segments} out in 4000 cycles");
    assert!(rig.segments.len() < 3, "{} segments wait", rig.segments.len());
    assert!(segments >= 390, "{segments}");
}

#[test]
fn one_connection_sends_a_segment_every_five_cycles() {
    // The queue of a wide engine gives a command in every cycle.
    let mut rig = Rig::with(&Geometry { connections: 64, width: 512, ..test_geometry() }, test_settings());
    let conn = many(&mut rig, 1, 0)[0];
    rig.post_send(conn, 10_000);
    let gaps: Vec<u64> = rig.sent_at.windows(2).map(|w| w[1] - w[0]).collect();
    println!("cycles between segments of one connection: {gaps:?}");
    assert_eq!(rig.wire.len(), 10);
    // The eighth cycle belongs to another source in turn: a tick now and then takes one.
    assert!(gaps.iter().filter(|&&gap| gap > 5).count() <= 2 && gaps.iter().all(|&gap| gap <= 8), "{gaps:?}");
}

#[test]
fn syn_is_answered_within_nine_cycles() {
    let mut rig = Rig::new();
    rig.listener();
    rig.taken_at.clear();
    rig.cycles(100);
    rig.passive(3, "win 5000 mss 1460");
    let latency = rig.sent_at[0] - rig.taken_at[0];
    println!("SYN to SYN-ACK command: {latency} cycles");
    assert_eq!(latency, 8);
}

#[test]
fn segment_reaches_its_command_within_nine_cycles() {
    let mut rig = Rig::new();
    rig.established(3, 65535, 5000);
    let conn = Conn { slot: 3, generation: 7 };
    let (event, payload) = parse(conn, "P. 1:101(100) ack 1 win 65535");
    rig.arrives(event, payload);
    let mut cycles = 0;
    while rig.placed(3).is_empty() {
        rig.cycle();
        cycles += 1;
        assert!(cycles < 30);
    }
    println!("segment to Place: {cycles} cycles");
    assert!(cycles <= 10, "{cycles}");
}

#[test]
fn nobody_starves_under_a_flood_of_segments_and_requests() {
    let mut rig = Rig::with(&Geometry { connections: 64, ..test_geometry() }, test_settings());
    let conns = many(&mut rig, 13, 0);
    let sender = conns[12];
    let from = rig.now;
    rig.requests.push_back(Event { length: bits(30_000), ..sender.event(EventKind::PostSend) });
    // Both sources have an event in every cycle, for connections of their own and, in part, for the same ones.
    let mut host = 0;
    let mut round = 0;
    while rig.now - from < 600 {
        while rig.segments.len() < 4 {
            let (event, payload) = parse(conns[round % 8], ". 1:1(0) ack 1 win 65535");
            rig.arrives(event, payload);
            round += 1;
        }
        while rig.requests.len() < 4 {
            rig.requests.push_back(Event { length: bits(1), ..conns[4 + host % 8].event(EventKind::PostReceive) });
            host += 1;
        }
        rig.cycle();
    }
    let cycles = 600 * rig.cycles_per_microsecond;
    println!("in {cycles} cycles: {round} segments, {host} requests, {} segments sent", rig.pulses.segment_out);
    assert!(round as u64 > cycles / 4, "{round} segments");
    assert!(host as u64 > cycles / 33, "{host} requests");
    // The turns: the initial window of the sender. The ticks: its time-out, 400 us later.
    assert_eq!(rig.pulses.time_out, 1);
    let sent = rig.wire.iter().filter(|w| w.slot == sender.slot).count();
    assert_eq!(sent, 11);
}

#[test]
fn blocked_outputs_stop_the_inlets_and_lose_nothing() {
    let mut rig = Rig::with(&Geometry { connections: 64, ..test_geometry() }, test_settings());
    let conns = many(&mut rig, 12, 60_000);
    for blocked in ["m_send", "m_receive"] {
        rig.blocked = Some(blocked);
        for round in 0..10 {
            for &conn in &conns {
                let (event, payload) = parse(conn, &format!(". 1:{}({round}) ack 1 win 65535", 1 + round));
                rig.arrives(event, payload);
                rig.requests.push_back(conn.event(EventKind::PostSend));
                rig.requests.back_mut().expect("one").length = bits(2000);
                let gone = Conn { generation: 1, ..conn };
                rig.requests.push_back(gone.event(EventKind::PostReceive));
            }
        }
        rig.cycles(2000);
        assert!(!rig.segments.is_empty() || blocked == "m_send", "{blocked}");
        rig.blocked = None;
        rig.quiet();
        assert!(rig.frames_waiting() == 0, "{blocked}: {} frames without a command", rig.frames_waiting());
        assert_eq!(rig.notices.len(), 120, "{blocked}");
        rig.notices.clear();
    }
    assert!(conns.iter().all(|c| rig.placed(c.slot).len() == 9), "every byte once");
    let _ = EventKind::Tick;
}
