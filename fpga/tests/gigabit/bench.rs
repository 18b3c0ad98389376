//! A PHY that drives RXC and looks at TXC, and a user of the streams who stalls.
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::sync::OnceLock;
use stevedore_fpga::{ecp5, RgmiiPort};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::Beat;
use stevedore_verilated::{Model, Port, Source as Text};

/// Streams, receive, transmit.
pub const STREAM: usize = 0;
const RECEIVE: usize = 1;
const TRANSMIT: usize = 2;
/// Bytes of preamble and delimiter, and of the gap.
const PREAMBLE: usize = 8;
pub const GAP: usize = 12;
/// The events that the port counts, by the names of their pulses.
pub const EVENTS: [&str; 8] =
    ["received", "check_failed", "runt", "oversize", "overrun", "sent", "refused", "underrun"];

/// What one cycle of RXC carries.
#[derive(Clone, Copy)]
struct OnWire {
    data: u8,
    valid: bool,
    error: bool,
}

const NOTHING: OnWire = OnWire { data: 0, valid: false, error: false };

/// A frame on a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub bytes: Vec<u8>,
    pub error: bool,
}

/// A frame that left at the pins.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// Without preamble and check sequence.
    pub bytes: Vec<u8>,
    pub check_right: bool,
    /// Cycle of TXC in which its preamble began, and in which its last byte was over.
    pub from: u64,
    pub to: u64,
}

/// Bytes with their check sequence.
pub fn checked(bytes: &[u8]) -> Vec<u8> {
    [bytes, &crc32fast::hash(bytes).to_le_bytes()].concat()
}

pub struct Rig {
    pub model: Model,
    clocks: Clocks,
    pub random: StdRng,
    clock: [Port; 3],
    resets: [Port; 3],
    rx: [Port; 2],
    tx: [Port; 3],
    /// valid, ready, bits
    s_frame: [Port; 3],
    m_frame: [Port; 3],
    events: [Port; EVENTS.len()],
    /// How often the stream's user offers and takes, in percent.
    pub pace: (u32, u32),
    on_wire: VecDeque<OnWire>,
    to_send: VecDeque<Vec<bool>>,
    offering: bool,
    ready: bool,
    /// Half a byte of TXD, and its control.
    half: (u64, u64),
    leaving: Vec<u8>,
    coming: Vec<u8>,
    began: u64,
    pub cycles: [u64; 3],
    pub received: Vec<Frame>,
    pub sent: Vec<Sent>,
    pub counts: [u64; EVENTS.len()],
    offered: Option<Vec<u32>>,
}

fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let text = with_big_stack(|| verilog(&RgmiiPort::<64>::new(2000), "port"));
        format!("{text}{}", ecp5::MODELS)
    })
}

impl Rig {
    /// Clocks of so many picoseconds: streams, receive, transmit.
    pub fn new(periods: [u64; 3], seed: u64) -> Self {
        println!("seed {seed:#x}, periods {periods:?}");
        let mut random = StdRng::seed_from_u64(seed);
        let clocks = periods
            .into_iter()
            .fold(Clocks::new(seed), |clocks, period| clocks.with(period, random.random_range(0..period), period / 50));
        let model = Model::build(&Text::new("port", text()).random_reset(3)).expect("a model");
        let port = |name: &str| model.port(name);
        let channel = |name: &str| ["valid", "ready", "bits"].map(|part| port(&format!("{name}_{part}")));
        let (s_frame, m_frame) = (channel("s_frame"), channel("m_frame"));
        let mut rig = Rig {
            clock: ["clock", "receive_clock", "transmit_clock"].map(port),
            resets: ["reset", "receive_reset", "transmit_reset"].map(port),
            rx: ["rxd", "rx_ctl"].map(port),
            tx: ["txc", "txd", "tx_ctl"].map(port),
            events: EVENTS.map(port),
            s_frame,
            m_frame,
            model,
            clocks,
            random,
            pace: (100, 100),
            on_wire: VecDeque::new(),
            to_send: VecDeque::new(),
            offering: false,
            ready: false,
            half: (0, 0),
            leaving: vec![],
            coming: vec![],
            began: 0,
            cycles: [0; 3],
            received: vec![],
            sent: vec![],
            counts: [0; EVENTS.len()],
            offered: None,
        };
        rig.reset(true);
        rig.run(20);
        rig.reset(false);
        rig.run(60);
        rig
    }

