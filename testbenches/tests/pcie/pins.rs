//! Packets at the pins, and the two ends of a channel.
use stevedore_testbenches::replay::{self, Compiled, Dut, FlatWord};

/// Dwords of a beat.
const LANES: usize = 8;

/// A number out of bits `from` up, `count` of them.
pub fn field(bits: &[bool], from: usize, count: usize) -> u64 {
    bits[from..from + count].iter().rev().fold(0, |value, &bit| value << 1 | u64::from(bit))
}

fn push(bits: &mut FlatWord, value: u64, count: usize) {
    bits.extend((0..count).map(|i| value >> i & 1 == 1));
}

/// The beats of a packet; `user` are the lowest bits of a side band of `width` bits.
pub fn beats(dwords: &[u32], user: u64, width: usize) -> Vec<FlatWord> {
    let count = dwords.len().div_ceil(LANES);
    let beat = |(i, lanes): (usize, &[u32])| {
        let mut bits = FlatWord::new();
        (0..LANES).for_each(|lane| push(&mut bits, lanes.get(lane).map_or(0xdead_beef, |&dword| dword.into()), 32));
        push(&mut bits, (1 << lanes.len()) - 1, LANES);
        push(&mut bits, u64::from(i + 1 == count), 1);
        push(&mut bits, user, width.min(64));
        push(&mut bits, 0, width.saturating_sub(64));
        bits
    };
    dwords.chunks(LANES).enumerate().map(beat).collect()
}

/// A packet that came.
#[derive(Clone, Debug, Default)]
pub struct Packet {
    pub dwords: Vec<u32>,
    /// Side band of the first beat.
    pub user: FlatWord,
}

/// Puts beats together. A packet that has begun must go on in every cycle.
#[derive(Default)]
pub struct Assembler {
    packet: Packet,
    inside: bool,
}

impl Assembler {
    /// A beat that was offered, and whether it was taken.
    pub fn see(&mut self, beat: Option<&FlatWord>, taken: bool) -> Option<Packet> {
        assert!(beat.is_some() || !self.inside, "a pause inside a packet");
        let beat = beat.filter(|_| taken)?;
        let keep = field(beat, 256, LANES);
        let count = keep.count_ones() as usize;
        let last = beat[264];
        assert!(keep == (1 << count) - 1 && count > 0, "keep {keep:#x}");
        assert!(last || count == LANES, "keep {keep:#x} before the last beat");
        if !self.inside {
            self.packet.user = beat[265..].to_vec();
        }
        self.packet.dwords.extend((0..count).map(|lane| field(beat, 32 * lane, 32) as u32));
        self.inside = !last;
        last.then(|| std::mem::take(&mut self.packet))
    }
}

/// Takes words from a source, and sees to it that what is offered holds still.
pub struct Tap {
    source: &'static str,
    willing: bool,
    waiting: Option<FlatWord>,
}

impl Tap {
    pub fn new(source: &'static str) -> Self {
        Tap { source, willing: false, waiting: None }
    }
    pub fn before(&mut self, dut: &mut Compiled, willing: bool) {
        self.willing = willing;
        dut.accept(self.source, willing);
    }
    /// What is offered, and whether it is taken.
    pub fn after(&mut self, dut: &Compiled) -> (Option<FlatWord>, bool) {
        let word = dut.word(self.source);
        if let Some(waiting) = self.waiting.take() {
            assert!(word.as_ref() == Some(&waiting), "{}: the word offered changed", self.source);
        }
        let taken = word.is_some() && self.willing;
        self.waiting = word.clone().filter(|_| !taken);
        (word, taken)
    }
}

/// A queue in front of a sink.
pub fn feed(sink: &'static str) -> replay::Feed {
    replay::Feed::new(sink, [])
}
