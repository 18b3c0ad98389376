//! `connection::Lookup`: how fast it finds.
use crate::bench::{compiled_lookup, Rig};
use crate::model::Request;
use crate::table::header;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;

fn rig(geometry: &Geometry, seed: u64) -> Rig<stevedore_testbenches::replay::Compiled> {
    println!("seed {seed}");
    let mut rig = Rig::new(compiled_lookup(geometry), geometry.connections, 0.0, StdRng::seed_from_u64(seed));
    (0..geometry.hash_buckets + 10).for_each(|_| rig.step());
    rig
}

/// Cycles from the header's first to the event's.
fn latency(rig: &mut Rig<stevedore_testbenches::replay::Compiled>, header: SegmentHeader) -> u64 {
    use stevedore_testbenches::replay::Dut;
    (0..50).for_each(|_| rig.step());
    let from = rig.dut.cycle();
    rig.push(Request::Header(header));
    (0..50).for_each(|_| rig.step());
    rig.left.last().expect("an event") - from
}

#[test]
fn event_follows_its_header_after_6_cycles_and_that_of_a_syn_after_8() {
    let mut rng = StdRng::seed_from_u64(1);
    let mut rig = rig(&Geometry::SMALL, 1);
    let listener = Tuple { local_port: 80.into(), ..Tuple::default() };
    rig.push(Request::Open(OpenRequest { listen: true, tuple: listener, ..OpenRequest::default() }));
    let tuple = Tuple { remote_address: 0x0a00_0001.into(), remote_port: 40_000.into(), local_port: 80.into() };
    let syn = ControlBits { syn: true, ..ControlBits::default() };
    let arrival = SegmentHeader { control: syn, ..header(&mut rng, tuple) };
    assert_eq!(latency(&mut rig, arrival), 8);
    assert_eq!(latency(&mut rig, arrival), 6);
}

/// Mean cycles per header when `flows` fill the table and headers come as fast as they are taken.
fn mean(geometry: &Geometry, flow: fn(&mut StdRng, u64) -> Tuple) -> f64 {
    let mut rng = StdRng::seed_from_u64(7);
    let mut rig = rig(geometry, 2);
    let flows: Vec<Tuple> = (0..geometry.connections as u64 - 1).map(|i| flow(&mut rng, i)).collect();
    for &tuple in &flows {
        rig.push(Request::Open(OpenRequest { tuple, ..OpenRequest::default() }));
    }
    rig.drain();
    let (from, headers) = (rig.left.len(), 5000);
    for _ in 0..headers {
        let flow = rng.random_range(0..flows.len());
        let header = header(&mut rng, flows[flow]);
        // What flows on a connection carries ACK. A segment without ACK and RST may be a listener's, and has the lookup
        // for itself.
        let control = ControlBits { ack: true, ..ControlBits::default() };
        rig.push(Request::Header(SegmentHeader { control, ..header }));
    }
    rig.drain();
    let left = &rig.left[from..];
    (left[headers - 1] - left[0]) as f64 / (headers - 1) as f64
}

/// The tuple of the connection of that number.
type Flow = fn(&mut StdRng, u64) -> Tuple;

/// Minimum-size frames at 100 Gbit/s come every 2.17 cycles of 322 MHz (64 bytes, preamble and gap), at 10 Gbit/s every
/// 10.5 of 156 MHz.
#[test]
fn full_table_keeps_up_with_the_shortest_frames() {
    let random = |rng: &mut StdRng, _| Tuple {
        remote_address: u64::from(rng.random::<u32>()).into(),
        remote_port: u64::from(rng.random::<u16>()).into(),
        local_port: 80.into(),
    };
    let ports = |_: &mut StdRng, i: u64| Tuple {
        remote_address: 0x0a00_0001.into(),
        remote_port: (32_768 + i).into(),
        local_port: 80.into(),
    };
    let addresses = |_: &mut StdRng, i: u64| Tuple {
        remote_address: (0x0a00_0001 + i).into(),
        remote_port: 1024.into(),
        local_port: 80.into(),
    };
    let local = |_: &mut StdRng, i: u64| Tuple {
        remote_address: 0x0a00_0001.into(),
        remote_port: 80.into(),
        local_port: (32_768 + i).into(),
    };
    for (geometry, limit) in [(Geometry::WIDE, 2.17), (Geometry::SMALL, 3.0)] {
        let flows: [(&str, Flow); 4] =
            [("random", random), ("remote ports", ports), ("addresses", addresses), ("local ports", local)];
        for (name, flow) in flows {
            let mean = mean(&geometry, flow);
            println!("{} connections, {name}: {mean:.2} cycles", geometry.connections);
            assert!(mean <= limit, "{name}: {mean:.2} cycles per lookup");
        }
    }
}
