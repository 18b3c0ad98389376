//! Stopping the RTL engine (H8, H7): from a soft reset on it touches neither memory nor wire, and starts again as new;
//! register writes in any order harm nothing.

use anyhow::{ensure, Context, Result};
use stevedore_abi::register::{control, offset, status, Access, REGISTERS};
use stevedore_driver::{Configuration, Device, Error, Transport};
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{configuration, smoltcp_peer, Bench, ENGINE, PEER};
use stevedore_testbenches::peers::SmoltcpPeer;
use stevedore_testbenches::random::Random;
use stevedore_testbenches::rtl;
use stevedore_testbenches::sessions::{BufferPlan, Exchange, HostApplication};
use stevedore_testbenches::simulator::{BusOptions, Simulator, SimulatorOptions};

type World = Simulator<SmoltcpPeer>;

fn world(options: SimulatorOptions) -> Result<World> {
    Simulator::new(rtl::engine(&Geometry::SMALL, None)?, smoltcp_peer(), options)
}

fn small_tables() -> Configuration {
    Configuration { input_size: 6, output_size: 6, ..configuration() }
}

/// A driver, its application, and connections both ways in full transfer after `steps` steps. `port` is new each time.
fn busy(world: &mut World, port: u16, steps: u64) -> Result<(Device<&mut World>, HostApplication)> {
    let mut device = Device::open(world, &small_tables()).context("open")?;
    let mut host = HostApplication::new(BufferPlan::whole(4_096, 4));
    let (near, far) = Exchange::pair(u64::from(port), 1_000_000, 1_000_000);
    let (server, client) = (near.clone(), far.clone());
    host.serve(&mut device, port, move || server.clone())?;
    let simulator = device.transport_mut();
    simulator.peer.serve(port, 1, move || far.clone());
    simulator.peer.open((ENGINE, port), port, client).map_err(anyhow::Error::msg)?;
    simulator.wake_peer();
    host.open(&mut device, (PEER, port), 30_000 + port, near)?;
    for _ in 0..steps {
        if !host.step(&mut device)? {
            device.wait(200)?;
        }
    }
    Ok((device, host))
}

/// What goes over the ports.
fn activity(world: &World) -> (u64, u64, u64) {
    let counters = world.counters();
    (counters.read_requests, counters.write_bursts, counters.frames_out)
}

/// The stopped engine does nothing more, whatever the peer sends.
fn rests(world: &mut World, cycles: u64) -> Result<()> {
    let before = activity(world);
    ensure!(world.read_bus().is_idle(), "reads are under way");
    world.cycles(cycles);
    ensure!(activity(world) == before, "{before:?}, then {:?}", activity(world));
    ensure!(!world.interrupt(), "the interrupt line is high");
    match world.violation() {
        Some(violation) => anyhow::bail!("{violation}"),
        None => Ok(()),
    }
}

/// A whole transfer with a driver opened for it, after which everything is home.
fn transfers(world: &mut World, port: u16) -> Result<()> {
    let mut device = Device::open(world, &small_tables())?;
    let mut host = HostApplication::new(BufferPlan::whole(4_096, 4));
    let (near, far) = Exchange::pair(u64::from(port), 20_000, 20_000);
    device.transport_mut().peer.serve(port, 1, move || far.clone());
    host.open(&mut device, (PEER, port), 30_000 + port, near)?;
    let end = device.transport().now() + 10_000_000;
    while host.finished.is_empty() {
        if !host.step(&mut device)? {
            device.wait(500)?;
        }
        ensure!(device.transport().now() < end, "port {port}: not done");
    }
    ensure!(host.finished[0].result.is_ok(), "port {port}: {:?}", host.finished[0]);
    Ok(())
}

