//! Reads and bursts of any address, length and pace, good and bad.
use crate::engine::{Burst, Done};
use crate::host::Fate;
use crate::world::{World, MAXIMUM_READ, MAXIMUM_WRITE, PERIOD};
use stevedore_hdl::prelude::with_big_stack;

const PACES: [u64; 3] = [100, 60, 15];

/// Both ways at once, for one limit of reads and one of bursts.
fn both_ways<const W: usize, const K: usize>(seed: u64, pace: u64, read: u64, write: u64, count: u64) {
    let mut world = World::<W, K>::with_period(seed, pace, 1 << 20);
    world.want_reads(count, read.min(MAXIMUM_READ));
    world.want_bursts(count, write.min(MAXIMUM_WRITE));
    world.finish(2_000_000);
    assert_eq!((world.check_reads(), world.engine.done.len() as u64), (0, count));
    world.check_bursts(&[]);
    assert!(world.host.most_completions < 64, "{} completions under way", world.host.most_completions);
}

/// Issue 12, 4: payload 128 to 512, read request 128 to 4096, completions in any order and parts, back-pressure.
#[test]
fn reads_and_bursts_pass_at_every_limit_and_pace() {
    with_big_stack(|| {
        for (seed, (read, write)) in [(128, 128), (256, 256), (512, 512), (4096, 128)].into_iter().enumerate() {
            for pace in PACES {
                both_ways::<64, 8>(seed as u64, pace, read, write, 150);
                both_ways::<512, 64>(seed as u64, pace, read, write, 150);
            }
        }
    });
}

fn every_alignment<const W: usize, const K: usize>() {
    let mut world = World::<W, K>::new(1, 100);
    for address in 0..72 {
        for length in (1..72).chain([127, 128, 129, 191, 192]) {
            world.engine.wanted.push_back((0x7_0000_1000 + address, length));
            let bytes = world.random.bytes(length as usize);
            world.engine.bursts.push_back(Burst { address: 0x9_0000_2000 + address, bytes, may_pass: false });
        }
    }
    let count = world.engine.wanted.len();
    world.finish(4_000_000);
    assert_eq!((world.check_reads(), world.engine.done.len()), (0, count));
    world.check_bursts(&[]);
}

/// Every lane with every length up to more than two words: headers, enables, lanes, rows.
#[test]
fn every_address_and_length_passes() {
    with_big_stack(|| {
        every_alignment::<64, 8>();
        every_alignment::<512, 64>();
    });
}

/// As many cycles as words of the engine or beats at the pins, whichever are more, and little else.
#[test]
fn bursts_leave_without_pauses() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(3, 100);
        for i in 0..100 {
            let bytes = world.random.bytes(256);
            world.engine.bursts.push_back(Burst { address: 0x1000 + 256 * i, bytes, may_pass: true });
        }
        let start = stevedore_testbenches::replay::Dut::cycle(&world.dut);
        world.until(100_000, |world| world.host.posted.len() == 100);
        let cycles = stevedore_testbenches::replay::Dut::cycle(&world.dut) - start;
        assert!(cycles < 100 * 32 + 40, "{cycles} cycles for 3200 words");
    });
}

fn bad_answers<const W: usize, const K: usize>(
    fate: fn(&mut stevedore_testbenches::random::Random) -> Fate,
    seed: u64,
) -> usize {
    let mut world = World::<W, K>::new(seed, 70);
    world.host.fate = fate;
    // A bad answer to a read of one completion would be the only one: longer reads have good parts, too.
    world.want_reads(250, MAXIMUM_READ);
    world.want_bursts(50, MAXIMUM_WRITE);
    world.finish(3_000_000);
    let failed = world.check_reads();
    assert_eq!(world.engine.done.len(), 250, "every read ends once");
    world.check_bursts(&[]);
    // The tags are free again: as many reads as there are tags, several times over.
    world.steps(5 * PERIOD);
    world.host.fate = |_| Fate::Good;
    world.engine.done.clear();
    world.want_reads(150, MAXIMUM_READ);
    world.finish(1_000_000);
    assert_eq!((world.check_reads(), world.engine.done.len()), (0, 150));
    failed
}

