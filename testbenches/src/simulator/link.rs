//! The cable, one direction: delay, and everything that may happen to a frame on the way.

use crate::random::Random;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a direction of the wire does to frames. Probabilities per frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Impairment {
    /// Cycles from one end to the other.
    pub delay: u64,
    /// The frame is lost.
    pub loss: f64,
    /// The frame is held back so that later ones overtake it.
    pub reorder: f64,
    /// The frame arrives twice.
    pub duplicate: f64,
    /// A bit of the frame is turned over: half of these are marked as damaged, half get past the frame check.
    pub corrupt: f64,
}

impl Impairment {
    /// Loses, reorders and duplicates one frame in `1 / rate` each.
    pub fn all(rate: f64) -> Self {
        Impairment { loss: rate, reorder: rate, duplicate: rate, ..Impairment::default() }
    }

    /// Whether a segment may come when its connection is over: a second time, or later than others sent after it.
    pub fn repeats(&self) -> bool {
        self.duplicate > 0.0 || self.reorder > 0.0
    }
}

/// A frame on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Destination address to payload, without frame check sequence.
    pub bytes: Vec<u8>,
    /// The frame check failed.
    pub damaged: bool,
}

/// A held frame waits as long as this many full frames take.
const HELD_FRAMES: u64 = 4;

/// One direction.
pub struct Link {
    impairment: Impairment,
    random: Random,
    /// Due time and number of each frame; the number keeps frames of one time in order.
    frames: BinaryHeap<Reverse<(u64, u64)>>,
    bytes: std::collections::HashMap<u64, Frame>,
    next: u64,
    full_frame: u64,
    /// Frames that were lost, held, doubled, damaged.
    pub mishaps: [u64; 4],
}

impl Link {
    /// A direction with its own randomness. `full_frame` is how many cycles a frame of 1518 bytes takes.
    pub fn new(impairment: Impairment, seed: u64, full_frame: u64) -> Self {
        Link {
            impairment,
            random: Random::new(seed),
            frames: BinaryHeap::new(),
            bytes: Default::default(),
            next: 0,
            full_frame,
            mishaps: [0; 4],
        }
    }

    /// A frame enters at cycle `now`.
    pub fn send(&mut self, bytes: Vec<u8>, now: u64) {
        let Impairment { delay, loss, reorder, duplicate, corrupt } = self.impairment;
        if self.random.chance(loss) {
            self.mishaps[0] += 1;
            return;
        }
        let mut due = now + delay;
        if self.random.chance(reorder) {
            self.mishaps[1] += 1;
            due += self.random.within(1, HELD_FRAMES * self.full_frame);
        }
        let mut frame = Frame { bytes, damaged: false };
        if self.random.chance(duplicate) {
            self.mishaps[2] += 1;
            let again = due + self.random.below(HELD_FRAMES * self.full_frame);
            self.insert(frame.clone(), again);
        }
        if self.random.chance(corrupt) {
            self.mishaps[3] += 1;
            self.corrupt(&mut frame);
        }
        self.insert(frame, due);
    }

    /// When the next frame leaves.
    pub fn next_due(&self) -> Option<u64> {
        self.frames.peek().map(|Reverse((due, _))| *due)
    }

    /// The next frame, if it is due.
    pub fn receive(&mut self, now: u64) -> Option<Frame> {
        let Reverse((due, number)) = *self.frames.peek()?;
        if due > now {
            return None;
        }
        self.frames.pop();
        self.bytes.remove(&number)
    }

    /// Frames on the way.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    fn insert(&mut self, frame: Frame, due: u64) {
        self.frames.push(Reverse((due, self.next)));
        self.bytes.insert(self.next, frame);
        self.next += 1;
    }

    /// Past the frame check go only errors that the checksums of IP and TCP must find: one bit behind the Ethernet
    /// header of an IPv4 packet.
    fn corrupt(&mut self, frame: &mut Frame) {
        const ETHERNET: usize = 14;
        let ipv4 = frame.bytes.len() > ETHERNET && frame.bytes[12..14] == [0x08, 0x00];
        let first = if ipv4 { ETHERNET } else { 0 };
        let at = first + self.random.below((frame.bytes.len() - first) as u64) as usize;
        frame.bytes[at] ^= 1 << self.random.below(8);
        frame.damaged = !ipv4 || self.random.below(2) == 0;
    }
}
