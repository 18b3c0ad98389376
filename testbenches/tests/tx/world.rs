//! The transmitter with everything around it, and the scoreboard that knows what must come out.
use crate::chain::Chain;
use crate::dut::{Dut, Inputs, Outputs};
use crate::frames::Expected;
use crate::host::{byte_at, overlap, Reader, ReaderHabits};
use crate::stall::Stall;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::fmt::Debug;
use stevedore_abi::descriptor::{connection_id, Response, Status};
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::replay::number;

/// Local ports from here on are those of resets without a connection.
const RESET_PORTS: u64 = 60_000;
/// Cycles without any transfer after which nothing will ever happen.
const PATIENCE: u64 = 20_000;

/// Who stalls, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    pub commands: Stall,
    pub resets: Stall,
    pub pieces: Stall,
    pub frames: Stall,
    pub responses: Stall,
    /// How fast memory takes placements.
    pub placements: Stall,
    pub reader: ReaderHabits,
}

impl Habits {
    /// Nobody stalls.
    pub const FAST: Habits = Habits {
        commands: Stall::Never,
        resets: Stall::Never,
        pieces: Stall::Never,
        frames: Stall::Never,
        responses: Stall::Never,
        placements: Stall::Never,
        reader: ReaderHabits { stall: Stall::Never, latency: 20, error_in: 0 },
    };
}

struct Slot {
    chain: Chain,
    generation: u16,
    address: Address,
}

pub struct World<const W: usize, D: Dut<W>> {
    dut: D,
    pub rng: StdRng,
    habits: Habits,
    inputs: Inputs<W>,
    before: Option<Outputs<W>>,
    reader: Reader,
    slots: Vec<Slot>,
    /// Entries of the pool that no chain uses once all commands given are carried out.
    pub free: usize,
    commands: VecDeque<SendCommand>,
    resets: VecDeque<ResetOut>,
    pieces: VecDeque<Piece>,
    /// With the number of placements to be written before.
    frames: VecDeque<(Expected, u64)>,
    reset_frames: VecDeque<Expected>,
    responses: VecDeque<DescriptorFields>,
    /// With the addresses of the next connection in the slot: it begins as soon as the teardown is reported.
    torn_down: VecDeque<(TornDown, u64, Address)>,
    /// Slots whose teardown was taken and whose next addresses are not yet written.
    dying: Vec<u64>,
    responses_expected: u64,
    responses_taken: u64,
    frame: Vec<u8>,
    /// Placements issued, written, and written when the frame began.
    issued: u64,
    written: u64,
    written_before: u64,
    last_transfer: u64,
    pub cycle: u64,
    /// Cycles in which commands were taken.
    pub command_times: Vec<u64>,
    /// First and last cycle of every frame.
    pub frame_times: Vec<(u64, u64)>,
}

impl<const W: usize, D: Dut<W>> World<W, D> {
    pub fn new(dut: D, geometry: &Geometry, habits: Habits, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut settings = Settings { enable: true, ..Default::default() };
        settings.mac = (rng.random::<u64>() >> 16).into();
        settings.ip_address = u64::from(rng.random::<u32>()).into();
        let slots = (0..geometry.connections).map(|slot| {
            let tuple = Tuple {
                remote_address: u64::from(rng.random::<u32>()).into(),
                remote_port: u64::from(rng.random::<u16>()).into(),
                local_port: rng.random_range(1..RESET_PORTS).into(),
            };
            let address = Address { slot: (slot as u64).into(), tuple, remote_mac: (rng.random::<u64>() >> 16).into() };
            Slot { chain: Chain::default(), generation: rng.random(), address }
        });
        let slots = slots.collect();
        let mut world = World {
            dut,
            rng,
            habits,
            inputs: Inputs { settings, ..Default::default() },
            before: None,
            reader: Reader::new(habits.reader),
            slots,
            free: geometry.send_entries - geometry.connections,
            commands: VecDeque::new(),
            resets: VecDeque::new(),
            pieces: VecDeque::new(),
            frames: VecDeque::new(),
            reset_frames: VecDeque::new(),
            responses: VecDeque::new(),
            torn_down: VecDeque::new(),
            dying: vec![],
            responses_expected: 0,
            responses_taken: 0,
            frame: vec![],
            // Just before the count runs through zero.
            issued: 0xfff0,
            written: 0xfff0,
            written_before: 0xfff0,
            last_transfer: 0,
            cycle: 0,
            command_times: vec![],
            frame_times: vec![],
        };
        world.inputs.reset = true;
        for _ in 0..4 {
            world.dut.present(&world.inputs);
            world.dut.step();
        }
        world.inputs.reset = false;
        for slot in 0..world.slots.len() {
            world.inputs.address = Some(world.slots[slot].address);
            world.dut.present(&world.inputs);
            world.dut.step();
        }
        world.inputs.address = None;
        // The tables fill.
        for _ in 0..geometry.send_entries + 16 {
            world.dut.present(&world.inputs);
            world.dut.step();
        }
        world
    }

