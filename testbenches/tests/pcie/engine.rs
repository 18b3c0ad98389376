//! The engine's side: reads, bursts, registers, and how it stops.
use crate::pins::{feed, Tap};
use std::collections::{BTreeMap, VecDeque};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{ReadCompletion, ReadRequest, WriteBeat};
use stevedore_rtl::pcie::write_packer::PostedBeat;
use stevedore_testbenches::random::Random;
use stevedore_testbenches::replay::{Compiled, Feed};

/// Registers from here on do not exist.
pub const REGISTERS: u64 = 0x800;

/// A read under way.
struct Read {
    address: u64,
    length: u64,
    /// Address of the next word.
    next: u64,
    bytes: Vec<u8>,
}

/// A read that is over: its bytes, or nothing if it failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    pub address: u64,
    pub length: u64,
    pub bytes: Option<Vec<u8>>,
}

/// Bytes of one burst.
#[derive(Clone, Debug, PartialEq)]
pub struct Burst {
    pub address: u64,
    pub bytes: Vec<u8>,
    pub may_pass: bool,
}

/// The engine.
pub struct Engine<const W: usize, const K: usize> {
    /// Reads still to be asked for, in this order; the tags that may be used.
    pub wanted: VecDeque<(u64, u64)>,
    pub tags: u64,
    reads: BTreeMap<u64, Read>,
    pub done: Vec<Done>,
    /// The tag of the word before, if the next word must have it, too.
    bound: Option<u64>,
    /// Bursts still to be written; those whose last beat was taken.
    pub bursts: VecDeque<Burst>,
    under_way: VecDeque<Burst>,
    pub accepted: Vec<Burst>,
    pub registers: Vec<u32>,
    /// Bursts accepted, whenever a register was read.
    pub promised: VecDeque<usize>,
    pub halted: bool,
    pub resets: usize,
    request: Feed,
    write: Feed,
    completion: Tap,
    /// Cycles until the register port answers, and with what.
    read_wait: Option<(u64, u64)>,
    write_wait: Option<(u64, bool)>,
    pub pace: u64,
}

impl<const W: usize, const K: usize> Engine<W, K> {
    pub fn new(pace: u64) -> Self {
        Engine {
            wanted: VecDeque::new(),
            tags: 36,
            reads: BTreeMap::new(),
            done: Vec::new(),
            bound: None,
            bursts: VecDeque::new(),
            under_way: VecDeque::new(),
            accepted: Vec::new(),
            registers: vec![0; REGISTERS as usize / 4],
            promised: VecDeque::new(),
            halted: false,
            resets: 0,
            request: feed("s_read"),
            write: feed("s_write"),
            completion: Tap::new("m_completion"),
            read_wait: None,
            write_wait: None,
            pace,
        }
    }

    /// Nothing is wanted and nothing under way.
    pub fn idle(&self) -> bool {
        self.wanted.is_empty() && self.bursts.is_empty() && self.stopped()
    }

    /// Nothing is under way.
    fn stopped(&self) -> bool {
        self.reads.is_empty() && self.under_way.is_empty()
    }

    pub fn before(&mut self, dut: &mut Compiled, random: &mut Random) {
        let halt = dut.model.get(dut.model.port("halt")) == 1;
        if dut.model.get(dut.model.port("engine_reset")) == 1 {
            assert!(self.halted && self.stopped(), "a reset with something under way");
            self.resets += 1;
            self.wanted.clear();
            self.bursts.clear();
        }
        self.halted = halt && self.stopped();
        let tag = random.below(self.tags);
        if !halt && self.request.words.is_empty() && !self.reads.contains_key(&tag) {
            if let Some((address, length)) = self.wanted.pop_front() {
                self.reads.insert(tag, Read { address, length, next: address & !(K as u64 - 1), bytes: vec![] });
                let request = ReadRequest { address: bits(address), length: bits(length), tag: bits(tag) };
                self.request.words.push_back(request.to_flat());
            }
        }
        if !halt && self.write.words.is_empty() {
            if let Some(burst) = self.bursts.pop_front() {
                self.write.words.extend(beats_of::<W, K>(&burst));
                self.under_way.push_back(burst);
            }
        }
        let pace = self.pace;
        self.request.offer(dut, || random.percent(pace));
        self.write.offer(dut, || random.percent(pace));
        let willing = random.percent(pace);
        self.completion.before(dut, willing);
        let mut set = |name: &str, value: u64| {
            let port = dut.model.port(name);
            dut.model.set(port, value);
        };
        set("halted", self.halted.into());
        let read = self.read_wait.filter(|&(cycles, _)| cycles == 0).map(|(_, address)| address);
        set("m_axil_arready", self.read_wait.is_none().into());
        set("m_axil_rvalid", read.is_some().into());
        set("m_axil_rresp", if read.is_some_and(|address| address >= REGISTERS) { 2 } else { 0 });
        let word = read.map_or(0, |address| self.registers.get(address as usize / 4).copied().unwrap_or(0xffff_ffff));
        set("m_axil_rdata", word.into());
        let write = self.write_wait.filter(|&(cycles, _)| cycles == 0);
        set("m_axil_awready", self.write_wait.is_none().into());
        set("m_axil_wready", self.write_wait.is_none().into());
        set("m_axil_bvalid", write.is_some().into());
        set("m_axil_bresp", if write.is_some_and(|(_, good)| !good) { 2 } else { 0 });
    }

