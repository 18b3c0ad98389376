//! The link between an engine that is no more than its ports and a wire with mishaps.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::rc::Rc;
use stevedore_abi::link::ETHER_TYPE;
use stevedore_driver::transports::link::{FrameInterface, LinkOptions, LinkTransport};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{Beat, ReadCompletion, ReadRequest, WriteBeat};
use stevedore_rtl::link::{HostLink, LinkParameters};
use stevedore_testbenches::random::Random;
use stevedore_testbenches::replay::{number, Compiled, Dut, FlatWord};
use stevedore_verilated::Port;

pub const LINK: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x4c, 0x01];
pub const HOST: [u8; 6] = [0x02, 0, 0, 0, 0, 0x11];
pub const STRANGER: [u8; 6] = [0x02, 0, 0, 0, 0, 0x22];
/// Cycles; the host's options count them as microseconds.
pub const PARAMETERS: LinkParameters = LinkParameters { mac: LINK, timeout: 3_000, patience: 30_000 };

/// What happens to frames, each way, and how often each side stalls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mishaps {
    pub loss: f64,
    pub duplicate: f64,
    pub hold: f64,
    pub damage: f64,
    pub stall: f64,
}

/// A read of the double: what was asked for, and what came.
#[derive(Clone, Debug)]
pub struct Read {
    pub address: u64,
    pub length: u32,
    pub words: Vec<u64>,
    pub failed: bool,
    pub done: bool,
}

pub struct World {
    pub dut: Compiled,
    pub mishaps: Mishaps,
    pub random: Random,
    pub now: u64,
    /// Frames on their way: due, bytes, damaged.
    inward: VecDeque<(u64, Vec<u8>, bool)>,
    feeding: VecDeque<FlatWord>,
    outward: Vec<u8>,
    /// Frames for hosts, with the cycle of their arrival.
    pub arrived: VecDeque<(u64, Vec<u8>)>,
    /// Bytes of link frames that left, and how many frames.
    pub link_bytes: u64,
    pub link_frames: u64,
    /// Frames that went through the link to the engine, and those that the engine sent and the wire got.
    pub to_engine: Vec<Vec<u8>>,
    partial: Vec<u8>,
    pub from_engine: VecDeque<FlatWord>,
    pub others: Vec<Vec<u8>>,
    /// What the double wants to do.
    pub reads: VecDeque<(u8, ReadRequest)>,
    pub under_way: HashMap<u8, Read>,
    pub finished: Vec<Read>,
    pub writes: VecDeque<FlatWord>,
    ends: VecDeque<bool>,
    pub bursts_taken: u64,
    pub interrupt: bool,
    /// Registers: offset 0x10 counts the bursts taken, others hold what is written, 0xffc is none.
    pub registers: HashMap<u64, u64>,
    pub register_writes: Vec<(u64, u64)>,
    axi: Axi,
    reading: Option<u64>,
    responding: bool,
    halted: u32,
    inside: bool,
    pub resets: u32,
    /// Frames with messages that are lost next, to the link and from it.
    pub drop_in: u32,
    pub drop_out: u32,
}

struct Axi {
    ports: HashMap<&'static str, Port>,
}

const PORTS: [&str; 20] = [
    "irq",
    "halt",
    "halted",
    "engine_reset",
    "awaddr",
    "awvalid",
    "awready",
    "wdata",
    "wvalid",
    "wready",
    "bvalid",
    "bready",
    "araddr",
    "arvalid",
    "arready",
    "rdata",
    "rresp",
    "rvalid",
    "rready",
    "open",
];

