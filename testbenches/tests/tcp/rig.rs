//! Drives the block and carries out its commands the way the chains do, checking each against what they could carry
//! out.
use std::collections::{HashMap, VecDeque};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::connection::Tcp;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::replay::{Compiled, Dut, Stepped};

/// The block under either simulator.
pub trait TcpDut: Dut {
    /// Sets the clock of the protocol.
    fn set_now(&mut self, now: u32);
    /// Sets the settings.
    fn set_settings(&mut self, settings: TcpSettings);
    /// The pulses of this cycle.
    fn pulses(&self) -> TcpPulses;
}

impl TcpDut for Compiled {
    fn set_now(&mut self, now: u32) {
        let port = self.model.port("now");
        self.model.set(port, now.into());
    }
    fn set_settings(&mut self, settings: TcpSettings) {
        let port = self.model.port("settings");
        let flat = settings.to_flat();
        let words: Vec<u32> =
            flat.chunks(32).map(|word| word.iter().rev().fold(0, |value, &bit| value << 1 | u32::from(bit))).collect();
        self.model.set_wide(port, &words);
    }
    fn pulses(&self) -> TcpPulses {
        let value = self.model.get(self.model.port("pulses"));
        let flat: Vec<bool> = (0..TcpPulses::BITS).map(|i| value >> i & 1 == 1).collect();
        TcpPulses::from_flat(&flat)
    }
}

impl TcpDut for Stepped<Tcp> {
    fn set_now(&mut self, now: u32) {
        self.bench.uut.now.next = u64::from(now).into();
    }
    fn set_settings(&mut self, settings: TcpSettings) {
        self.bench.uut.settings.next = settings;
    }
    fn pulses(&self) -> TcpPulses {
        self.bench.uut.pulses.val()
    }
}

/// A segment on the wire, either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    pub slot: u16,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub window: u16,
    pub control: Control,
    pub mss: u16,
    /// Window scale option.
    pub scale: Option<u8>,
    pub payload: Vec<u8>,
    /// Sent with `retransmit`: cut at the first unacknowledged byte.
    pub again: bool,
}

/// Control bits in plain Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Control {
    pub fin: bool,
    pub syn: bool,
    pub rst: bool,
    pub psh: bool,
    pub ack: bool,
}

/// Both chains of a slot, as far as the commands concern them.
#[derive(Clone, Debug, Default)]
struct Chains {
    /// Number of the first byte of the stream.
    first: u32,
    /// Bytes posted, acknowledged, and cut.
    posted: u64,
    released: u64,
    cursor: u64,
    /// Receive: room posted and not filled, bytes placed, bytes reported.
    room: u64,
    /// Receive: lengths of the buffers posted, filled ones included.
    buffers: VecDeque<u64>,
    placed: Vec<u8>,
    reported: usize,
    end_of_stream: bool,
    /// Teardowns not yet seen by the other chain.
    send_torn_down: Option<Ending>,
    receive_torn_down: Option<Ending>,
}

impl Chains {
    /// Bytes are acknowledged.
    fn release(&mut self, slot: u16, bytes: Bits<32>) {
        assert!(bytes.any(), "slot {slot}: nothing is released");
        self.released += bytes.index() as u64;
        assert!(self.released <= self.posted, "slot {slot}: released {} of {}", self.released, self.posted);
    }
}

/// How the bench behaves at its outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stalls {
    None,
    /// Each output takes with a chance of one in two.
    Random,
    /// One in sixteen.
    Heavy,
}

/// The bench.
pub struct Rig<D: TcpDut> {
    pub dut: D,
    pub now: u32,
    pub cycles_per_microsecond: u64,
    pub stalls: Stalls,
    pub segments: VecDeque<Event>,
    pub requests: VecDeque<Event>,
    frames: VecDeque<(u16, Vec<u8>)>,
    chains: HashMap<u16, Chains>,
    /// What left the block: segments, notices, endings by slot.
    pub wire: VecDeque<Wire>,
    pub notices: VecDeque<Notice>,
    pub endings: VecDeque<(u16, Ending)>,
    pub settings: TcpSettings,
    /// Slot of the listener that the peers' SYNs are for.
    pub listener_slot: u16,
    /// It was begun.
    pub listens: bool,
    pub pulses: Counters,
    /// Cycle of every command segment.
    pub sent_at: Vec<u64>,
    /// Segments sent along with the acknowledgement of earlier bytes.
    pub sent_along: usize,
    /// Cycles in which segment and host events were taken.
    pub taken_at: Vec<u64>,
    /// An output that takes nothing.
    pub blocked: Option<&'static str>,
    random: u64,
}

