//! The host's side, at the pins of the vendor's block: memory that answers reads in any order and any parts, accesses
//! to registers, sequence numbers.
use crate::pins::{beats, feed, field, Assembler, Packet, Tap};
use std::collections::{HashMap, VecDeque};
use stevedore_testbenches::random::{mix, Random};
use stevedore_testbenches::replay::{Compiled, Feed};

/// How a read is answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    Good,
    /// With this status, after some good parts.
    Status(u32),
    /// One part is damaged.
    Poisoned,
    /// The first part says that it is the last.
    Short,
    /// The last part says that more come.
    Endless,
    /// A part has another address.
    Misplaced,
    /// The last part is longer than what is left, and does not say that it is the last.
    Long,
    /// A part ends between two boundaries.
    Cut,
    /// The block finds something wrong with a part.
    Mismatched,
    /// The block gives it up.
    GivenUp,
    /// Never.
    Silent,
    /// After so many cycles.
    Late(u64),
}

/// A read on the bus.
pub struct Read {
    tag: u32,
    /// First byte not yet answered, and the end.
    next: u64,
    end: u64,
    fate: Fate,
    /// Not before this cycle.
    due: u64,
    over: bool,
}

/// A posted packet as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    pub address: u64,
    pub bytes: Vec<u8>,
    pub relaxed: bool,
}

/// An access to a register.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Access {
    pub kind: u32,
    pub address: u64,
    pub data: u32,
    pub first: u32,
    pub last: u32,
    pub dwords: u32,
    pub bar: u32,
}

impl Access {
    pub fn read(address: u64) -> Self {
        Access { kind: 0, address, first: 15, dwords: 1, ..Access::default() }
    }
    pub fn write(address: u64, data: u32) -> Self {
        Access { kind: 1, address, data, first: 15, dwords: 1, ..Access::default() }
    }
}

/// An answer to an access.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub tag: u32,
    pub status: u32,
    pub byte_count: u32,
    pub lower_address: u32,
    pub data: Option<u32>,
    /// Posted packets whose numbers had come back.
    pub ordered: usize,
}

/// The host, its bus and the vendor's block.
pub struct Host {
    memory: HashMap<u64, u8>,
    pub reads: Vec<Read>,
    pub posted: Vec<Posted>,
    pub answers: Vec<Answer>,
    pub accesses: VecDeque<Access>,
    asked: u32,
    pub pace: u64,
    /// Draws the fate of a read.
    pub fate: fn(&mut Random) -> Fate,
    /// Cycles until a sequence number comes back.
    pub order_delay: u64,
    numbers: VecDeque<(u64, u64)>,
    pub ordered: usize,
    credits: u64,
    pub most_completions: u64,
    /// The block throws away what it gets, as it does while the function is no bus master.
    pub discards: bool,
    /// Answers that nobody asked for, so many in a hundred.
    pub strays: u64,
    requests: Tap,
    request: Assembler,
    completion: Feed,
    register: Feed,
    answer: Tap,
    answer_packet: Assembler,
    cycle: u64,
}

impl Host {
    pub fn new(pace: u64) -> Self {
        Host {
            memory: HashMap::new(),
            reads: Vec::new(),
            posted: Vec::new(),
            answers: Vec::new(),
            accesses: VecDeque::new(),
            asked: 0,
            pace,
            fate: |_| Fate::Good,
            order_delay: 20,
            numbers: VecDeque::new(),
            ordered: 0,
            credits: 0,
            most_completions: 0,
            discards: false,
            strays: 0,
            requests: Tap::new("m_rq"),
            request: Assembler::default(),
            completion: feed("s_rc"),
            register: feed("s_cq"),
            answer: Tap::new("m_cc"),
            answer_packet: Assembler::default(),
            cycle: 0,
        }
    }

    /// Nothing is under way.
    pub fn idle(&self) -> bool {
        let silent = |read: &Read| read.fate == Fate::Silent;
        self.reads.iter().all(silent)
            && self.completion.words.is_empty()
            && self.accesses.is_empty()
            && self.register.words.is_empty()
            && self.numbers.is_empty()
            && self.answers.len() == self.asked as usize
    }

    /// The byte at this address.
    pub fn byte(&self, address: u64) -> u8 {
        self.memory.get(&address).copied().unwrap_or(mix(address) as u8)
    }