impl World {
    pub fn new(mishaps: Mishaps, seed: u64) -> Rc<RefCell<World>> {
        println!("seed {seed}, {mishaps:?}");
        let mut dut = Compiled::once("host_link", &PARAMETERS, HostLink::new).expect("a model");
        let ports = PORTS.map(|name| (name, dut.model.port(name))).into();
        dut.reset();
        Rc::new(RefCell::new(World {
            dut,
            mishaps,
            random: Random::new(seed),
            now: 0,
            inward: VecDeque::new(),
            feeding: VecDeque::new(),
            outward: Vec::new(),
            arrived: VecDeque::new(),
            link_bytes: 0,
            link_frames: 0,
            to_engine: Vec::new(),
            partial: Vec::new(),
            from_engine: VecDeque::new(),
            others: Vec::new(),
            reads: VecDeque::new(),
            under_way: HashMap::new(),
            finished: Vec::new(),
            writes: VecDeque::new(),
            ends: VecDeque::new(),
            bursts_taken: 0,
            interrupt: false,
            registers: HashMap::new(),
            register_writes: Vec::new(),
            axi: Axi { ports },
            reading: None,
            responding: false,
            halted: 0,
            inside: false,
            resets: 0,
            drop_in: 0,
            drop_out: 0,
        }))
    }

    fn get(&self, port: &str) -> u64 {
        self.dut.model.get(self.axi.ports[port])
    }

    fn set(&mut self, port: &str, value: u64) {
        let port = self.axi.ports[port];
        self.dut.model.set(port, value);
    }

    pub fn is_open(&self) -> bool {
        self.get("open") == 1
    }

    /// A burst of `bytes` from `address` on.
    pub fn write(&mut self, address: u64, bytes: &[u8]) {
        let end = address + bytes.len() as u64;
        let mut word = address & !7;
        while word < end {
            let (from, to) = (word.max(address), end.min(word + 8));
            let mut data = 0xa5a5_a5a5_a5a5_a5a5_u64;
            let mut strobe = 0u64;
            for at in from..to {
                let lane = at - word;
                data = data & !(0xff << (8 * lane)) | u64::from(bytes[(at - address) as usize]) << (8 * lane);
                strobe |= 1 << lane;
            }
            let last = word + 8 >= end;
            let beat = WriteBeat::<64, 8> {
                address: word.into(),
                data: data.into(),
                strobe: strobe.into(),
                last,
                may_pass: false,
                placement_ends: false,
            };
            self.writes.push_back(beat.to_flat());
            self.ends.push_back(last);
            word += 8;
        }
    }

    /// A read; its tag must be free.
    pub fn read(&mut self, tag: u8, address: u64, length: u32) {
        let request =
            ReadRequest { address: address.into(), length: u64::from(length).into(), tag: u64::from(tag).into() };
        self.reads.push_back((tag, request));
    }

    /// A frame from the engine to the wire.
    pub fn send_from_engine(&mut self, frame: &[u8]) {
        self.from_engine.extend(beats(frame, false));
    }

    /// A frame enters the wire to the link.
    pub fn send(&mut self, frame: &[u8]) {
        let Mishaps { loss, duplicate, hold, damage, .. } = self.mishaps;
        let link = frame[12..14] == ETHER_TYPE.to_be_bytes();
        if link && self.random.chance(loss) {
            return;
        }
        if link && self.drop_in > 0 && frame[24] > 0 {
            self.drop_in -= 1;
            return;
        }
        let held = if link && self.random.chance(hold) { self.random.below(2_000) } else { 0 };
        let copies = if link && self.random.chance(duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let mut bytes = frame.to_vec();
            let damaged = link && self.random.chance(damage);
            if damaged {
                let at = self.random.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << self.random.below(8);
            }
            let due = self.now + held;
            let place = self.inward.partition_point(|(other, ..)| *other <= due);
            self.inward.insert(place, (due, bytes, damaged));
        }
    }

    fn arrive(&mut self, frame: Vec<u8>) {
        let link = frame[12..14] == ETHER_TYPE.to_be_bytes();
        if !link {
            self.others.push(frame);
            return;
        }
        self.link_bytes += frame.len() as u64 + 24;
        self.link_frames += 1;
        let Mishaps { loss, duplicate, hold, damage, .. } = self.mishaps;
        if self.drop_out > 0 && frame[24] > 0 {
            self.drop_out -= 1;
            return;
        }
        // A network card drops what is damaged.
        if self.random.chance(loss) || self.random.chance(damage) {
            return;
        }
        let held = if self.random.chance(hold) { self.random.below(2_000) } else { 0 };
        let copies = if self.random.chance(duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let due = self.now + held;
            let place = self.arrived.partition_point(|(other, _)| *other <= due);
            self.arrived.insert(place, (due, frame.clone()));
        }
    }

