//! Many connections on the RTL engine.

use anyhow::Result;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{configuration, Bench, Opener, Scenario, ENGINE, PEER};
use stevedore_testbenches::peers::{SmoltcpOptions, SmoltcpPeer};
use stevedore_testbenches::rtl;
use stevedore_testbenches::sessions::{BufferPlan, Exchange};
use stevedore_testbenches::simulator::SimulatorOptions;

/// 256 connections at once on the geometry with 1024, each carrying 64 KiB each way.
fn many_at_once(opener: Opener) {
    let mut scenario = Scenario::new(1, opener, 65_536, 65_536);
    scenario.connections = 256;
    scenario.plan = BufferPlan::whole(16_384, 4);
    scenario.limit = 200_000_000;
    let engine = rtl::engine(&Geometry::DEFAULT, None).expect("the engine elaborates and compiles");
    match scenario.run(engine) {
        Ok(bench) => println!("{opener:?}: {:?}", bench.device.transport().counters()),
        Err(error) => panic!("{opener:?}: {error:#}"),
    }
}

/// C1, H2, H3: the engine opens them.
#[test]
fn many_opened_by_the_engine() {
    many_at_once(Opener::Engine);
}

/// C1, H2, H3: the peer opens them.
#[test]
fn many_opened_by_the_peer() {
    many_at_once(Opener::Peer);
}

/// One listener serves every arrival (C2), and 1,000 opens and closes, in turn by either side, leave nothing behind.
#[test]
fn a_thousand_opens_and_closes_leak_nothing() -> Result<()> {
    let options = SmoltcpOptions { buffer: 2048, ..SmoltcpOptions::new([2, 0x53, 0x54, 0x56, 0x44, 2], PEER, 24) };
    let peer = SmoltcpPeer::new(SmoltcpOptions { microseconds_per_cycle: 1000.0, ..options });
    let plan = BufferPlan::whole(2048, 2);
    let mut configuration = configuration();
    // Below a round trip of the peer's own TIME-WAIT: slots are reused over and over.
    configuration.tcp.time_wait = 5_000;
    let engine = rtl::engine(&Geometry::SMALL, None)?;
    let mut bench = Bench::new(engine, peer, SimulatorOptions::default(), &configuration, plan)?;
    let (near, far) = Exchange::pair(7, 300, 200);
    let (server, client) = (near.clone(), far.clone());
    bench.serve(80, move || server.clone())?;
    bench.device.transport_mut().peer.serve(80, 2, move || far.clone());
    for round in 0..1000u16 {
        if round % 2 == 0 {
            bench.open((PEER, 80), 10_000 + round, near.clone())?;
        } else {
            let simulator = bench.device.transport_mut();
            let opened = simulator.peer.open((ENGINE, 80), 10_000 + round, client.clone());
            opened.map_err(anyhow::Error::msg)?;
            simulator.wake_peer();
        }
        let done = usize::from(round) + 1;
        bench.run(2_000_000, |bench| {
            bench.host.finished.len() == done && bench.device.transport().peer.finished.len() == done
        })?;
    }
    assert_eq!(bench.failures(), Vec::<String>::new());
    bench.finish()
}