    /// The device, in whatever state it is.
    pub fn into_dut(self) -> D {
        self.dut
    }

    pub fn chain(&self, slot: usize) -> &Chain {
        &self.slots[slot].chain
    }

    /// Commands and resets not yet taken.
    pub fn backlog(&self) -> usize {
        self.commands.len() + self.resets.len()
    }

    fn command(&self, slot: usize, kind: SendKind) -> SendCommand {
        let generation = u64::from(self.slots[slot].generation).into();
        SendCommand { kind, slot: (slot as u64).into(), generation, ..Default::default() }
    }

    pub fn append(&mut self, slot: usize, address: u64, length: u64) {
        let cookie: u32 = self.rng.random();
        self.free = self.free.checked_sub(1).expect("a free entry");
        self.slots[slot].chain.append(address, length, cookie);
        let command = SendCommand {
            address: address.into(),
            length: length.into(),
            cookie: u64::from(cookie).into(),
            ..self.command(slot, SendKind::Append)
        };
        self.commands.push_back(command);
    }

    /// Any options, or none of them.
    fn options(&mut self) -> Options {
        let rng = &mut self.rng;
        let (mss, scale) = (rng.random::<u16>(), rng.random_range(0..15u64));
        Options {
            mss: if rng.random() {
                Optional { present: true, value: u64::from(mss).into() }
            } else {
                Default::default()
            },
            window_scale: if rng.random() {
                Optional { present: true, value: scale.into() }
            } else {
                Default::default()
            },
        }
    }

    /// A segment cut at the cursor, or `skip` bytes behind the first unacknowledged byte; `optioned`: with whatever
    /// options.
    pub fn segment(&mut self, slot: usize, length: u64, retransmit: Option<u64>, control: ControlBits, optioned: bool) {
        let chain = &mut self.slots[slot].chain;
        let from = retransmit.map_or(chain.cursor, |skip| chain.una + skip);
        assert!(from + length <= chain.end, "bytes are posted");
        if retransmit.is_none() {
            chain.cursor += length;
            chain.max = chain.max.max(chain.cursor);
        }
        let runs = chain.pieces(from, length);
        let payload = runs.iter().flat_map(|run| (0..run.1).map(|i| byte_at(run.0.wrapping_add(i)))).collect();
        for (i, run) in runs.iter().enumerate() {
            let last = i + 1 == runs.len();
            self.pieces.push_back(Piece { address: run.0.into(), length: run.1.into(), last });
        }
        let options = if optioned { self.options() } else { Options::default() };
        let frame = Expected {
            address: self.slots[slot].address,
            sequence: self.rng.random(),
            acknowledgement: self.rng.random(),
            window: self.rng.random(),
            control,
            options,
            payload,
        };
        let command = SendCommand {
            length: length.into(),
            retransmit: retransmit.is_some(),
            skip: retransmit.unwrap_or_else(|| self.rng.random::<u32>().into()).into(),
            sequence: u64::from(frame.sequence).into(),
            acknowledgement: u64::from(frame.acknowledgement).into(),
            window: u64::from(frame.window).into(),
            control,
            options,
            fence: (self.issued & 0xffff).into(),
            ..self.command(slot, SendKind::Segment)
        };
        self.frames.push_back((frame, self.issued));
        self.commands.push_back(command);
    }

    fn response(&mut self, slot: usize, buffer: &crate::chain::Buffer, status: u64, offset: u64) {
        self.free += 1;
        self.responses_expected += 1;
        self.responses.push_back(DescriptorFields {
            base: buffer.address.into(),
            connection: connection_id(slot as u16, self.slots[slot].generation).into(),
            length: buffer.length.into(),
            offset: offset.into(),
            cookie: u64::from(buffer.cookie).into(),
            status: status.into(),
            kind: (Response::BufferAvailable as u64).into(),
            ..Default::default()
        });
    }

    /// An acknowledgement, which may lie ahead of the cursor after a rewind.
    pub fn release(&mut self, slot: usize, length: u64) {
        let chain = &mut self.slots[slot].chain;
        let used = chain.release(length);
        let rewind = chain.cursor < chain.una;
        chain.cursor = chain.cursor.max(chain.una);
        let command = SendCommand { released: length.into(), rewind, ..self.command(slot, SendKind::Release) };
        self.commands.push_back(command);
        for buffer in used {
            self.response(slot, &buffer, Status::Success as u64, 0);
        }
    }

