//! Drives the lookup in either simulator and holds its outputs against the model, channel by channel.
use crate::model::{hash, word, Model, Outcome, Request};
use rand::rngs::StdRng;
use rand::Rng;
use std::collections::{BTreeSet, HashMap, VecDeque};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::connection::Lookup;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::replay::{Compiled, Dut, Stepped};
use stevedore_testbenches::stepped;

pub const KEY: u32 = 0x1234_5678;

/// The ports of the lookup that are no channels.
pub trait Pins: Dut {
    fn set_now(&mut self, now: u32);
    fn set_settings(&mut self, settings: Settings);
    fn address(&self) -> Option<Address>;
    fn free_slots(&self) -> u64;
    fn drop_no_connection(&self) -> bool;
}

impl Pins for Stepped<Lookup> {
    fn set_now(&mut self, now: u32) {
        self.bench.uut.now.next = u64::from(now).into();
    }
    fn set_settings(&mut self, settings: Settings) {
        self.bench.uut.settings.next = settings;
    }
    fn address(&self) -> Option<Address> {
        self.bench.uut.address_valid.val().then(|| self.bench.uut.address.val())
    }
    fn free_slots(&self) -> u64 {
        word(self.bench.uut.free_slots.val())
    }
    fn drop_no_connection(&self) -> bool {
        self.bench.uut.drop_no_connection.val()
    }
}

fn words(bits: &[bool]) -> Vec<u32> {
    bits.chunks(32).map(|c| c.iter().rev().fold(0, |value, &bit| value << 1 | u32::from(bit))).collect()
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
    fn address(&self) -> Option<Address> {
        (self.model.get(self.model.port("address_valid")) == 1).then(|| {
            let port = self.model.port("address");
            let mut words = vec![0; port.words()];
            self.model.get_wide(port, &mut words);
            let bits: Vec<bool> = (0..port.width() as usize).map(|i| words[i / 32] >> (i % 32) & 1 == 1).collect();
            Address::from_flat(&bits)
        })
    }
    fn free_slots(&self) -> u64 {
        self.model.get(self.model.port("free_slots"))
    }
    fn drop_no_connection(&self) -> bool {
        self.model.get(self.model.port("drop_no_connection")) == 1
    }
}

pub fn stepped_lookup(geometry: &Geometry) -> Stepped<Lookup> {
    stepped!(
        Lookup::new(geometry),
        sinks: [s_header, s_open, s_icmp, s_free],
        sources: [m_segment, m_opened, m_refused, m_reset]
    )
}

pub fn compiled_lookup(geometry: &Geometry) -> Compiled {
    Compiled::once("lookup", geometry, Lookup::new).expect("a model")
}

/// The same with noise in its memories.
pub fn noisy_lookup(geometry: &Geometry, seed: u32) -> Compiled {
    Compiled::noisy(&Lookup::new(geometry), "lookup", seed).expect("a model")
}

/// Waiting inputs, expected outputs, and the chance that a channel stalls in a cycle.
pub struct Rig<D: Pins> {
    pub dut: D,
    pub model: Model,
    pub now: u32,
    /// How often each channel is not served, from 0 to 1: `s_header`, `s_open`, `s_free`, `s_icmp`, `m_segment`,
    /// `m_opened`, `m_refused`, `m_reset`.
    pub stalls: [f64; 8],
    rng: StdRng,
    headers: VecDeque<SegmentHeader>,
    opens: VecDeque<OpenRequest>,
    errors: VecDeque<IcmpError>,
    frees: VecDeque<u16>,
    offering: [bool; 4],
    segments: VecDeque<(Event, Opening)>,
    opened: VecDeque<(Event, Opening)>,
    refused: VecDeque<Notice>,
    resets: VecDeque<ResetOut>,
    addresses: HashMap<u64, Address>,
    /// Slots whose opening was announced and whose end was not asked for: those a reaper may free.
    pub live: BTreeSet<u16>,
    drops: u64,
    /// Cycle in which each segment event left.
    pub left: Vec<u64>,
}

/// What is known of the opening an event stands for.
#[derive(Clone, Copy)]
struct Opening {
    tuple: Tuple,
    mac: Bits<48>,
    taken: u32,
}

