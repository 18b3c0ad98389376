//! Registers, interrupts, bus master enable, function-level reset.
use crate::host::{Access, Fate};
use crate::world::{World, MAXIMUM_READ, MAXIMUM_WRITE, PERIOD};
use stevedore_hdl::prelude::with_big_stack;
use stevedore_rtl::pcie::msix::VECTORS;

/// Where vector `vector`'s message goes, and what it says.
fn message(vector: u64) -> (u64, u32) {
    (0xf_fee0_0000 + 0x14 * vector, 0x4021 + vector as u32)
}

/// Writes the table as an operating system does, every vector unmasked.
fn set_table<const W: usize, const K: usize>(world: &mut World<W, K>) {
    for vector in 0..VECTORS as u64 {
        let (address, data) = message(vector);
        for (column, word) in [address as u32, (address >> 32) as u32, data, 0].into_iter().enumerate() {
            world.host.accesses.push_back(Access::write(0x2000 + 16 * vector + 4 * column as u64, word));
        }
    }
    world.finish(10_000);
}

/// One access and its answer.
fn ask<const W: usize, const K: usize>(world: &mut World<W, K>, access: Access) -> crate::host::Answer {
    let before = world.host.answers.len();
    world.host.accesses.push_back(access);
    world.until(20_000, |world| world.host.answers.len() > before);
    world.host.answers[before].clone()
}

fn read<const W: usize, const K: usize>(world: &mut World<W, K>, address: u64) -> u32 {
    ask(world, Access::read(address)).data.expect("a dword")
}

/// Of kind: unsupported, poisoned, completion, time-out, unexpected.
fn errors<const W: usize, const K: usize>(world: &mut World<W, K>) -> Vec<u32> {
    (0..5).map(|kind| read(world, 0x1000 + 4 * kind)).collect()
}

fn messages<const W: usize, const K: usize>(world: &World<W, K>, vector: u64) -> usize {
    let (address, data) = message(vector);
    let sent = world.host.posted.iter().filter(|posted| posted.address == address);
    sent.inspect(|posted| assert_eq!(posted.bytes, data.to_le_bytes())).count()
}

/// Reads and writes of one dword arrive, a read behind the writes before it; everything else is refused or dropped, and
/// counted.
#[test]
fn registers_are_read_and_written_and_the_rest_is_refused() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(1, 60);
        for round in 0..200u32 {
            let address = 4 * world.random.below(0x200);
            world.host.accesses.push_back(Access::write(address, round));
            assert_eq!(read(&mut world, address), round);
        }
        assert_eq!(errors(&mut world), [0; 5]);
        // Parts of a dword: what of it, and where it begins. A read of no byte counts as one byte.
        for (first, count, lower) in [(15, 4, 0), (8, 1, 3), (6, 2, 1), (9, 4, 0), (0, 1, 0)] {
            let answer = ask(&mut world, Access { first, ..Access::read(0x1c) });
            assert_eq!((answer.status, answer.byte_count, answer.lower_address), (0, count, 0x1c + lower));
        }
        // Holes read as zeros; writes there and of parts of a dword are counted.
        assert_eq!((read(&mut world, 0x900), read(&mut world, 0x1ffc), read(&mut world, 0x3ffc)), (0, 0, 0));
        world.host.accesses.push_back(Access::write(0x10, 77));
        world.host.accesses.push_back(Access { first: 3, ..Access::write(0x10, 78) });
        world.host.accesses.push_back(Access::write(0x900, 1));
        world.host.accesses.push_back(Access::write(0x3000, 1));
        world.host.accesses.push_back(Access { first: 3, ..Access::write(0x2000, 1) });
        assert_eq!(read(&mut world, 0x10), 77);
        assert_eq!(errors(&mut world), [4, 0, 0, 0, 0]);
        // Two dwords, another BAR, I/O, atomics: refused. Long writes: dropped, whatever their length.
        for access in [
            Access { dwords: 2, last: 15, ..Access::read(0x10) },
            Access { dwords: 16, last: 1, ..Access::read(0x10) },
            Access { bar: 1, ..Access::read(0x10) },
            Access { kind: 2, ..Access::read(0x10) },
            Access { kind: 4, ..Access::read(0x10) },
        ] {
            let answer = ask(&mut world, access);
            assert_eq!((answer.status, answer.data), (1, None), "{access:?}");
            if access.kind == 0 {
                let bytes = if access.last == 1 { 61 } else { 4 * access.dwords };
                assert_eq!(answer.byte_count, bytes, "{access:?}");
            }
        }
        for dwords in [2, 5, 16, 33] {
            world.host.accesses.push_back(Access { dwords, last: 15, ..Access::write(0x10, 99) });
        }
        world.host.accesses.push_back(Access { bar: 2, ..Access::write(0x10, 99) });
        assert_eq!(read(&mut world, 0x10), 77);
        assert_eq!(errors(&mut world), [14, 0, 0, 0, 0]);
    });
}

