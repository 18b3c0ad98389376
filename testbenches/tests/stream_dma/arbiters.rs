//! `stream::FrameArbiter`, `dma::ReadArbiter`, `dma::WriteArbiter`, and a single `PingPong`.
use crate::harness::*;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{Beat, ReadCompletion, ReadRequest, WriteBeat};
use stevedore_rtl::dma::{ReadArbiter, WriteArbiter};
use stevedore_rtl::stream::FrameArbiter;
use stevedore_testbenches::replay::{Compiled, Dut, FlatWord};
use stevedore_testbenches::stepped;

/// Words that end packets, by a mark of the test's own.
struct Kind {
    sinks: &'static [&'static str],
    source: &'static str,
    word: fn(data: u64, last: bool) -> FlatWord,
    data: fn(&[bool]) -> (u64, bool),
}

const FRAMES: Kind = Kind {
    sinks: &["s_frame_0", "s_frame_1", "s_frame_2"],
    source: "m_frame",
    word: |data, last| Beat::<64> { data: bits(data), count: bits(8), last, error: false }.to_flat(),
    data: |word| {
        let beat = Beat::<64>::from_flat(word);
        (beat.data.to_u64(), beat.last)
    },
};

const WRITES: Kind = Kind {
    sinks: &["s_write_0", "s_write_1", "s_write_2"],
    source: "m_write",
    word: |data, last| {
        WriteBeat::<64, 8> {
            address: bits(data),
            data: bits(data),
            strobe: bits(255),
            last,
            may_pass: false,
            placement_ends: false,
        }
        .to_flat()
    },
    data: |word| {
        let beat = WriteBeat::<64, 8>::from_flat(word);
        assert_eq!(beat.data, beat.address);
        (beat.data.to_u64(), beat.last)
    },
};

const REQUESTS: Kind = Kind {
    sinks: &["s_request_0", "s_request_1", "s_request_2"],
    source: "m_request",
    word: |data, _| ReadRequest { address: bits(data), length: bits(1), tag: bits(data >> 62) }.to_flat(),
    data: |word| (ReadRequest::from_flat(word).address.to_u64(), true),
};

/// Packets of the first `inputs` inputs; the two highest bits of the data name the input, the rest counts.
fn merges(dut: &mut dyn Dut, kind: &Kind, inputs: usize, seed: u64, packets: usize) {
    for pace in PACES {
        println!("{}: {inputs} inputs, seed {seed}, pace {pace}", kind.source);
        let mut random = Random::new(seed);
        let mut sent: Vec<Vec<(u64, bool)>> = Vec::new();
        for input in 0..inputs as u64 {
            let lasts: Vec<bool> = (0..packets)
                .flat_map(|_| (0..random.within(1, 5)).rev().map(|left| left == 0).collect::<Vec<_>>())
                .map(|last| last || kind.source == "m_request")
                .collect();
            sent.push(lasts.into_iter().enumerate().map(|(i, last)| (input << 62 | i as u64, last)).collect());
        }
        let words = |i: usize| sent[i].iter().map(|&(data, last)| (kind.word)(data, last)).collect::<Vec<_>>();
        let mut feeds: Vec<Feed> = (0..inputs).map(|i| Feed::new(kind.sinks[i], words(i), pace)).collect();
        let mut drain = Drain::new(kind.source, pace);
        dut.reset();
        let total: usize = sent.iter().map(Vec::len).sum();
        let mut feeding: Vec<&mut Feed> = feeds.iter_mut().collect();
        run(dut, &mut random, &mut feeding, &mut [&mut drain], 100 + 100 * total as u64, |_, d| {
            d[0].words.len() == total
        });
        let got: Vec<(u64, bool)> = drain.words.iter().map(|word| (kind.data)(word)).collect();
        for input in 0..inputs as u64 {
            let own: Vec<_> = got.iter().copied().filter(|word| word.0 >> 62 == input).collect();
            assert_eq!(own, sent[input as usize], "every word of input {input}, in order");
        }
        for pair in got.windows(2).filter(|pair| !pair[0].1) {
            assert_eq!(pair[0].0 >> 62, pair[1].0 >> 62, "a packet is whole");
        }
        if pace == 100 {
            assert_eq!(drain.taken.last().unwrap() - drain.taken[0] + 1, total as u64, "no bubble");
            let owners: Vec<u64> = got.iter().filter(|word| word.1).map(|word| word.0 >> 62).collect();
            // As long as all of them have something: each has at least so many packets.
            let ring: Vec<u64> = (0..packets).map(|turn| (turn % inputs) as u64).collect();
            assert_eq!(owners[..packets], ring, "everybody in turn");
        }
    }
}

