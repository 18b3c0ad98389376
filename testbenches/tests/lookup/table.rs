//! `connection::Lookup`: what it finds, opens, refuses and frees.
use crate::bench::{compiled_lookup, noisy_lookup, stepped_lookup, Pins, Rig, KEY};
use crate::model::{mix, Request};
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use rand::{Rng, SeedableRng};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::connection::Lookup;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::replay::Dut;
use stevedore_verilated::lint;

/// Few tuples and many chains in one bucket.
const CROWDED: Geometry = Geometry { connections: 16, hash_buckets: 2, ..Geometry::SMALL };

/// A tuple out of `hosts` x `ports` x 4.
pub fn tuple(rng: &mut StdRng, hosts: u64, ports: u64) -> Tuple {
    Tuple {
        remote_address: (0x0a00_0001 + rng.random_range(0..hosts)).into(),
        remote_port: (40_000 + rng.random_range(0..ports)).into(),
        local_port: (80 + rng.random_range(0..4u64)).into(),
    }
}

pub fn header(rng: &mut StdRng, tuple: Tuple) -> SegmentHeader {
    let mut bits = vec![false; SegmentHeader::BITS];
    bits.iter_mut().for_each(|bit| *bit = rng.random());
    let syn = rng.random_bool(0.4);
    let control = ControlBits {
        fin: rng.random_bool(0.2),
        syn,
        rst: rng.random_bool(0.1),
        psh: rng.random(),
        ack: if syn { rng.random_bool(0.2) } else { rng.random_bool(0.9) },
    };
    let payload_length = rng.random_range(0..1461u64).into();
    let mix = u64::from(mix(tuple, KEY)).into();
    SegmentHeader { tuple, mix, control, payload_length, ..SegmentHeader::from_flat(&bits) }
}

fn open(rng: &mut StdRng, tuple: Tuple) -> OpenRequest {
    let listen = rng.random_bool(0.3);
    let tuple = if listen { Tuple { remote_address: 0.into(), remote_port: 0.into(), ..tuple } } else { tuple };
    OpenRequest {
        listen,
        tuple,
        remote_mac: rng.random_range(0..1u64 << 48).into(),
        cookie: u64::from(rng.random::<u32>()).into(),
        lender: u64::from(rng.random::<u32>()).into(),
    }
}

/// Random requests of all kinds, few at a time, for `steps` cycles, and the outcomes of all of them.
fn churn<D: Pins>(rig: &mut Rig<D>, seed: u64, steps: usize, slots: u16, tuples: (u64, u64)) {
    storm(rig, seed, steps, slots, tuples);
    rig.drain();
}

/// The requests alone.
fn storm<D: Pins>(rig: &mut Rig<D>, seed: u64, steps: usize, slots: u16, (hosts, ports): (u64, u64)) {
    let mut rng = StdRng::seed_from_u64(seed);
    for _ in 0..steps {
        if rig.waiting() < 4 {
            let tuple = tuple(&mut rng, hosts, ports);
            match rng.random_range(0..20) {
                0..=8 => rig.push(Request::Header(header(&mut rng, tuple))),
                9..=11 => rig.push(Request::Open(open(&mut rng, tuple))),
                12..=14 => {
                    let sequence = u64::from(rng.random::<u32>()).into();
                    rig.push(Request::Icmp(IcmpError { tuple, sequence }));
                }
                15..=16 => {
                    // Nobody should free these: slot 0, one beyond the table, one that is free.
                    let mut slots = vec![0, rng.random_range(slots..=u16::MAX)];
                    slots.extend(rig.model.resting(8));
                    rig.push(Request::Free(slots[rng.random_range(0..slots.len())]));
                }
                _ => {
                    if let Some(&slot) = rig.live.iter().choose(&mut rng) {
                        rig.push(Request::Free(slot));
                    }
                }
            }
        }
        rig.step();
    }
}

fn seeded<D: Pins>(dut: D, geometry: &Geometry, stall: f64, seed: u64) -> Rig<D> {
    println!("seed {seed}, stalls {stall}");
    Rig::new(dut, geometry.connections, stall, StdRng::seed_from_u64(!seed))
}

#[test]
fn crowded_table_agrees_with_the_model_in_both_simulators() {
    for (seed, stall) in [(1, 0.0), (2, 0.3), (3, 0.9)] {
        let mut rig = seeded(stepped_lookup(&CROWDED), &CROWDED, stall, seed);
        churn(&mut rig, seed, 3000, 16, (2, 4));
        rig.dut.replay("lookup").unwrap();
    }
}

#[test]
fn crowded_table_agrees_with_the_model_for_long() {
    for (seed, stall) in [(10, 0.0), (11, 0.2), (12, 0.5), (13, 0.9)] {
        let mut rig = seeded(compiled_lookup(&CROWDED), &CROWDED, stall, seed);
        churn(&mut rig, seed, 60_000, 16, (2, 6));
    }
}

#[test]
fn every_geometry_agrees_with_the_model() {
    for (seed, geometry) in [(20, Geometry::SMALL), (21, Geometry::DEFAULT), (22, Geometry::WIDE)] {
        let mut rig = seeded(compiled_lookup(&geometry), &geometry, 0.1, seed);
        churn(&mut rig, seed, 60_000, geometry.connections as u16, (40, 40));
    }
}

