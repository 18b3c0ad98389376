//! The memory port at the pins: reads cut to legal requests and put together again, writes cut to bursts.

use super::BYTES;
use crate::simulator::{Inputs, Outputs};
use std::collections::VecDeque;

const MAXIMUM_READ: u64 = 512;
const MAXIMUM_WRITE: u64 = 256;
const TAGS: usize = 8;

/// What a read is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Entries of the input table.
    Requests,
    /// Payload of a connection.
    Payload(usize),
}

struct Read {
    job: Job,
    address: u64,
    length: u64,
    requested: u64,
    missing: u64,
    bytes: Vec<u8>,
    failed: bool,
}

/// A request outstanding: bytes of the oldest read that wants them, and the next word.
struct Tag {
    first: u64,
    end: u64,
    word: u64,
}

struct WriteWord {
    address: u64,
    data: u64,
    strobe: u64,
    last: bool,
}

/// The port. One read at a time, cut over several tags; writes behind each other.
#[derive(Default)]
pub struct Dma {
    reads: VecDeque<Read>,
    tags: [Option<Tag>; TAGS],
    writes: VecDeque<WriteWord>,
}

impl Dma {
    /// Queues a read.
    pub fn read(&mut self, job: Job, address: u64, length: u64) {
        let (requested, missing, bytes, failed) = (0, length, vec![0; length as usize], false);
        self.reads.push_back(Read { job, address, length, requested, missing, bytes, failed });
    }

    /// Queues a write.
    pub fn write(&mut self, address: u64, bytes: &[u8]) {
        let end = address + bytes.len() as u64;
        let mut at = address;
        while at < end {
            let word = at & !(BYTES as u64 - 1);
            let next = (word + BYTES as u64).min(end);
            let mut data = [0; BYTES];
            let (low, high) = ((at - word) as usize, (next - word) as usize);
            data[low..high].copy_from_slice(&bytes[(at - address) as usize..(next - address) as usize]);
            let strobe = ((1u64 << (high - low)) - 1) << low;
            let last = next == end || next.is_multiple_of(MAXIMUM_WRITE);
            self.writes.push_back(WriteWord { address: word, data: u64::from_le_bytes(data), strobe, last });
            at = next;
        }
    }

    /// Nothing is under way, and nothing waits.
    pub fn is_idle(&self, outputs: &Outputs) -> bool {
        let offered = outputs.write_valid || outputs.request_valid;
        self.reads.is_empty() && self.writes.is_empty() && !offered
    }

    /// Words that wait to be written.
    pub fn backlog(&self) -> usize {
        self.writes.len()
    }

    /// One cycle; a read that is complete, its bytes none if it failed.
    pub fn clock(&mut self, inputs: &Inputs, outputs: &mut Outputs) -> Option<(Job, Option<Vec<u8>>)> {
        if !outputs.write_valid || inputs.write_ready {
            outputs.write_valid = false;
            if let Some(word) = self.writes.pop_front() {
                outputs.write_valid = true;
                outputs.write_address = word.address;
                outputs.write_data[0] = word.data;
                outputs.write_strobe = word.strobe;
                outputs.write_last = word.last;
            }
        }
        if inputs.completion_valid && outputs.completion_ready {
            self.complete(inputs);
        }
        outputs.completion_ready = true;
        if !outputs.request_valid || inputs.request_ready {
            outputs.request_valid = false;
            self.request(outputs);
        }
        let read = self.reads.pop_front_if(|read| read.missing == 0)?;
        Some((read.job, (!read.failed).then_some(read.bytes)))
    }

    fn request(&mut self, outputs: &mut Outputs) {
        let Some(read) = self.reads.front_mut().filter(|read| read.requested < read.length) else { return };
        let Some(number) = self.tags.iter().position(Option::is_none) else { return };
        let first = read.address + read.requested;
        let end = ((first / MAXIMUM_READ + 1) * MAXIMUM_READ).min(read.address + read.length);
        read.requested = end - read.address;
        self.tags[number] = Some(Tag { first, end, word: first & !(BYTES as u64 - 1) });
        outputs.request_valid = true;
        outputs.request_address = first;
        outputs.request_length = (end - first) as u32;
        outputs.request_tag = number as u8;
    }

    fn complete(&mut self, inputs: &Inputs) {
        let Some(read) = self.reads.front_mut() else { return };
        let place = &mut self.tags[usize::from(inputs.completion_tag)];
        let Some(tag) = place else { return };
        let data = inputs.completion_data[0].to_le_bytes();
        for (address, byte) in (tag.word..).zip(data) {
            if (tag.first..tag.end).contains(&address) {
                read.bytes[(address - read.address) as usize] = byte;
            }
        }
        tag.word += BYTES as u64;
        if inputs.completion_last {
            read.missing -= tag.end - tag.first;
            read.failed |= inputs.completion_error;
            *place = None;
        }
    }
}
