//! `stream::Fence`.
use crate::harness::*;
use std::collections::VecDeque;
use stevedore_hdl::prelude::*;
use stevedore_rtl::stream::Fence;
use stevedore_testbenches::replay::Recording;
use stevedore_verilated::{Model, Source};

/// Words through a fence of `depth`. The count runs through zero on the way; `ahead` is how far numbers may be in front
/// of it.
fn fences(depth: usize, ahead: u64, pace: u64, seed: u64) {
    println!("depth {depth}, ahead {ahead}, pace {pace}, seed {seed}");
    let mut random = Random::new(seed);
    let mut bench = bench!(Fence::<Bits<24>>::new(depth));
    let mut recording = Recording::default();
    let (mut reached, mut number) = (0xff00u64, 0xff00u64);
    // Words under way, with their numbers; since when the first may leave.
    let mut inside: VecDeque<(u64, u64)> = VecDeque::new();
    let mut offered = None;
    let (mut given, mut taken, mut may) = (0u64, 0u64, None);
    for cycle in 0..6000u64 {
        let uut = &mut bench.uut;
        uut.reset.next = cycle < 2;
        if offered.is_none() && cycle > 2 && random.percent(pace) {
            number = number.max(reached) + if random.percent(60) { 0 } else { random.below(3) };
            number = number.min(reached + ahead);
            offered = Some((given, number));
        }
        if reached < number && random.percent(30) {
            reached += 1;
        }
        let ready = random.percent(pace);
        uut.s_in.valid.next = offered.is_some();
        uut.s_in.bits.next = bits(offered.map_or(0, |(word, _)| word));
        uut.number.next = bits(offered.map_or(0x5a5a, |(_, number)| number & 0xffff));
        uut.reached.next = bits(reached & 0xffff);
        uut.m_out.ready.next = ready;
        bench.settle();
        recording.record(&*bench.uut);
        let uut = &bench.uut;
        if uut.m_out.valid.val() {
            let &(word, number) = inside.front().expect("a word that came in");
            assert_eq!(uut.m_out.bits.val(), bits::<24>(word), "cycle {cycle}");
            assert!(reached >= number, "cycle {cycle}: word {word} waits for {number}, {reached} is reached");
            if ready {
                inside.pop_front();
                taken += 1;
                may = None;
            }
        } else if inside.front().is_some_and(|&(_, number)| reached >= number) {
            let since = *may.get_or_insert(cycle);
            assert!(cycle - since < 4, "cycle {cycle}: the first word may leave since {since}");
        }
        if uut.s_in.ready.val() && cycle > 2 {
            if let Some(word) = offered.take() {
                inside.push_back(word);
                given += 1;
            }
        }
        assert!(inside.len() <= depth + 1, "cycle {cycle}: {} words in a fence of {depth}", inside.len());
        bench.step();
    }
    assert!(reached > 0x1_0000 && taken > 300 && given - taken == inside.len() as u64, "{reached} {given} {taken}");
    let mut model = Model::build(&Source::new("fence", verilog(&*bench.uut, "fence"))).expect("a model");
    recording.replay(&mut model).unwrap_or_else(|error| panic!("seed {seed}: {error:#}"));
}

/// Decision 007: no word leaves before the count has come up to its number, none later than need be, none is lost, the
/// order holds; also while numbers run through zero.
#[test]
fn words_wait_for_the_count() {
    with_big_stack(|| {
        for (seed, pace) in PACES.into_iter().enumerate() {
            fences(4, 40, pace.max(40), seed as u64);
            fences(16, 3, pace.max(40), 10 + seed as u64);
        }
    });
}

#[test]
fn fence_verilog_is_clean() {
    with_big_stack(|| assert_clean(&Fence::<Bits<24>>::new(16), "fence"));
}
