//! A root complex: the packets of a card on one side, a memory port, registers and an interrupt line on the other.
//!
//! The card is the one of `rtl/src/pcie/card.rs`: packets have the layout of the UltraScale+ PCIe4 block (PG213). What
//! the card asks of host memory is handed on as an engine without a card would ask it, so the same models stand behind
//! both. The host's part of a message-signalled interrupt is played here, too: a message raises the line, and a write
//! that clears causes lowers it.

use super::ports::{bytes_of, word_of, Inputs, Outputs};
use std::collections::{HashMap, VecDeque};
use stevedore_abi::register::offset;

/// Dwords of a beat.
pub const LANES: usize = 8;
/// Where the host wants messages, and what they carry.
const MESSAGE_ADDRESS: u64 = 0xfee0_0000;
const MESSAGE_DATA: u32 = 0x41;
/// The first entry of the card's MSI-X table, in BAR 0.
const TABLE: u32 = 0x2000;
/// Words and requests that wait for the host's memory at most; then the card has to wait.
const ROOM: usize = 64;
/// Cycles after which a packet counts as ordered.
const ORDER: u64 = 8;
/// Reads of the host that the block lets wait for an answer.
const CREDITS: u64 = 32;
/// The kinds of requests.
const READ: u32 = 0;
const WRITE: u32 = 1;

/// A beat of a packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beat {
    /// Its dwords.
    pub dwords: [u32; LANES],
    /// How many there are.
    pub count: usize,
    /// The last beat of its packet.
    pub last: bool,
    /// The low bits of the side band.
    pub user: u64,
}

/// A word on its way to host memory.
struct Word {
    address: u64,
    bytes: [u8; 64],
    strobe: u64,
    last: bool,
    may_pass: bool,
}

/// A read of the card.
struct Read {
    /// First byte not yet sent in a packet, first byte not yet answered, end.
    sent: u64,
    next: u64,
    end: u64,
    bytes: Vec<u8>,
}

/// See the module.
pub struct RootComplex {
    width: u64,
    now: u64,
    /// Longest payload of a completion, bytes.
    payload: u64,
    request: Vec<u32>,
    request_user: u64,
    writes: VecDeque<Word>,
    requests: VecDeque<(u64, u32, u8)>,
    reads: HashMap<u8, Read>,
    /// The tag that has bytes not yet sent.
    open: Option<u8>,
    /// Beats for the card.
    pub completions: VecDeque<Beat>,
    /// Beats for the card: the host's accesses to registers.
    pub accesses: VecDeque<Beat>,
    waiting: VecDeque<(u32, Option<u32>)>,
    credits: u64,
    answered: Option<Option<u32>>,
    reading: bool,
    written: bool,
    interrupt: bool,
    numbers: VecDeque<(u64, u64)>,
}

impl RootComplex {
    /// For a card whose engine has words of `width` bytes. The first accesses give the card its message.
    pub fn new(width: usize) -> Self {
        let table = [MESSAGE_ADDRESS as u32, (MESSAGE_ADDRESS >> 32) as u32, MESSAGE_DATA, 0];
        let waiting = (0..).map(|entry| TABLE + 4 * entry).zip(table.map(Some)).collect();
        RootComplex {
            width: width as u64,
            now: 0,
            payload: 128,
            request: Vec::new(),
            request_user: 0,
            writes: VecDeque::new(),
            requests: VecDeque::new(),
            reads: HashMap::new(),
            open: None,
            completions: VecDeque::new(),
            accesses: VecDeque::new(),
            waiting,
            credits: 0,
            answered: None,
            reading: false,
            written: false,
            interrupt: false,
            numbers: VecDeque::new(),
        }
    }

