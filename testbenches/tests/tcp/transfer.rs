//! Streams both ways against the peer in Rust, over links of all kinds: every byte arrives once, in order, and every
//! buffer comes back.
use super::peer::{Link, Peer, World};
use super::rig::{test_geometry, test_settings, Rig, Stalls};
use super::script::peer_byte;
use stevedore_abi::{Response, Status};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::replay::Dut;

/// From here on (in 256) connections are as patient as hosts are: where a fifth is lost each way, four tries in a row
/// are in vain once in sixty, and the peer, who tries again after 1,500 us, may be silent for longer than FIN-WAIT-2
/// lasts in the other tests.
const HEAVY_LOSS: u64 = 50;

/// Runs `count` connections with `bytes` each way until all is delivered and closed. Returns the cycles it took.
fn run(count: u16, bytes: u32, link: Link, stalls: Stalls, window: u32, room: u32) -> u64 {
    println!("{count} connections, {bytes} bytes each way, {link:?}, {stalls:?}, window {window}, room {room}");
    let mut settings = test_settings();
    if link.loss >= HEAVY_LOSS {
        settings = TcpSettings { retry_limit: bits(15), time_wait: bits(30_000), ..settings };
    }
    // A slot for each of up to 15 connections, and one for their listener.
    let geometry = Geometry { connections: 32, ..test_geometry() };
    let mut rig = Rig::with(&geometry, settings);
    let conns: Vec<_> = (1..=count).map(|slot| rig.established(slot, 0, 0)).collect();
    let peers = conns.iter().map(|&conn| Peer::new(conn, bytes, true, window)).collect();
    let mut world = World::new(peers, link);
    rig.stalls = stalls;
    let from = rig.dut.cycle();
    let mut posted = vec![0; usize::from(count)];
    let mut given = vec![0; usize::from(count)];
    let mut closed = vec![false; usize::from(count)];
    loop {
        for (i, &conn) in conns.iter().enumerate() {
            // The host keeps a few buffers posted, of odd sizes, either way.
            if posted[i] < bytes && rig.released(conn.slot) + 40_000 > u64::from(posted[i]) && rig.requests.len() < 4 {
                let length = (1 + rig.random() as u32 % 3000).min(bytes - posted[i]);
                posted[i] += length;
                let event = conn.event(EventKind::PostSend);
                rig.requests.push_back(Event { length: u64::from(length).into(), ..event });
            }
            if given[i] < bytes && rig.placed(conn.slot).len() as u32 + room > given[i] && rig.requests.len() < 4 {
                let length = (1 + rig.random() as u32 % room).min(bytes - given[i]);
                given[i] += length;
                let event = conn.event(EventKind::PostReceive);
                rig.requests.push_back(Event { length: u64::from(length).into(), ..event });
            }
            if posted[i] == bytes && !closed[i] {
                closed[i] = true;
                rig.requests.push_back(conn.event(EventKind::Terminate));
            }
        }
        world.cycle(&mut rig);
        let done = |p: &Peer| p.done_sending() && p.fin_received;
        if world.peers.iter().all(done) && rig.endings.len() >= usize::from(count) {
            break;
        }
        assert!(rig.dut.cycle() - from < 8_000_000, "the transfer does not end");
    }
    for peer in &world.peers {
        assert_eq!(peer.received, u64::from(bytes));
        assert!(!peer.was_reset);
        let placed = rig.placed(peer.conn.slot);
        assert_eq!(placed.len(), bytes as usize);
        assert!(placed.iter().enumerate().all(|(i, &b)| b == peer_byte(i as i64 + 1)));
        assert!(rig.end_of_stream(peer.conn.slot));
    }
    for (_, ending) in &rig.endings {
        if ending.response.any() {
            assert_eq!(ending.response.index(), Response::TerminationResponse as usize);
            assert_eq!(ending.status.index(), Status::Success as usize);
        }
    }
    assert!(rig.notices.is_empty(), "{:?}", rig.notices);
    let cycles = rig.dut.cycle() - from;
    println!("  {cycles} cycles, {:?}", rig.pulses);
    cycles
}

const CLEAN: Link = Link { loss: 0, twice: 0, late: 0, delay: 100 };

#[test]
fn clean_link_delivers_without_a_retransmission() {
    run(1, 100_000, CLEAN, Stalls::None, 60_000, 20_000);
    run(15, 30_000, CLEAN, Stalls::None, 60_000, 20_000);
}

#[test]
fn loss_duplication_and_disorder_are_survived() {
    for (loss, twice, late) in [(8, 0, 0), (0, 0, 40), (0, 60, 0), (12, 12, 12), (50, 20, 20)] {
        let link = Link { loss, twice, late, delay: 150 };
        run(4, 40_000, link, Stalls::None, 30_000, 8_000);
    }
}

#[test]
fn stalled_outputs_are_survived() {
    let link = Link { loss: 5, twice: 5, late: 5, delay: 100 };
    run(5, 30_000, link, Stalls::Random, 20_000, 5_000);
    run(5, 20_000, link, Stalls::Heavy, 20_000, 5_000);
}

#[test]
fn narrow_windows_are_filled() {
    run(3, 10_000, CLEAN, Stalls::None, 1_500, 700);
    run(3, 3_000, CLEAN, Stalls::None, 100, 60);
    run(3, 20_000, Link { loss: 10, ..CLEAN }, Stalls::None, 2_000, 1_200);
}