/// Headers and errors for a full, crowded table as fast as they are taken, with openings and ends in between: all of
/// the pipeline is in use, and what changes the table meets segments of the very connections on either side.
#[test]
fn every_stage_full_agrees_with_the_model() {
    for (seed, geometry, hosts) in [(40, CROWDED, 1), (41, CROWDED, 2), (42, Geometry::SMALL, 4)] {
        for stall in [0.0, 0.4] {
            let mut rig = seeded(compiled_lookup(&geometry), &geometry, stall, seed);
            let mut rng = StdRng::seed_from_u64(seed);
            let ports = geometry.connections as u64 / 2;
            for _ in 0..20_000 {
                let tuple = Tuple { local_port: 80.into(), ..tuple(&mut rng, hosts, ports) };
                match rng.random_range(0..40) {
                    0..=2 => rig.push(Request::Open(open(&mut rng, tuple))),
                    3..=4 => {
                        if let Some(&slot) = rig.live.iter().choose(&mut rng) {
                            rig.push(Request::Free(slot));
                        }
                    }
                    5..=8 => rig.push(Request::Icmp(IcmpError { tuple, sequence: 7.into() })),
                    _ => {
                        let control = ControlBits { syn: rng.random_bool(0.1), ..ControlBits::default() };
                        rig.push(Request::Header(SegmentHeader { control, ..header(&mut rng, tuple) }));
                    }
                }
                while rig.waiting() > 12 {
                    rig.step();
                }
            }
            rig.drain();
        }
    }
}

/// Nothing relies on what memories hold at power-up, and a reset in mid-traffic leaves nothing of it (soft reset).
#[test]
fn noise_in_memories_and_resets_in_mid_traffic_leave_no_trace() {
    for (seed, geometry) in [(60, CROWDED), (61, CROWDED), (62, Geometry::SMALL)] {
        let mut rig = seeded(noisy_lookup(&geometry, seed as u32), &geometry, 0.2, seed);
        for round in 0..8 {
            storm(&mut rig, seed + 100 * round, 1500 + 7 * round as usize, geometry.connections as u16, (2, 8));
            if round % 2 == 0 {
                rig.drain();
            }
            rig.restart(geometry.connections);
        }
        churn(&mut rig, seed, 3000, geometry.connections as u16, (2, 8));
    }
}

#[test]
fn full_table_refuses_and_recovers() {
    for geometry in [CROWDED, Geometry::SMALL, Geometry::DEFAULT] {
        let seed = 30;
        let mut rng = StdRng::seed_from_u64(seed);
        let mut rig = seeded(compiled_lookup(&geometry), &geometry, 0.0, seed);
        let listener = Tuple { local_port: 80.into(), ..Tuple::default() };
        rig.push(Request::Open(OpenRequest { listen: true, tuple: listener, ..OpenRequest::default() }));
        rig.drain();
        for round in 0..3u64 {
            for i in 0..geometry.connections as u64 + 5 {
                let tuple =
                    Tuple { remote_address: (round << 24 | 1).into(), remote_port: i.into(), local_port: 80.into() };
                let syn = ControlBits { syn: true, ..ControlBits::default() };
                let opening = OpenRequest { tuple, cookie: i.into(), ..OpenRequest::default() };
                let arrival = SegmentHeader { control: syn, ..header(&mut rng, tuple) };
                rig.push(if rng.random() { Request::Open(opening) } else { Request::Header(arrival) });
            }
            rig.drain();
            assert_eq!(rig.model.free_slots(), 0);
            for slot in 2..geometry.connections as u16 {
                rig.push(Request::Free(slot));
            }
            rig.drain();
        }
    }
}

#[test]
fn generation_skips_zero() {
    let geometry = Geometry { connections: 2, hash_buckets: 2, ..Geometry::SMALL };
    let mut dut = compiled_lookup(&geometry);
    dut.reset();
    dut.accept("m_opened", true);
    let (open, free) = (OpenRequest::default().to_flat(), Bits::<16>::from(1).to_flat());
    let (mut expected, mut opened) = (1, false);
    for _ in 0..2 * 65_600 {
        dut.offer("s_open", Some(&open).filter(|_| !opened).map(|bits| &bits[..]));
        dut.offer("s_free", Some(&free).filter(|_| opened).map(|bits| &bits[..]));
        dut.settle();
        while !dut.ready(if opened { "s_free" } else { "s_open" }) {
            dut.step();
        }
        dut.step();
        dut.offer("s_open", None);
        dut.settle();
        opened = !opened;
        if !opened {
            continue;
        }
        loop {
            if let Some(bits) = dut.word("m_opened") {
                assert_eq!(Event::from_flat(&bits).generation.index(), expected);
                expected = if expected == 0xffff { 1 } else { expected + 1 };
                break;
            }
            dut.step();
        }
    }
    assert!(expected < 0x100, "it went round once");
}

#[test]
fn clock_of_initial_sequence_numbers_survives_the_wrap_of_microseconds() {
    let mut rig = seeded(compiled_lookup(&Geometry::SMALL), &Geometry::SMALL, 0.0, 50);
    for turn in 0..6u32 {
        rig.now = turn.wrapping_mul(0x4000_0000).wrapping_sub(100);
        (0..300).for_each(|_| rig.step());
        let tuple = Tuple { remote_port: u64::from(turn).into(), ..Tuple::default() };
        rig.push(Request::Open(OpenRequest { tuple, ..OpenRequest::default() }));
        rig.drain();
    }
}

#[test]
fn lookup_verilog_is_clean() {
    for geometry in [CROWDED, Geometry::SMALL, Geometry::DEFAULT] {
        lint(&with_big_stack(move || verilog(&Lookup::new(&geometry), "lookup")), "lookup", &[]).unwrap();
    }
}