    /// What the models see of the card.
    pub fn show(&self, outputs: &mut Outputs) {
        (outputs.awready, outputs.wready) = (!self.written, !self.written);
        (outputs.bvalid, outputs.bresp) = (self.written, 0);
        outputs.arready = !self.reading;
        outputs.rvalid = self.answered.is_some();
        if let Some(answer) = self.answered {
            (outputs.rdata, outputs.rresp) = (answer.unwrap_or_default(), if answer.is_some() { 0 } else { 2 });
        }
        outputs.completion_ready = self.completions.len() < ROOM;
        outputs.request_valid = !self.requests.is_empty();
        if let Some(&(address, length, tag)) = self.requests.front() {
            (outputs.request_address, outputs.request_length, outputs.request_tag) = (address, length, tag);
        }
        outputs.write_valid = !self.writes.is_empty();
        if let Some(word) = self.writes.front() {
            (outputs.write_address, outputs.write_data) = (word.address, word_of(&word.bytes));
            (outputs.write_strobe, outputs.write_last) = (word.strobe, word.last);
            outputs.write_may_pass = word.may_pass;
        }
        outputs.interrupt = self.interrupt;
    }

    /// The card may send requests.
    pub fn has_room(&self) -> bool {
        self.writes.len() < ROOM && self.requests.len() < ROOM
    }

    /// A sequence number that comes back in this cycle.
    pub fn number(&self) -> Option<u64> {
        self.numbers.front().filter(|(due, _)| *due <= self.now).map(|(_, number)| *number)
    }

    /// What the models did in this cycle, and whether the card lets one more read wait.
    pub fn step(&mut self, inputs: &Inputs, outputs: &Outputs, grant: bool) {
        if self.number().is_some() {
            self.numbers.pop_front();
        }
        self.now += 1;
        self.payload = 128 << inputs.maximum_write;
        self.credits = (self.credits + u64::from(grant)).min(CREDITS);
        if outputs.request_valid && inputs.request_ready {
            self.requests.pop_front();
        }
        if outputs.write_valid && inputs.write_ready {
            self.writes.pop_front();
        }
        if inputs.completion_valid && outputs.completion_ready {
            self.complete(inputs);
        }
        self.registers(inputs, outputs);
    }

    fn registers(&mut self, inputs: &Inputs, outputs: &Outputs) {
        if inputs.awvalid && inputs.wvalid && outputs.awready {
            self.waiting.push_back((inputs.awaddr, Some(inputs.wdata)));
            self.written = true;
            // The host clears causes when it has seen the message.
            self.interrupt &= inputs.awaddr != offset::INTERRUPT_CAUSE;
        } else if self.written && inputs.bready {
            self.written = false;
        }
        if inputs.arvalid && outputs.arready {
            self.waiting.push_back((inputs.araddr, None));
            self.reading = true;
        } else if self.answered.is_some() && inputs.rready {
            (self.answered, self.reading) = (None, false);
        }
        let Some(&(address, data)) = self.waiting.front() else { return };
        if !self.accesses.is_empty() || (data.is_none() && self.credits == 0) {
            return;
        }
        self.waiting.pop_front();
        self.credits -= u64::from(data.is_none());
        let kind = if data.is_some() { WRITE } else { READ };
        let mut packet = vec![address, 0, 1 | kind << 11, 0];
        packet.extend(data);
        self.accesses.extend(beats(&packet, 0xf));
    }

    /// An answer of the card to a read of a register.
    pub fn answer(&mut self, beat: &Beat) {
        let status = beat.dwords[1] >> 11 & 7;
        self.answered = Some((status == 0).then_some(beat.dwords[3]));
    }

