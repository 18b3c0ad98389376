//! A host that does not listen, and a bus that fails.

use super::{bench, prove};
use anyhow::{ensure, Result};
use stevedore_abi::register::offset;
use stevedore_abi::{Descriptor, Request, Response, Status};
use stevedore_testbenches::bench::{configuration, ENGINE};
use stevedore_testbenches::sessions::{Exchange, Pattern};
use stevedore_testbenches::simulator::{BusOptions, SimulatorOptions};

/// H7, Done-when 9: the host does not read its output table for a long time. The engine writes no entry the host owns
/// (the memory model looks), waits, counts that, and loses nothing.
#[test]
fn table_never_read_loses_nothing() -> Result<()> {
    let mut configuration = configuration();
    (configuration.input_size, configuration.output_size) = (4, 4);
    let mut bench = bench(SimulatorOptions::default(), &configuration)?;
    let (near, far) = Exchange::pair(3, 100_000, 100_000);
    bench.serve(80, move || near.clone())?;
    let simulator = bench.device.transport_mut();
    simulator.peer.open((ENGINE, 80), 80, far).map_err(anyhow::Error::msg)?;
    simulator.wake_peer();
    // The application sleeps most of the time, while far more than a table of requests and responses comes up.
    for nap in 0..60 {
        bench.device.transport_mut().cycles(if nap % 10 == 9 { 200_000 } else { 2_000 });
        bench.step()?;
    }
    bench.run(20_000_000, |bench| !bench.host.finished.is_empty())?;
    ensure!(bench.failures().is_empty(), "{:?}", bench.failures());
    for _ in 0..8 {
        for cookie in 0..16 {
            let request = Descriptor { kind: Request::Termination as u8, cookie, ..Descriptor::default() };
            if bench.device.post_descriptor(request, false).is_err() {
                break;
            }
        }
        bench.device.flush()?;
        bench.device.transport_mut().cycles(50_000);
    }
    let stalls = bench.device.register(offset::STAT_OUTPUT_STALLS)?;
    ensure!(stalls > 10_000, "{stalls} cycles of waiting were counted");
    prove(&mut bench, 1_000)?;
    let unknown = |answer: &&Descriptor| answer.status == Status::UnknownConnection as u8;
    let answers = bench.host.raw.iter().filter(unknown).count();
    ensure!(answers == bench.host.raw.len() && answers >= 16, "{answers} of {} answers", bench.host.raw.len());
    bench.finish()
}

/// H7: with interrupts switched off in the driver everything is found by polling.
#[test]
fn polling_alone_works() -> Result<()> {
    let mut configuration = configuration();
    configuration.interrupts.enabled = false;
    let mut bench = bench(SimulatorOptions::default(), &configuration)?;
    bench.interrupts = false;
    prove(&mut bench, 1_000)?;
    ensure!(bench.device.transport().counters().interrupts == 0, "an interrupt that nobody asked for");
    bench.finish()
}

/// Done-when 9: a payload buffer that cannot be read is counted, the segment never leaves, and when the bus has
/// recovered, the bytes do.
#[test]
fn unreadable_payload_waits_for_the_bus() -> Result<()> {
    let mut bench = bench(SimulatorOptions::default(), &configuration())?;
    bench.device.transport_mut().read_bus().options_mut().error = 1.0;
    let sends = Exchange::new(Pattern { seed: 1, length: 5_000 }, Pattern { seed: 2, length: 0 });
    let takes = Exchange::new(Pattern { seed: 2, length: 0 }, Pattern { seed: 1, length: 5_000 });
    bench.serve(80, move || sends.clone())?;
    let simulator = bench.device.transport_mut();
    simulator.peer.open((ENGINE, 80), 80, takes).map_err(anyhow::Error::msg)?;
    simulator.wake_peer();
    for _ in 0..200 {
        bench.step()?;
    }
    let errors = bench.device.register(offset::STAT_BUS_ERRORS)?;
    ensure!(errors > 0, "no bus error was counted");
    ensure!(bench.device.transport().counters().payload_out == 0, "bytes that could not be read were sent");
    bench.device.transport_mut().read_bus().options_mut().error = 0.0;
    bench.run(20_000_000, |bench| bench.device.transport().peer.finished.len() == 1)?;
    ensure!(bench.device.transport().peer.finished[0].is_ok(), "{:?}", bench.device.transport().peer.finished);
    prove(&mut bench, 1_000)?;
    bench.finish()
}

/// A bus that answers what nobody asked for: each beat is counted, none counts as a bus error, and no byte is harmed.
#[test]
fn stray_completions_are_counted_and_harm_nothing() -> Result<()> {
    let bus = BusOptions::rough(9);
    let mut bench = bench(SimulatorOptions { bus, ..SimulatorOptions::default() }, &configuration())?;
    // The driver's reset clears the counters, so the strays begin behind it.
    bench.device.transport_mut().read_bus().options_mut().stray = 0.2;
    prove(&mut bench, 30_000)?;
    bench.device.transport_mut().read_bus().options_mut().stray = 0.0;
    bench.device.transport_mut().cycles(100);
    let sent = bench.device.transport_mut().read_bus().strays;
    let counted = bench.device.register(offset::STAT_STRAY_COMPLETIONS)?;
    ensure!(sent > 1_000 && u64::from(counted) == sent, "{counted} of {sent} beats were counted");
    ensure!(bench.device.register(offset::STAT_BUS_ERRORS)? == 0, "an answer that nobody asked for is no bus error");
    bench.finish()
}

/// Done-when 9: requests that cannot be fetched are lost, which is counted; the ring goes on behind them.
#[test]
fn unreadable_requests_are_skipped() -> Result<()> {
    let mut bench = bench(SimulatorOptions::default(), &configuration())?;
    bench.device.transport_mut().read_bus().options_mut().error_ranges.push(0..u64::MAX);
    let request = Descriptor { kind: Request::Termination as u8, cookie: 1, ..Descriptor::default() };
    bench.device.post_descriptor(request, false)?;
    for _ in 0..20 {
        bench.step()?;
    }
    bench.device.transport_mut().read_bus().options_mut().error_ranges.clear();
    let errors = bench.device.register(offset::STAT_BUS_ERRORS)?;
    ensure!(errors > 0, "no bus error was counted");
    let reported =
        |answer: &Descriptor| answer.kind == Response::Invalid as u8 && answer.status == Status::BusError as u8;
    ensure!(bench.host.raw.iter().all(reported), "{:?}", bench.host.raw);
    prove(&mut bench, 1_000)?;
    bench.finish()
}
