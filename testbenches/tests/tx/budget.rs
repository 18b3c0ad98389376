//! Cycle budgets, counted on the Verilated model. Every figure is printed with its limit beside it.
use crate::dut::Verilated;
use crate::host::ReaderHabits;
use crate::world::{Habits, World};
use rand::Rng;
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;

const ACK: ControlBits = ControlBits { fin: false, syn: false, rst: false, psh: false, ack: true };
const MSS: u64 = 1460;

type Bench<const W: usize> = World<W, Verilated<W>>;

fn world<const W: usize>(geometry: &Geometry, latency: u64) -> Bench<W> {
    let reader = ReaderHabits { latency, ..Habits::FAST.reader };
    World::new(Verilated::new(geometry), geometry, Habits { reader, ..Habits::FAST }, 1)
}

/// Runs until everything is out; cycles from the first beat of frame `from` to the last of the last, per frame.
fn cycles_per_frame<const W: usize>(world: &mut Bench<W>, from: usize) -> f64 {
    world.drain();
    let times = &world.frame_times[from..];
    (times.last().unwrap().1 + 1 - times[0].0) as f64 / times.len() as f64
}

/// Cycles per command once the queue at the front is full.
fn cycles_per_command<const W: usize>(world: &mut Bench<W>, commands: usize) -> f64 {
    let begin = world.command_times.len();
    world.drain();
    let times = &world.command_times[begin..];
    assert_eq!(times.len(), commands);
    (times[commands - 1] - times[4]) as f64 / (commands - 5) as f64
}

fn below(what: &str, found: f64, limit: f64) {
    println!("{what}: {found:.2} cycles (limit {limit})");
    assert!(found <= limit, "{what}: {found:.2} cycles, limit {limit}");
}

fn bulk<const W: usize>(geometry: &Geometry, connections: usize) -> f64 {
    let mut world = world::<W>(geometry, 156);
    for i in 0..40 {
        let slot = 1 + i % connections;
        // Every alignment, and some segments of several pieces.
        let address = world.rng.random();
        for length in if i % 4 == 0 { vec![MSS] } else { vec![1000, 7, 453] } {
            world.append(slot, address, length);
        }
        world.segment(slot, MSS, None, ACK, false);
    }
    cycles_per_frame(&mut world, 10)
}

/// 1514-byte frames are 190 beats of 64 bits, 24 of 512; reads take one microsecond.
#[test]
fn bulk_frames_follow_without_gaps() {
    let default = Geometry::DEFAULT;
    below("W = 64, one connection, 1514-byte frame", bulk::<64>(&default, 1), 190.0);
    below("W = 64, 30 connections, 1514-byte frame", bulk::<64>(&default, 30), 190.0);
    let wide = Geometry::WIDE;
    below("W = 512, one connection, 1514-byte frame", bulk::<512>(&wide, 1), 24.0);
    below("W = 512, 30 connections, 1514-byte frame", bulk::<512>(&wide, 30), 24.0);
}

/// Every message: append, cut, release of an earlier one.
fn messages<const W: usize>(geometry: &Geometry, connections: usize) -> f64 {
    let mut world = world::<W>(geometry, 156);
    for i in 0..300 {
        let slot = 1 + i % connections;
        let address = world.rng.random();
        let length = world.rng.random_range(1..=6);
        world.append(slot, address, length);
        world.segment(slot, length, None, ACK, false);
        let slot = 1 + (i + connections / 2) % connections;
        let chain = world.chain(slot);
        if let Some(done) = chain.buffers.front().filter(|b| b.begin + b.length < chain.cursor).map(|b| b.length) {
            world.release(slot, done);
        }
    }
    cycles_per_frame(&mut world, 60)
}

/// 64-byte frames on the wire (60 without FCS): 10.5 cycles of 156.25 MHz at 10 Gb/s.
#[test]
fn minimum_frames_keep_up_with_the_wire() {
    let default = Geometry::DEFAULT;
    below("W = 64, one connection, 64-byte frame", messages::<64>(&default, 1), 10.0);
    below("W = 64, 100 connections, 64-byte frame", messages::<64>(&default, 100), 10.0);
    // As many segments under way as a read takes cycles, divided by those a segment takes.
    let wide = Geometry { queue: 128, ..Geometry::WIDE };
    below("W = 512, one connection, 64-byte frame", messages::<512>(&wide, 1), 9.0);
    below("W = 512, 100 connections, 64-byte frame", messages::<512>(&wide, 100), 4.2);
}

