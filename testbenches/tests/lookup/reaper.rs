//! `connection::Reaper`.
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::connection::Reaper;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::replay::{Compiled, Dut};
use stevedore_testbenches::stepped;
use stevedore_verilated::lint;

const GEOMETRY: Geometry = Geometry { connections: 16, ..Geometry::SMALL };

#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Notice(Box<Notice>),
    Free(u64),
}

/// How the two chains' reports are ordered.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// Alike; a slot may end again before the other chain has reported its first ending.
    Alike,
    /// At random among different slots.
    Random,
}

/// Slots of the endings, and the order in which the receive chain reports those of the send chain.
fn plan(rng: &mut StdRng, order: Order, count: usize) -> (Vec<u64>, Vec<usize>) {
    let slots = GEOMETRY.connections - 1;
    match order {
        Order::Alike => ((0..count).map(|_| rng.random_range(1..=slots as u64)).collect(), (0..count).collect()),
        Order::Random => {
            let count = count.next_multiple_of(slots);
            let mut receive: Vec<usize> = (0..count).collect();
            receive.chunks_mut(slots).for_each(|block| block.shuffle(rng));
            ((0..count).map(|i| 1 + (i % slots) as u64).collect(), receive)
        }
    }
}

fn run(dut: &mut impl Dut, seed: u64, count: usize, stall: f64, order: Order) {
    println!("seed {seed}, stalls {stall}, {order:?}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (slots, receive) = plan(&mut rng, order, count);
    let endings: Vec<TornDown> = slots
        .iter()
        .zip(0u64..)
        .map(|(&slot, i)| TornDown {
            slot: slot.into(),
            generation: i.into(),
            ending: Ending {
                response: rng.random_range(0..3u64).into(),
                status: rng.random_range(0..256u64).into(),
                cookie: u64::from(rng.random::<u32>()).into(),
                free: rng.random(),
            },
        })
        .collect();
    let mut reports: [VecDeque<TornDown>; 2] =
        [endings.iter().copied().collect(), receive.iter().map(|&i| endings[i]).collect()];
    let mut expected: Vec<Vec<Seen>> = vec![vec![]; GEOMETRY.connections];
    for f in &endings {
        let TornDown { slot, generation, ending } = *f;
        let list = &mut expected[slot.index()];
        if ending.response.any() {
            let Ending { response, status, cookie, .. } = ending;
            let notice = Notice { response, status, slot, generation, cookie, ..Notice::default() };
            list.push(Seen::Notice(Box::new(notice)));
        }
        if ending.free {
            list.push(Seen::Free(slot.index() as u64));
        }
    }
    let mut seen: Vec<Vec<Seen>> = vec![vec![]; GEOMETRY.connections];
    let mut reported = [vec![0; GEOMETRY.connections], vec![0; GEOMETRY.connections]];
    dut.reset();
    let mut offering = [false; 2];
    let mut idle = 0;
    while idle < 300 {
        for (i, sink) in ["s_send", "s_receive"].into_iter().enumerate() {
            offering[i] = !reports[i].is_empty() && (offering[i] || !rng.random_bool(stall));
            let word = reports[i].front().filter(|_| offering[i]).map(|f| f.to_flat());
            dut.offer(sink, word.as_deref());
        }
        let ready = ["m_notice", "m_free"].map(|source| {
            let ready = !rng.random_bool(stall);
            dut.accept(source, ready);
            ready
        });
        dut.settle();
        idle += 1;
        for (i, sink) in ["s_send", "s_receive"].into_iter().enumerate() {
            if offering[i] && dut.ready(sink) {
                let report = reports[i].pop_front().expect("offered");
                reported[i][report.slot.index()] += 1;
                offering[i] = false;
                idle = 0;
            }
        }
        if let (true, Some(bits)) = (ready[0], dut.word("m_notice")) {
            let notice = Notice::from_flat(&bits);
            seen[notice.slot.index()].push(Seen::Notice(Box::new(notice)));
            idle = 0;
        }
        if let (true, Some(bits)) = (ready[1], dut.word("m_free")) {
            let slot = Bits::<16>::from_flat(&bits).index();
            assert!(reported.iter().all(|chain| chain[slot] > 0), "slot {slot} freed before both chains reported");
            seen[slot].push(Seen::Free(slot as u64));
            idle = 0;
        }
        dut.step();
    }
    assert!(reports.iter().all(VecDeque::is_empty), "reports are stuck");
    assert_eq!(seen, expected);
}

#[test]
fn both_chains_must_report_before_notice_and_slot() {
    for order in [Order::Alike, Order::Random] {
        for (seed, stall) in [(1, 0.0), (2, 0.3), (3, 0.9)] {
            let mut dut = stepped!(Reaper::new(&GEOMETRY), sinks: [s_send, s_receive], sources: [m_notice, m_free]);
            run(&mut dut, seed, 100, stall, order);
            dut.replay("reaper").unwrap();
        }
        for (seed, stall) in [(4, 0.0), (5, 0.3), (6, 0.9)] {
            run(&mut Compiled::new(&Reaper::new(&GEOMETRY), "reaper").unwrap(), seed, 5000, stall, order);
        }
    }
}

#[test]
fn reaper_verilog_is_clean() {
    for geometry in [GEOMETRY, Geometry::SMALL, Geometry::DEFAULT] {
        lint(&with_big_stack(move || verilog(&Reaper::new(&geometry), "reaper")), "reaper", &[]).unwrap();
    }
}