/// More reads than the adapter takes at a time do not keep writes from passing, and each is answered.
#[test]
fn many_reads_are_answered_once_each() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(2, 80);
        for address in 0..100 {
            world.host.accesses.push_back(Access::read(4 * address));
            world.host.accesses.push_back(Access::write(0x400 + 4 * address, address as u32));
        }
        world.finish(100_000);
        let tags: Vec<u32> = world.host.answers.iter().map(|answer| answer.tag).collect();
        assert_eq!(tags, (1..=100).collect::<Vec<u32>>());
    });
}

/// An answer leaves after every burst that was accepted before the register was read can no longer be passed.
fn promises<const W: usize, const K: usize>(seed: u64, delay: u64) {
    let mut world = World::<W, K>::new(seed, 70);
    world.host.order_delay = delay;
    world.want_bursts(400, 128);
    let mut waited = 0;
    while !world.engine.idle() {
        world.engine.promised.clear();
        let answer = ask(&mut world, Access::read(0));
        let promised = world.engine.promised.pop_front().expect("the register was read");
        assert!(answer.ordered >= promised, "seed {seed}: {} of {promised} bursts", answer.ordered);
        waited += usize::from(promised > 0);
    }
    world.finish(100_000);
    world.check_bursts(&[]);
    assert!(waited > 5, "{waited}");
}

#[test]
fn register_answers_wait_for_the_writes_before_them() {
    with_big_stack(|| {
        for seed in 0..5 {
            promises::<64, 8>(seed, 2);
            promises::<64, 8>(seed, 300);
            promises::<512, 64>(seed, 100);
        }
    });
}

/// No edge is lost: every vector, masked by the function, by its own bit, or not at all.
#[test]
fn edges_become_messages_and_masked_ones_wait() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(4, 60);
        set_table(&mut world);
        let both = (1 << VECTORS) - 1;
        // Unmasked: one message for every edge, whatever the level does afterwards.
        for edge in 1..=20 {
            let vector = edge % VECTORS as u64;
            world.set("irq", 1 << vector);
            world.until(200, |world| {
                messages(world, vector)
                    == edge.div_ceil(VECTORS as u64) as usize - usize::from(vector == 0 && VECTORS as u64 % 2 == 1)
            });
            world.set("irq", 0);
            world.steps(60);
        }
        let sent: Vec<usize> = (0..VECTORS as u64).map(|vector| messages(&world, vector)).collect();
        assert_eq!(sent.iter().sum::<usize>(), 20);
        // Function mask.
        world.set("message_mask", 1);
        world.set("irq", both);
        world.steps(20);
        world.set("irq", 0);
        world.steps(100);
        assert_eq!(read(&mut world, 0x3000), both as u32, "pending");
        assert!((0..VECTORS).all(|vector| messages(&world, vector as u64) == sent[vector]), "masked");
        world.set("message_mask", 0);
        world.steps(100);
        assert_eq!(read(&mut world, 0x3000), 0);
        assert!((0..VECTORS).all(|vector| messages(&world, vector as u64) == sent[vector] + 1), "unmasked");
        // Mask of one vector; the other goes on.
        world.host.accesses.push_back(Access::write(0x200c, 1));
        assert_eq!(read(&mut world, 0x200c), 1);
        world.set("irq", both);
        world.steps(20);
        world.set("irq", 0);
        world.steps(100);
        assert_eq!(read(&mut world, 0x3000), 1);
        assert_eq!((messages(&world, 0), messages(&world, 1)), (sent[0] + 1, sent[1] + 2));
        world.host.accesses.push_back(Access::write(0x200c, 0));
        world.steps(200);
        assert_eq!((messages(&world, 0), read(&mut world, 0x3000)), (sent[0] + 2, 0));
        // Disabled: nothing is sent, and nothing forgotten.
        world.set("message_enable", 0);
        world.set("irq", 2);
        world.steps(100);
        assert_eq!(messages(&world, 1), sent[1] + 2);
        world.set("message_enable", 1);
        world.steps(100);
        assert_eq!(messages(&world, 1), sent[1] + 3);
    });
}