fn bare<const W: usize>(geometry: &Geometry) -> f64 {
    let mut world = world::<W>(geometry, 10);
    (0..200).for_each(|i| world.segment(1 + i % 7, 0, None, ACK, i % 3 == 0));
    cycles_per_frame(&mut world, 20)
}

/// Acknowledgements and SYNs: a beat in every cycle.
#[test]
fn frames_without_payload_follow_without_gaps() {
    below("W = 64, 60-byte frame", bare::<64>(&Geometry::SMALL), 8.0);
    below("W = 512, 60-byte frame", bare::<512>(&Geometry::WIDE), 1.0);
}

/// Each kind of command alone, on many connections and on one.
#[test]
fn each_unit_keeps_its_budget() {
    let geometry = Geometry::WIDE;
    // A segment or a release that begins with a context of its own waits for the one before it to say which.
    for (connections, several) in [(50, 2.0), (1, 4.0)] {
        let mut world = world::<512>(&geometry, 20);
        let slot = |i: usize| 1 + i % connections;
        (0..500).for_each(|i| world.append(slot(i), 64 * i as u64, 40));
        below(&format!("append, {connections} connections"), cycles_per_command(&mut world, 500), 3.0);
        (0..500).for_each(|i| world.segment(slot(i), 40, None, ACK, false));
        below(&format!("one-piece segment, {connections} connections"), cycles_per_command(&mut world, 500), several);
        (0..500).for_each(|i| world.release(slot(i), 40));
        below(
            &format!("release of one buffer, {connections} connections"),
            cycles_per_command(&mut world, 500),
            several,
        );
    }
}

/// The connection that command `i` is for where fifty take turns.
fn of_fifty(i: usize) -> usize {
    1 + i % 50
}

/// Fifty connections with twenty buffers of a segment each, two of them sent.
fn sending() -> Bench<512> {
    let mut world = world::<512>(&Geometry::WIDE, 20);
    (0..1000).for_each(|i| world.append(of_fifty(i), 64 * i as u64, 40));
    (0..100).for_each(|i| world.segment(of_fifty(i), 40, None, ACK, false));
    cycles_per_command(&mut world, 1100);
    world
}

/// Two segments, two acknowledgements and so on: the units are as busy as if kinds alternated.
#[test]
fn commands_of_one_kind_in_a_row_wait_in_front_of_their_unit() {
    let mut world = sending();
    for i in (0..800).step_by(2) {
        (i..i + 2).for_each(|i| world.segment(of_fifty(i), 40, None, ACK, false));
        (i..i + 2).for_each(|i| world.release(of_fifty(i), 40));
    }
    below("segments and releases in pairs", cycles_per_command(&mut world, 1600), 1.05);
}

/// An acknowledgement that sends a segment along is one command for both units.
#[test]
fn a_segment_along_with_a_release_takes_no_longer_than_either() {
    let mut world = sending();
    (0..800).for_each(|i| world.segment_along(of_fifty(i), 40, 40, ACK));
    below("a segment along with a release", cycles_per_command(&mut world, 800), 2.0);
}

fn latency<const W: usize>(geometry: &Geometry) -> f64 {
    let mut world = world::<W>(geometry, 10);
    world.segment(1, 0, None, ACK, false);
    world.drain();
    (world.frame_times[0].0 - world.command_times[0]) as f64
}

/// From the cycle a command is taken to the cycle of the first beat.
#[test]
fn a_bare_segment_leaves_in_eight_cycles() {
    below("W = 64, command to frame", latency::<64>(&Geometry::SMALL), 8.0);
    below("W = 512, command to frame", latency::<512>(&Geometry::WIDE), 8.0);
}

/// Grants do not wait for payloads: with slow reads several are under way.
#[test]
fn several_payloads_are_read_at_once() {
    let mut world = world::<64>(&Geometry::DEFAULT, 2000);
    world.append(1, 12345, 20 * MSS);
    (0..20).for_each(|_| world.segment(1, MSS, None, ACK, false));
    world.drain();
    let room = Geometry::DEFAULT.segment_buffer / MSS as usize;
    println!("{} payloads at once, room for {room}", world.most_waiting());
    assert_eq!(world.most_waiting(), room);
}
