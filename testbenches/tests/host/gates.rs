//! What a stop shows at the ports: gates, admission, ledger, and the sequence of a soft reset.
use std::collections::VecDeque;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::Beat;
use stevedore_rtl::dma::WriteLedger;
use stevedore_rtl::host::SoftReset;
use stevedore_rtl::stream::{Admission, Gate};
use stevedore_testbenches::random::Random;
use stevedore_testbenches::replay::{Compiled, Dut};

fn set(dut: &mut Compiled, port: &str, value: u64) {
    let port = dut.model.port(port);
    dut.model.set(port, value);
}

fn get(dut: &Compiled, port: &str) -> u64 {
    dut.model.get(dut.model.port(port))
}

/// AXI4-Stream rules under any opening, closing and stalling: what was offered stays as it is until it is taken,
/// packets pass whole and in order, nothing passes while closed, and a gate that is told to close does so once the
/// packet under way is out.
#[test]
fn gate_closes_between_packets_only() {
    let mut dut = Compiled::new(&Gate::<Beat<64>>::default(), "gate").expect("a model");
    for seed in 0..20 {
        let mut random = Random::new(seed);
        dut.reset();
        let (mut number, mut left) = (0u64, random.within(1, 6));
        let (mut inside, mut open) = (false, true);
        let mut offered: Option<Vec<bool>> = None;
        let mut passed = 0;
        for _ in 0..3000 {
            if random.below(40) == 0 {
                open = !open;
            }
            set(&mut dut, "open", u64::from(open));
            // Once offered, a word stays.
            if offered.is_none() && random.below(3) > 0 {
                let last = left == 1;
                let word = Beat::<64> { data: bits(number), count: bits(8), last, error: false }.to_flat();
                number += 1;
                left = if last { random.within(1, 6) } else { left - 1 };
                set(&mut dut, "last", u64::from(last));
                offered = Some(word);
            }
            dut.offer("s_in", offered.as_deref());
            let willing = random.below(3) > 0;
            dut.accept("m_out", willing);
            dut.settle();
            let word = dut.word("m_out");
            let closed = get(&dut, "closed") != 0;
            assert!(!(closed && (word.is_some() || inside)), "seed {seed}: closed inside a packet");
            assert!(!closed || !dut.ready("s_in"), "seed {seed}: closed and taking");
            assert_eq!(dut.ready("s_in") && offered.is_some(), word.is_some() && willing, "seed {seed}");
            let held = word.clone().filter(|_| !willing);
            if let Some(word) = word.filter(|_| willing) {
                let beat = Beat::<64>::from_flat(&word);
                assert_eq!(beat.data.to_u64(), passed, "seed {seed}");
                passed += 1;
                inside = !beat.last;
                offered = None;
            }
            let idle = held.is_none() && !inside;
            dut.step();
            dut.settle();
            if held.is_some() {
                assert_eq!(dut.word("m_out"), held, "seed {seed}: what was offered changed");
            } else if !open && idle {
                assert_eq!(get(&dut, "closed"), 1, "seed {seed}: does not close");
            }
        }
        assert!(passed > 300, "seed {seed}: {passed}");
    }
}

/// Fault of kind 12: whether a frame comes in is decided at its first beat; a cut drops the rest of it.
#[test]
fn admission_is_decided_at_the_first_beat() {
    let mut dut = Compiled::new(&Admission::default(), "admission").expect("a model");
    dut.reset();
    let mut random = Random::new(12);
    let (mut left, mut comes_in) = (0, false);
    let (mut whole, mut dropped, mut cuts) = (0, 0, 0);
    for _ in 0..20_000 {
        let open = random.below(2) == 0;
        let valid = random.below(3) > 0;
        if valid && left == 0 {
            left = random.within(1, 9);
            comes_in = open;
            whole += u64::from(open);
            dropped += u64::from(!open);
        }
        let cut = random.below(50) == 0;
        set(&mut dut, "open", u64::from(open));
        set(&mut dut, "valid", u64::from(valid));
        set(&mut dut, "last", u64::from(valid && left == 1));
        set(&mut dut, "cut", u64::from(cut));
        dut.settle();
        assert_eq!(get(&dut, "admitted") != 0, valid && comes_in);
        left -= u64::from(valid);
        if cut {
            cuts += u64::from(left > 0 && comes_in);
            comes_in = false;
        }
        dut.step();
    }
    assert!(whole > 1000 && dropped > 1000 && cuts > 20, "{whole} {dropped} {cuts}");
}

/// The port's bursts are told apart, up to four on the way.
#[test]
fn ledger_tells_whose_burst_left() {
    let mut dut = Compiled::new(&WriteLedger::default(), "write_ledger").expect("a model");
    dut.reset();
    let mut random = Random::new(2);
    let mut inside: VecDeque<u64> = VecDeque::new();
    let mut placements = 0;
    for _ in 0..5000 {
        let left = !inside.is_empty() && random.below(2) == 0;
        let entered = if inside.len() < 4 { random.below(3) } else { 0 };
        set(&mut dut, "left", u64::from(left));
        set(&mut dut, "entered", entered);
        let ends = random.below(2);
        set(&mut dut, "placement_ends", ends);
        dut.settle();
        assert_eq!(get(&dut, "placements_written"), placements);
        placements += u64::from(left) & ends;
        let owner = if left { inside.pop_front().unwrap_or(0) } else { 0 };
        assert_eq!(get(&dut, "written"), owner);
        if entered != 0 {
            inside.push_back(entered);
        }
        dut.step();
    }
}