    pub fn reset(&mut self, on: bool) {
        for port in self.resets {
            self.model.set(port, on.into());
        }
        self.model.eval();
    }

    pub fn count(&self, event: &str) -> u64 {
        self.counts[EVENTS.iter().position(|name| *name == event).expect("an event")]
    }

    /// Puts bytes on the wire as they are, behind a preamble; the last of them is their check sequence or should be.
    pub fn wire_raw(&mut self, bytes: &[u8], gap: usize, error_at: Option<usize>) {
        let byte = |data| OnWire { data, valid: true, error: false };
        self.on_wire.extend([0x55; PREAMBLE - 1].map(byte));
        self.on_wire.push_back(byte(0xd5));
        let frame = bytes.iter().enumerate();
        self.on_wire.extend(frame.map(|(i, &data)| OnWire { data, valid: true, error: error_at == Some(i) }));
        self.on_wire.extend(std::iter::repeat_n(NOTHING, gap));
    }

    /// Puts bytes on the wire without a preamble.
    pub fn wire_bytes(&mut self, bytes: &[u8]) {
        self.on_wire.extend(bytes.iter().map(|&data| OnWire { data, valid: true, error: false }));
        self.on_wire.extend([NOTHING; GAP]);
    }

    /// A sound frame for the wire.
    pub fn wire(&mut self, bytes: &[u8]) {
        self.wire_raw(&checked(bytes), GAP, None);
    }

    /// A frame for the stream.
    pub fn send(&mut self, frame: &Frame) {
        let beats = frame.bytes.len().div_ceil(8);
        for (i, lanes) in frame.bytes.chunks(8).enumerate() {
            let value = lanes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
            let last = i + 1 == beats;
            let beat =
                Beat::<64> { data: value.into(), count: (lanes.len() as u64).into(), last, error: last && frame.error };
            self.to_send.push_back(beat.to_flat());
        }
    }

    /// Forgets what was being sent and received, as the reset of the port does.
    pub fn abandon(&mut self) {
        self.to_send.clear();
        self.offering = false;
        self.offered = None;
        self.leaving.clear();
        self.coming.clear();
    }

    /// All that was given to it is on its way.
    pub fn empty(&self) -> bool {
        self.on_wire.is_empty() && self.to_send.is_empty()
    }

    /// Runs so many cycles of the streams' clock.
    pub fn run(&mut self, cycles: u64) {
        let end = self.cycles[STREAM] + cycles;
        while self.cycles[STREAM] < end {
            self.edge();
        }
    }

    /// Runs until everything given is through.
    pub fn drain(&mut self) {
        while !self.empty() {
            self.edge();
        }
        self.run(6000);
    }

    fn edge(&mut self) {
        let Edge { clock, rises, .. } = self.clocks.next_edge();
        match clock {
            STREAM if rises => self.stream(),
            RECEIVE => self.receive(rises),
            _ => {}
        }
        self.model.set(self.clock[clock], rises.into());
        self.model.eval();
        self.model.sample();
        self.cycles[clock] += u64::from(rises);
        match clock {
            STREAM if rises => self.renew(),
            TRANSMIT => self.transmit(rises),
            _ => {}
        }
    }