/// Drops the driver in mid-transfer at `lives` random moments, and opens it again each time.
fn lives(seed: u64, lives: u64, bus: BusOptions) -> Result<()> {
    let mut random = Random::new(seed);
    let mut world = world(SimulatorOptions { seed, bus, ..SimulatorOptions::default() })?;
    let (mut reading, mut writing) = (0, 0);
    for life in 0..lives {
        let port = 1_000 + life as u16;
        // From the first cycles of a life, with memories still being cleared, to the middle of the transfer.
        let steps = if life % 8 == 0 { 0 } else { random.below(120) };
        let (mut device, host) = busy(&mut world, port, steps).with_context(|| format!("seed {seed}, life {life}"))?;
        device.transport_mut().cycles(random.below(400));
        reading += u64::from(!device.transport_mut().read_bus().is_idle());
        let before = activity(device.transport()).1;
        device.transport_mut().cycles(1);
        writing += u64::from(activity(device.transport()).1 > before);
        drop(device);
        drop(host);
        rests(&mut world, 3_000).with_context(|| format!("seed {seed}, life {life}"))?;
        ensure!(world.memory.payload_grants() == 0, "seed {seed}, life {life}: payload is still granted");
        if life % 10 == 9 {
            transfers(&mut world, 20_000 + life as u16).with_context(|| format!("seed {seed}, after life {life}"))?;
            rests(&mut world, 1_000)?;
        }
    }
    println!("seed {seed}: {lives} lives, {reading} ended with reads under way, {writing} in a write");
    ensure!(reading * 4 > lives, "only {reading} of {lives} ended with reads under way");
    Ok(())
}

/// Fault of kind 11: the driver is dropped in mid-transfer. From then on no access, no frame; then it is opened again
/// without a hardware reset.
#[test]
fn dropped_driver_leaves_memory_alone() -> Result<()> {
    lives(1, 60, BusOptions::default())
}

/// The same on a bus that stalls, answers late and out of order, and cuts its answers.
#[test]
fn dropped_driver_leaves_memory_alone_on_a_rough_bus() -> Result<()> {
    lives(2, 40, BusOptions::rough(2))?;
    lives(3, 30, BusOptions { latency: 3_000, jitter: 500, reorder: true, write_stall: 0.6, ..BusOptions::default() })
}

/// `Device::reset` gives every buffer back, and the engine goes on as new under the same device.
#[test]
fn reset_brings_every_buffer_home() -> Result<()> {
    let mut world = world(SimulatorOptions::default())?;
    for (round, steps) in [0, 3, 40, 100].into_iter().enumerate() {
        let port = 2_000 + round as u16;
        let (mut device, mut host) = busy(&mut world, port, steps)?;
        let lent = host.lent_buffers();
        let buffers = device.reset().map_err(|rejected| rejected.error)?;
        ensure!(buffers.len() == lent, "{lent} buffers lent, {} home", buffers.len());
        ensure!(device.outstanding() == 0 && device.transport().memory.payload_grants() == 0, "something is posted");
        let connection = host.connections().next();
        if let Some(connection) = connection {
            ensure!(matches!(device.close(connection), Err(Error::UnknownConnection)), "an old handle still works");
        }
        host = HostApplication::new(BufferPlan::whole(4_096, 4));
        let (near, far) = Exchange::pair(7, 10_000, 10_000);
        device.transport_mut().peer.serve(port + 100, 1, move || far.clone());
        host.open(&mut device, (PEER, port + 100), 31_000 + port, near)?;
        while host.finished.is_empty() {
            if !host.step(&mut device)? {
                device.wait(500)?;
            }
        }
        ensure!(host.finished[0].result.is_ok(), "{:?}", host.finished[0]);
    }
    Ok(())
}

/// A reset of an engine whose reads are never answered does not end, and does not claim to.
#[test]
fn engine_with_reads_unanswered_is_not_idle() -> Result<()> {
    let mut world = world(SimulatorOptions::default())?;
    let (mut device, host) = busy(&mut world, 80, 60)?;
    device.transport_mut().read_bus().options_mut().latency = 1_000_000;
    device.transport_mut().cycles(2_000);
    ensure!(!device.transport_mut().read_bus().is_idle(), "no read is under way");
    device.transport_mut().write(offset::CONTROL, control::RESET)?;
    for _ in 0..20 {
        device.transport_mut().cycles(2_000);
        let shown = (device.register(offset::STATUS)?, device.register(offset::CONTROL)?);
        ensure!(shown == (0, control::RESET), "{shown:?}");
    }
    device.transport_mut().cycles(1_000_000);
    ensure!(device.register(offset::STATUS)? == status::IDLE, "the reads were answered");
    drop((device, host));
    rests(&mut world, 1_000)?;
    world.read_bus().options_mut().latency = 150;
    transfers(&mut world, 81)
}

