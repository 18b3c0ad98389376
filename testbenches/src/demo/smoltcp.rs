//! The demo with smoltcp as the peer: no privileges, no time but the simulation's, every run the same.

use super::{Attached, Demo, DemoOptions, Report, HTTP_PORT, PEER_PORT};
use crate::bench::{smoltcp_peer, ENGINE, PEER};
use crate::peers::SmoltcpPeer;
use crate::sessions::{fetch, http_server, store, Uploads};
use crate::simulator::Simulated;
use anyhow::{ensure, Context, Result};

/// Runs the three transfers.
pub fn smoltcp(attached: Attached, options: &DemoOptions) -> Result<Report> {
    let configuration = DemoOptions::configuration();
    match attached {
        Attached::Ports(engine) => transfers(Demo::start(engine, smoltcp_peer(), options, &configuration)?, options),
        Attached::Link(engine) => {
            transfers(Demo::start_linked(engine, smoltcp_peer(), options, &configuration)?, options)
        }
    }
}

fn transfers<T: Simulated<Peer = SmoltcpPeer>>(
    mut demo: Demo<SmoltcpPeer, T>,
    options: &DemoOptions,
) -> Result<Report> {
    let open = |demo: &mut Demo<_, T>, stage: u16| -> Result<()> {
        let simulator = demo.bench.device.transport_mut();
        let peer = simulator.peer_mut();
        let (remote, local) = ((ENGINE, HTTP_PORT), 40_000 + stage);
        let opened = match stage {
            0 => peer.open(remote, local, fetch("engine", options.served())),
            _ => peer.open(remote, local, store("engine", options.stored())),
        };
        simulator.wake_peer();
        opened.map_err(anyhow::Error::msg)
    };
    for (stage, name) in [(0, "download"), (1, "upload")] {
        open(&mut demo, stage)?;
        demo.stage(name, stage == 0, |bench| Ok(bench.device.transport().peer().finished.len() > usize::from(stage)))?;
    }
    let (length, hash) = demo.uploads.borrow().first().cloned().context("the upload never came")?;
    let stored = (length, &hash) == (options.size, &options.stored().digest());
    ensure!(stored, "the upload arrived damaged: {length} bytes, {hash}");

    let file = options.fetched();
    demo.bench.device.transport_mut().peer_mut().serve(PEER_PORT, 1, move || http_server(file, Uploads::default()));
    demo.bench.open((PEER, PEER_PORT), 50_000, fetch("peer", file))?;
    demo.stage("fetch", false, |bench| Ok(bench.device.transport().peer().finished.len() > 2))?;
    for (index, result) in demo.bench.device.transport().peer().finished.iter().enumerate() {
        ensure!(result.is_ok(), "transfer {index}, at the peer: {}", result.clone().err().unwrap_or_default());
    }
    demo.finish()
}
