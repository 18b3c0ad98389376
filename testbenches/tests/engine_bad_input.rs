//! What a broken host, a hostile peer or a failing bus may do to the RTL engine: an error response or a counted drop
//! each, no access outside the posted bytes, and the next valid request works.

#[path = "engine_bad_input/descriptors.rs"]
mod descriptors;
#[path = "engine_bad_input/frames.rs"]
mod frames;
#[path = "engine_bad_input/order.rs"]
mod order;
#[path = "engine_bad_input/stalls.rs"]
mod stalls;

use anyhow::Result;
use stevedore_driver::Configuration;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{smoltcp_peer, Bench, ENGINE, PEER};
use stevedore_testbenches::peers::SmoltcpPeer;
use stevedore_testbenches::rtl;
use stevedore_testbenches::sessions::{BufferPlan, Exchange};
use stevedore_testbenches::simulator::SimulatorOptions;

/// A bench on the small RTL engine that serves port 80.
fn bench(options: SimulatorOptions, configuration: &Configuration) -> Result<Bench<SmoltcpPeer>> {
    let engine = rtl::engine(&Geometry::SMALL, None)?;
    Bench::new(engine, smoltcp_peer(), options, configuration, BufferPlan::whole(8_192, 4))
}

/// A whole connection in each role, `port` new each time: proof that the engine still works.
fn prove(bench: &mut Bench<SmoltcpPeer>, port: u16) -> Result<()> {
    let (near, far) = Exchange::pair(u64::from(port), 20_000, 20_000);
    let (ours, theirs) = (bench.host.finished.len(), bench.device.transport().peer.finished.len());
    let (server, client) = (near.clone(), far.clone());
    bench.serve(port, move || server.clone())?;
    let simulator = bench.device.transport_mut();
    simulator.peer.serve(port, 1, move || far.clone());
    simulator.peer.open((ENGINE, port), port, client).map_err(anyhow::Error::msg)?;
    simulator.wake_peer();
    bench.open((PEER, port), 30_000 + port, near)?;
    bench.run(20_000_000, |bench| {
        bench.host.finished.len() == ours + 2 && bench.device.transport().peer.finished.len() == theirs + 2
    })?;
    anyhow::ensure!(bench.failures().is_empty(), "{:?}", bench.failures());
    Ok(())
}