/// The bus stops the engine in mid-transfer, as a function-level reset does, and resets it: nothing more is asked for,
/// written or sent, and the next driver finds a new engine.
#[test]
fn bus_stops_the_engine() -> Result<()> {
    let mut random = Random::new(4);
    for bus in [BusOptions::default(), BusOptions::rough(4)] {
        let mut world = world(SimulatorOptions { bus, ..SimulatorOptions::default() })?;
        for life in 0..12 {
            let (mut device, host) = busy(&mut world, 3_000 + life, random.below(120))?;
            let simulator = device.transport_mut();
            simulator.halt(true);
            let begun = simulator.now();
            while !simulator.halted() {
                simulator.cycles(1);
                ensure!(simulator.now() < begun + 100_000, "life {life}: not stopped");
            }
            ensure!(simulator.read_bus().is_idle(), "life {life}: halted with reads under way");
            rests(simulator, 2_000).with_context(|| format!("life {life}"))?;
            simulator.restart();
            simulator.halt(false);
            drop((device, host));
            transfers(&mut world, 21_000 + life).with_context(|| format!("after life {life}"))?;
        }
    }
    Ok(())
}

/// A bus that takes short requests and short bursts only, with every mixture of the two limits.
#[test]
fn limits_of_the_bus_are_kept() -> Result<()> {
    for (seed, (maximum_read, maximum_write)) in
        [(128, 128), (256, 128), (512, 128), (128, 256), (256, 256), (4_096, 4_096)].into_iter().enumerate()
    {
        let bus = BusOptions { maximum_read, maximum_write, ..BusOptions::rough(seed as u64) };
        let mut bench = bench(SimulatorOptions { seed: seed as u64, bus, ..SimulatorOptions::default() })?;
        begin(&mut bench, 90, 60_000)?;
        bench
            .run(20_000_000, |bench| bench.host.finished.len() == 2)
            .with_context(|| format!("reads of {maximum_read}, writes of {maximum_write}"))?;
        ensure!(bench.host.finished.iter().all(|end| end.result.is_ok()), "{:?}", bench.host.finished);
        bench.finish()?;
    }
    Ok(())
}

fn bench(options: SimulatorOptions) -> Result<Bench<SmoltcpPeer>> {
    let engine = rtl::engine(&Geometry::SMALL, None)?;
    Bench::new(engine, smoltcp_peer(), options, &configuration(), BufferPlan::whole(8_192, 4))
}

/// Connections in each role with `bytes` each way.
fn begin(bench: &mut Bench<SmoltcpPeer>, port: u16, bytes: u64) -> Result<()> {
    let (near, far) = Exchange::pair(u64::from(port), bytes, bytes);
    let (server, client) = (near.clone(), far.clone());
    bench.serve(port, move || server.clone())?;
    let simulator = bench.device.transport_mut();
    simulator.peer.serve(port, 1, move || far.clone());
    simulator.peer.open((ENGINE, port), port, client).map_err(anyhow::Error::msg)?;
    simulator.wake_peer();
    bench.open((PEER, port), 30_000 + port, near)?;
    Ok(())
}

/// Faults of kinds 5 and 10: tables, status line and hash key are written over and over, doorbells ring wildly, the
/// engine is disabled and enabled, all in any order under traffic: nothing is lost, nothing goes astray.
#[test]
fn writes_in_any_order_harm_no_transfer() -> Result<()> {
    for seed in 0..4 {
        let mut random = Random::new(seed);
        let mut bench = bench(SimulatorOptions { seed, ..SimulatorOptions::default() })?;
        begin(&mut bench, 80, 150_000)?;
        let held: Vec<u32> =
            REGISTERS.iter().filter(|r| r.access == Access::ReadWriteStopped).map(|r| r.offset).collect();
        let (mut writes, mut wild) = (0u64, 0u64);
        while bench.host.finished.len() < 2 {
            bench.step()?;
            ensure!(bench.now() < 20_000_000, "seed {seed}: not done after {writes} writes");
            let simulator = bench.device.transport_mut();
            simulator.cycles(random.below(30));
            match random.below(4) {
                0 => simulator.write_blindly(held[random.below(held.len() as u64) as usize], random.next() as u32),
                1 => {
                    simulator.write_blindly(offset::CONTROL, 0);
                    simulator.cycles(random.below(60));
                    simulator.write_blindly(offset::CONTROL, control::ENABLE);
                }
                2 => {
                    // Back, or beyond the 1024 entries of the table.
                    let taken = simulator.read(offset::INPUT_CONSUMED)?;
                    let far = if random.below(2) == 0 { random.below(16) } else { random.below(20_000) } as u32;
                    let value = if random.below(2) == 0 { taken.wrapping_sub(1 + far) } else { taken + 1100 + far };
                    simulator.write_blindly(offset::INPUT_DOORBELL, value & 0xffff);
                    wild += 1;
                }
                _ => {
                    let written = simulator.read(offset::OUTPUT_PRODUCED)?;
                    let value = written + 1100 + random.below(30_000) as u32;
                    simulator.write_blindly(offset::OUTPUT_DOORBELL, value & 0xffff);
                    wild += 1;
                }
            }
            writes += 1;
        }
        ensure!(bench.failures().is_empty(), "seed {seed}: {:?}", bench.failures());
        // A pulse shows in its counter within a lap of all counters.
        bench.device.transport_mut().cycles(100);
        let counted = bench.device.register(offset::STAT_BAD_DOORBELLS)?;
        ensure!(u64::from(counted) >= wild, "seed {seed}: {wild} wild doorbells, {counted} counted");
        bench.finish().with_context(|| format!("seed {seed}"))?;
        println!("seed {seed}: {writes} writes, {wild} wild doorbells, {counted} counted");
    }
    Ok(())
}