/// Payload, then response, then message: a message comes behind every burst that was accepted before its edge.
fn messages_behind_bursts<const W: usize, const K: usize>(seed: u64) {
    let mut world = World::<W, K>::new(seed, 50);
    set_table(&mut world);
    world.want_bursts(300, 256);
    let mut edges = 0;
    while !world.engine.bursts.is_empty() {
        let accepted = world.engine.accepted.len();
        let sent = messages(&world, 0);
        world.set("irq", 1);
        world.until(5000, |world| messages(world, 0) > sent);
        let (address, _) = message(0);
        let before = world.host.posted.iter().rposition(|posted| posted.address == address).expect("it came");
        let bursts = world.host.posted[..before].iter().filter(|posted| posted.address != address).count();
        assert!(bursts >= accepted, "seed {seed}: behind {bursts} bursts of {accepted}");
        world.set("irq", 0);
        let pause = world.random.below(100) + 1;
        world.steps(pause);
        edges += 1;
    }
    world.finish(100_000);
    world.check_bursts(&[message(0).0]);
    assert_eq!(messages(&world, 0), edges);
}

#[test]
fn messages_come_behind_the_bursts_they_tell_of() {
    with_big_stack(|| {
        for seed in 0..3 {
            messages_behind_bursts::<64, 8>(seed);
            messages_behind_bursts::<512, 64>(seed);
        }
    });
}

/// Switched off under load: quiet. Switched on again: nothing was lost, and no read was given up meanwhile.
fn bus_master_off<const W: usize, const K: usize>(seed: u64) {
    let mut world = World::<W, K>::new(seed, 60);
    set_table(&mut world);
    world.want_reads(200, MAXIMUM_READ);
    world.want_bursts(200, MAXIMUM_WRITE);
    let mut edges = 0;
    for round in 0..6 {
        let cycles = world.random.within(50, 500);
        world.steps(cycles);
        world.set("bus_master", 0);
        world.steps(400);
        let quiet = |world: &World<W, K>| (world.host.posted.len(), world.host.reads.len());
        let (posted, reads) = quiet(&world);
        world.set("irq", 1);
        world.steps(if round == 3 { 5 * PERIOD } else { 500 });
        assert_eq!(quiet(&world).0, posted, "seed {seed}: writes while off");
        assert!(quiet(&world).1 <= reads, "seed {seed}: reads while off");
        assert_eq!(read(&mut world, 0x3008), 0, "registers answer");
        world.set("irq", 0);
        edges += 1;
        world.set("bus_master", 1);
        world.until(3000, |world| messages(world, 0) == edges);
    }
    world.finish(500_000);
    assert_eq!((world.check_reads(), world.engine.done.len()), (0, 200));
    world.check_bursts(&[message(0).0]);
    assert_eq!(messages(&world, 0), edges);
}

#[test]
fn bus_master_off_stalls_everything_and_loses_nothing() {
    with_big_stack(|| {
        for seed in 0..3 {
            bus_master_off::<64, 8>(seed);
            bus_master_off::<512, 64>(seed);
        }
    });
}

/// Packets that the block throws away, because they came when the host had just cleared bus master enable, give no
/// number back: nobody waits for them.
#[test]
fn packets_lost_in_the_block_hold_no_answer_up() {
    with_big_stack(|| {
        for seed in 0..8 {
            let mut world = World::<64, 8>::new(seed, 80);
            world.want_bursts(100, 64);
            let cycles = world.random.within(60, 300);
            world.steps(cycles);
            world.host.discards = true;
            let late = world.random.below(12);
            world.steps(late);
            world.set("bus_master", 0);
            world.steps(100);
            world.host.discards = false;
            world.set("bus_master", 1);
            assert_eq!(read(&mut world, 0), 0);
            world.finish(100_000);
            assert_eq!(read(&mut world, 0), 0);
        }
    });
}

/// The same when nothing follows that could give a number back.
#[test]
fn an_answer_behind_lost_packets_comes_all_the_same() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(9, 100);
        world.want_bursts(10, 64);
        world.host.discards = true;
        world.until(1000, |world| world.engine.idle());
        world.steps(100);
        world.set("bus_master", 0);
        world.steps(20);
        world.set("bus_master", 1);
        world.host.discards = false;
        assert_eq!(read(&mut world, 0), 0);
    });
}

/// However long numbers take to come back, no more packets are under way than they can tell apart.
#[test]
fn packets_wait_for_numbers() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(10, 100);
        world.host.order_delay = 3000;
        world.want_bursts(300, 8);
        for _ in 0..4 {
            world.engine.promised.clear();
            let answer = ask(&mut world, Access::read(0));
            assert!(answer.ordered >= world.engine.promised[0], "{answer:?}");
        }
        world.finish(200_000);
        world.check_bursts(&[]);
    });
}

