//! Bytes through the RTL engine, both roles, every alignment, driven by the host driver with smoltcp as the peer.

use std::sync::atomic::{AtomicU64, Ordering};
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{Opener, Scenario};
use stevedore_testbenches::sessions::scattered;
use stevedore_testbenches::simulator::{BusOptions, Counters};
use stevedore_testbenches::{dissector, rtl};

const ROLES: [Opener; 2] = [Opener::Peer, Opener::Engine];

fn run_on(geometry: &Geometry, scenario: &Scenario) -> Counters {
    let engine = rtl::engine(geometry, None).expect("the engine elaborates and compiles");
    match scenario.run(engine) {
        Ok(bench) => bench.device.transport().counters(),
        Err(error) => panic!("{scenario:?}: {error:#}"),
    }
}

fn run(scenario: &Scenario) -> Counters {
    run_on(&Geometry::SMALL, scenario)
}

/// C1, T1, T4, R1, H8: active and passive open, bytes both ways at once, orderly close; `Scenario` checks that payload
/// was read once per transmission and written once, and that the driver's statistics are right.
#[test]
fn both_roles_carry_bytes_both_ways() {
    for opener in ROLES {
        let counters = run(&Scenario::new(1, opener, 300_000, 200_000));
        assert_eq!(counters.resets, 0, "{counters:?}");
    }
}

/// T4: lengths around the edges of a beat, a segment and a buffer.
#[test]
fn lengths_at_edges_arrive() {
    let lengths = [1, 2, 7, 8, 9, 63, 64, 65, 1459, 1460, 1461, 2919, 2920, 2921, 4095, 4096, 4097, 16384, 16385];
    for (seed, &length) in lengths.iter().enumerate() {
        let opener = ROLES[seed % 2];
        run(&Scenario::new(seed as u64, opener, length, lengths[lengths.len() - 1 - seed]));
    }
}

/// T2, R4: pieces of 1 byte to 64 KiB at every alignment, gathered into segments and scattered from them; on a bus that
/// overtakes, splits and stalls. 200 seeds, half for each role.
#[test]
fn scatter_lists_arrive_over_two_hundred_seeds() {
    let next = AtomicU64::new(0);
    let worker = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= 200 {
            return;
        }
        let mut scenario = Scenario::new(seed, ROLES[seed as usize % 2], 60_000, 60_000);
        scenario.plan = scattered(seed, 65_536, 24);
        if !seed.is_multiple_of(4) {
            scenario.options.bus = BusOptions::rough(seed);
        }
        run(&scenario);
    };
    // The engine is elaborated once, before two threads want it.
    rtl::verilog(&Geometry::SMALL).expect("the engine elaborates");
    std::thread::scope(|scope| {
        let workers = [scope.spawn(worker), scope.spawn(worker)];
        workers.into_iter().for_each(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    });
}

/// T2: nothing but single bytes: every segment gathers many pieces.
#[test]
fn single_byte_pieces_arrive() {
    let mut scenario = Scenario::new(5, Opener::Engine, 3_000, 3_000);
    scenario.plan = scattered(5, 1, 64);
    run(&scenario);
}

/// The geometry with 1024 connections, and the one with 512-bit streams.
#[test]
fn other_geometries_carry_bytes_too() {
    run_on(&Geometry::DEFAULT, &Scenario::new(6, Opener::Peer, 200_000, 200_000));
}

/// The same source at 512 bits, on a 100 GbE wire.
#[test]
fn wide_engine_carries_bytes_too() {
    let mut scenario = Scenario::new(7, Opener::Engine, 200_000, 200_000);
    scenario.options.rate = 12.5e9 / 322e6;
    run_on(&Geometry::WIDE, &scenario);
}

/// T4: an independent dissector finds no malformed packet and no wrong checksum in what the engine sends.
#[test]
fn dissector_finds_no_error() {
    let capture = std::env::temp_dir().join(format!("stevedore-transfer-{}.pcap", std::process::id()));
    let mut scenario = Scenario::new(8, Opener::Peer, 100_000, 100_000);
    scenario.plan = scattered(8, 4_096, 24);
    scenario.options.capture = Some(capture.clone());
    run(&scenario);
    let complaints = dissector::complaints(&capture).expect("tshark runs");
    assert!(complaints.is_empty(), "{}: {complaints:?}", capture.display());
    std::fs::remove_file(&capture).expect("the capture was written");
}
