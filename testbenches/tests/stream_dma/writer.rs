//! `dma::Writer`.
use crate::harness::*;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{Piece, WriteBeat};
use stevedore_rtl::dma::Writer;
use stevedore_testbenches::replay::{Compiled, Dut, FlatWord};
use stevedore_testbenches::stepped;

const MAXIMUM_WRITE: u64 = 256;

/// A packet and where its bytes go.
pub struct Scatter {
    pub pieces: Vec<(u64, u32)>,
    pub bytes: Vec<u8>,
}

impl Scatter {
    /// Pieces of `least` to `most` bytes at any address.
    fn random(random: &mut Random, pieces: u64, least: u64, most: u64) -> Self {
        let piece = |random: &mut Random| {
            // Near a page border, often.
            let page = random.next() << 12;
            let address =
                if random.percent(30) { page.wrapping_sub(random.below(300)) } else { page + random.below(4096) };
            (address & ((1 << 52) - 1), random.within(least, most) as u32)
        };
        let pieces: Vec<_> = (0..random.within(1, pieces)).map(|_| piece(random)).collect();
        let total = pieces.iter().map(|piece| piece.1 as usize).sum();
        Scatter { pieces, bytes: random.bytes(total) }
    }

    fn words(&self) -> Vec<FlatWord> {
        pieces_of(&self.pieces)
    }

    /// Every byte with its address, in order.
    fn writes(&self) -> Vec<(u64, u8)> {
        let addresses = self.pieces.iter().flat_map(|&(address, length)| address..address + u64::from(length));
        addresses.zip(self.bytes.iter().copied()).collect()
    }
}

/// The words of a packet's pieces.
pub fn pieces_of(pieces: &[(u64, u32)]) -> Vec<FlatWord> {
    let count = pieces.len();
    let piece = |(i, &(address, length)): (usize, &(u64, u32))| Piece {
        address: bits(address),
        length: bits(length.into()),
        last: i + 1 == count,
    };
    pieces.iter().enumerate().map(piece).map(Piece::to_flat).collect()
}

/// Every byte written with its address; checks the rules of bursts.
fn written<const W: usize, const K: usize>(beats: &[FlatWord]) -> Vec<(u64, u8)> {
    let mut writes = Vec::new();
    let mut burst: Option<u64> = None;
    for beat in beats.iter().map(|beat| WriteBeat::<W, K>::from_flat(beat)) {
        let address = beat.address.to_u64();
        assert_eq!(address % K as u64, 0, "address {address:#x}");
        if let Some(before) = burst {
            assert_eq!(address, before + K as u64, "the burst goes on");
            assert_ne!(address % MAXIMUM_WRITE, 0, "the burst crosses {address:#x}");
        }
        let strobe = beat.strobe.to_flat();
        let runs = strobe.windows(2).filter(|pair| pair[1] && !pair[0]).count() + usize::from(strobe[0]);
        assert_eq!(runs, 1, "strobe {strobe:?}");
        let bytes = bytes_of(beat.data).into_iter().enumerate().filter(|(lane, _)| strobe[*lane]);
        writes.extend(bytes.map(|(lane, byte)| (address + lane as u64, byte)));
        burst = (!beat.last).then_some(address);
    }
    assert!(burst.is_none(), "a burst without end");
    writes
}

/// Writes the packets; returns the cycles from the first write to the last.
fn writes<const W: usize, const K: usize>(
    dut: &mut dyn Dut,
    random: &mut Random,
    packets: &[Scatter],
    pace: u64,
) -> u64 {
    let beats = packets.iter().flat_map(|packet| beats_of::<W>(&Packet { bytes: packet.bytes.clone(), error: false }));
    let mut pieces = Feed::new("s_piece", packets.iter().flat_map(Scatter::words), pace);
    let mut feed = Feed::new("s_beat", beats, pace);
    let mut drain = Drain::new("m_write", pace);
    let expected: Vec<(u64, u8)> = packets.iter().flat_map(Scatter::writes).collect();
    dut.reset();
    let limit = 500 + 100 * expected.len() as u64;
    let mut quiet = 0;
    run(dut, random, &mut [&mut pieces, &mut feed], &mut [&mut drain], limit, |feeds, _| {
        quiet += u64::from(feeds.iter().all(|feed| feed.words.is_empty()));
        quiet > 200
    });
    let got = written::<W, K>(&drain.words);
    assert!(got == expected, "{} bytes written, {} expected", got.len(), expected.len());
    drain.taken.last().unwrap() - drain.taken[0] + 1
}

fn sweep<const W: usize, const K: usize>(dut: &mut dyn Dut, seed: u64, packets: usize, most: u64) {
    for pace in PACES {
        println!("seed {seed}, pace {pace}");
        let mut random = Random::new(seed);
        let small = random.percent(50);
        let most = if small { K as u64 + 2 } else { most };
        let packets: Vec<Scatter> = (0..packets).map(|_| Scatter::random(&mut random, 5, 1, most)).collect();
        let cycles = writes::<W, K>(dut, &mut random, &packets, pace);
        if pace == 100 {
            // One word of memory per cycle, never a bubble.
            let words =
                |&(address, length): &(u64, u32)| (address + u64::from(length) - 1) / K as u64 - address / K as u64 + 1;
            assert_eq!(cycles, packets.iter().flat_map(|packet| packet.pieces.iter().map(words)).sum::<u64>());
        }
    }
}