    pub fn before(&mut self, dut: &mut Compiled, random: &mut Random) {
        self.cycle += 1;
        let (pace, cycle) = (self.pace, self.cycle);
        let willing = random.percent(pace);
        self.requests.before(dut, willing);
        let willing = random.percent(pace);
        self.answer.before(dut, willing);
        if self.completion.words.is_empty() {
            self.complete(random);
        }
        self.access();
        self.completion.offer(dut, || random.percent(pace));
        self.register.offer(dut, || random.percent(pace));
        for port in 0..2 {
            let number = self.numbers.front().copied().filter(|&(due, _)| due <= cycle);
            let valid = dut.model.port(&format!("sequence_{port}_valid"));
            let value = dut.model.port(&format!("sequence_{port}"));
            dut.model.set(valid, number.is_some().into());
            dut.model.set(value, number.map_or(0, |(_, number)| number));
            if let Some((_, number)) = number {
                self.numbers.pop_front();
                self.ordered += (number >> 5) as usize;
            }
        }
    }

    pub fn after(&mut self, dut: &Compiled, random: &mut Random) {
        self.completion.take(dut);
        self.register.take(dut);
        self.credits = (self.credits + dut.model.get(dut.model.port("grant"))).min(32);
        let (beat, taken) = self.requests.after(dut);
        if let Some(packet) = self.request.see(beat.as_ref(), taken) {
            self.requested(packet, random);
        }
        let (beat, taken) = self.answer.after(dut);
        if let Some(packet) = self.answer_packet.see(beat.as_ref(), taken) {
            self.answered(packet);
        }
    }

    /// A packet at RQ.
    fn requested(&mut self, packet: Packet, random: &mut Random) {
        let head = &packet.dwords;
        let address = u64::from(head[1]) << 32 | u64::from(head[0]);
        let (dwords, kind) = (head[2] & 0x7ff, head[2] >> 11 & 15);
        assert_eq!((address & 3, head[2] >> 15, head[3] >> 8 & 0xffff), (0, 0, 0), "{packet:x?}");
        let (first, last) = (field(&packet.user, 0, 4) as u32, field(&packet.user, 4, 4) as u32);
        if self.discards {
            return;
        }
        let number = field(&packet.user, 24, 4) | field(&packet.user, 60, 2) << 4;
        assert!(address % 4096 + u64::from(dwords) * 4 <= 4096, "{address:#x}, {dwords} dwords");
        assert!(first != 0 && (last != 0) == (dwords > 1), "{address:#x}: enables {first:#x} {last:#x}");
        let start = address + u64::from(first.trailing_zeros());
        let top = if dwords > 1 { last } else { first };
        let end = address + u64::from(dwords) * 4 - u64::from(top.leading_zeros() - 28);
        assert_eq!(first.count_ones() + first.trailing_zeros() + (first.leading_zeros() - 28), 4, "{first:#x}");
        match kind {
            0 => {
                let tag = head[3] & 255;
                assert!(tag < 32 && !self.reads.iter().any(|read| read.tag == tag), "tag {tag}");
                let fate = (self.fate)(random);
                let due = self.cycle + if let Fate::Late(cycles) = fate { cycles } else { random.below(60) };
                self.reads.push(Read { tag, next: start, end, fate, due, over: false });
                let completions = self.reads.iter().map(|read| read.end.div_ceil(64) - read.next / 64).sum();
                self.most_completions = self.most_completions.max(completions);
                assert_eq!(head.len(), 4);
            }
            1 => {
                assert_eq!(head.len(), 4 + dwords as usize, "{packet:x?}");
                let bytes: Vec<u8> = head[4..].iter().flat_map(|dword| dword.to_le_bytes()).collect();
                let bytes = bytes[(start - address) as usize..(end - address) as usize].to_vec();
                self.memory.extend((start..end).zip(bytes.iter().copied()));
                self.posted.push(Posted { address: start, bytes, relaxed: head[3] >> 29 & 1 == 1 });
            }
            _ => panic!("a request of kind {kind}"),
        }
        assert_eq!(number >> 5, u64::from(kind == 1), "number {number:#x}");
        let due = self.cycle + 1 + random.below(self.order_delay);
        let posted = self.numbers.iter().filter(|(_, number)| number >> 5 == 1).count();
        assert!(posted < 31, "{posted} numbers under way: none names one packet");
        self.numbers.push_back((due.max(self.numbers.back().map_or(0, |&(due, _)| due)), number));
    }

