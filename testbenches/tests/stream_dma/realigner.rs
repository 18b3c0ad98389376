//! `stream::Realigner`.
use crate::harness::*;
use stevedore_hdl::prelude::*;
use stevedore_rtl::stream::{Fragment, Realigner};
use stevedore_testbenches::replay::{Compiled, Dut, FlatWord};
use stevedore_testbenches::stepped;

/// A packet in fragments of random places and sizes; `dense` prefers whole words.
fn fragments<const W: usize>(random: &mut Random, packet: &Packet, dense: bool) -> Vec<FlatWord> {
    let lanes = W as u64 / 8;
    let mut rest = &packet.bytes[..];
    let mut words = Vec::new();
    while !rest.is_empty() {
        let offset = if dense && !words.is_empty() { 0 } else { random.below(lanes) };
        let most = (lanes - offset).min(rest.len() as u64);
        let count = if dense { most } else { random.within(1, most) };
        let (head, tail) = rest.split_at(count as usize);
        let mut word = random.bytes(W / 8);
        word[offset as usize..][..head.len()].copy_from_slice(head);
        let last = tail.is_empty();
        let fragment = Fragment::<W> {
            data: data_of(&word),
            offset: bits(offset),
            count: bits(count),
            last,
            error: last && packet.error,
        };
        words.push(fragment.to_flat());
        rest = tail;
    }
    words
}

fn packs<const W: usize>(dut: &mut dyn Dut, seed: u64, packets: usize) {
    for pace in PACES {
        println!("seed {seed}, pace {pace}");
        let mut random = Random::new(seed);
        let sent: Vec<Packet> = (0..packets)
            .map(|_| {
                let length = random.within(1, W as u64 / 8 * 5) as usize;
                Packet { bytes: random.bytes(length), error: random.percent(20) }
            })
            .collect();
        let dense = random.percent(50);
        let words: Vec<FlatWord> = sent.iter().flat_map(|packet| fragments::<W>(&mut random, packet, dense)).collect();
        let mut feed = Feed::new("s_fragment", words, pace);
        let mut drain = Drain::new("m_beat", pace);
        dut.reset();
        let limit = 100 + 2000 * packets as u64;
        run(dut, &mut random, &mut [&mut feed], &mut [&mut drain], limit, |_, d| ended::<W>(&d[0].words) == packets);
        assert_eq!(packets_of::<W>(&drain.words), sent);
        if pace == 100 {
            // Never a bubble on the input.
            assert_eq!(feed.taken.last().unwrap() - feed.taken[0] + 1, feed.taken.len() as u64);
            let latency = drain.taken.last().unwrap() - feed.taken.last().unwrap();
            assert!(matches!(latency, 3 | 4), "latency {latency}");
        }
    }
}

fn steps<const W: usize>(packets: usize) {
    let mut dut = stepped!(Realigner::<W>::default(), sinks: [s_fragment], sources: [m_beat]);
    packs::<W>(&mut dut, 1, packets);
    dut.replay("realigner").unwrap();
}

#[test]
fn fragments_of_any_place_and_size_come_out_packed() {
    with_big_stack(|| steps::<64>(60));
}

#[test]
fn fragments_of_any_place_and_size_come_out_packed_512() {
    with_big_stack(|| steps::<512>(8));
}

#[test]
fn long_sweep_of_fragments_comes_out_packed() {
    with_big_stack(|| {
        let mut narrow = Compiled::new(&Realigner::<64>::default(), "realigner").unwrap();
        let mut wide = Compiled::new(&Realigner::<512>::default(), "realigner").unwrap();
        for seed in 0..20 {
            packs::<64>(&mut narrow, seed, 400);
            packs::<512>(&mut wide, seed, 100);
        }
    });
}

#[test]
fn realigner_verilog_is_clean() {
    with_big_stack(|| {
        assert_clean(&Realigner::<64>::default(), "realigner");
        assert_clean(&Realigner::<512>::default(), "realigner");
    });
}