/// Edges of any number and distance, between bursts: behind the last one comes a message, and it comes behind all that
/// was accepted before that edge.
#[test]
fn the_last_edge_is_never_forgotten() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(5, 80);
        set_table(&mut world);
        let (address, _) = message(1);
        for round in 0..150 {
            world.want_bursts(8, 32);
            let mut accepted = 0;
            for _ in 0..world.random.within(1, 3) {
                world.set("irq", 2);
                accepted = world.engine.accepted.len();
                world.step();
                world.set("irq", 0);
                let pause = world.random.within(1, 9);
                world.steps(pause);
            }
            world.steps(150);
            let last = world.host.posted.iter().rposition(|posted| posted.address == address).expect("a message");
            let bursts = world.host.posted[..last].iter().filter(|posted| posted.address != address).count();
            assert!(bursts >= accepted, "round {round}: behind {bursts} bursts of {accepted}");
        }
    });
}

/// Under load, with and without the bus, with reads that are never answered: the function comes to rest, says so, and
/// works as if it were new.
fn function_reset<const W: usize, const K: usize>(seed: u64, bus_master: bool, silent: bool) {
    let mut world = World::<W, K>::new(seed, 60);
    set_table(&mut world);
    if silent {
        world.host.fate = |random| if random.percent(5) { Fate::Silent } else { Fate::Good };
    }
    world.want_reads(300, MAXIMUM_READ);
    world.want_bursts(300, MAXIMUM_WRITE);
    let cycles = world.random.within(100, 1500);
    world.steps(cycles);
    world.set("irq", 1);
    world.set("bus_master", bus_master.into());
    world.set("function_reset", 1);
    world.until(10 * PERIOD, |world| world.get("function_reset_done") == 1);
    assert!(world.engine.resets > 16, "the engine was reset for {} cycles", world.engine.resets);
    let (posted, reads) = (world.host.posted.len(), world.host.reads.len());
    world.set("bus_master", 0);
    world.set("irq", 0);
    world.set("function_reset", 0);
    world.steps(300);
    assert_eq!((world.host.posted.len(), world.host.reads.len()), (posted, reads), "seed {seed}: quiet");
    assert_eq!(world.get("function_reset_done"), 0);
    // The vectors are masked, and nothing is pending.
    assert_eq!((read(&mut world, 0x200c), read(&mut world, 0x201c), read(&mut world, 0x3000)), (1, 1, 0));
    // What was never answered will not be: the host forgets it. The next driver begins.
    world.host.reads.clear();
    world.host.fate = |_| Fate::Good;
    world.host.posted.clear();
    world.host.ordered = 0;
    world.engine.accepted.clear();
    world.engine.done.clear();
    world.set("bus_master", 1);
    set_table(&mut world);
    world.want_reads(100, MAXIMUM_READ);
    world.want_bursts(100, MAXIMUM_WRITE);
    world.set("irq", 1);
    world.until(5000, |world| messages(world, 0) == 1);
    world.engine.promised.clear();
    let answer = ask(&mut world, Access::read(0));
    assert!(answer.ordered >= world.engine.promised[0], "answers wait for writes again");
    world.finish(200_000);
    assert_eq!((world.check_reads(), world.engine.done.len()), (0, 100));
    world.check_bursts(&[message(0).0]);
    assert_eq!(messages(&world, 0), 1);
}

#[test]
fn function_level_reset_under_load_ends_in_rest() {
    with_big_stack(|| {
        for seed in 0..4 {
            for (bus_master, silent) in [(false, false), (true, false), (false, true), (true, true)] {
                function_reset::<64, 8>(seed, bus_master, silent);
                function_reset::<512, 64>(seed, bus_master, silent);
            }
        }
    });
}

/// Every kind of error has its counter.
#[test]
fn errors_are_counted_by_kind() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(6, 100);
        let fails = |world: &mut World<64, 8>,
                     fate: fn(&mut stevedore_testbenches::random::Random) -> Fate,
                     expected: [u32; 5]| {
            world.host.fate = fate;
            world.want_reads(1, 64);
            let done = world.engine.done.len();
            world.until(4 * PERIOD, |world| world.engine.done.len() > done && world.host.idle());
            world.steps(100);
            assert_eq!(errors(world), expected);
        };
        fails(&mut world, |_| Fate::Good, [0, 0, 0, 0, 0]);
        fails(&mut world, |_| Fate::Poisoned, [0, 1, 0, 0, 0]);
        fails(&mut world, |_| Fate::Status(1), [0, 1, 1, 0, 0]);
        fails(&mut world, |_| Fate::Misplaced, [0, 1, 2, 0, 0]);
        fails(&mut world, |_| Fate::Late(2 * PERIOD + 300), [0, 1, 2, 1, 1]);
    });
}
