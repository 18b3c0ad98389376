//! The reading half of the bus: requests in, completions out, as slow and as disorderly as a real one.

use super::memory::{Access, HostMemory};
use super::packets::{PacketOptions, Packets};
use super::ports::{word_of, Changed, Inputs, Outputs};
use crate::random::Random;
use std::collections::VecDeque;
use std::ops::Range;
use stevedore_driver::Purpose;

/// How the bus behaves, both ways. Cycles and probabilities per beat or request.
#[derive(Clone, Debug)]
pub struct BusOptions {
    /// Seed of everything random here.
    pub seed: u64,
    /// Cycles from a read request to its first beat.
    pub latency: u64,
    /// Up to this many more, drawn for each request.
    pub jitter: u64,
    /// Requests taken before the first is answered.
    pub outstanding: usize,
    /// Answers may overtake each other.
    pub reorder: bool,
    /// Answers may be cut at multiples of 64 bytes and mixed with others.
    pub split: bool,
    /// Probability that a read request waits a cycle.
    pub request_stall: f64,
    /// Probability that a completion beat is late by a cycle.
    pub completion_stall: f64,
    /// Probability that a write beat waits a cycle.
    pub write_stall: f64,
    /// Probability that a payload read fails.
    pub error: f64,
    /// Probability that an idle cycle carries a beat nobody asked for.
    pub stray: f64,
    /// Reads that touch one of these runs fail.
    pub error_ranges: Vec<Range<u64>>,
    /// What packets cost, and how many bytes a cycle the bus carries.
    pub packets: PacketOptions,
    /// Longest read request allowed: a power of two from 128 on.
    pub maximum_read: u32,
    /// Longest write burst allowed: a power of two from 128 on.
    pub maximum_write: u32,
}

impl Default for BusOptions {
    /// PCIe-like: 1 us at 156.25 MHz, a little jitter, no faults.
    fn default() -> Self {
        BusOptions {
            seed: 1,
            latency: 150,
            jitter: 20,
            outstanding: 256,
            reorder: false,
            split: false,
            request_stall: 0.0,
            completion_stall: 0.0,
            write_stall: 0.0,
            error: 0.0,
            stray: 0.0,
            error_ranges: Vec::new(),
            packets: PacketOptions::default(),
            maximum_read: 512,
            maximum_write: 256,
        }
    }
}

/// A tag that the small engine never gives out.
const STRAY_TAG: u8 = 255;

impl BusOptions {
    /// Everything unpleasant that is still legal: overtaking, cutting, stalling, long jitter.
    pub fn rough(seed: u64) -> Self {
        BusOptions {
            seed,
            latency: 40,
            jitter: 200,
            reorder: true,
            split: true,
            request_stall: 0.2,
            completion_stall: 0.2,
            write_stall: 0.3,
            ..BusOptions::default()
        }
    }
}

/// A read being answered: its words, padded with noise to whole beats.
struct Answer {
    tag: u8,
    due: u64,
    words: Vec<u8>,
    next: usize,
    /// Bus address of the first byte of `words`.
    address: u64,
    /// The bytes of `words` that were asked for.
    wanted: Range<usize>,
    /// The next beat begins a packet.
    header: bool,
    failed: bool,
    /// What is read, unless it failed: then memory is not touched.
    access: Option<Access>,
}

/// The model.
pub struct ReadBus {
    options: BusOptions,
    random: Random,
    bytes: usize,
    /// In the order of arrival.
    answers: VecDeque<Answer>,
    /// The answer whose beats are on the bus.
    current: Option<usize>,
    tags: [bool; 256],
    spare: Vec<Vec<u8>>,
    /// Read requests taken.
    pub requests: u64,
    /// Of these, answered with an error.
    pub errors: u64,
    /// Beats that nobody asked for.
    pub strays: u64,
    /// Most reads ever outstanding at once.
    pub deepest: usize,
}

impl ReadBus {
    /// For an engine with words of `bytes` bytes.
    pub fn new(options: BusOptions, bytes: usize) -> Self {
        ReadBus {
            random: Random::new(options.seed),
            options,
            bytes,
            answers: VecDeque::new(),
            current: None,
            tags: [false; 256],
            spare: Vec::new(),
            requests: 0,
            errors: 0,
            strays: 0,
            deepest: 0,
        }
    }

    /// The behaviour, to be changed while running.
    pub fn options_mut(&mut self) -> &mut BusOptions {
        &mut self.options
    }