/// Issue 12, 4: an error each, and the next request works.
#[test]
fn reads_that_go_wrong_end_once_with_an_error() {
    with_big_stack(|| {
        let fates: [fn(&mut stevedore_testbenches::random::Random) -> Fate; 10] = [
            |random| if random.percent(30) { Fate::Status(1) } else { Fate::Good },
            |random| if random.percent(30) { Fate::Status(4) } else { Fate::Good },
            |random| if random.percent(30) { Fate::Poisoned } else { Fate::Good },
            |random| if random.percent(30) { Fate::Short } else { Fate::Good },
            |random| if random.percent(10) { Fate::Endless } else { Fate::Good },
            |random| if random.percent(30) { Fate::Misplaced } else { Fate::Good },
            |random| if random.percent(30) { Fate::GivenUp } else { Fate::Good },
            |random| if random.percent(10) { Fate::Long } else { Fate::Good },
            |random| if random.percent(30) { Fate::Cut } else { Fate::Good },
            |random| if random.percent(30) { Fate::Mismatched } else { Fate::Good },
        ];
        for (seed, fate) in fates.into_iter().enumerate() {
            let failed = bad_answers::<64, 8>(fate, seed as u64);
            let wide = bad_answers::<512, 64>(fate, seed as u64);
            assert!((10..120).contains(&failed) && (10..120).contains(&wide), "{seed}: {failed}, {wide}");
        }
    });
}

/// Answers that nobody asked for, with tags of no read and marked as such, are dropped, and disturb no read.
#[test]
fn answers_that_nobody_asked_for_change_nothing() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(11, 80);
        world.host.strays = 20;
        world.want_reads(300, MAXIMUM_READ);
        world.until(1_000_000, |world| world.engine.idle());
        world.host.strays = 0;
        world.finish(100_000);
        assert_eq!((world.check_reads(), world.engine.done.len()), (0, 300));
    });
}

/// More errors at once than verdicts can wait while the engine hardly takes any: none is lost, none comes twice.
#[test]
fn errors_wait_for_a_slow_engine() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(12, 100);
        world.host.fate = |_| Fate::Silent;
        world.want_reads(32, 4);
        world.until(2000, |world| world.host.reads.len() == 32);
        world.engine.pace = 3;
        world.until(4 * PERIOD, |world| world.engine.done.len() == 32);
        world.steps(200);
        assert_eq!((world.check_reads(), world.engine.done.len()), (32, 32));
    });
}

/// A tag whose late answer has come is free at once, and does not wait for the end of its time.
#[test]
fn a_late_answer_frees_its_tag() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(13, 100);
        world.host.fate = |_| Fate::Late(2 * PERIOD + 200);
        world.want_reads(32, 4);
        world.until(3 * PERIOD, |world| world.engine.idle() && world.host.idle());
        assert_eq!(world.check_reads(), 32);
        world.host.fate = |_| Fate::Good;
        world.want_reads(32, 4);
        world.until(PERIOD / 2, |world| world.engine.done.len() == 64);
        assert_eq!(world.check_reads(), 32);
    });
}

/// A read that nobody answers ends with an error after one to two periods; an answer that comes after that is not taken
/// for one to another read.
#[test]
fn reads_without_an_answer_are_given_up_and_late_answers_dropped() {
    with_big_stack(|| {
        let late: fn(&mut stevedore_testbenches::random::Random) -> Fate = |random| match random.below(10) {
            0 => Fate::Late(2 * PERIOD + 300 + random.below(PERIOD / 2)),
            1 => Fate::Late(PERIOD / 2),
            _ => Fate::Good,
        };
        let failed = bad_answers::<64, 8>(late, 7);
        assert!((5..60).contains(&failed), "{failed} reads were given up");
        let failed = bad_answers::<512, 64>(late, 8);
        assert!((5..60).contains(&failed), "{failed} reads were given up");
    });
}

/// The time itself, and that a silent read costs nobody else more than its tag.
#[test]
fn a_silent_read_fails_within_two_periods_and_others_go_on() {
    with_big_stack(|| {
        let mut world = World::<64, 8>::new(9, 100);
        world.host.fate = |_| Fate::Silent;
        world.want_reads(1, 64);
        world.until(100, |world| !world.host.reads.is_empty());
        world.host.fate = |_| Fate::Good;
        let start = stevedore_testbenches::replay::Dut::cycle(&world.dut);
        world.want_reads(100, 64);
        world.until(PERIOD - 100, |world| world.engine.done.len() == 100);
        assert_eq!(world.check_reads(), 0);
        world.until(2 * PERIOD, |world| world.engine.done.len() == 101);
        let cycles = stevedore_testbenches::replay::Dut::cycle(&world.dut) - start;
        let last = world.engine.done.last().expect("101 reads");
        assert_eq!(last, &Done { bytes: None, ..last.clone() });
        assert!((PERIOD - 100..2 * PERIOD + 100).contains(&cycles), "{cycles} cycles");
    });
}
