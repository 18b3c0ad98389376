//! Random commands over many connections, against the model, under every stall.
use crate::dut::{Dut, Lockstep, Verilated};
use crate::host::ReaderHabits;
use crate::stall::Stall;
use crate::world::{Habits, World};
use rand::seq::IndexedRandom;
use rand::Rng;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;

/// Few entries: the pool runs empty all the time and every entry is used again and again.
fn tight(width: usize) -> Geometry {
    Geometry { width, connections: 8, send_entries: 64, queue: 8, segment_buffer: 4096, ..Geometry::SMALL }
}

const MSS: u64 = 1460;

/// What chooses the sizes of a run.
#[derive(Clone, Copy, Debug)]
enum Sizes {
    /// From one byte to 64 KiB.
    All,
    /// Buffers and segments of a few bytes.
    Tiny,
}

fn control(rng: &mut impl Rng) -> ControlBits {
    ControlBits { fin: rng.random(), syn: rng.random(), rst: rng.random(), psh: rng.random(), ack: rng.random() }
}

/// One random command that the pipeline could give.
fn act<const W: usize, D: Dut<W>>(world: &mut World<W, D>, slots: usize, sizes: Sizes) {
    let slot = world.rng.random_range(1..slots);
    let chain = world.chain(slot).clone();
    if world.rng.random_bool(0.2) {
        let placements = world.rng.random_range(1..5);
        world.place(placements);
    }
    match world.rng.random_range(0..100) {
        0..30 if world.free > 0 => {
            let length = match (sizes, world.rng.random_range(0..10)) {
                (Sizes::Tiny, _) | (_, 0..4) => world.rng.random_range(1..=9),
                (_, 4..7) => world.rng.random_range(1..=3000),
                _ => world.rng.random_range(1..=65536),
            };
            let address = world.rng.random::<u64>();
            world.append(slot, address, length);
        }
        0..65 => {
            let most = (chain.end - chain.cursor).min(MSS);
            let length = match (sizes, world.rng.random_range(0..4)) {
                (_, 0) => 0,
                (Sizes::Tiny, _) | (_, 1) => most.min(world.rng.random_range(0..=12)),
                (_, 2) => world.rng.random_range(0..=most),
                _ => most,
            };
            let mss = world.rng.random_bool(0.2);
            let control = control(&mut world.rng);
            let sent = chain.cursor.saturating_sub(chain.una);
            if length > 0 && sent > 0 && world.rng.random_bool(0.3) {
                let released = world.rng.random_range(1..=sent);
                world.segment_along(slot, length, released, control);
            } else {
                world.segment(slot, length, None, control, mss);
            }
        }
        65..75 => {
            let outstanding = chain.max - chain.una;
            let skip = if world.rng.random() { 0 } else { world.rng.random_range(0..=outstanding) };
            let length = world.rng.random_range(0..=(outstanding - skip).min(MSS));
            let control = control(&mut world.rng);
            world.segment(slot, length, Some(skip), control, false);
        }
        75..94 => {
            let outstanding = chain.max - chain.una;
            if outstanding > 0 {
                let all = world.rng.random_bool(0.4);
                let length = if all { outstanding } else { world.rng.random_range(1..=outstanding) };
                world.release(slot, length);
            }
        }
        94..96 => world.rewind(slot),
        96..98 => world.reset(),
        _ => {
            let ending = Ending {
                response: world.rng.random_range(0u64..32).into(),
                status: (*[0u64, 7, 8, 9].choose(&mut world.rng).unwrap()).into(),
                cookie: u64::from(world.rng.random::<u32>()).into(),
                free: world.rng.random(),
            };
            world.tear_down(slot, ending);
        }
    }
}

fn run<const W: usize, D: Dut<W>>(
    dut: D,
    geometry: &Geometry,
    habits: Habits,
    sizes: Sizes,
    actions: usize,
    seed: u64,
) {
    println!("W = {W}, seed {seed}, {sizes:?}, {habits:?}");
    let mut world = World::new(dut, geometry, habits, seed);
    for _ in 0..actions {
        while world.backlog() > 20 {
            world.step();
        }
        act(&mut world, geometry.connections, sizes);
    }
    world.drain();
}

fn habits(stall: Stall, error_in: u32) -> Habits {
    Habits {
        commands: if stall == Stall::Heavy { Stall::Random } else { stall },
        resets: stall,
        pieces: stall,
        frames: stall,
        responses: stall,
        placements: stall,
        reader: ReaderHabits { stall, latency: 60, error_in },
    }
}

fn sweep<const W: usize>(actions: usize) {
    for (i, stall) in Stall::ALL.into_iter().enumerate() {
        for (j, sizes) in [Sizes::All, Sizes::Tiny].into_iter().enumerate() {
            for error_in in [0, 5] {
                let seed = 100 + (i * 10 + j) as u64 + u64::from(error_in) * 1000;
                let geometry = tight(W);
                run(Verilated::<W>::new(&geometry), &geometry, habits(stall, error_in), sizes, actions, seed);
            }
        }
    }
}

/// T1, T2, T3, T4: scatter lists, retransmissions and releases of any size at W = 64. No buffer goes back while a read
/// of it is under way, and no frame overtakes the placements it may acknowledge.
#[test]
fn random_commands_at_64_bits_match_the_model() {
    sweep::<64>(2000);
}

/// The same from the same source at W = 512.
#[test]
fn random_commands_at_512_bits_match_the_model() {
    sweep::<512>(800);
}

/// One slow party at a time: the others must wait without losing anything.
#[test]
fn one_slow_party_stops_nothing_for_ever() {
    let fast = Habits::FAST;
    let heavy = Stall::Heavy;
    let slow = [
        Habits { pieces: heavy, ..fast },
        Habits { frames: heavy, ..fast },
        Habits { responses: heavy, ..fast },
        Habits { placements: heavy, ..fast },
        Habits { commands: heavy, ..fast },
        Habits { reader: ReaderHabits { stall: heavy, latency: 1000, error_in: 0 }, ..fast },
    ];
    for (i, habits) in slow.into_iter().enumerate() {
        let geometry = tight(64);
        run(Verilated::<64>::new(&geometry), &geometry, habits, Sizes::All, 2000, 7000 + i as u64);
    }
}

/// A reset in the middle of everything leaves nothing behind.
#[test]
fn reset_in_full_flight_starts_afresh() {
    let geometry = tight(64);
    let mut dut = Verilated::<64>::new(&geometry);
    for seed in 50..58 {
        println!("seed {seed}");
        let mut world = World::new(dut, &geometry, habits(Stall::Random, 9), seed);
        for _ in 0..300 {
            while world.backlog() > 20 {
                world.step();
            }
            act(&mut world, geometry.connections, Sizes::Tiny);
        }
        dut = world.into_dut();
    }
    run(dut, &geometry, Habits::FAST, Sizes::All, 500, 58);
}

/// Both simulators agree in every cycle.
#[test]
fn both_simulators_agree() {
    with_big_stack(|| {
        let geometry = tight(64);
        run(Lockstep::<64>::new(&geometry), &geometry, habits(Stall::Random, 7), Sizes::Tiny, 400, 31);
        run(Lockstep::<64>::new(&geometry), &geometry, Habits::FAST, Sizes::All, 120, 32);
        let geometry = tight(512);
        run(Lockstep::<512>::new(&geometry), &geometry, habits(Stall::Random, 7), Sizes::Tiny, 60, 33);
    });
}