#[test]
fn frames_pass_whole_and_take_turns() {
    with_big_stack(|| {
        let mut dut =
            stepped!(FrameArbiter::<64, 3>::default(), sinks: [s_frame[0], s_frame[1], s_frame[2]], sources: [m_frame]);
        merges(&mut dut, &FRAMES, 3, 1, 20);
        dut.replay("frame_arbiter").unwrap();
    });
}

#[test]
fn bursts_pass_whole_and_take_turns() {
    with_big_stack(|| {
        let arbiter = WriteArbiter::<64, 8, 3>::default();
        let mut dut = stepped!(arbiter, sinks: [s_write[0], s_write[1], s_write[2]], sources: [m_write]);
        merges(&mut dut, &WRITES, 3, 1, 20);
        dut.replay("write_arbiter").unwrap();
    });
}

#[test]
fn requests_take_turns_and_answers_go_by_tag() {
    with_big_stack(|| {
        let mut dut = stepped!(
            ReadArbiter::<64, 3>::new([0, 32, 40]),
            sinks: [s_request[0], s_request[1], s_request[2], s_completion],
            sources: [m_request, m_completion[0], m_completion[1], m_completion[2]]
        );
        // Several seeds: an offer must stand although the other input begins to ask.
        for seed in 0..8 {
            merges(&mut dut, &REQUESTS, 3, seed, 40);
        }
        for pace in PACES {
            let mut random = Random::new(pace);
            let answer = |i: u64, tag: u64| ReadCompletion::<64> {
                data: bits(i),
                tag: bits(tag),
                last: i.is_multiple_of(3),
                error: i.is_multiple_of(9),
            };
            let answers: Vec<_> = (0..60).map(|i| answer(i, random.below(64))).collect();
            let mut feed = Feed::new("s_completion", answers.iter().map(|answer| answer.to_flat()), pace);
            let mut first = Drain::new("m_completion_0", pace);
            let mut second = Drain::new("m_completion_1", pace);
            let mut third = Drain::new("m_completion_2", pace);
            run(&mut dut, &mut random, &mut [&mut feed], &mut [&mut first, &mut second, &mut third], 5000, |_, d| {
                d.iter().map(|drain| drain.words.len()).sum::<usize>() == 60
            });
            let own = |tags: std::ops::Range<u64>| -> Vec<FlatWord> {
                let owned = answers.iter().filter(|answer| tags.contains(&answer.tag.to_u64()));
                owned.map(|answer| answer.to_flat()).collect()
            };
            assert!(first.words == own(0..32) && second.words == own(32..40) && third.words == own(40..256));
        }
        dut.replay("read_arbiter").unwrap();
    });
}

#[test]
fn long_sweep_of_packets_passes() {
    with_big_stack(|| {
        let mut frames = Compiled::new(&FrameArbiter::<64, 2>::default(), "frame_arbiter").unwrap();
        let mut writes = Compiled::new(&WriteArbiter::<64, 8, 3>::default(), "write_arbiter").unwrap();
        for seed in 0..20 {
            merges(&mut frames, &FRAMES, 2, seed, 300);
            merges(&mut writes, &WRITES, 3, seed, 300);
        }
    });
}

#[test]
fn arbiter_verilog_is_clean() {
    with_big_stack(|| {
        assert_clean(&FrameArbiter::<64, 2>::default(), "frame_arbiter");
        assert_clean(&FrameArbiter::<512, 4>::default(), "frame_arbiter");
        assert_clean(&WriteArbiter::<512, 64, 4>::default(), "write_arbiter");
        assert_clean(&ReadArbiter::<512, 4>::new([0, 128, 132, 136]), "read_arbiter");
    });
}

#[test]
fn single_ping_pong_passes_every_word_in_order() {
    with_big_stack(|| {
        let mut dut = stepped!(PingPong::<Bits<8>>::single(), sinks: [s_in], sources: [m_out]);
        for pace in PACES {
            let words: Vec<FlatWord> = (0..100u64).map(|i| bits::<8>(i).to_flat()).collect();
            let mut feed = Feed::new("s_in", words.clone(), pace);
            let mut drain = Drain::new("m_out", pace);
            dut.reset();
            run(&mut dut, &mut Random::new(5), &mut [&mut feed], &mut [&mut drain], 100_000, |_, d| {
                d[0].words.len() == words.len()
            });
            assert_eq!(drain.words, words);
            assert!(pace < 100 || drain.taken[99] - drain.taken[0] == 198, "a word every two cycles");
        }
        dut.replay("single").unwrap();
        assert_clean(&PingPong::<Bits<8>>::single(), "single");
    });
}