    /// Answers a part of some read.
    fn complete(&mut self, random: &mut Random) {
        let cycle = self.cycle;
        if random.percent(self.strays) {
            self.stray(random);
            return;
        }
        let ready: Vec<usize> = (0..self.reads.len())
            .filter(|&i| self.reads[i].due <= cycle && self.reads[i].fate != Fate::Silent)
            .collect();
        if ready.is_empty() {
            return;
        }
        let at = ready[random.below(ready.len() as u64) as usize];
        let read = &mut self.reads[at];
        let mut part = ((read.next / 64 + 1 + random.below(8)) * 64).min(read.end);
        let good = random.percent(40) && part < read.end;
        let (mut status, mut error, mut poisoned, mut completed) = (0, 0, 0, part == read.end);
        let (mut end, mut lower) = (part, read.next & 0xfff);
        match read.fate {
            Fate::Status(code) if !good => (status, error, completed, end) = (code, 2, true, read.next),
            Fate::GivenUp if !good => (status, error, completed, end, lower) = (7, 9, false, read.next, 0x5a5),
            Fate::Poisoned if !good => {
                (poisoned, error) = (1, 1);
                read.fate = Fate::Good;
            }
            Fate::Short if part < read.end => completed = true,
            Fate::Endless => completed = false,
            Fate::Long if part == read.end => {
                completed = false;
                end = (end + 64).next_multiple_of(64);
            }
            Fate::Cut if part < read.end && part - read.next > 4 => {
                part -= 4;
                end = part;
                read.fate = Fate::Good;
            }
            Fate::Mismatched if !good => {
                error = 4;
                read.fate = Fate::Good;
            }
            Fate::Misplaced if !good => {
                lower ^= 1 << (2 + random.below(5));
                read.fate = Fate::Good;
            }
            _ => {}
        }
        let dwords = end.div_ceil(4) - read.next / 4;
        let dwords = if end == read.next { 0 } else { dwords };
        let count = read.end - read.next;
        let mut packet = vec![
            lower as u32 | error << 12 | (count as u32) << 16 | u32::from(completed) << 30,
            dwords as u32 | status << 11 | poisoned << 14 | 0x1234 << 16,
            read.tag | 0x5678 << 8,
        ];
        let (tag, first) = (read.tag, read.next & !3);
        let over = completed || end == read.next || part == read.end;
        read.next = part;
        read.over = over;
        for dword in 0..dwords {
            let bytes = [0, 1, 2, 3].map(|i| self.byte(first + 4 * dword + i));
            packet.push(u32::from_le_bytes(bytes));
        }
        self.completion.words.extend(beats(&packet, 0, 75));
        self.reads.retain(|read| read.tag != tag || !over);
    }

    /// An answer to a tag that no read has, or that the block says no read has.
    fn stray(&mut self, random: &mut Random) {
        let tag = random.below(256) as u32;
        let known = self.reads.iter().any(|read| read.tag == tag);
        let (error, dwords) = (if known { 6 } else { 0 }, 1 + random.below(40) as u32);
        let head = [error << 12 | (4 * dwords) << 16 | u32::from(random.percent(50)) << 30, dwords, tag];
        let packet: Vec<u32> = head.into_iter().chain((0..dwords).map(|_| random.next() as u32)).collect();
        self.completion.words.extend(beats(&packet, 0, 75));
    }

    /// Hands over the next access; a write passes reads that must wait.
    fn access(&mut self) {
        let posted = |access: &Access| access.kind == 1;
        if !self.register.words.is_empty() {
            return;
        }
        let next = if self.credits > 0 { Some(0) } else { self.accesses.iter().position(posted) };
        let Some(access) = next.and_then(|at| self.accesses.remove(at)) else { return };
        if !posted(&access) {
            self.credits -= 1;
            self.asked += 1;
        }
        let mut packet = vec![
            access.address as u32 & !3,
            0,
            access.dwords | access.kind << 11 | 0xbeef << 16,
            (self.asked & 255) | access.bar << 16 | 5 << 25 | 3 << 28,
        ];
        if posted(&access) {
            packet.extend(vec![access.data; access.dwords as usize]);
        }
        let user = u64::from(access.first) | u64::from(access.last) << 4;
        self.register.words.extend(beats(&packet, user, 88));
    }

    /// A packet at CC.
    fn answered(&mut self, packet: Packet) {
        let head = &packet.dwords;
        let dwords = head[1] & 0x7ff;
        assert_eq!(head.len(), 3 + dwords as usize, "{packet:x?}");
        assert_eq!((head[1] >> 16, head[2] >> 25), (0xbeef, 5 | 3 << 3), "who asked: {packet:x?}");
        self.answers.push(Answer {
            tag: head[2] & 255,
            status: head[1] >> 11 & 7,
            byte_count: head[0] >> 16 & 0x1fff,
            lower_address: head[0] & 0x7f,
            data: head.get(3).copied(),
            ordered: self.ordered,
        });
    }
}