/// Asks for a read now and then, with a tag that is free.
fn ask(dut: &mut Compiled, random: &mut Random, reads: &mut [bool; 256]) {
    let tag = random.below(256);
    let asked = !reads[tag as usize] && random.below(3) > 0;
    set(dut, "asked", u64::from(asked));
    set(dut, "asked_tag", tag);
    reads[tag as usize] |= asked;
}

/// Answers a read now and then; as often, answers what nobody asked for.
fn answer(dut: &mut Compiled, random: &mut Random, reads: &mut [bool; 256], seldom: u64) {
    let under_way: Vec<usize> = (0..256).filter(|&tag| reads[tag]).collect();
    let answered = random.below(seldom) == 0;
    let stray = random.below(256) as usize;
    let tag = if under_way.is_empty() || random.below(2) == 0 {
        stray
    } else {
        under_way[random.below(under_way.len() as u64) as usize]
    };
    set(dut, "answered", u64::from(answered));
    set(dut, "answered_tag", tag as u64);
    reads[tag] &= !answered;
}

/// The blocks are reset only when the gates are closed and every read was answered, whatever else is answered; the
/// engine is idle only after that, and the gates stay closed.
#[test]
fn soft_reset_waits_for_gates_and_reads() {
    let mut dut = Compiled::new(&SoftReset::new(256), "soft_reset").expect("a model");
    for seed in 0..50 {
        let mut random = Random::new(seed);
        dut.reset();
        dut.step();
        dut.settle();
        assert_eq!((get(&dut, "idle"), get(&dut, "open")), (1, 0), "seed {seed}");
        set(&mut dut, "closed", 1);
        set(&mut dut, "enable", 1);
        dut.step();
        dut.settle();
        assert_eq!((get(&dut, "idle"), get(&dut, "open"), get(&dut, "blocks_reset")), (0, 1, 0), "seed {seed}");
        set(&mut dut, "closed", 0);
        let mut reads = [false; 256];
        for _ in 0..random.below(300) {
            answer(&mut dut, &mut random, &mut reads, 3);
            ask(&mut dut, &mut random, &mut reads);
            dut.step();
        }
        set(&mut dut, "asked", 0);
        set(&mut dut, "restart", 1);
        set(&mut dut, "enable", 0);
        let closes = random.below(300);
        let mut cycle = 0;
        loop {
            set(&mut dut, "closed", u64::from(cycle >= closes));
            dut.settle();
            if get(&dut, "blocks_reset") != 0 {
                break;
            }
            assert_eq!(get(&dut, "idle"), 0, "seed {seed}");
            answer(&mut dut, &mut random, &mut reads, 5);
            dut.step();
            cycle += 1;
            assert!(cycle < 10_000, "seed {seed}: never reset");
        }
        let reads = reads.into_iter().filter(|&read| read).count();
        assert!(cycle >= closes && reads == 0, "seed {seed}: reset with {reads} reads under way");
        let mut resets = 0;
        while get(&dut, "restarted") == 0 {
            assert_eq!(get(&dut, "idle"), 0, "seed {seed}");
            resets += get(&dut, "blocks_reset");
            dut.step();
            dut.settle();
        }
        assert!((8..64).contains(&resets), "seed {seed}: {resets} cycles of reset");
        assert_eq!(get(&dut, "halted"), 0, "seed {seed}");
        set(&mut dut, "restart", 0);
        for _ in 0..20 {
            dut.settle();
            let seen = (get(&dut, "idle"), get(&dut, "open"), get(&dut, "restarted"));
            assert!(seen.0 == 1 && seen.1 == 0, "seed {seed}: {seen:?}");
            dut.step();
        }
    }
}

/// `halt` stops the engine as a restart does, and holds the blocks in reset for as long as it lasts, however long that
/// is; the register file hears of no restart that it did not ask for before `halt` falls.
#[test]
fn halt_holds_the_reset() {
    let mut dut = Compiled::new(&SoftReset::new(8), "soft_reset").expect("a model");
    for (running, lasts) in [(0, 1), (0, 100), (1, 1), (1, 10), (1, 1_000)] {
        dut.reset();
        set(&mut dut, "closed", 1);
        set(&mut dut, "enable", running);
        (0..3).for_each(|_| dut.step());
        set(&mut dut, "asked", running);
        set(&mut dut, "asked_tag", 5);
        dut.step();
        set(&mut dut, "asked", 0);
        set(&mut dut, "halt", 1);
        for _ in 0..50 * running {
            dut.step();
            dut.settle();
            assert_eq!((get(&dut, "halted"), get(&dut, "blocks_reset")), (0, 0), "a read is under way");
        }
        set(&mut dut, "answered", running);
        set(&mut dut, "answered_tag", 5);
        dut.step();
        set(&mut dut, "answered", 0);
        (0..2).for_each(|_| dut.step());
        for cycle in 0..lasts {
            dut.settle();
            let seen = ["halted", "blocks_reset", "open", "idle", "restarted"].map(|port| get(&dut, port));
            assert_eq!(seen, [1, 1, 0, 0, 0], "cycle {cycle} of {lasts}");
            dut.step();
        }
        set(&mut dut, "halt", 0);
        set(&mut dut, "enable", 0);
        (0..40).for_each(|_| dut.step());
        dut.settle();
        assert_eq!(["halted", "blocks_reset", "open", "idle"].map(|port| get(&dut, port)), [0, 0, 0, 1]);
    }
}
