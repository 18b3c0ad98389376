//! Drives the network block in either simulator: frames in and out, openings, time.
use crate::frames::{GATEWAY, NETMASK, OWN_IP, OWN_MAC};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, VecDeque};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::network::{Heard, Network};
use stevedore_testbenches::replay::{Compiled, Dut, Stepped};
use stevedore_testbenches::stepped;

/// The ports that are no channels.
pub trait Pins: Dut {
    fn set_now(&mut self, now: u32);
    fn set_settings(&mut self, settings: Settings);
    /// The lookup writes a row, or none.
    fn set_row(&mut self, row: Option<Address>);
    /// The row written for the transmitter, if there is one.
    fn row(&self) -> Option<Address>;
    /// A segment was heard, and the slot of one was found.
    fn set_heard(&mut self, heard: Option<Heard>, matched: Option<u16>);
}

/// Bits as words of a model.
fn words(bits: &[bool]) -> Vec<u32> {
    let word = |bits: &[bool]| bits.iter().rev().fold(0, |value, &bit| value << 1 | u32::from(bit));
    bits.chunks(32).map(word).collect()
}

impl<const W: usize> Pins for Stepped<Network<W>> {
    fn set_now(&mut self, now: u32) {
        self.bench.uut.now.next = u64::from(now).into();
    }
    fn set_settings(&mut self, settings: Settings) {
        self.bench.uut.settings.next = settings;
    }
    fn set_row(&mut self, row: Option<Address>) {
        self.bench.uut.address_in_valid.next = row.is_some();
        self.bench.uut.address_in.next = row.unwrap_or_default();
    }
    fn row(&self) -> Option<Address> {
        self.bench.uut.address_valid.val().then(|| self.bench.uut.address.val())
    }
    fn set_heard(&mut self, heard: Option<Heard>, matched: Option<u16>) {
        let uut = &mut self.bench.uut;
        uut.heard_valid.next = heard.is_some();
        uut.heard.next = heard.unwrap_or_default();
        uut.matched_valid.next = matched.is_some();
        uut.matched.next = u64::from(matched.unwrap_or_default()).into();
    }
}

impl Pins for Compiled {
    fn set_now(&mut self, now: u32) {
        let port = self.model.port("now");
        self.model.set(port, now.into());
    }
    fn set_settings(&mut self, settings: Settings) {
        let port = self.model.port("settings");
        self.model.set_wide(port, &words(&settings.to_flat()));
    }
    fn set_row(&mut self, row: Option<Address>) {
        let (port, valid) = (self.model.port("address_in"), self.model.port("address_in_valid"));
        self.model.set(valid, row.is_some().into());
        self.model.set_wide(port, &words(&row.unwrap_or_default().to_flat()));
    }
    fn row(&self) -> Option<Address> {
        let (port, valid) = (self.model.port("address"), self.model.port("address_valid"));
        let mut words = vec![0; port.words()];
        self.model.get_wide(port, &mut words);
        let mut bits: Vec<bool> = words.iter().flat_map(|word| (0..32).map(move |bit| word >> bit & 1 == 1)).collect();
        bits.truncate(port.width() as usize);
        (self.model.get(valid) != 0).then(|| Address::from_flat(&bits))
    }
    fn set_heard(&mut self, heard: Option<Heard>, matched: Option<u16>) {
        let names = ["heard", "heard_valid", "matched", "matched_valid"];
        let [word, valid, slot, found] = names.map(|name| self.model.port(name));
        self.model.set(valid, heard.is_some().into());
        self.model.set_wide(word, &words(&heard.unwrap_or_default().to_flat()));
        self.model.set(found, matched.is_some().into());
        self.model.set(slot, matched.unwrap_or_default().into());
    }
}

pub fn geometry(width: usize) -> Geometry {
    Geometry { width, ..Geometry::SMALL }
}

pub fn stepped_network<const W: usize>() -> Stepped<Network<W>> {
    stepped!(Network::<W>::new(&geometry(W)), sinks: [s_frame, s_open], sources: [m_frame, m_open, m_refused, m_icmp])
}

pub fn compiled_network<const W: usize>() -> Compiled {
    Compiled::once(&format!("network_{W}"), &geometry(W), Network::<W>::new).expect("a model")
}

pub fn settings() -> Settings {
    let mac = OWN_MAC.iter().fold(0, |value, &octet| value << 8 | u64::from(octet));
    Settings {
        enable: true,
        mac: mac.into(),
        ip_address: u64::from(OWN_IP).into(),
        netmask: u64::from(NETMASK).into(),
        gateway: u64::from(GATEWAY).into(),
        ..Settings::default()
    }
}

/// The block, what waits to go in and what has come out.
pub struct Rig<const W: usize, D: Pins> {
    pub dut: D,
    pub rng: StdRng,
    /// Chance that a channel stalls in a cycle, the receive side of the wire included.
    pub stall: f64,
    /// Engine time per cycle, microseconds.
    pub pace: u32,
    pub now: u32,
    beats: VecDeque<Beat<W>>,
    offered: bool,
    pub opens: VecDeque<OpenRequest>,
    opening: bool,
    frame: Vec<u8>,
    pub frames: Vec<Vec<u8>>,
    pub opened: Vec<OpenRequest>,
    pub refused: Vec<Notice>,
    /// Nothing is taken from `m_open`, `m_refused` and `m_icmp`.
    pub blocked: bool,
    pub errors: Vec<IcmpError>,
    /// The next row of the lookup, the next segment heard and the slot found for it.
    pub row: Option<Address>,
    pub heard: Option<(Heard, u16)>,
    matched: Option<u16>,
    /// The transmitter's address table: the tuple and MAC of every slot written.
    pub table: BTreeMap<u16, Address>,
}