    pub fn after(&mut self, dut: &Compiled, random: &mut Random) {
        self.request.take(dut);
        // A burst that is taken in the cycle in which a register is read is not promised by it.
        self.answer_registers(dut, random);
        if self.write.take(dut) && self.write.words.is_empty() {
            self.accepted.extend(self.under_way.pop_front());
        }
        let (word, taken) = self.completion.after(dut);
        if let Some(word) = word.filter(|_| taken) {
            self.complete(ReadCompletion::from_flat(&word));
        }
    }

    fn complete(&mut self, word: ReadCompletion<W>) {
        let tag = word.tag.to_u64();
        assert!(self.bound.is_none_or(|bound| bound == tag), "tag {tag} comes inside 64 bytes of another");
        let read = self.reads.get_mut(&tag).unwrap_or_else(|| panic!("nobody asked for tag {tag}"));
        let end = read.address + read.length;
        if word.error {
            assert!(word.last, "an error that is not the last");
        } else {
            let bytes = word.data.to_flat();
            let lanes = (read.next.max(read.address) - read.next)..(end.min(read.next + K as u64) - read.next);
            read.bytes.extend(lanes.map(|lane| crate::pins::field(&bytes, 8 * lane as usize, 8) as u8));
            read.next += K as u64;
            assert_eq!(word.last, read.next >= end, "the last word of {:#x}, {} bytes", read.address, read.length);
        }
        self.bound = (!word.last && !read.next.is_multiple_of(64)).then_some(tag);
        if word.last {
            let read = self.reads.remove(&tag).expect("it is there");
            let bytes = (!word.error).then_some(read.bytes);
            self.done.push(Done { address: read.address, length: read.length, bytes });
        }
    }

    /// AXI4-Lite, address and data of a write in one cycle.
    fn answer_registers(&mut self, dut: &Compiled, random: &mut Random) {
        let get = |name: &str| dut.model.get(dut.model.port(name));
        match &mut self.read_wait {
            None if get("m_axil_arvalid") == 1 => {
                self.read_wait = Some((random.below(9), get("m_axil_araddr")));
            }
            Some((0, _)) if get("m_axil_rready") == 1 => {
                self.promised.push_back(self.accepted.len());
                self.read_wait = None;
            }
            Some((cycles, _)) => *cycles = cycles.saturating_sub(1),
            None => {}
        }
        match &mut self.write_wait {
            None if get("m_axil_awvalid") == 1 => {
                assert_eq!(get("m_axil_wvalid"), 1, "an address without data");
                let (address, whole) = (get("m_axil_awaddr"), get("m_axil_wstrb") == 15);
                let good = whole && address < REGISTERS;
                if good {
                    self.registers[address as usize / 4] = get("m_axil_wdata") as u32;
                }
                self.write_wait = Some((random.below(9), good));
            }
            Some((0, _)) if get("m_axil_bready") == 1 => self.write_wait = None,
            Some((cycles, _)) => *cycles = cycles.saturating_sub(1),
            None => {}
        }
    }
}

/// The beats of a burst.
fn beats_of<const W: usize, const K: usize>(burst: &Burst) -> Vec<Vec<bool>> {
    let end = burst.address + burst.bytes.len() as u64;
    let first = burst.address & !(K as u64 - 1);
    let beat = |address: u64| {
        let lane = |lane: u64| burst.bytes.get((address + lane).wrapping_sub(burst.address) as usize).copied();
        let byte = |i: u64| lane(i).filter(|_| address + i >= burst.address);
        let data: Vec<bool> = (0..K as u64)
            .flat_map(|i| (0..8).map(move |bit| (i, bit)))
            .map(|(i, bit)| byte(i).unwrap_or(0xa5) >> bit & 1 == 1)
            .collect();
        let strobe: Vec<bool> = (0..K as u64).map(|i| byte(i).is_some()).collect();
        let write = WriteBeat::<W, K> {
            address: bits(address),
            data: Bits::from_flat(&data),
            strobe: Bits::from_flat(&strobe),
            last: address + K as u64 >= end,
            may_pass: burst.may_pass,
            placement_ends: false,
        };
        PostedBeat::<W, K> { write, message: false }.to_flat()
    };
    (first..end).step_by(K).map(beat).collect()
}