    /// New bytes, sent by the acknowledgement of earlier ones.
    pub fn segment_along(&mut self, slot: usize, length: u64, released: u64, control: ControlBits) {
        self.release(slot, released);
        let release = self.commands.pop_back().expect("a release");
        assert!(length > 0 && !release.rewind, "an acknowledgement of what was sent, and bytes to be sent");
        self.segment(slot, length, None, control, false);
        let segment = self.commands.back_mut().expect("a segment");
        *segment = SendCommand { released: release.released, releases: true, ..*segment };
    }

    /// Bytes are placed, so that later segments may acknowledge them.
    pub fn place(&mut self, placements: u64) {
        self.issued += placements;
    }

    pub fn rewind(&mut self, slot: usize) {
        let chain = &mut self.slots[slot].chain;
        chain.cursor = chain.una;
        self.commands.push_back(self.command(slot, SendKind::Rewind));
    }

    pub fn tear_down(&mut self, slot: usize, ending: Ending) {
        let status = if ending.status.any() { number(ending.status) } else { Status::Aborted as u64 };
        for (buffer, offset) in self.slots[slot].chain.tear_down() {
            self.response(slot, &buffer, status, offset);
        }
        let command = SendCommand { ending, ..self.command(slot, SendKind::Teardown) };
        let torn_down = TornDown { slot: command.slot, generation: command.generation, ending };
        let Address { tuple, .. } = self.slots[slot].address;
        let tuple = Tuple { remote_address: u64::from(self.rng.random::<u32>()).into(), ..tuple };
        let remote_mac = (self.rng.random::<u64>() >> 16).into();
        self.slots[slot].address = Address { slot: command.slot, tuple, remote_mac };
        self.torn_down.push_back((torn_down, self.responses_expected, self.slots[slot].address));
        self.commands.push_back(command);
        self.slots[slot].generation = self.slots[slot].generation.wrapping_add(1);
    }

    pub fn reset(&mut self) {
        let tuple = Tuple {
            remote_address: u64::from(self.rng.random::<u32>()).into(),
            remote_port: u64::from(self.rng.random::<u16>()).into(),
            local_port: self.rng.random_range(RESET_PORTS..65536).into(),
        };
        let reset = ResetOut {
            tuple,
            remote_mac: (self.rng.random::<u64>() >> 16).into(),
            sequence: u64::from(self.rng.random::<u32>()).into(),
            acknowledgement: u64::from(self.rng.random::<u32>()).into(),
            ack: self.rng.random(),
        };
        self.reset_frames.push_back(Expected::of_reset(&reset));
        self.resets.push_back(reset);
    }

