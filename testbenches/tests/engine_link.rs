//! The engine behind its host link: the wire is all that reaches it, and the host is a station on the wire.

use anyhow::Result;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{configuration, smoltcp_peer, Bench, ENGINE};
use stevedore_testbenches::demo::{smoltcp, Attached, DemoOptions};
use stevedore_testbenches::peers::SmoltcpPeer;
use stevedore_testbenches::rtl;
use stevedore_testbenches::sessions::{BufferPlan, Exchange};
use stevedore_testbenches::simulator::{open_link, reopen_link, Impairment, Simulated, SimulatorOptions};

/// Frames of the peer that may wait for the wire: those of the link wait behind.
const BACKLOG: usize = 2;

/// Three files, while one frame of the link in a hundred is lost, or none. The demo checks their digests, leaks, and
/// that payload crossed the link once.
#[test]
fn files_arrive_over_a_link_that_loses_frames() {
    for (seed, link_loss) in [(1, 0.0), (2, 0.01)] {
        let options = DemoOptions {
            size: 200_000,
            impairment: Impairment::default(),
            link_loss,
            seed,
            rate: 8.0,
            backlog: BACKLOG,
            capture: None,
            scratch: std::env::temp_dir(),
        };
        let engine = rtl::linked(&Geometry::SMALL, None).expect("an engine with a link");
        let report = smoltcp(Attached::Link(engine), &options).unwrap_or_else(|error| panic!("{link_loss}: {error:#}"));
        assert_eq!(report.stages.len(), 3);
    }
}

/// Begins an exchange with the peer on `port`.
fn begin<T: Simulated<Peer = SmoltcpPeer>>(bench: &mut Bench<SmoltcpPeer, T>, port: u16, bytes: u64) -> Result<()> {
    let (near, far) = Exchange::pair(u64::from(port), bytes, bytes);
    bench.serve(port, move || near.clone())?;
    let link = bench.device.transport_mut();
    link.peer_mut().open((ENGINE, port), 20_000 + port, far).map_err(anyhow::Error::msg)?;
    link.wake_peer();
    Ok(())
}

/// In the middle of a transfer, with requests, buffers and reads under way, the host is gone, for a moment or until the
/// link has given it up; the next session finds an engine as after power-up.
#[test]
fn a_host_that_vanishes_and_comes_back_finds_a_working_board() {
    let engine = rtl::linked(&Geometry::SMALL, None).expect("an engine with a link");
    let options = SimulatorOptions { seed: 3, backlog: BACKLOG, ..SimulatorOptions::default() };
    let plan = BufferPlan::whole(16384, 4);
    let mut link = open_link(engine, smoltcp_peer(), options, 0.01, 1).expect("a session");
    for (session, away) in [(2, 0), (3, 50_000), (4, 2_000_000)] {
        let port = 1000 + session as u16;
        let mut bench = Bench::on(&mut link, &configuration(), plan.clone()).expect("an engine");
        begin(&mut bench, port, 400_000).expect("a transfer");
        let before = bench.device.transport().counters().traffic.payload_written;
        let half = |bench: &mut Bench<_, _>| {
            let traffic = Simulated::counters(bench.device.transport()).traffic;
            traffic.payload_written > before + 100_000
        };
        bench.run(10_000_000, half).expect("half of it");
        assert!(bench.device.outstanding() > 0 && bench.host.finished.is_empty());
        drop(bench);

        let mut wire = link.into_interface();
        wire.simulator.cycles(away);
        link = reopen_link(wire, session).expect("a session");
    }
    let ended = link.peer().finished.len();
    let mut bench = Bench::on(&mut link, &configuration(), plan).expect("an engine");
    begin(&mut bench, 2000, 100_000).expect("a transfer");
    bench.run(20_000_000, |bench| bench.host.finished.len() == 1).expect("all of it");
    assert_eq!(bench.failures(), Vec::<String>::new());
    bench.finish().expect("everything comes home");
    assert!(bench.device.transport().peer().finished[ended..].iter().any(|result| result.is_ok()));
}