    /// The PHY puts its half of a byte on the pins before the edge.
    fn receive(&mut self, rises: bool) {
        let OnWire { data, valid, error } = self.on_wire.front().copied().unwrap_or(NOTHING);
        let (half, control) = if rises { (data & 15, valid) } else { (data >> 4, valid != error) };
        self.model.set(self.rx[0], half.into());
        self.model.set(self.rx[1], control.into());
        self.model.eval();
        if !rises {
            self.on_wire.pop_front();
        }
    }

    /// The PHY looks at the pins between two edges of TXC.
    fn transmit(&mut self, rises: bool) {
        let [clock, data, control] = self.tx.map(|port| self.model.get(port));
        assert_eq!(clock == 1, rises, "TXC");
        if rises {
            self.half = (data, control);
            return;
        }
        let (low, valid) = self.half;
        let (value, error) = ((data << 4 | low) as u8, valid != control);
        if valid == 1 {
            assert!(!error, "TX_ER");
            if self.leaving.is_empty() {
                self.began = self.cycles[TRANSMIT];
            }
            self.leaving.push(value);
        } else if !self.leaving.is_empty() {
            let frame = std::mem::take(&mut self.leaving);
            let (preamble, frame) = frame.split_at(PREAMBLE);
            assert_eq!(preamble, [0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xd5]);
            let bytes = frame[..frame.len() - 4].to_vec();
            let check_right = checked(&bytes) == frame;
            if let Some(before) = self.sent.last() {
                assert!(self.began - before.to >= GAP as u64, "a gap of {}", self.began - before.to);
            }
            self.sent.push(Sent { bytes, check_right, from: self.began, to: self.cycles[TRANSMIT] });
        }
    }

    /// What moves with the edge of the streams' clock that comes now.
    fn stream(&mut self) {
        if self.offering && self.model.get(self.s_frame[1]) == 1 {
            self.to_send.pop_front();
            self.offering = false;
        }
        let mut shown = None;
        if self.model.get(self.m_frame[0]) == 1 {
            let mut words = vec![0; self.m_frame[2].words()];
            self.model.get_wide(self.m_frame[2], &mut words);
            shown = Some(words);
        }
        if self.offered.is_some() {
            assert_eq!(shown, self.offered, "the beat offered changed");
        }
        self.offered = if self.ready { None } else { shown.clone() };
        if let (Some(words), true) = (shown, self.ready) {
            let bits: Vec<bool> =
                (0..self.m_frame[2].width() as usize).map(|i| words[i / 32] >> (i % 32) & 1 == 1).collect();
            let beat = Beat::<64>::from_flat(&bits);
            let count = beat.count.index();
            assert!((1..=8).contains(&count) && (beat.last || count == 8), "{beat:?}");
            assert!(beat.last || !beat.error, "{beat:?}");
            let data: u64 = (0..64).fold(0, |sum, i| sum | u64::from(beat.data.get_bit(i)) << i);
            self.coming.extend_from_slice(&data.to_le_bytes()[..count]);
            if beat.last {
                self.received.push(Frame { bytes: std::mem::take(&mut self.coming), error: beat.error });
            }
        }
        for (count, port) in self.counts.iter_mut().zip(self.events) {
            *count += self.model.get(port);
        }
    }

    /// What the user of the streams decides behind an edge.
    fn renew(&mut self) {
        let (gives, takes) = self.pace;
        self.offering = self.offering || (!self.to_send.is_empty() && self.random.random_range(0..100) < gives);
        self.model.set(self.s_frame[0], self.offering.into());
        if let Some(word) = self.to_send.front().filter(|_| self.offering) {
            let pack = |bits: &[bool]| bits.iter().rev().fold(0, |value, &bit| value << 1 | u32::from(bit));
            let words: Vec<u32> = word.chunks(32).map(pack).collect();
            self.model.set_wide(self.s_frame[2], &words);
        }
        self.ready = self.random.random_range(0..100) < takes;
        self.model.set(self.m_frame[1], self.ready.into());
        self.model.eval();
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.random.random()).collect()
    }
}

/// What the wire shows of a frame: padded.
pub fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().max(60), 0);
    bytes
}
