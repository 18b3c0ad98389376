//! Feeds, drains, random numbers and packets for the tests of this binary.
use std::ops::Deref;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::Beat;
pub use stevedore_testbenches::random::Random;
use stevedore_testbenches::replay::{self, Dut, FlatWord};

/// How often a side of a channel is willing, in percent: never stalled, random, heavily stalled.
pub const PACES: [u64; 3] = [100, 60, 15];

/// Offers words to a sink.
pub struct Feed {
    feed: replay::Feed,
    pace: u64,
}

impl Feed {
    pub fn new(sink: &'static str, words: impl IntoIterator<Item = FlatWord>, pace: u64) -> Self {
        Feed { feed: replay::Feed::new(sink, words), pace }
    }
    pub fn before(&mut self, dut: &mut dyn Dut, random: &mut Random) {
        self.feed.offer(dut, || random.percent(self.pace));
    }
    pub fn after(&mut self, dut: &dyn Dut) {
        self.feed.take(dut);
    }
}

impl Deref for Feed {
    type Target = replay::Feed;

    fn deref(&self) -> &replay::Feed {
        &self.feed
    }
}

/// Takes words from a source, and sees to it that what is offered holds still.
pub struct Drain {
    source: &'static str,
    pace: u64,
    willing: bool,
    waiting: Option<FlatWord>,
    pub words: Vec<FlatWord>,
    /// Cycle in which each word was taken.
    pub taken: Vec<u64>,
}

impl Drain {
    pub fn new(source: &'static str, pace: u64) -> Self {
        Drain { source, pace, willing: false, waiting: None, words: Vec::new(), taken: Vec::new() }
    }
    pub fn before(&mut self, dut: &mut dyn Dut, random: &mut Random) {
        self.willing = random.percent(self.pace);
        dut.accept(self.source, self.willing);
    }
    pub fn after(&mut self, dut: &dyn Dut) {
        let word = dut.word(self.source);
        if let Some(waiting) = self.waiting.take() {
            assert!(
                word.as_ref() == Some(&waiting),
                "{}: cycle {}: the word offered changed",
                self.source,
                dut.cycle()
            );
        }
        match word {
            Some(word) if self.willing => {
                self.words.push(word);
                self.taken.push(dut.cycle());
            }
            word => self.waiting = word,
        }
    }
}

/// Runs until `done`, at most `limit` cycles.
pub fn run(
    dut: &mut dyn Dut,
    random: &mut Random,
    feeds: &mut [&mut Feed],
    drains: &mut [&mut Drain],
    limit: u64,
    mut done: impl FnMut(&[&mut Feed], &[&mut Drain]) -> bool,
) {
    let end = dut.cycle() + limit;
    while !done(feeds, drains) {
        assert!(dut.cycle() < end, "not done after {limit} cycles");
        feeds.iter_mut().for_each(|feed| feed.before(dut, random));
        drains.iter_mut().for_each(|drain| drain.before(dut, random));
        dut.settle();
        feeds.iter_mut().for_each(|feed| feed.after(dut));
        drains.iter_mut().for_each(|drain| drain.after(dut));
        dut.step();
    }
}

/// A packet on a byte stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    pub bytes: Vec<u8>,
    pub error: bool,
}

/// `Bits` holding `bytes`, the first one lowest.
pub fn data_of<const W: usize>(bytes: &[u8]) -> Bits<W> {
    let bits: Vec<bool> = (0..W).map(|i| bytes.get(i / 8).is_some_and(|byte| byte >> (i % 8) & 1 == 1)).collect();
    Bits::from_flat(&bits)
}

/// The bytes of `data`.
pub fn bytes_of<const W: usize>(data: Bits<W>) -> Vec<u8> {
    data.to_flat().chunks(8).map(|byte| byte.iter().rev().fold(0, |value, &bit| value << 1 | u8::from(bit))).collect()
}

/// The beats of a packet.
pub fn beats_of<const W: usize>(packet: &Packet) -> Vec<FlatWord> {
    let count = packet.bytes.len().div_ceil(W / 8);
    let beat = |(i, bytes): (usize, &[u8])| Beat::<W> {
        data: data_of(bytes),
        count: bits(bytes.len() as u64),
        last: i + 1 == count,
        error: i + 1 == count && packet.error,
    };
    packet.bytes.chunks(W / 8).enumerate().map(beat).map(Beat::to_flat).collect()
}

/// The packets in a sequence of beats, all of which must be dense; the last may be incomplete, then it is left out.
pub fn packets_of<const W: usize>(beats: &[FlatWord]) -> Vec<Packet> {
    let mut packets = Vec::new();
    let mut bytes = Vec::new();
    for beat in beats.iter().map(|beat| Beat::<W>::from_flat(beat)) {
        let count = beat.count.index();
        assert!((1..=W / 8).contains(&count) && (beat.last || count == W / 8), "count {count}, last {}", beat.last);
        assert!(beat.last || !beat.error, "error without last");
        bytes.extend_from_slice(&bytes_of(beat.data)[..count]);
        if beat.last {
            packets.push(Packet { bytes: std::mem::take(&mut bytes), error: beat.error });
        }
    }
    packets
}

/// Number of packets that have ended in a sequence of beats.
pub fn ended<const W: usize>(beats: &[FlatWord]) -> usize {
    beats.iter().filter(|beat| Beat::<W>::from_flat(beat).last).count()
}

/// No lint finding in the block's Verilog.
pub fn assert_clean(block: &impl Block, name: &str) {
    stevedore_verilated::lint(&verilog(block, name), name, &[]).unwrap();
}