    pub fn cycles(&mut self, count: u64) {
        (0..count).for_each(|_| self.cycle());
    }

    pub fn cycle(&mut self) {
        let stall = self.mishaps.stall;
        let goes = |random: &mut Random| !random.chance(stall);
        // The wire: no pauses that the link could ask for.
        if self.feeding.is_empty() && self.inward.front().is_some_and(|(due, ..)| *due <= self.now) {
            if let Some((_, bytes, damaged)) = self.inward.pop_front() {
                self.feeding = beats(&bytes, damaged).into();
            }
        }
        let feeds = !self.feeding.is_empty() && goes(&mut self.random);
        self.dut.offer("s_frame", self.feeding.front().filter(|_| feeds).map(Vec::as_slice));
        self.dut.offer("s_engine", self.from_engine.front().map(Vec::as_slice));
        let wire = goes(&mut self.random);
        self.dut.accept("m_frame", wire);
        self.dut.accept("m_engine", true);
        let completes = goes(&mut self.random);
        self.dut.accept("m_completion", completes);
        // A halted engine offers nothing.
        let stopped = self.halted > 0 && !self.inside;
        let request = self.reads.front().filter(|_| !stopped).map(|(_, request)| request.to_flat());
        self.dut.offer("s_request", request.as_deref());
        let write = self.writes.front().filter(|_| !stopped).cloned();
        self.dut.offer("s_write", write.as_deref());
        self.set("irq", u64::from(self.interrupt));
        self.set("halted", u64::from(self.halted > 20 && self.under_way.is_empty() && !self.inside));
        self.drive_registers();
        self.dut.settle();

        assert!(self.dut.ready("s_frame"), "the wire cannot wait");
        if feeds {
            self.feeding.pop_front();
        }
        if !self.from_engine.is_empty() && self.dut.ready("s_engine") {
            self.from_engine.pop_front();
        }
        if let Some(word) = self.dut.word("m_engine") {
            let beat = Beat::<64>::from_flat(&word);
            append(&mut self.partial, &beat);
            if beat.last {
                self.to_engine.push(std::mem::take(&mut self.partial));
            }
        }
        if let Some(word) = self.dut.word("m_frame").filter(|_| wire) {
            let beat = Beat::<64>::from_flat(&word);
            append(&mut self.outward, &beat);
            if beat.last {
                let frame = std::mem::take(&mut self.outward);
                assert!((60..=1514).contains(&frame.len()), "{} bytes", frame.len());
                self.arrive(frame);
            }
        }
        if request.is_some() && self.dut.ready("s_request") {
            let (tag, request) = self.reads.pop_front().expect("a request");
            let (address, length) = (number(request.address), number(request.length) as u32);
            let read = Read { address, length, words: Vec::new(), failed: false, done: false };
            assert!(self.under_way.insert(tag, read).is_none(), "tag {tag} is under way");
        }
        if write.is_some() && self.dut.ready("s_write") {
            self.writes.pop_front();
            let last = self.ends.pop_front().expect("an end");
            self.inside = !last;
            self.bursts_taken += u64::from(last);
        }
        if let Some(word) = self.dut.word("m_completion").filter(|_| completes) {
            let beat = ReadCompletion::<64>::from_flat(&word);
            let tag = number(beat.tag) as u8;
            let read = self.under_way.get_mut(&tag).unwrap_or_else(|| panic!("nobody waits for tag {tag}"));
            read.words.push(number(beat.data));
            if beat.last {
                let mut read = self.under_way.remove(&tag).expect("a read");
                (read.failed, read.done) = (beat.error, true);
                self.finished.push(read);
            }
        }
        self.commit_registers();
        self.halted = if self.get("halt") == 1 { self.halted + 1 } else { 0 };
        if self.get("engine_reset") == 1 {
            assert!(self.under_way.is_empty() && !self.inside, "reset with reads or writes under way");
            assert!(self.halted > 20, "reset before the engine has stopped");
            self.resets += 1;
            self.reads.clear();
            self.writes.clear();
            self.ends.clear();
            self.registers.clear();
            self.interrupt = false;
        }
        self.dut.step();
        self.now += 1;
    }