/// The pulses, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub segment_in: u64,
    pub segment_out: u64,
    pub retransmission: u64,
    pub drop_out_of_order: u64,
    pub fast_retransmit: u64,
    pub time_out: u64,
}

/// Settings for tests: time-outs short enough to be lived through.
pub fn test_settings() -> TcpSettings {
    TcpSettings {
        initial_rto: bits(1000),
        minimum_rto: bits(400),
        maximum_rto: bits(16000),
        delayed_ack: bits(100),
        time_wait: bits(5000),
        retry_limit: bits(4),
        mss: bits(1000),
        notify_delay: bits(50),
        notify_on_push: true,
    }
}

/// 16 connections: a scan in 16 cycles.
pub fn test_geometry() -> Geometry {
    Geometry { connections: 16, ..Geometry::SMALL }
}

/// Byte `at` of what the host sends on a slot.
pub fn host_byte(slot: u16, at: u64) -> u8 {
    (at.wrapping_mul(31) ^ (at >> 8) ^ u64::from(slot).wrapping_mul(89)) as u8
}

impl Rig<Compiled> {
    /// The Verilated block after reset.
    pub fn new() -> Self {
        Self::with(&test_geometry(), test_settings())
    }

    /// The same with a geometry and settings.
    pub fn with(geometry: &Geometry, settings: TcpSettings) -> Self {
        let dut = Compiled::once("tcp", geometry, Tcp::new).expect("a model");
        Rig { listener_slot: geometry.connections as u16 - 1, ..Rig::around(dut, settings) }
    }
}

