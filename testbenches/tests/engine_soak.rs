//! A long random life: connections opened, used, aborted and closed by both ends, on a bad wire, a failing bus, tables
//! of 16 entries and a host that falls asleep. Nothing may be lost, leaked or hang.

#[path = "engine_soak/end.rs"]
mod end;
#[path = "engine_soak/host.rs"]
mod host;

use anyhow::{ensure, Result};
use host::Host;
use stevedore_driver::Device;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{configuration, ENGINE, PEER};
use stevedore_testbenches::peers::{SmoltcpOptions, SmoltcpPeer};
use stevedore_testbenches::random::Random;
use stevedore_testbenches::rtl;
use stevedore_testbenches::simulator::{BusOptions, Impairment, Simulator, SimulatorOptions};

/// Connections alive at once; the small geometry has 63 slots, some of which wait in TIME-WAIT.
const ALIVE: usize = 40;
/// Cycles within which everything must come to its end once nothing new is begun.
const HOMECOMING: u64 = 20_000_000;
/// Port of the listener that stays, and of the one that comes and goes.
const STEADY: u16 = 80;
const FLEETING: u16 = 81;

fn surroundings(seed: u64) -> SimulatorOptions {
    let wire = Impairment { delay: 300, corrupt: 0.005, ..Impairment::all(0.01) };
    let bus = BusOptions { error: 0.003, ..BusOptions::rough(seed) };
    SimulatorOptions { seed, bus, outward: wire, inward: wire, ..SimulatorOptions::default() }
}

fn soak(seed: u64, connections: u64) -> Result<()> {
    let mut random = Random::new(seed);
    let mut configuration = configuration();
    (configuration.input_size, configuration.output_size) = (4, 4);
    configuration.tcp.retry_limit = 20;
    // FIN-WAIT-2 lasts as long as TIME-WAIT: long enough for a peer that makes up for losses.
    configuration.tcp.time_wait = 400_000;
    let options = SmoltcpOptions { buffer: 4096, ..SmoltcpOptions::new([2, 0x53, 0x54, 0x56, 0x44, 2], PEER, 24) };
    let peer = SmoltcpPeer::new(SmoltcpOptions { microseconds_per_cycle: 20.0, ..options });
    let simulator = Simulator::new(rtl::engine(&Geometry::SMALL, None)?, peer, surroundings(seed))?;
    let mut device = Device::open(simulator, &configuration)?;
    device.transport_mut().cycles(5_000);
    let free = device.free_resources()?;
    let log = end::Log::default();
    let mut host = Host::new(seed ^ 0xb0a7, log.clone());
    host.listen(&mut device, STEADY)?;
    let answering = log.clone();
    device.transport_mut().peer.serve(STEADY, 8, move || end::End::answerer(answering.clone()));

    let mut begun = 0;
    while begun < connections {
        let peers = device.transport().peer.active();
        if host.active().max(peers) < ALIVE && random.below(3) == 0 {
            let id = begun;
            let port = 1024 + (id % 60_000) as u16;
            let began = if random.below(2) == 0 {
                host.open(&mut device, id, (PEER, STEADY), port)?
            } else {
                let to = if random.below(8) == 0 { FLEETING } else { STEADY };
                log.begin(id, to == FLEETING);
                let simulator = device.transport_mut();
                let opened = simulator.peer.open((ENGINE, to), port, end::End::opener(id, log.clone()));
                opened.map_err(anyhow::Error::msg)?;
                simulator.wake_peer();
                true
            };
            begun += u64::from(began);
        }
        match random.below(200) {
            0 | 1 => host.abort_one(&mut device)?,
            2 => drop(device.transport_mut().peer.abort(random.next() as usize)),
            3 => host.toggle(&mut device, FLEETING)?,
            4 => device.transport_mut().cycles(random.within(1, 30_000)),
            _ => {}
        }
        host.step(&mut device)?;
        let pause = random.within(1, 600);
        device.transport_mut().cycles(pause);
        ensure!(device.transport().violation().is_none(), "{:?}", device.transport().violation());
    }

    // The listeners stay until the last peer has got in and out again; then everything must be home.
    log.last_orders();
    let end = device.transport().now() + HOMECOMING;
    let mut closed = false;
    loop {
        host.step(&mut device)?;
        host.abort_one(&mut device)?;
        let simulator = device.transport_mut();
        simulator.peer.abort(random.next() as usize);
        simulator.cycles(500);
        let now = device.free_resources()?;
        let memory = device.transport().memory.payload_grants();
        let (active, peers, posted) = (host.active(), device.transport().peer.active(), device.outstanding());
        if active == 0 && peers == 0 && !closed {
            host.close_listeners(&mut device)?;
            closed = true;
        }
        if closed && now == free && (active, posted, memory) == (0, 0, 0) {
            break;
        }
        ensure!(
            device.transport().now() < end,
            "not over: {now:?} free of {free:?}, {active} connections, {peers} of the peer, {posted} posted, {memory} \
             granted; {}",
            log.summary()
        );
        ensure!(device.transport().violation().is_none(), "{:?}", device.transport().violation());
    }
    println!("seed {seed}: {}; {} of no room; {:?}", log.summary(), host.crowded, device.transport().mishaps());
    ensure!(host.crowded > 0, "contexts never ran out");
    log.verify()
}

/// C1, H7, T3, R1: 2,000 connections in four lives of an engine each; contexts run out, tables of 16 entries fill.
#[test]
fn two_thousand_connections_lose_and_leak_nothing() {
    for seed in 1..=4 {
        if let Err(error) = soak(seed, 500) {
            panic!("seed {seed}: {error:#}");
        }
    }
}