    /// Sets this cycle's inputs.
    #[inline]
    pub fn drive(&mut self, inputs: &mut Inputs, packets: &mut Packets, now: u64) {
        let stalled = self.random.chance(self.options.request_stall);
        let ready = self.answers.len() < self.options.outstanding && !stalled && packets.to_host.is_free(now);
        if ready != inputs.request_ready {
            inputs.request_ready = ready;
            inputs.changed.add(Changed::READY);
        }
        if inputs.completion_valid {
            return;
        }
        if self.options.stray > 0.0 && self.current.is_none() && self.random.chance(self.options.stray) {
            inputs.completion_tag = STRAY_TAG;
            inputs.completion_last = self.random.chance(0.5);
            inputs.completion_error = inputs.completion_last && self.random.chance(0.5);
            inputs.completion_valid = true;
            inputs.changed.add(Changed::COMPLETION);
            return;
        }
        if self.answers.is_empty() || !packets.to_engine.is_free(now) {
            return;
        }
        if self.random.chance(self.options.completion_stall) {
            return;
        }
        if self.current.is_none() {
            self.current = self.choose(now);
        }
        let Some(index) = self.current else { return };
        let answer = &mut self.answers[index];
        let beat = &answer.words[answer.next..answer.next + self.bytes];
        inputs.completion_data = word_of(beat);
        inputs.completion_tag = answer.tag;
        inputs.completion_last = answer.next + self.bytes == answer.words.len();
        inputs.completion_error = answer.failed && inputs.completion_last;
        inputs.completion_valid = true;
        inputs.changed.add(Changed::COMPLETION);
        let header = answer.header || (answer.address + answer.next as u64).is_multiple_of(packets.options.payload);
        let overhead = if header { packets.options.completion_overhead } else { 0 };
        let end = answer.wanted.end.min(answer.next + self.bytes);
        packets.to_engine.carry((end - answer.wanted.start.max(answer.next)) as u64 + overhead, now);
        answer.header = false;
    }

    /// Takes what happened in this cycle.
    #[inline]
    pub fn commit(
        &mut self,
        inputs: &mut Inputs,
        outputs: &Outputs,
        memory: &mut HostMemory,
        packets: &mut Packets,
        now: u64,
    ) {
        if inputs.completion_valid && outputs.completion_ready {
            inputs.completion_valid = false;
            inputs.changed.add(Changed::COMPLETION);
            // No answer is current while a stray beat is on the bus.
            self.strays += u64::from(self.current.is_none());
            self.advance(memory, now);
        }
        if inputs.request_ready && outputs.request_valid {
            packets.to_host.carry(packets.options.request, now);
            self.request(outputs, memory, now);
        }
    }

    /// Nothing is outstanding.
    pub fn is_idle(&self) -> bool {
        self.answers.is_empty()
    }

    /// An answer that is due: the oldest, or any if they may overtake.
    fn choose(&mut self, now: u64) -> Option<usize> {
        if !self.options.reorder {
            return self.answers.front().is_some_and(|answer| answer.due <= now).then_some(0);
        }
        let due = self.answers.iter().filter(|answer| answer.due <= now).count() as u64;
        if due == 0 {
            return None;
        }
        let chosen = self.random.below(due) as usize;
        self.answers.iter().enumerate().filter(|(_, answer)| answer.due <= now).nth(chosen).map(|(index, _)| index)
    }

    /// The current beat was taken.
    fn advance(&mut self, memory: &mut HostMemory, now: u64) {
        let Some(index) = self.current else { return };
        let answer = &mut self.answers[index];
        answer.next += self.bytes;
        if answer.next == answer.words.len() {
            self.current = None;
            self.tags[usize::from(answer.tag)] = false;
            if let Some(access) = answer.access {
                memory.answer(access, answer.address + answer.wanted.start as u64, answer.wanted.len() as u64, now);
            }
            if let Some(answer) = self.answers.remove(index) {
                self.spare.push(answer.words);
            }
        } else if self.options.split
            && (answer.address + answer.next as u64).is_multiple_of(64)
            && self.random.below(2) == 0
        {
            self.current = None;
            answer.header = true;
        }
    }

    fn request(&mut self, outputs: &Outputs, memory: &mut HostMemory, now: u64) {
        let (address, length, tag) = (outputs.request_address, outputs.request_length, outputs.request_tag);
        self.requests += 1;
        let allowed = self.options.maximum_read;
        let block = u64::from(allowed);
        if length == 0 || address / block != (address + u64::from(length) - 1) / block {
            let what = format!("read request of {length} bytes at {address:#x}, not in one block of {allowed}");
            return memory.violate(now, what);
        }
        if std::mem::replace(&mut self.tags[usize::from(tag)], true) {
            return memory.violate(now, format!("read request with tag {tag}, which is outstanding"));
        }
        let first = (address % self.bytes as u64) as usize;
        let end = first + length as usize;
        let mut words = self.spare.pop().unwrap_or_default();
        // Lanes outside the request are undefined: noise there shows an engine that uses them.
        words.clear();
        words.resize(end.next_multiple_of(self.bytes), 0xa5 ^ now as u8);
        let access = memory.read(address, &mut words[first..end], now);
        let hit = |range: &Range<u64>| range.start < address + u64::from(length) && address < range.end;
        let mut wanted = first..end;
        let failed = match access.map(|access| access.purpose) {
            None => true,
            Some(Purpose::Send) if self.random.chance(self.options.error) => true,
            Some(_) => self.options.error_ranges.iter().any(hit),
        };
        if failed {
            self.errors += 1;
            // "Earlier beats may be missing": the last beat alone carries the error.
            let skip = self.random.below((words.len() / self.bytes) as u64) as usize * self.bytes;
            words.drain(..skip);
            words.fill(0xe5);
            wanted = first.saturating_sub(skip)..end - skip;
        }
        let due = now + self.options.latency + self.random.below(self.options.jitter + 1);
        let address = address - first as u64;
        self.answers.push_back(Answer {
            tag,
            due,
            words,
            next: 0,
            address,
            wanted,
            header: true,
            failed,
            access: access.filter(|_| !failed),
        });
        self.deepest = self.deepest.max(self.answers.len());
    }
}
