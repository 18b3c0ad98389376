//! The text of the link is clean, and its first block, alone, in both simulators.

use super::world::PARAMETERS;
use stevedore_abi::link::ETHER_TYPE;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::Beat;
use stevedore_rtl::link::{HostLink, LinkDemultiplexer};
use stevedore_testbenches::random::Random;
use stevedore_testbenches::replay::{number, Dut, FlatWord};
use stevedore_testbenches::stepped;
use stevedore_verilated::{lint, yosys};

#[test]
fn verilog_is_clean() {
    let text = with_big_stack(|| verilog(&HostLink::new(&PARAMETERS), "host_link"));
    if let Ok(dir) = std::env::var("STEVEDORE_VERILOG") {
        std::fs::write(format!("{dir}/host_link.v"), &text).expect("a writable directory");
    }
    lint(&text, "host_link", &[]).unwrap_or_else(|findings| panic!("{findings}"));
    let report = yosys::check(&text, "host_link").expect("yosys");
    assert!(report.is_clean(), "{report}");
}

/// Frames of every length around the edges of a beat, of both types, to a store that stalls: the engine gets the others
/// whole and at once; of the link's the store gets each whole, or ended as damaged, or not at all, and what it did not
/// get whole is counted.
#[test]
fn frames_are_told_apart_and_lost_ones_are_ended() {
    for (seed, stall) in [(1u64, 0u64), (2, 10), (3, 60), (4, 97)] {
        println!("seed {seed}, stall {stall} %");
        let mut random = Random::new(seed);
        let mut dut = stepped!(LinkDemultiplexer::default(), sinks: [s_frame], sources: [m_engine, m_link]);
        dut.reset();
        let mut words: Vec<FlatWord> = Vec::new();
        let (mut link, mut others) = (Vec::new(), Vec::new());
        for index in 0..120u64 {
            let length = [1, 8, 9, 15, 16, 17, 24, 60, 61, 64, 100][random.below(11) as usize];
            let ours = random.percent(50);
            let mut frame: Vec<u8> = (0..length).map(|at| (at * 3 + index) as u8).collect();
            if length >= 16 {
                let kind = if ours { ETHER_TYPE } else { ETHER_TYPE ^ (1 << random.below(16)) };
                frame[12..14].copy_from_slice(&kind.to_be_bytes());
            }
            let typed = length >= 14 && frame[12..14] == ETHER_TYPE.to_be_bytes();
            let error = random.percent(10);
            let beats = frame.chunks(8).enumerate().map(|(at, bytes)| {
                let data = bytes.iter().rev().fold(0u64, |word, &byte| word << 8 | u64::from(byte));
                let last = 8 * (at + 1) >= frame.len();
                let count = (bytes.len() as u64).into();
                Beat::<64> { data: data.into(), count, last, error: error && last }.to_flat()
            });
            words.extend(beats);
            if typed { &mut link } else { &mut others }.push((frame, error));
        }
        let (mut engine, mut store, mut lost) = (Vec::new(), Vec::new(), 0);
        let (mut parts, mut at, mut idle) = ([Vec::new(), Vec::new()], 0, 0);
        while idle < 20 {
            let offers = at < words.len() && !random.percent(20);
            dut.offer("s_frame", words.get(at).filter(|_| offers).map(Vec::as_slice));
            dut.accept("m_engine", true);
            // Behind the last frame the store takes what it is owed.
            let takes = at == words.len() || !random.percent(stall);
            dut.accept("m_link", takes);
            dut.settle();
            assert!(dut.ready("s_frame"));
            at += usize::from(offers);
            idle += usize::from(at == words.len());
            for (index, (name, got)) in [("m_engine", &mut engine), ("m_link", &mut store)].into_iter().enumerate() {
                let Some(word) = dut.word(name).filter(|_| index == 0 || takes) else { continue };
                let beat = Beat::<64>::from_flat(&word);
                parts[index].extend(&number(beat.data).to_le_bytes()[..number(beat.count) as usize]);
                if beat.last {
                    got.push((std::mem::take(&mut parts[index]), beat.error));
                }
            }
            lost += usize::from(dut.bench.uut.lost.val());
            dut.step();
        }
        assert!(engine == others, "seed {seed}");
        assert!(parts.iter().all(Vec::is_empty), "a frame without an end");
        // What came whole is in order; what did not is damaged.
        let (mut rest, mut delivered) = (&link[..], 0);
        for got in &store {
            match rest.iter().position(|frame| frame == got) {
                Some(place) => (rest, delivered) = (&rest[place + 1..], delivered + 1),
                None => assert!(got.1, "seed {seed}: a frame that nobody sent"),
            }
        }
        assert_eq!(delivered + lost, link.len(), "seed {seed}");
        assert!(stall == 0 || lost > 0);
        dut.replay("link_demultiplexer").unwrap();
    }
}