/// Fault of kind 5: every register is written with 0, 1, all ones and random values under traffic. The engine does
/// nothing it must not, answers, and after a reset works as before.
#[test]
fn wild_values_under_traffic_hang_nothing() -> Result<()> {
    for seed in 0..3 {
        let mut random = Random::new(seed);
        let mut bench = bench(SimulatorOptions { seed, ..SimulatorOptions::default() })?;
        for round in 0..6u16 {
            let port = 100 + 10 * round;
            begin(&mut bench, port, 60_000)?;
            for _ in 0..40 {
                bench.step()?;
            }
            let simulator = bench.device.transport_mut();
            for register in REGISTERS.iter().filter(|r| r.access.is_stored() && r.offset != offset::CONTROL) {
                for value in [0, 1, u32::MAX, random.next() as u32, random.next() as u32 >> random.below(32)] {
                    simulator.write_blindly(register.offset, value);
                    simulator.cycles(random.below(300));
                    let shown = simulator.read(register.offset)?;
                    ensure!(
                        register.access == Access::ReadWriteStopped || shown == register.limits.hold(value),
                        "seed {seed}: {} shows {shown:#x} after {value:#x}",
                        register.name
                    );
                }
            }
            simulator.cycles(20_000);
            // The connections of this round are lost on the way; what they posted comes home.
            bench.restart().with_context(|| format!("seed {seed}, round {round}"))?;
            begin(&mut bench, port + 5, 20_000)?;
            bench.run(20_000_000, |bench| bench.host.finished.len() == 2)?;
            ensure!(bench.failures().is_empty(), "seed {seed}, round {round}: {:?}", bench.failures());
            bench.finish().with_context(|| format!("seed {seed}, round {round}"))?;
            bench.host.finished.clear();
        }
    }
    Ok(())
}

/// Fault of kind 2, H7: the interrupt rises after the response is out at the memory port, never before, and within four
/// cycles, though the port stalls every second beat.
#[test]
fn interrupt_follows_its_response_out_of_the_port() -> Result<()> {
    let bus = BusOptions { write_stall: 0.5, ..BusOptions::default() };
    let mut bench = bench(SimulatorOptions { bus, ..SimulatorOptions::default() })?;
    let (near, far) = Exchange::pair(80, 1_000, 1_000);
    bench.serve(80, move || near.clone())?;
    let (mut edges, mut unannounced) = (0u64, None);
    for index in 0..44u16 {
        let simulator = bench.device.transport_mut();
        simulator.peer.open((ENGINE, 80), 1_000 + index, far.clone()).map_err(anyhow::Error::msg)?;
        simulator.wake_peer();
        let mut seen = simulator.memory.traffic.responses;
        simulator.write(offset::INTERRUPT_CAUSE, 7)?;
        simulator.read(offset::INTERRUPT_CAUSE)?;
        for _ in 0..3_000 {
            let (before, high) = (simulator.memory.traffic.responses, simulator.interrupt());
            simulator.cycle();
            let responses = simulator.memory.traffic.responses;
            if responses > before && unannounced.is_none() && !high {
                unannounced = Some(simulator.now());
            }
            if simulator.interrupt() && !high {
                edges += 1;
                ensure!(responses > seen, "connection {index}: an edge before the response is out");
                seen = responses;
                unannounced = None;
            }
            if let Some(at) = unannounced.filter(|_| !simulator.interrupt()) {
                ensure!(simulator.now() - at <= 4, "connection {index}: no edge four cycles after the response");
            }
        }
        unannounced = None;
        while bench.host.step(&mut bench.device)? {}
    }
    ensure!(edges >= 40, "{edges} edges");
    Ok(())
}