    /// The engine's register port: one access at a time.
    fn drive_registers(&mut self) {
        let willing = u64::from(!self.random.chance(self.mishaps.stall));
        for ready in ["awready", "wready", "arready"] {
            self.set(ready, 0);
        }
        let idle = self.reading.is_none() && !self.responding;
        // Whether an access is offered depends on registers of the link alone.
        if idle && self.get("awvalid") == 1 && self.get("wvalid") == 1 {
            self.set("awready", willing);
            self.set("wready", willing);
        } else if idle && self.get("arvalid") == 1 {
            self.set("arready", willing);
        }
        self.set("bvalid", u64::from(self.responding));
        let value = match self.reading {
            Some(0x10) => self.bursts_taken,
            Some(offset) => self.registers.get(&offset).copied().unwrap_or(0),
            None => 0,
        };
        self.set("rdata", value & 0xffff_ffff);
        self.set("rresp", if self.reading == Some(0xffc) { 2 } else { 0 });
        self.set("rvalid", u64::from(self.reading.is_some()));
    }

    fn commit_registers(&mut self) {
        if self.get("awvalid") == 1 && self.get("awready") == 1 {
            let (offset, value) = (self.get("awaddr"), self.get("wdata"));
            self.registers.insert(offset, value);
            self.register_writes.push((offset, value));
            self.responding = true;
        } else if self.get("arvalid") == 1 && self.get("arready") == 1 {
            self.reading = Some(self.get("araddr"));
        } else if self.responding && self.get("bready") == 1 {
            self.responding = false;
        } else if self.reading.is_some() && self.get("rready") == 1 {
            self.reading = None;
        }
    }
}

fn beats(frame: &[u8], damaged: bool) -> Vec<FlatWord> {
    let last = frame.len().div_ceil(8) - 1;
    let beat = |(index, bytes): (usize, &[u8])| {
        let data = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        let error = damaged && index == last;
        Beat::<64> { data: data.into(), count: (bytes.len() as u64).into(), last: index == last, error }.to_flat()
    };
    frame.chunks(8).enumerate().map(beat).collect()
}

fn append(frame: &mut Vec<u8>, beat: &Beat<64>) {
    frame.extend(&number(beat.data).to_le_bytes()[..number(beat.count) as usize]);
}

/// A host's interface on the wire.
#[derive(Clone)]
pub struct Wire {
    pub world: Rc<RefCell<World>>,
    pub mac: [u8; 6],
}

impl FrameInterface for Wire {
    fn address(&self) -> [u8; 6] {
        self.mac
    }
    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.world.borrow_mut().send(frame);
        Ok(())
    }
    fn receive(&mut self, frame: &mut Vec<u8>) -> io::Result<bool> {
        let mut world = self.world.borrow_mut();
        let now = world.now;
        // Others on the wire see their own frames only.
        let mine = |(due, bytes): &(u64, Vec<u8>)| *due <= now && bytes[..6] == self.mac;
        let Some(index) = world.arrived.iter().position(mine) else { return Ok(false) };
        *frame = world.arrived.remove(index).expect("found").1;
        Ok(true)
    }
    fn now(&self) -> u64 {
        self.world.borrow().now
    }
    fn pause(&mut self) -> io::Result<()> {
        self.world.borrow_mut().cycles(16);
        Ok(())
    }
}

pub fn options(session: u32) -> LinkOptions {
    LinkOptions { timeout: 3_000, keep_alive: 5_000, patience: 100_000, ..LinkOptions::new(LINK, session) }
}

pub fn host(world: &Rc<RefCell<World>>, session: u32) -> LinkTransport<Wire> {
    let wire = Wire { world: Rc::clone(world), mac: HOST };
    LinkTransport::open(wire, options(session)).expect("a session")
}