impl<D: Pins> Rig<D> {
    pub fn new(mut dut: D, connections: usize, stall: f64, rng: StdRng) -> Self {
        dut.set_settings(Settings { hash_key: u64::from(KEY).into(), ..Settings::default() });
        dut.set_now(0);
        dut.reset();
        Rig {
            dut,
            model: Model::new(connections),
            now: 0,
            stalls: [stall; 8],
            rng,
            headers: VecDeque::new(),
            opens: VecDeque::new(),
            errors: VecDeque::new(),
            frees: VecDeque::new(),
            offering: [false; 4],
            segments: VecDeque::new(),
            opened: VecDeque::new(),
            refused: VecDeque::new(),
            resets: VecDeque::new(),
            addresses: HashMap::new(),
            live: BTreeSet::new(),
            drops: 0,
            left: Vec::new(),
        }
    }

    pub fn push(&mut self, request: Request) {
        match request {
            Request::Header(header) => self.headers.push_back(header),
            Request::Open(open) => self.opens.push_back(open),
            Request::Icmp(error) => self.errors.push_back(error),
            Request::Free(slot) => {
                self.live.remove(&slot);
                self.frees.push_back(slot);
            }
        }
    }

    /// Requests not yet taken.
    pub fn waiting(&self) -> usize {
        self.headers.len() + self.opens.len() + self.errors.len() + self.frees.len()
    }

    fn unfinished(&self) -> usize {
        self.waiting() + self.segments.len() + self.opened.len() + self.refused.len() + self.resets.len()
    }

    fn willing(&mut self, channel: usize) -> bool {
        !self.rng.random_bool(self.stalls[channel])
    }

    pub fn step(&mut self) {
        let (headers, opens) = (!self.headers.is_empty(), !self.opens.is_empty());
        let (frees, errors) = (!self.frees.is_empty(), !self.errors.is_empty());
        for (i, waiting) in [headers, opens, frees, errors].into_iter().enumerate() {
            // Once offered, offered until taken.
            self.offering[i] = waiting && (self.offering[i] || self.willing(i));
        }
        let offer = |on: bool, word: Option<Vec<bool>>| if on { word } else { None };
        let header = offer(self.offering[0], self.headers.front().map(|h| h.to_flat()));
        let open = offer(self.offering[1], self.opens.front().map(|o| o.to_flat()));
        let free = offer(self.offering[2], self.frees.front().map(|&f| Bits::<16>::from(u64::from(f)).to_flat()));
        let error = offer(self.offering[3], self.errors.front().map(|e| e.to_flat()));
        self.dut.offer("s_icmp", error.as_deref());
        self.dut.offer("s_header", header.as_deref());
        self.dut.offer("s_open", open.as_deref());
        self.dut.offer("s_free", free.as_deref());
        let ready = [0, 1, 2, 3].map(|i| {
            let ready = self.willing(4 + i);
            self.dut.accept(["m_segment", "m_opened", "m_refused", "m_reset"][i], ready);
            ready
        });
        self.dut.set_now(self.now);
        self.dut.settle();

        if let Some(address) = self.dut.address() {
            self.addresses.insert(word(address.slot), address);
        }
        self.drops += u64::from(self.dut.drop_no_connection());
        self.check_outputs(ready);
        self.take_inputs();
        self.dut.step();
        self.now = self.now.wrapping_add(self.rng.random_range(0..4));
    }

    fn take_inputs(&mut self) {
        let mut taken = Vec::new();
        if self.offering[2] && self.dut.ready("s_free") {
            taken.push((Request::Free(self.frees.pop_front().expect("offered")), Tuple::default(), Bits::default()));
            self.offering[2] = false;
        }
        if self.offering[1] && self.dut.ready("s_open") {
            let open = self.opens.pop_front().expect("offered");
            taken.push((Request::Open(open), open.tuple, open.remote_mac));
            self.offering[1] = false;
        }
        if self.offering[0] && self.dut.ready("s_header") {
            let header = self.headers.pop_front().expect("offered");
            taken.push((Request::Header(header), header.tuple, header.remote_mac));
            self.offering[0] = false;
        }
        if self.offering[3] && self.dut.ready("s_icmp") {
            let error = self.errors.pop_front().expect("offered");
            taken.push((Request::Icmp(error), error.tuple, Bits::default()));
            self.offering[3] = false;
        }
        assert!(taken.len() <= 1, "one request at a time");
        for (request, tuple, mac) in taken {
            let opening = Opening { tuple, mac, taken: self.now };
            for outcome in self.model.take(request) {
                match outcome {
                    Outcome::Segment(event) => self.segments.push_back((event, opening)),
                    Outcome::Opened(event) => self.opened.push_back((event, opening)),
                    Outcome::Refused(notice) => self.refused.push_back(notice),
                    Outcome::Reset(reset) => self.resets.push_back(reset),
                }
            }
        }
    }

