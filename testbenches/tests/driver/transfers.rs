//! Bytes through driver, double, bus, wire and smoltcp.

use stevedore_testbenches::bench::{Opener, Scenario};
use stevedore_testbenches::sessions::scattered;
use stevedore_testbenches::simulator::{BusOptions, Impairment};
use stevedore_testbenches::stand_in::StandIn;

fn run(scenario: &Scenario) {
    match scenario.run(Box::new(StandIn::new())) {
        Ok(bench) => println!("seed {}: {:?}", scenario.seed, bench.device.transport().counters()),
        Err(error) => panic!("seed {}: {error:#}", scenario.seed),
    }
}

#[test]
fn both_roles_carry_bytes_both_ways() {
    for opener in [Opener::Peer, Opener::Engine] {
        run(&Scenario::new(1, opener, 1_000_000, 500_000));
    }
}

#[test]
fn rough_bus_changes_no_byte() {
    let mut scenario = Scenario::new(2, Opener::Peer, 300_000, 300_000);
    scenario.options.bus = BusOptions::rough(2);
    run(&scenario);
}

#[test]
fn scatter_lists_arrive_whole() {
    for seed in 0..10 {
        let mut scenario = Scenario::new(seed, Opener::Engine, 100_000, 100_000);
        scenario.plan = scattered(seed, 16_384, 32);
        scenario.options.bus = BusOptions::rough(seed);
        run(&scenario);
    }
}

#[test]
fn mishaps_on_the_wire_are_made_up_for() {
    let all = Impairment { corrupt: 0.01, delay: 100, ..Impairment::all(0.01) };
    let mut scenario = Scenario::new(3, Opener::Peer, 200_000, 200_000).impaired(all);
    scenario.fetches_again = false;
    run(&scenario);
}

#[test]
fn many_connections_share_the_engine() {
    let mut scenario = Scenario::new(4, Opener::Engine, 20_000, 20_000);
    scenario.connections = 40;
    run(&scenario);
}

#[test]
fn listeners_lend_their_buffers() {
    let mut scenario = Scenario::new(5, Opener::Peer, 20_000, 20_000);
    scenario.connections = 20;
    scenario.plan.listener_depth = 2;
    run(&scenario);
}

#[test]
fn connects_borrow_from_a_listener() {
    let mut scenario = Scenario::new(6, Opener::Engine, 20_000, 20_000);
    scenario.connections = 20;
    scenario.plan.listener_depth = 2;
    run(&scenario);
}