fn steps<const W: usize, const K: usize>(packets: usize) {
    let mut dut = stepped!(Writer::<W, K>::new(MAXIMUM_WRITE as usize), sinks: [s_piece, s_beat], sources: [m_write]);
    for seed in 1..4 {
        sweep::<W, K>(&mut dut, seed, packets, 600);
    }
    dut.replay("writer").unwrap();
}

#[test]
fn packets_are_scattered_over_pieces_of_any_alignment() {
    with_big_stack(|| steps::<64, 8>(5));
}

#[test]
fn packets_are_scattered_over_pieces_of_any_alignment_512() {
    with_big_stack(|| steps::<512, 64>(2));
}

#[test]
fn long_sweep_of_scattered_packets_is_written() {
    with_big_stack(|| {
        let mut narrow = Compiled::new(&Writer::<64, 8>::new(MAXIMUM_WRITE as usize), "writer").unwrap();
        let mut wide = Compiled::new(&Writer::<512, 64>::new(MAXIMUM_WRITE as usize), "writer").unwrap();
        for seed in 0..20 {
            sweep::<64, 8>(&mut narrow, seed, 40, 2000);
            sweep::<512, 64>(&mut wide, seed, 40, 9000);
        }
    });
}

#[test]
fn first_write_follows_four_cycles_after_the_piece() {
    with_big_stack(|| {
        let mut dut = Compiled::new(&Writer::<64, 8>::new(MAXIMUM_WRITE as usize), "writer").unwrap();
        let packet = Packet { bytes: vec![1; 50], error: false };
        let mut pieces = Feed::new("s_piece", pieces_of(&[(0x1003, 50)]), 100);
        let mut feed = Feed::new("s_beat", beats_of::<64>(&packet), 100);
        let mut drain = Drain::new("m_write", 100);
        dut.reset();
        run(&mut dut, &mut Random::new(1), &mut [&mut pieces, &mut feed], &mut [&mut drain], 50, |_, d| {
            d[0].words.len() == 7
        });
        assert_eq!((drain.taken[0] - pieces.taken[0], drain.taken[0] - feed.taken[0]), (4, 1));
    });
}

/// T1, R1: what is counted as written was written: a piece ends with the word that has its last byte, a packet with
/// that of its last piece.
#[test]
fn the_last_word_of_a_piece_and_of_a_packet_is_marked() {
    with_big_stack(|| {
        let mut dut = Compiled::new(&Writer::<64, 8>::new(MAXIMUM_WRITE as usize), "writer").unwrap();
        let mut random = Random::new(7);
        let packets: Vec<Scatter> = (0..200).map(|_| Scatter::random(&mut random, 5, 1, 700)).collect();
        let words: Vec<_> = packets.iter().flat_map(|packet| packet.words()).collect();
        let beats = packets.iter().flat_map(|p| beats_of::<64>(&Packet { bytes: p.bytes.clone(), error: false }));
        let mut pieces = Feed::new("s_piece", words, 60);
        let mut feed = Feed::new("s_beat", beats.collect::<Vec<_>>(), 60);
        let mut drain = Drain::new("m_write", 60);
        dut.reset();
        let piece_ends = dut.model.port("piece_ends");
        // Bytes written so far at every mark.
        let mut marks: [Vec<usize>; 2] = [vec![], vec![]];
        let total: usize = packets.iter().map(|packet| packet.bytes.len()).sum();
        let mut bytes = 0;
        while bytes < total {
            pieces.before(&mut dut, &mut random);
            feed.before(&mut dut, &mut random);
            drain.before(&mut dut, &mut random);
            dut.settle();
            let piece_ends = dut.model.get(piece_ends) == 1;
            pieces.after(&dut);
            feed.after(&dut);
            let before = drain.words.len();
            drain.after(&dut);
            if drain.words.len() > before {
                let word = WriteBeat::<64, 8>::from_flat(&drain.words[before]);
                bytes += word.strobe.to_flat().iter().filter(|&&lane| lane).count();
                for (marks, now) in marks.iter_mut().zip([piece_ends, word.placement_ends]) {
                    marks.extend(now.then_some(bytes));
                }
            }
            dut.step();
        }
        let sums = |lengths: Vec<usize>| -> Vec<usize> {
            lengths
                .iter()
                .scan(0, |sum, length| {
                    Some({
                        *sum += length;
                        *sum
                    })
                })
                .collect()
        };
        let lengths = packets.iter().flat_map(|packet| packet.pieces.iter().map(|&(_, length)| length as usize));
        assert_eq!(marks[0], sums(lengths.collect()), "pieces");
        assert_eq!(marks[1], sums(packets.iter().map(|packet| packet.bytes.len()).collect()), "packets");
    });
}

#[test]
fn writer_verilog_is_clean() {
    with_big_stack(|| {
        assert_clean(&Writer::<64, 8>::new(256), "writer");
        assert_clean(&Writer::<512, 64>::new(256), "writer");
    });
}
