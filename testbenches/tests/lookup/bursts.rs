//! `connection::Lookup`: bursts of one kind, outputs that block for a while and then take everything, full tables and
//! chains of all lengths: every request gets its own answer, in its turn.
use crate::bench::{compiled_lookup, Pins, Rig};
use crate::model::{hash, Request};
use crate::table::header;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, IteratorRandom};
use rand::{Rng, SeedableRng};
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;

const CYCLES: u64 = 40_000;
const TINY: Geometry = Geometry { connections: 16, hash_buckets: 2, ..Geometry::SMALL };
const LONE: Geometry = Geometry { connections: 16, hash_buckets: 16, ..Geometry::SMALL };
const CHAINS: Geometry = Geometry { connections: 64, hash_buckets: 4, ..Geometry::SMALL };

/// Stalls of one channel for a while: none, some, nearly always, always.
fn mood(rng: &mut StdRng, input: bool) -> f64 {
    match rng.random_range(0..10) {
        0..=4 => 0.0,
        5 => 0.2,
        6 => 0.5,
        7 => 0.9,
        8 => 0.97,
        _ if input => 0.8,
        _ => 1.0,
    }
}

/// A segment of a kind: 0 of a connection, 1 a SYN, 2 a reset, 3 without any control bit, else any.
fn segment(rng: &mut StdRng, kind: u32, tuple: Tuple) -> Request {
    let header = header(rng, tuple);
    let none = ControlBits { psh: rng.random(), fin: rng.random(), ..ControlBits::default() };
    let control = match kind {
        0 => ControlBits { ack: true, ..none },
        1 => ControlBits { syn: true, ..none },
        2 => ControlBits { rst: true, ack: rng.random(), ..none },
        3 => none,
        _ => header.control,
    };
    Request::Header(SegmentHeader { control, ..header })
}

fn random_word(rng: &mut StdRng) -> u64 {
    u64::from(rng.random::<u32>())
}

fn bursts<D: Pins>(rig: &mut Rig<D>, seed: u64, geometry: &Geometry, cycles: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    // More tuples than slots, and some of one bucket alone.
    let count = geometry.connections * rng.random_range(1..=2) + 4;
    let mut tuples: Vec<Tuple> = (0..count)
        .map(|_| Tuple {
            remote_address: random_word(&mut rng).into(),
            remote_port: rng.random_range(0..1u64 << 16).into(),
            local_port: (80 + rng.random_range(0..5u64)).into(),
        })
        .collect();
    if rng.random() {
        let bucket = |tuple: &Tuple| hash(*tuple, crate::bench::KEY) as usize % geometry.hash_buckets;
        let wanted = bucket(&tuples[0]);
        while tuples.iter().filter(|t| bucket(t) == wanted).count() < count / 2 {
            let tuple = Tuple {
                remote_address: random_word(&mut rng).into(),
                remote_port: rng.random_range(0..1u64 << 16).into(),
                local_port: 80.into(),
            };
            if bucket(&tuple) == wanted {
                tuples.push(tuple);
            }
        }
    }
    let end = rig.dut.cycle() + cycles;
    let mut favourites: Vec<Tuple> = tuples.clone();
    let (mut kind, mut mix, mut left) = (0, 0, 0);
    while rig.dut.cycle() < end {
        if left == 0 {
            left = rng.random_range(1..40);
            kind = rng.random_range(0..6);
            mix = rng.random_range(0..6);
            let few = [1, 2, 3, tuples.len()][rng.random_range(0..4usize)];
            favourites = tuples.choose_multiple(&mut rng, few).copied().collect();
        }
        left -= 1;
        let tuple = *favourites.choose(&mut rng).expect("one");
        let any = rng.random_range(0..20);
        let choice = match mix {
            0 | 1 => 0,
            2 => [0, 0, 0, 1, 2, 3, 3][rng.random_range(0..7usize)],
            3 => [0, 3, 3, 2][rng.random_range(0..4usize)],
            4 => [1, 1, 0, 2, 2][rng.random_range(0..5usize)],
            _ => any.min(3),
        };
        match choice {
            0 => {
                let request = segment(&mut rng, kind, tuple);
                rig.push(request);
            }
            1 => {
                let listen = rng.random_bool(0.2);
                let listener = Tuple { remote_address: 0.into(), remote_port: 0.into(), ..tuple };
                rig.push(Request::Open(OpenRequest {
                    listen,
                    tuple: if listen { listener } else { tuple },
                    remote_mac: rng.random_range(0..1u64 << 48).into(),
                    cookie: random_word(&mut rng).into(),
                    lender: random_word(&mut rng).into(),
                }));
            }
            2 => {
                let slot = rig.live.iter().copied().choose(&mut rng);
                let foreign = [0, rng.random_range(geometry.connections as u16..=u16::MAX)];
                let slot = if rng.random_bool(0.1) { Some(foreign[rng.random_range(0..2usize)]) } else { slot };
                if let Some(slot) = slot {
                    rig.push(Request::Free(slot));
                }
            }
            _ => rig.push(Request::Icmp(IcmpError { tuple, sequence: random_word(&mut rng).into() })),
        }
        let depth = [0, 2, 12, 12, 30][rng.random_range(0..5usize)];
        let mut patience = 3_000;
        while rig.waiting() > depth && patience > 0 {
            if rng.random_range(0..24) == 0 {
                let channel = rng.random_range(0..8usize);
                rig.stalls[channel] = mood(&mut rng, channel < 4);
            }
            if rng.random_range(0..100) == 0 {
                rig.stalls = [0.0; 8];
            }
            rig.step();
            patience -= 1;
        }
        if rng.random_range(0..400) == 0 {
            rig.stalls = [0.0; 8];
            rig.drain();
        }
        assert!(patience > 0, "nothing moves");
    }
    rig.stalls = [0.0; 8];
    rig.drain();
}

/// An outcome of a walk meets its own job, however jobs and outcomes wait.
#[test]
fn bursts_of_all_kinds_get_their_own_answers() {
    for (seed, geometry) in (100..).zip([TINY, LONE, CHAINS, Geometry::SMALL]) {
        println!("seed {seed}, {} slots, {} buckets", geometry.connections, geometry.hash_buckets);
        let rng = StdRng::seed_from_u64(!seed);
        let mut rig = Rig::new(compiled_lookup(&geometry), geometry.connections, 0.0, rng);
        bursts(&mut rig, seed, &geometry, CYCLES);
        println!("{} segments", rig.left.len());
    }
}