    fn check_outputs(&mut self, [segment, opened, refused, reset]: [bool; 4]) {
        let cycle = self.dut.cycle();
        if let (true, Some(bits)) = (segment, self.dut.word("m_segment")) {
            let (expected, opening) = self.segments.pop_front().expect("no event without a header");
            self.check_event(Event::from_flat(&bits), expected, expected.fresh, opening);
            self.left.push(cycle);
        }
        if let (true, Some(bits)) = (opened, self.dut.word("m_opened")) {
            let (expected, opening) = self.opened.pop_front().expect("no event without an opening");
            let fresh = expected.kind != EventKind::Unreachable;
            self.check_event(Event::from_flat(&bits), expected, fresh, opening);
        }
        if let (true, Some(bits)) = (refused, self.dut.word("m_refused")) {
            assert_eq!(Some(Notice::from_flat(&bits)), self.refused.pop_front(), "cycle {cycle}");
        }
        if let (true, Some(bits)) = (reset, self.dut.word("m_reset")) {
            let mut got = ResetOut::from_flat(&bits);
            if !got.ack {
                got.acknowledgement = 0.into();
            }
            assert_eq!(Some(got), self.resets.pop_front(), "cycle {cycle}");
        }
    }

    fn check_event(&mut self, got: Event, expected: Event, fresh: bool, opening: Opening) {
        let mut defined = got;
        defined.initial_sequence = 0.into();
        if !fresh {
            defined.listener = 0.into();
            defined.listener_generation = 0.into();
            defined.cookie = 0.into();
        }
        if matches!(expected.kind, EventKind::Listen | EventKind::Unreachable) {
            defined = Event { listener: 0.into(), listener_generation: 0.into(), ..defined };
        }
        if matches!(expected.kind, EventKind::Connect | EventKind::Listen) {
            defined.sequence = 0.into();
        }
        let cycle = self.dut.cycle();
        assert_eq!(defined, expected, "cycle {cycle}");
        if fresh {
            self.live.insert(got.slot.index() as u16);
            let address = Address { slot: got.slot, tuple: opening.tuple, remote_mac: opening.mac };
            assert_eq!(self.addresses.get(&word(got.slot)), Some(&address), "cycle {cycle}: address broadcast first");
            let clock = (word(got.initial_sequence) as u32).wrapping_sub(hash(opening.tuple, KEY));
            let (from, to) = (opening.taken >> 2, self.now >> 2);
            let seen = clock & 0x3fff_ffff;
            let inside = if from <= to { (from..=to).contains(&seen) } else { seen >= from || seen <= to };
            assert!(inside, "cycle {cycle}: clock {clock:#x} of an initial sequence number not in {from:#x}..={to:#x}");
        }
    }

    /// A reset in the middle of whatever is going on: nothing of it may be left.
    pub fn restart(&mut self, connections: usize) {
        for sink in ["s_header", "s_open", "s_icmp", "s_free"] {
            self.dut.offer(sink, None);
        }
        self.dut.reset();
        self.model = Model::new(connections);
        self.headers.clear();
        self.opens.clear();
        self.errors.clear();
        self.frees.clear();
        self.segments.clear();
        self.opened.clear();
        self.refused.clear();
        self.resets.clear();
        self.live.clear();
        self.offering = [false; 4];
        self.drops = 0;
    }

    /// Steps until everything pushed has come out, and some cycles more, in which nothing may come.
    pub fn drain(&mut self) {
        let mut patience = 100_000;
        while self.unfinished() > 0 {
            self.step();
            patience -= 1;
            assert!(patience > 0, "{} requests and outcomes are stuck", self.unfinished());
        }
        (0..200).for_each(|_| self.step());
        assert_eq!(self.dut.free_slots(), self.model.free_slots() as u64);
        assert_eq!(self.drops, self.model.drops);
    }
}
