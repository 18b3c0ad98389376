//! Host memory and the DMA reader, as plain Rust.
use crate::stall::Stall;
use rand::rngs::StdRng;
use rand::Rng;
use std::collections::VecDeque;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_testbenches::replay::number;

/// The byte of host memory at `address`: every address has its own.
pub fn byte_at(address: u64) -> u8 {
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

/// Two runs of memory have a byte in common.
pub fn overlap(a: (u64, u64), b: (u64, u64)) -> bool {
    u128::from(a.0) < u128::from(b.0) + u128::from(b.1) && u128::from(b.0) < u128::from(a.0) + u128::from(a.1)
}

/// How the reader behaves.
#[derive(Clone, Copy, Debug)]
pub struct ReaderHabits {
    pub stall: Stall,
    /// Longest time from a packet's last piece to its first beat, cycles.
    pub latency: u64,
    /// A packet in how many fails; 0 for none.
    pub error_in: u32,
}

struct Packet {
    /// The runs of memory it is read from.
    runs: Vec<(u64, u64)>,
    bytes: VecDeque<u8>,
    due: u64,
    error: bool,
}

/// Gathers pieces into packets and sends each after a while.
pub struct Reader {
    habits: ReaderHabits,
    gathered: VecDeque<u8>,
    runs: Vec<(u64, u64)>,
    packets: VecDeque<Packet>,
    last_due: u64,
    /// The pieces taken, for the scoreboard.
    pub taken: VecDeque<Piece>,
    /// For every packet, in order: it fails.
    pub failed: VecDeque<bool>,
    /// Packets that wait or are being sent.
    pub most_waiting: usize,
}

impl Reader {
    pub fn new(habits: ReaderHabits) -> Self {
        Reader {
            habits,
            gathered: VecDeque::new(),
            runs: Vec::new(),
            packets: VecDeque::new(),
            last_due: 0,
            taken: VecDeque::new(),
            failed: VecDeque::new(),
            most_waiting: 0,
        }
    }

    pub fn take(&mut self, piece: Piece, cycle: u64, rng: &mut StdRng) {
        self.taken.push_back(piece);
        let address = number(piece.address);
        self.runs.push((address, number(piece.length)));
        self.gathered.extend((0..number(piece.length)).map(|i| byte_at(address.wrapping_add(i))));
        if piece.last {
            let mut bytes = std::mem::take(&mut self.gathered);
            let error = self.habits.error_in > 0 && rng.random_range(0..self.habits.error_in) == 0;
            if error {
                bytes.truncate(rng.random_range(1..=bytes.len()));
                bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
            }
            self.last_due = self.last_due.max(cycle + rng.random_range(self.habits.latency / 2..=self.habits.latency));
            self.failed.push_back(error);
            let runs = std::mem::take(&mut self.runs);
            self.packets.push_back(Packet { runs, bytes, due: self.last_due, error });
            self.most_waiting = self.most_waiting.max(self.packets.len());
        }
    }

    /// The beat of this cycle; the transmitter always takes it.
    pub fn beat<const W: usize>(&mut self, cycle: u64, rng: &mut StdRng) -> Option<Beat<W>> {
        let packet = self.packets.front_mut()?;
        if cycle < packet.due || !self.habits.stall.go(rng) {
            return None;
        }
        let count = packet.bytes.len().min(W / 8);
        let last = packet.bytes.len() == count;
        let error = last && packet.error;
        let mut data = Bits::<W>::default();
        for lane in 0..W / 8 {
            // Lanes behind the end are undefined.
            let byte = if lane < count { packet.bytes.pop_front().unwrap() } else { rng.random() };
            data.set_bits::<8>(lane * 8, u64::from(byte).into());
        }
        if last {
            self.packets.pop_front();
        }
        Some(Beat { data, count: (count as u64).into(), last, error })
    }

    /// Bytes of this run of memory are still to be delivered.
    pub fn reads(&self, address: u64, length: u64) -> bool {
        let mut runs = self.packets.iter().flat_map(|packet| &packet.runs).chain(&self.runs);
        runs.any(|&run| overlap(run, (address, length)))
    }

    pub fn idle(&self) -> bool {
        self.packets.is_empty() && self.gathered.is_empty()
    }
}