fn octets<const N: usize>(bytes: &[u8]) -> Bits<N> {
    let mut bits = vec![false; N];
    for (i, byte) in bytes.iter().enumerate() {
        (0..8).for_each(|b| bits[8 * i + b] = byte >> b & 1 == 1);
    }
    Bits::from_flat(&bits)
}

impl<const W: usize, D: Pins> Rig<W, D> {
    pub fn new(mut dut: D, seed: u64, stall: f64) -> Self {
        println!("width {W}, seed {seed}, stalls {stall}");
        dut.set_settings(settings());
        dut.reset();
        let mut rig = Rig {
            dut,
            rng: StdRng::seed_from_u64(seed),
            stall,
            pace: 1,
            now: 0xffff_f000,
            beats: VecDeque::new(),
            offered: false,
            opens: VecDeque::new(),
            opening: false,
            frame: Vec::new(),
            frames: Vec::new(),
            opened: Vec::new(),
            refused: Vec::new(),
            blocked: false,
            errors: Vec::new(),
            row: None,
            heard: None,
            matched: None,
            table: BTreeMap::new(),
        };
        // As long as it takes to clear the tables.
        rig.steps(80);
        rig
    }

    /// Queues a frame; lanes behind its end hold noise.
    pub fn send(&mut self, bytes: &[u8], damaged: bool) {
        let beats = bytes.chunks(W / 8).count();
        for (i, chunk) in bytes.chunks(W / 8).enumerate() {
            let mut lanes = chunk.to_vec();
            lanes.resize_with(W / 8, || self.rng.random());
            let last = i + 1 == beats;
            self.beats.push_back(Beat {
                data: octets(&lanes),
                count: (chunk.len() as u64).into(),
                last,
                error: last && damaged,
            });
        }
    }

    fn willing(&mut self) -> bool {
        !self.rng.random_bool(self.stall)
    }

    pub fn step(&mut self) {
        self.offered = !self.beats.is_empty() && self.willing();
        self.opening = !self.opens.is_empty() && (self.opening || self.willing());
        let beat = self.beats.front().filter(|_| self.offered).map(|b| b.to_flat());
        let open = self.opens.front().filter(|_| self.opening).map(|o| o.to_flat());
        self.dut.offer("s_frame", beat.as_deref());
        self.dut.offer("s_open", open.as_deref());
        let ready = ["m_frame", "m_open", "m_refused", "m_icmp"].map(|source| {
            let ready = self.willing() && (source == "m_frame" || !self.blocked);
            self.dut.accept(source, ready);
            ready
        });
        let heard = self.heard.take();
        self.dut.set_heard(heard.map(|(heard, _)| heard), self.matched);
        self.matched = heard.map(|(_, slot)| slot);
        self.dut.set_row(self.row.take());
        self.dut.set_now(self.now);
        self.dut.settle();
        assert!(self.dut.ready("s_frame"), "the wire never waits");
        if self.offered {
            self.beats.pop_front();
        }
        if self.opening && self.dut.ready("s_open") {
            self.opens.pop_front();
            self.opening = false;
        }
        let frame = self.dut.word("m_frame").map(|bits| Beat::<W>::from_flat(&bits));
        assert!(frame.is_some() || self.frame.is_empty(), "cycle {}: a gap inside a frame", self.dut.cycle());
        if let (true, Some(beat)) = (ready[0], frame) {
            self.receive(beat);
        }
        if let (true, Some(bits)) = (ready[1], self.dut.word("m_open")) {
            self.opened.push(OpenRequest::from_flat(&bits));
        }
        if let (true, Some(bits)) = (ready[2], self.dut.word("m_refused")) {
            self.refused.push(Notice::from_flat(&bits));
        }
        if let (true, Some(bits)) = (ready[3], self.dut.word("m_icmp")) {
            self.errors.push(IcmpError::from_flat(&bits));
        }
        if let Some(row) = self.dut.row() {
            self.table.insert(row.slot.index() as u16, row);
        }
        self.dut.step();
        self.now = self.now.wrapping_add(self.pace);
    }

    fn receive(&mut self, beat: Beat<W>) {
        let count = beat.count.index();
        assert!(count == W / 8 || beat.last && (1..W / 8).contains(&count), "a beat of {count} octets");
        assert!(!beat.error);
        let bits = beat.data.to_flat();
        let octet = |bits: &[bool]| bits.iter().rev().fold(0, |value, &bit| value << 1 | u8::from(bit));
        self.frame.extend(bits.chunks(8).take(count).map(octet));
        if beat.last {
            self.frames.push(std::mem::take(&mut self.frame));
        }
    }

    pub fn steps(&mut self, count: usize) {
        (0..count).for_each(|_| self.step());
    }

    /// Steps until everything queued went in, and `more` cycles.
    pub fn settle(&mut self, more: usize) {
        let mut patience = 200_000;
        while !self.beats.is_empty() || !self.opens.is_empty() {
            self.step();
            patience -= 1;
            assert!(patience > 0, "inputs are stuck");
        }
        self.steps(more);
    }

    /// Sends one frame and gives what came out, after time for the longest reply.
    pub fn exchange(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.frames.clear();
        self.send(bytes, false);
        let cycles = 200 + bytes.len() * 2;
        self.settle((cycles as f64 / (1.0 - self.stall)) as usize);
        std::mem::take(&mut self.frames)
    }
}