    /// One clock cycle.
    pub fn step(&mut self) {
        let (habits, cycle) = (self.habits, self.cycle);
        let rng = &mut self.rng;
        // What is offered stays until it is taken.
        if self.inputs.command.is_none() && habits.commands.go(rng) {
            self.inputs.command =
                self.commands.front().filter(|command| !self.dying.contains(&number(command.slot))).copied();
        }
        if self.inputs.reset_out.is_none() && habits.resets.go(rng) {
            self.inputs.reset_out = self.resets.front().copied();
        }
        self.written += u64::from(self.written < self.issued && habits.placements.go(rng));
        self.inputs.placements_written = (self.written & 0xffff).into();
        self.inputs.payload = self.reader.beat(cycle, rng);
        self.inputs.piece_ready = habits.pieces.go(rng);
        self.inputs.frame_ready = habits.frames.go(rng);
        self.inputs.response_ready = habits.responses.go(rng);
        self.inputs.torn_down_ready = habits.responses.go(rng);
        let inputs = self.inputs;
        let outputs = self.dut.present(&inputs);
        if let Some(before) = self.before.take() {
            held(cycle, &before.piece, &outputs.piece);
            held(cycle, &before.frame, &outputs.frame);
            held(cycle, &before.response, &outputs.response);
            held(cycle, &before.torn_down, &outputs.torn_down);
        }
        self.dut.step();
        self.cycle += 1;
        if let Some(written) = self.inputs.address.take() {
            self.dying.retain(|&slot| slot != number(written.slot));
        }
        assert!(outputs.payload_ready, "payload always finds room");

        let mut moved = inputs.payload.is_some();
        if inputs.command.is_some() && outputs.command_ready {
            let command = self.commands.pop_front().expect("what was offered");
            if command.kind == SendKind::Teardown {
                self.dying.push(number(command.slot));
            }
            self.command_times.push(cycle);
            self.inputs.command = None;
            moved = true;
        }
        if inputs.reset_out.is_some() && outputs.reset_ready {
            self.resets.pop_front();
            self.inputs.reset_out = None;
            moved = true;
        }
        if let (Some(piece), true) = (outputs.piece, inputs.piece_ready) {
            assert_eq!(self.pieces.pop_front(), Some(piece), "piece in cycle {cycle}");
            self.reader.take(piece, cycle, &mut self.rng);
            moved = true;
        }
        if let (Some(beat), true) = (outputs.frame, inputs.frame_ready) {
            self.take_beat(beat, cycle);
            moved = true;
        }
        if let (Some(response), true) = (outputs.response, inputs.response_ready) {
            assert_eq!(self.responses.pop_front(), Some(response), "response in cycle {cycle}");
            let buffer = (number(response.base), number(response.length));
            let asked = self.pieces.iter().any(|piece| overlap((number(piece.address), number(piece.length)), buffer));
            let read = asked || self.reader.reads(buffer.0, buffer.1);
            assert!(!read, "cycle {cycle}: {response:x?} gives back what is still to be read");
            self.responses_taken += 1;
            moved = true;
        }
        if let (Some(torn_down), true) = (outputs.torn_down, inputs.torn_down_ready) {
            let (expected, responses, next) = self.torn_down.pop_front().expect("a teardown");
            self.inputs.address = Some(next);
            assert_eq!(expected, torn_down, "teardown in cycle {cycle}");
            assert!(self.responses_taken >= responses, "torn down before its last response, cycle {cycle}");
            moved = true;
        }
        // What waited must look the same in the next cycle.
        let mut before = outputs;
        before.piece = before.piece.filter(|_| !inputs.piece_ready);
        before.frame = before.frame.filter(|_| !inputs.frame_ready);
        before.response = before.response.filter(|_| !inputs.response_ready);
        before.torn_down = before.torn_down.filter(|_| !inputs.torn_down_ready);
        self.before = Some(before);
        if moved {
            self.last_transfer = cycle;
        }
        assert!(
            cycle - self.last_transfer < PATIENCE,
            "cycle {cycle}: nothing moves; waiting: {} commands, first {:x?}; {} pieces, {} frames, {} responses, {} \
             teardowns, {} resets",
            self.commands.len(),
            self.commands.front(),
            self.pieces.len(),
            self.frames.len(),
            self.responses.len(),
            self.torn_down.len(),
            self.reset_frames.len(),
        );
    }

    fn take_beat(&mut self, beat: Beat<W>, cycle: u64) {
        if self.frame.is_empty() {
            self.frame_times.push((cycle, cycle));
            self.written_before = self.written;
        }
        let count = number(beat.count) as usize;
        assert!(!beat.error && count >= 1 && (count == W / 8 || (beat.last && count < W / 8)), "beat {beat:x?}");
        self.frame.extend((0..count).map(|lane| number(beat.data.get_bits::<8>(lane * 8)) as u8));
        if !beat.last {
            return;
        }
        self.frame_times.last_mut().unwrap().1 = cycle;
        let frame = std::mem::take(&mut self.frame);
        let expected = if u64::from(u16::from_be_bytes([frame[34], frame[35]])) >= RESET_PORTS {
            self.reset_frames.pop_front().expect("a reset")
        } else {
            let (expected, fence) =
                self.next_frame().unwrap_or_else(|| panic!("cycle {cycle}: no frame expected, but {frame:02x?}"));
            let written = self.written_before;
            assert!(written >= fence, "cycle {cycle}: {written} placements were written, the frame waits for {fence}");
            expected
        };
        expected.check(&frame, &self.inputs.settings);
    }

    /// The next segment that is not thrown away.
    fn next_frame(&mut self) -> Option<(Expected, u64)> {
        loop {
            let frame = self.frames.pop_front()?;
            if frame.0.payload.is_empty() || !self.reader.failed.pop_front().expect("frames come after their payload") {
                return Some(frame);
            }
        }
    }

    /// Until everything asked for has happened; then nothing more may come.
    pub fn drain(&mut self) {
        while !(self.backlog() == 0
            && self.pieces.is_empty()
            && self.reader.idle()
            && self.responses.is_empty()
            && self.torn_down.is_empty()
            && self.reset_frames.is_empty()
            && self.frames.len() == self.reader.failed.iter().filter(|failed| **failed).count())
        {
            self.step();
        }
        (0..200).for_each(|_| self.step());
        assert!(self.next_frame().is_none(), "a frame is missing");
        assert_eq!(number(self.before.unwrap().free_entries), self.free as u64, "free entries");
    }

    /// Payload packets the reader held at once, at most.
    pub fn most_waiting(&self) -> usize {
        self.reader.most_waiting
    }
}

fn held<T: PartialEq + Debug>(cycle: u64, before: &Option<T>, now: &Option<T>) {
    if before.is_some() {
        assert!(before == now, "cycle {cycle}: {before:x?} was not taken, now {now:x?}");
    }
}
