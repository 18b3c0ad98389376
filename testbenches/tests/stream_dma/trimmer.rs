//! `stream::Trimmer`.
use crate::harness::*;
use stevedore_hdl::prelude::*;
use stevedore_rtl::stream::{Trim, Trimmer};
use stevedore_testbenches::replay::{Compiled, Dut, FlatWord};
use stevedore_testbenches::stepped;

/// A packet, its command, and what must come out. `bad` allows stretches beyond the end of the packet.
fn case(random: &mut Random, lanes: u64, bad: bool) -> (Packet, Trim, Option<Packet>) {
    let length = random.within(1, lanes * 6);
    let packet = Packet { bytes: random.bytes(length as usize), error: random.percent(10) };
    let (drop, keep) = if bad && random.percent(30) {
        (random.below(lanes * 8), random.below(lanes * 8))
    } else {
        let drop = random.below(length + 1);
        (drop, if random.percent(10) { 0 } else { random.below(length - drop + 1) })
    };
    let trim = Trim { drop: bits(drop), length: bits(keep) };
    let have: Vec<u8> = packet.bytes.iter().skip(drop as usize).take(keep as usize).copied().collect();
    let short = (have.len() as u64) < keep;
    // An error of the input counts if it is known before the stretch ends: its last beat is the stretch's last.
    let reaches = drop + keep > (length - 1) / lanes * lanes;
    let kept = Packet { bytes: have, error: short || (packet.error && reaches) };
    (packet, trim, (keep > 0).then_some(kept))
}

fn trims<const W: usize>(dut: &mut dyn Dut, seed: u64, packets: usize, bad: bool) {
    for pace in PACES {
        println!("seed {seed}, pace {pace}");
        let mut random = Random::new(seed);
        let cases: Vec<_> = (0..packets).map(|_| case(&mut random, W as u64 / 8, bad)).collect();
        let expected: Vec<&Packet> = cases.iter().filter_map(|(.., kept)| kept.as_ref()).collect();
        let beats: Vec<FlatWord> = cases.iter().flat_map(|(packet, ..)| beats_of::<W>(packet)).collect();
        let mut trim = Feed::new("s_trim", cases.iter().map(|(_, trim, _)| trim.to_flat()), pace);
        let mut feed = Feed::new("s_beat", beats, pace);
        let mut drain = Drain::new("m_beat", pace);
        dut.reset();
        let limit = 200 + 2000 * packets as u64;
        let count = expected.len();
        run(dut, &mut random, &mut [&mut trim, &mut feed], &mut [&mut drain], limit, |feeds, d| {
            feeds[1].words.is_empty() && ended::<W>(&d[0].words) == count
        });
        let got = packets_of::<W>(&drain.words);
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            // Missing bytes are undefined, but there: the length is compared by the sum below.
            assert_eq!(got.error, expected.error);
            assert_eq!(got.bytes[..expected.bytes.len()], expected.bytes[..]);
        }
        let asked: usize = cases.iter().map(|(_, trim, _)| trim.length.index()).sum();
        assert_eq!(got.iter().map(|packet| packet.bytes.len()).sum::<usize>(), asked);
        if pace == 100 && !bad {
            // Full rate: the beats go in without a bubble.
            assert_eq!(feed.taken.last().unwrap() - feed.taken[0] + 1, feed.taken.len() as u64);
        }
    }
}

fn steps<const W: usize>(packets: usize) {
    let mut dut = stepped!(Trimmer::<W>::default(), sinks: [s_trim, s_beat], sources: [m_beat]);
    trims::<W>(&mut dut, 1, packets, false);
    trims::<W>(&mut dut, 2, packets, true);
    dut.replay("trimmer").unwrap();
}

#[test]
fn any_stretch_of_a_packet_is_cut_out() {
    with_big_stack(|| steps::<64>(40));
}

#[test]
fn any_stretch_of_a_packet_is_cut_out_512() {
    with_big_stack(|| steps::<512>(6));
}

#[test]
fn long_sweep_of_stretches_is_cut_out() {
    with_big_stack(|| {
        let mut narrow = Compiled::new(&Trimmer::<64>::default(), "trimmer").unwrap();
        let mut wide = Compiled::new(&Trimmer::<512>::default(), "trimmer").unwrap();
        for seed in 0..20 {
            trims::<64>(&mut narrow, seed, 400, seed % 2 == 1);
            trims::<512>(&mut wide, seed, 100, seed % 2 == 1);
        }
    });
}

#[test]
fn trimmer_verilog_is_clean() {
    with_big_stack(|| {
        assert_clean(&Trimmer::<64>::default(), "trimmer");
        assert_clean(&Trimmer::<512>::default(), "trimmer");
    });
}
