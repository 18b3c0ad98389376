//! The RTL engine on a bad wire and a slow bus, and with a slow host.

use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{Opener, Scenario};
use stevedore_testbenches::rtl;
use stevedore_testbenches::sessions::scattered;
use stevedore_testbenches::simulator::{BusOptions, Impairment, PacketOptions};

const ROLES: [Opener; 2] = [Opener::Peer, Opener::Engine];

fn run(scenario: &Scenario) {
    let engine = rtl::engine(&Geometry::SMALL, None).expect("the engine elaborates and compiles");
    let bench = scenario.run(engine).unwrap_or_else(|error| panic!("{scenario:?}: {error:#}"));
    println!(
        "seed {}: {:?} {:?}",
        scenario.seed,
        bench.device.transport().counters(),
        bench.device.transport().mishaps()
    );
}

/// A sweep of one kind of mishap over rates and roles.
fn sweep(name: &str, with: impl Fn(f64) -> Impairment) {
    for (seed, rate) in [0.01, 0.03, 0.1].into_iter().enumerate() {
        for opener in ROLES {
            println!("{name} {rate}");
            run(&Scenario::new(100 + seed as u64, opener, 100_000, 100_000).impaired(with(rate)));
        }
    }
}

/// T3, RFC 6298, RFC 5681: lost segments are sent again until acknowledged.
#[test]
fn loss_is_made_up_for() {
    sweep("loss", |loss| Impairment { loss, ..Impairment::default() });
}

/// RFC 9293 3.10.7.4: segments out of order change no byte.
#[test]
fn reordering_changes_nothing() {
    sweep("reorder", |reorder| Impairment { reorder, ..Impairment::default() });
}

/// RFC 9293 3.10.7.4: segments that come twice change no byte.
#[test]
fn duplication_changes_nothing() {
    sweep("duplicate", |duplicate| Impairment { duplicate, ..Impairment::default() });
}

/// Frames that fail the frame check, or only the checksums of IP and TCP, are dropped.
#[test]
fn corruption_is_found() {
    sweep("corrupt", |corrupt| Impairment { corrupt, ..Impairment::default() });
}

/// Everything at once, on a wire with a long delay and a rough bus, into scattered buffers.
#[test]
fn everything_at_once_is_survived() {
    for seed in 0..6 {
        let all = Impairment { delay: 2_000, corrupt: 0.01, ..Impairment::all(0.02) };
        let mut scenario = Scenario::new(seed, ROLES[seed as usize % 2], 80_000, 80_000).impaired(all);
        scenario.options.bus = BusOptions::rough(seed);
        scenario.plan = scattered(seed, 8_192, 24);
        run(&scenario);
    }
}

/// Several connections share the mishaps.
#[test]
fn mishaps_of_one_connection_are_its_own() {
    let mut scenario = Scenario::new(9, Opener::Engine, 30_000, 30_000).impaired(Impairment::all(0.01));
    scenario.connections = 12;
    run(&scenario);
}

/// H1: tables of 16 entries wrap hundreds of times; a bus with little bandwidth makes everything wait for it.
#[test]
fn narrow_bus_only_slows_down() {
    let mut scenario = Scenario::new(10, Opener::Peer, 60_000, 60_000);
    scenario.options.bus = BusOptions {
        packets: PacketOptions { rate: 2.0, ..PacketOptions::default() },
        latency: 600,
        ..BusOptions::rough(10)
    };
    run(&scenario);
}

/// Failed payload reads: the segment is dropped and sent again later; no byte is lost.
#[test]
fn failed_payload_reads_are_repeated() {
    for opener in ROLES {
        let mut scenario = Scenario::new(11, opener, 60_000, 20_000);
        scenario.options.bus.error = 0.01;
        run(&scenario);
    }
}