    /// A beat of a request of the card.
    pub fn take(&mut self, beat: &Beat) {
        if self.request.is_empty() {
            self.request_user = beat.user;
        }
        self.request.extend(&beat.dwords[..beat.count]);
        if !beat.last {
            return;
        }
        let packet = std::mem::take(&mut self.request);
        let user = self.request_user;
        let address = u64::from(packet[1]) << 32 | u64::from(packet[0]);
        let (dwords, kind) = (u64::from(packet[2] & 0x7ff), packet[2] >> 11 & 15);
        let (first, last) = (user as u32 & 15, user as u32 >> 4 & 15);
        let top = if dwords > 1 { last } else { first };
        let start = address + u64::from(first.trailing_zeros());
        let end = address + 4 * dwords - u64::from(top.leading_zeros() - 28);
        self.numbers.push_back((self.now + ORDER, user >> 24 & 15 | (user >> 60 & 3) << 4));
        if kind == READ {
            let tag = packet[3] as u8;
            self.requests.push_back((start, (end - start) as u32, tag));
            self.reads.insert(tag, Read { sent: start, next: start, end, bytes: Vec::new() });
        } else if address == MESSAGE_ADDRESS {
            self.interrupt |= packet[4] == MESSAGE_DATA;
        } else {
            let bytes: Vec<u8> = packet[4..].iter().flat_map(|dword| dword.to_le_bytes()).collect();
            self.write(start, &bytes[(start - address) as usize..(end - address) as usize], packet[3] >> 29 & 1 == 1);
        }
    }

    /// Cuts a packet into words.
    fn write(&mut self, start: u64, bytes: &[u8], may_pass: bool) {
        let (width, end) = (self.width, start + bytes.len() as u64);
        let mut at = start;
        while at < end {
            let address = at / width * width;
            let stop = end.min(address + width);
            let mut word = [0; 64];
            word[(at - address) as usize..(stop - address) as usize]
                .copy_from_slice(&bytes[(at - start) as usize..(stop - start) as usize]);
            let ones = u64::MAX >> (64 - (stop - at));
            let strobe = ones << (at - address);
            self.writes.push_back(Word { address, bytes: word, strobe, last: stop == end, may_pass });
            at = stop;
        }
    }

    /// Takes a beat of host memory's answer; a packet ends with the read, at the longest payload, and where the answer
    /// to another read comes in between.
    fn complete(&mut self, inputs: &Inputs) {
        let tag = inputs.completion_tag;
        if let Some(other) = self.open.filter(|open| *open != tag) {
            self.send(other, false);
        }
        let Some(read) = self.reads.get_mut(&tag) else { return };
        self.open = Some(tag);
        if inputs.completion_error {
            return self.send(tag, true);
        }
        let word = read.next / self.width * self.width;
        let stop = read.end.min(word + self.width);
        let bytes = bytes_of(&inputs.completion_data);
        read.bytes.extend(&bytes[(read.next - word) as usize..(stop - word) as usize]);
        read.next = stop;
        if inputs.completion_last || stop.is_multiple_of(self.payload) {
            self.send(tag, false);
        }
    }

    /// Sends what is there of a read, or that it failed.
    fn send(&mut self, tag: u8, failed: bool) {
        self.open = None;
        let Some(read) = self.reads.get_mut(&tag) else { return };
        let start = read.sent;
        let over = failed || read.next == read.end;
        let first = start % 4;
        let mut bytes = vec![0; first as usize];
        bytes.append(&mut read.bytes);
        if failed {
            bytes.clear();
        }
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        // UR in the status, and the block's own code for a bad status.
        let (status, error) = if failed { (1, 2) } else { (0, 0) };
        let count = (read.end - start) as u32;
        let mut packet = vec![
            (start as u32 & 0xfff) | error << 12 | count << 16 | u32::from(over) << 30,
            (bytes.len() / 4) as u32 | status << 11,
            u32::from(tag),
        ];
        packet.extend(bytes.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])));
        read.sent = read.next;
        if over {
            self.reads.remove(&tag);
        }
        self.completions.extend(beats(&packet, 0));
    }
}

/// The beats of a packet; the first has `user` in its side band.
fn beats(packet: &[u32], user: u64) -> impl Iterator<Item = Beat> + '_ {
    let count = packet.len().div_ceil(LANES);
    packet.chunks(LANES).enumerate().map(move |(number, chunk)| {
        let mut dwords = [0; LANES];
        dwords[..chunk.len()].copy_from_slice(chunk);
        Beat { dwords, count: chunk.len(), last: number + 1 == count, user }
    })
}