impl<D: TcpDut> Rig<D> {
    /// A bench around a block.
    pub fn around(mut dut: D, settings: TcpSettings) -> Self {
        dut.offer("s_segment", None);
        dut.offer("s_host", None);
        for source in ["m_send", "m_receive"] {
            dut.accept(source, true);
        }
        dut.set_settings(settings);
        dut.set_now(1_000_000);
        dut.reset();
        Rig {
            dut,
            now: 1_000_000,
            cycles_per_microsecond: 8,
            stalls: Stalls::None,
            segments: VecDeque::new(),
            requests: VecDeque::new(),
            frames: VecDeque::new(),
            chains: HashMap::new(),
            wire: VecDeque::new(),
            notices: VecDeque::new(),
            endings: VecDeque::new(),
            settings,
            listener_slot: 15,
            listens: false,
            pulses: Counters::default(),
            sent_at: Vec::new(),
            sent_along: 0,
            taken_at: Vec::new(),
            blocked: None,
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// A word that looks random.
    pub fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// One clock cycle.
    pub fn cycle(&mut self) {
        if self.dut.cycle().is_multiple_of(self.cycles_per_microsecond) {
            self.now = self.now.wrapping_add(1);
            self.dut.set_now(self.now);
        }
        let segment = self.segments.front().map(|e| e.to_flat());
        let request = self.requests.front().map(|e| e.to_flat());
        self.dut.offer("s_segment", segment.as_deref());
        self.dut.offer("s_host", request.as_deref());
        let mut accept = [true; 2];
        for (source, accept) in ["m_send", "m_receive"].into_iter().zip(&mut accept) {
            *accept = match self.stalls {
                Stalls::None => true,
                Stalls::Random => self.random() & 1 == 0,
                Stalls::Heavy => self.random() & 15 == 0,
            };
            *accept &= self.blocked != Some(source);
            self.dut.accept(source, *accept);
        }
        self.dut.settle();
        let segment_taken = segment.is_some() && self.dut.ready("s_segment");
        let request_taken = request.is_some() && self.dut.ready("s_host");
        let send = self.dut.word("m_send").filter(|_| accept[0]);
        let receive = self.dut.word("m_receive").filter(|_| accept[1]);
        let pulses = self.dut.pulses();
        let cycle = self.dut.cycle();
        self.dut.step();
        if segment_taken {
            self.segments.pop_front();
            self.taken_at.push(cycle);
        }
        if request_taken {
            self.requests.pop_front();
            self.taken_at.push(cycle);
        }
        if let Some(word) = send {
            self.carry_out_send(SendCommand::from_flat(&word), cycle);
        }
        if let Some(word) = receive {
            self.carry_out_receive(ReceiveCommand::from_flat(&word));
        }
        let c = &mut self.pulses;
        for (count, pulse) in [
            (&mut c.segment_in, pulses.segment_in),
            (&mut c.segment_out, pulses.segment_out),
            (&mut c.retransmission, pulses.retransmission),
            (&mut c.drop_out_of_order, pulses.drop_out_of_order),
            (&mut c.fast_retransmit, pulses.fast_retransmit),
            (&mut c.time_out, pulses.time_out),
        ] {
            *count += u64::from(pulse);
        }
    }

    /// A number of cycles.
    pub fn cycles(&mut self, count: u64) {
        (0..count).for_each(|_| self.cycle());
    }

    /// Until all events are taken and what they cause has come out.
    pub fn quiet(&mut self) {
        let mut limit = 200_000;
        while !self.segments.is_empty() || !self.requests.is_empty() {
            self.cycle();
            limit -= 1;
            assert!(limit > 0, "events are not taken");
        }
        // The longest way: through the pipeline, the scheduler and the pipeline again, a few segments long.
        self.cycles(120);
    }

    /// Microseconds at the pace of the bench.
    pub fn microseconds(&mut self, count: u64) {
        self.cycles(count * self.cycles_per_microsecond);
    }

    /// Microseconds by leaps, each short enough for the scan to see every connection meanwhile.
    pub fn leap(&mut self, count: u64) {
        const LEAP: u64 = 1 << 19;
        let mut left = count;
        while left > 0 {
            let from = self.now;
            self.now = self.now.wrapping_add(left.min(LEAP) as u32);
            self.dut.set_now(self.now);
            self.cycles(72);
            left = left.saturating_sub(u64::from(self.now.wrapping_sub(from)));
        }
    }

    /// The bytes placed for a slot.
    pub fn placed(&self, slot: u16) -> &[u8] {
        self.chains.get(&slot).map_or(&[], |c| &c.placed)
    }

    /// Bytes the host was told of.
    pub fn reported(&self, slot: u16) -> usize {
        self.chains[&slot].reported
    }

    /// The peer's FIN was reported.
    pub fn end_of_stream(&self, slot: u16) -> bool {
        self.chains[&slot].end_of_stream
    }

    /// Frames whose command has not come.
    pub fn frames_waiting(&self) -> usize {
        self.frames.len()
    }

    /// Payload bytes given back as acknowledged.
    pub fn released(&self, slot: u16) -> u64 {
        self.chains[&slot].released
    }

    /// Buffers posted for a slot, or lent to it, since it was given out.
    pub fn buffers(&self, slot: u16) -> usize {
        self.chains.get(&slot).map_or(0, |c| c.buffers.len())
    }

    /// Forgets what a slot was used for, as the lookup does when it gives it out. `initial`: its initial sequence
    /// number.
    pub fn new_slot(&mut self, slot: u16, initial: u32) {
        self.chains.insert(slot, Chains { first: initial.wrapping_add(1), ..Chains::default() });
    }

    /// A segment arrives.
    pub fn arrives(&mut self, event: Event, payload: Vec<u8>) {
        self.frames.push_back((event.slot.index() as u16, payload));
        self.segments.push_back(event);
    }

    fn carry_out_send(&mut self, c: SendCommand, cycle: u64) {
        let slot = c.slot.index() as u16;
        let length = u64::from(c.length.index() as u32);
        let chains = self.chains.entry(slot).or_default();
        match c.kind {
            SendKind::Append => chains.posted += length,
            SendKind::Rewind => {
                assert!(chains.cursor >= chains.released);
                chains.cursor = chains.released;
            }
            SendKind::Release => {
                chains.release(slot, c.released);
                if c.rewind {
                    assert!(chains.cursor < chains.released, "slot {slot}: the cursor was not behind");
                    chains.cursor = chains.released;
                }
                assert!(chains.cursor >= chains.released, "slot {slot}: the cursor stays behind");
            }
            SendKind::Teardown => {
                assert!(chains.send_torn_down.is_none(), "slot {slot}: a teardown overtakes another");
                chains.send_torn_down = Some(c.ending);
                chains.posted = 0;
                chains.released = 0;
                chains.cursor = 0;
                self.finish(slot);
            }
            SendKind::Segment => {
                if c.releases {
                    chains.release(slot, c.released);
                    assert!(length > 0 && !c.retransmit, "slot {slot}: only new bytes go along");
                    self.sent_along += 1;
                }
                let sequence = c.sequence.index() as u32;
                let at = if c.retransmit { chains.released + c.skip.index() as u64 } else { chains.cursor };
                if length > 0 {
                    let expected = chains.first.wrapping_add(at as u32);
                    assert_eq!(sequence, expected, "slot {slot}: numbered {sequence:#x}, cut at {expected:#x}");
                    assert!(at + length <= chains.posted, "slot {slot}: cut {at} + {length} of {}", chains.posted);
                    if !c.retransmit {
                        chains.cursor += length;
                    }
                }
                assert!(length <= self.settings.mss.index() as u64, "longer than the MSS");
                let payload = (at..at + length).map(|i| host_byte(slot, i)).collect();
                let b = c.control;
                self.sent_at.push(cycle);
                self.wire.push_back(Wire {
                    slot,
                    sequence,
                    acknowledgement: c.acknowledgement.index() as u32,
                    window: c.window.index() as u16,
                    control: Control { fin: b.fin, syn: b.syn, rst: b.rst, psh: b.psh, ack: b.ack },
                    mss: if c.options.mss.present { c.options.mss.value.index() as u16 } else { 0 },
                    scale: c.options.window_scale.present.then(|| c.options.window_scale.value.index() as u8),
                    payload,
                    again: c.retransmit,
                });
            }
        }
    }

    /// The first buffer of a listener becomes the only one of a connection.
    fn lend(&mut self, slot: u16, listener: u16) {
        let lender = self.chains.get_mut(&listener).expect("a listener");
        let length = lender.buffers.pop_front().expect("a promise is backed by a buffer");
        lender.room -= length;
        let borrower = self.chains.entry(slot).or_default();
        assert_eq!(borrower.room, 0, "slot {slot}: a buffer is lent to one who has room");
        borrower.room = length;
        borrower.buffers.push_back(length);
    }

    fn carry_out_receive(&mut self, c: ReceiveCommand) {
        let slot = c.slot.index() as u16;
        let length = c.length.index() as u64;
        if c.lends {
            assert!(c.announce && matches!(c.kind, ReceiveKind::Place | ReceiveKind::Discard), "lent without need");
            self.lend(slot, c.cookie.index() as u16);
        }
        if c.announce || c.kind == ReceiveKind::Announce {
            let Ending { response, status, cookie, .. } = c.ending;
            let (address, length) = if c.announce { Default::default() } else { (c.address, c.length) };
            let (slot, generation) = (c.slot, c.generation);
            let notice = Notice { response, status, slot, generation, cookie, address, length, ..Notice::default() };
            self.notices.push_back(notice);
        }
        if c.kind == ReceiveKind::Announce {
            return;
        }
        if matches!(c.kind, ReceiveKind::Place | ReceiveKind::Discard) {
            let (owner, payload) = self.frames.pop_front().expect("a command without a frame");
            assert_eq!(owner, slot, "the frame of another connection");
            if c.kind == ReceiveKind::Discard {
                return;
            }
            let chains = self.chains.entry(slot).or_default();
            let trim = c.trim.index();
            assert_eq!(c.skip.index(), 0);
            assert!(trim + length as usize <= payload.len(), "slot {slot}: {trim} + {length} of {}", payload.len());
            assert!(length <= chains.room, "slot {slot}: {length} bytes for {} of room", chains.room);
            assert!(!chains.end_of_stream, "slot {slot}: bytes behind the end");
            chains.room -= length;
            chains.placed.extend(&payload[trim..trim + length as usize]);
            chains.end_of_stream |= c.end_of_stream;
            if c.notify || c.end_of_stream {
                chains.reported = chains.placed.len();
            }
            return;
        }
        let chains = self.chains.entry(slot).or_default();
        match c.kind {
            ReceiveKind::Append => {
                chains.room += length;
                chains.buffers.push_back(length);
            }
            ReceiveKind::Notify => chains.reported = chains.placed.len(),
            _ => {
                assert!(chains.receive_torn_down.is_none(), "slot {slot}: a teardown overtakes another");
                chains.receive_torn_down = Some(c.ending);
                chains.room = 0;
                chains.buffers.clear();
                self.finish(slot);
            }
        }
    }

    /// What the reaper does.
    fn finish(&mut self, slot: u16) {
        let Some(chains) = self.chains.get_mut(&slot) else { return };
        if let (Some(send), Some(receive)) = (chains.send_torn_down, chains.receive_torn_down) {
            assert_eq!(send, receive, "slot {slot}: the chains hear different endings");
            chains.send_torn_down = None;
            chains.receive_torn_down = None;
            self.endings.push_back((slot, send));
        }
    }
}
