//! Random commands for a placement, with everything that must come of them, from a plain model of the chains.
use rand::rngs::StdRng;
use rand::Rng;
use std::collections::VecDeque;
use stevedore_abi::descriptor::{flag, Response};
use stevedore_abi::Status;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;

/// What leaves on `m_notice` and `m_torn_down`, in one order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    Notice(Notice),
    TornDown(TornDown),
}

/// A frame in the frame buffer.
#[derive(Clone, Debug)]
pub struct Frame {
    pub bytes: Vec<u8>,
    pub extent: FrameExtent,
}

/// A posted buffer.
#[derive(Clone, Copy, Debug)]
struct Buffer {
    base: u64,
    length: u64,
    cookie: u64,
    filled: u64,
    reported: u64,
}

/// Shape of a random script.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub commands: usize,
    /// Longest buffer.
    pub buffer: u64,
    /// Longest payload.
    pub payload: u64,
    /// Connections used.
    pub slots: usize,
}

/// Commands, frames, and what must come of them.
#[derive(Default)]
pub struct Script {
    pub commands: Vec<ReceiveCommand>,
    pub frames: Vec<Frame>,
    /// Every byte written, in order.
    pub writes: Vec<(u64, u8)>,
    /// Everything told, with the number of bytes that must have been written before.
    pub told: Vec<(Told, usize)>,
    /// Placements: commands with at least one byte to place.
    pub placements: usize,
    /// Some placements have an announcement before them.
    pub announcing: bool,
    /// Buffers lent.
    pub lent: usize,
    /// The next frame's command lends a buffer of this slot's chain.
    lender: Option<usize>,
    /// Contexts free at the end.
    pub free: usize,
    chains: Vec<VecDeque<Buffer>>,
    generations: Vec<u64>,
    next_address: u64,
}

impl Script {
    /// No commands yet.
    pub fn new(geometry: &Geometry, start: u64) -> Self {
        Script {
            free: geometry.receive_entries - geometry.connections,
            chains: vec![VecDeque::new(); geometry.connections],
            generations: (0..geometry.connections as u64).map(|slot| 100 + slot).collect(),
            next_address: start,
            ..Script::default()
        }
    }

    /// A random script.
    pub fn random(rng: &mut StdRng, geometry: &Geometry, shape: Shape) -> Self {
        let mut script = Script::new(geometry, 0x0123_4567_0000_0000 + rng.random_range(0..4096));
        script.announcing = true;
        let first = geometry.connections - shape.slots;
        while script.commands.len() < shape.commands {
            let slot = first + rng.random_range(0..shape.slots);
            match rng.random_range(0..100) {
                0..40 => {
                    let short = rng.random_range(0..3);
                    let length =
                        rng.random_range(1..=[8.min(shape.buffer), 200.min(shape.buffer), shape.buffer][short]);
                    script.append(rng, slot, length);
                }
                40..85 => {
                    script.borrow(rng, slot);
                    let payload = rng.random_range(0..=shape.payload);
                    let trim = if rng.random_bool(0.3) { rng.random_range(0..=payload) } else { 0 };
                    let length = (payload - trim).min(script.room(slot));
                    script.place(rng, slot, payload, trim, length, rng_flags(slot, payload, trim));
                }
                85..89 => {
                    script.borrow(rng, slot);
                    script.discard(rng, shape.payload, slot);
                }
                89..94 => script.notify(slot),
                94..97 => script.announce(rng, slot),
                _ => script.tear_down(rng, slot),
            }
        }
        script
    }

    /// Posted bytes not yet filled.
    pub fn room(&self, slot: usize) -> u64 {
        self.chains[slot].iter().map(|buffer| buffer.length - buffer.filled).sum()
    }

    fn command(&mut self, kind: ReceiveKind, slot: usize, fields: ReceiveCommand) {
        let generation = bits(self.generations[slot]);
        self.commands.push(ReceiveCommand { kind, slot: bits(slot as u64), generation, ..fields });
    }

    /// Posts a buffer, if a context is free.
    pub fn append(&mut self, rng: &mut StdRng, slot: usize, length: u64) {
        if self.free == 0 {
            return;
        }
        self.free -= 1;
        let base = self.next_address;
        // Adjacent buffers, too.
        self.next_address += length + [0, 0, 1, 7, 63, 4096][rng.random_range(0..6)];
        let cookie = rng.random::<u32>().into();
        let fields =
            ReceiveCommand { address: bits(base), length: bits(length), cookie: bits(cookie), ..Default::default() };
        self.command(ReceiveKind::Append, slot, fields);
        self.chains[slot].push_back(Buffer { base, length, cookie, filled: 0, reported: 0 });
    }

    /// A chain without a buffer gets the first one of another chain, which nothing was placed in, if there is one. The
    /// next frame's command must be of this slot.
    pub fn borrow(&mut self, rng: &mut StdRng, slot: usize) {
        let lender = rng.random_range(0..self.chains.len());
        let untouched = self.chains[lender].front().is_some_and(|buffer| buffer.filled == 0);
        if self.chains[slot].is_empty() && untouched {
            let buffer = self.chains[lender].pop_front().expect("a buffer");
            self.chains[slot].push_back(buffer);
            self.lender = Some(lender);
            self.lent += 1;
        }
    }

    /// What a command that lends says of it.
    fn lending(&mut self) -> ReceiveCommand {
        let lender = self.lender.take();
        let cookie = bits(lender.unwrap_or_default() as u64);
        ReceiveCommand { lends: lender.is_some(), cookie, ..ReceiveCommand::default() }
    }

    /// Room in the first buffer: what is told when a connection stands.
    fn first_room(&self, slot: usize) -> u64 {
        self.chains[slot].front().map_or(0, |buffer| buffer.length - buffer.filled)
    }

    fn frame(&mut self, rng: &mut StdRng, payload: u64) -> usize {
        let offset = 54 + 4 * rng.random_range(0..=10);
        let padded = (offset + payload).max(60) + if rng.random_bool(0.1) { rng.random_range(0..20) } else { 0 };
        let bytes = (0..padded).map(|_| rng.random()).collect();
        let extent = FrameExtent { payload_offset: bits(offset), frame_length: bits(padded) };
        self.frames.push(Frame { bytes, extent });
        offset as usize
    }

    /// Throws a frame away, one in two times with an announcement.
    pub fn discard(&mut self, rng: &mut StdRng, longest: u64, slot: usize) {
        let payload = rng.random_range(0..=longest);
        self.frame(rng, payload);
        let announce = rng.random();
        let ending = self.announced(rng, slot, announce, 0, self.first_room(slot));
        let fields = ReceiveCommand { length: bits(rng.random_range(0..9)), announce, ending, ..self.lending() };
        self.command(ReceiveKind::Discard, slot, fields);
    }

    /// What an announcement says; it is expected from now on if there is one.
    fn announced(&mut self, rng: &mut StdRng, slot: usize, one: bool, address: u64, length: u64) -> Ending {
        let ending = Ending {
            response: bits(rng.random_range(0..32)),
            status: bits(rng.random_range(0..14)),
            cookie: bits(rng.random::<u32>().into()),
            free: false,
        };
        if one {
            let notice = Notice {
                response: ending.response,
                status: ending.status,
                cookie: ending.cookie,
                slot: bits(slot as u64),
                generation: bits(self.generations[slot]),
                address: bits(address),
                length: bits(length),
                ..Notice::default()
            };
            self.told.push((Told::Notice(notice), self.writes.len()));
        }
        ending
    }

    /// Tells the host something that is not about bytes received.
    pub fn announce(&mut self, rng: &mut StdRng, slot: usize) {
        let (address, length) = (rng.random(), rng.random::<u32>().into());
        let ending = self.announced(rng, slot, true, address, length);
        let fields =
            ReceiveCommand { address: bits(address), length: bits(length), ending, ..ReceiveCommand::default() };
        self.command(ReceiveKind::Announce, slot, fields);
    }

    /// Places `length` bytes of a frame's payload, from `trim` on.
    pub fn place(&mut self, rng: &mut StdRng, slot: usize, payload: u64, trim: u64, length: u64, flags: (bool, bool)) {
        let (notify, end_of_stream) = flags;
        let offset = self.frame(rng, payload) + trim as usize;
        self.placements += usize::from(length != 0);
        let announce = self.announcing && rng.random_bool(0.05);
        let ending = self.announced(rng, slot, announce, 0, self.first_room(slot));
        let (length_field, trim) = (bits(length), bits(trim));
        let fields =
            ReceiveCommand { length: length_field, trim, notify, end_of_stream, announce, ending, ..self.lending() };
        self.command(ReceiveKind::Place, slot, fields);
        let bytes = self.frames.last().expect("a frame").bytes[offset..offset + length as usize].to_vec();
        for byte in bytes {
            let head = self.chains[slot].front_mut().expect("room");
            self.writes.push((head.base + head.filled, byte));
            head.filled += 1;
            if head.filled == head.length {
                self.report(slot, flag::HANDED_BACK, Status::Success as u64);
                self.chains[slot].pop_front();
                self.free += 1;
            }
        }
        if end_of_stream {
            self.report(slot, flag::END_OF_STREAM, 0);
        } else if notify {
            self.notify_now(slot);
        }
    }

    /// Asks for a report.
    pub fn notify(&mut self, slot: usize) {
        self.command(ReceiveKind::Notify, slot, ReceiveCommand::default());
        self.notify_now(slot);
    }

    fn notify_now(&mut self, slot: usize) {
        if self.chains[slot].front().is_some_and(|head| head.filled != head.reported) {
            self.report(slot, 0, 0);
        }
    }

    /// Reports the head buffer; a response at the end of the stream names none if there is nothing to report.
    fn report(&mut self, slot: usize, flags: u16, status: u64) {
        let nothing = Buffer { base: 0, length: 0, cookie: 0, filled: 0, reported: 0 };
        let bare = flags & flag::END_OF_STREAM != 0;
        let head = match self.chains[slot].front_mut() {
            Some(head) if !bare || head.filled != head.reported => {
                let told = *head;
                head.reported = head.filled;
                told
            }
            _ => nothing,
        };
        let notice = Notice {
            response: bits(Response::BufferReceive as u64),
            status: bits(status),
            slot: bits(slot as u64),
            generation: bits(self.generations[slot]),
            cookie: bits(head.cookie),
            address: bits(head.base),
            length: bits(head.filled - head.reported),
            offset: bits(head.reported),
            handed_back: flags & flag::HANDED_BACK != 0,
            end_of_stream: bare,
        };
        self.told.push((Told::Notice(notice), self.writes.len()));
    }

    /// Closes a connection.
    pub fn tear_down(&mut self, rng: &mut StdRng, slot: usize) {
        let status = [Status::Success, Status::Reset, Status::TimedOut][rng.random_range(0..3)] as u64;
        let ending = Ending {
            response: bits(rng.random_range(0..32)),
            status: bits(status),
            cookie: bits(rng.random::<u32>().into()),
            free: rng.random(),
        };
        self.command(ReceiveKind::Teardown, slot, ReceiveCommand { ending, ..Default::default() });
        self.notify_now(slot);
        while !self.chains[slot].is_empty() {
            let given = if status == 0 { Status::Aborted as u64 } else { status };
            self.report(slot, flag::HANDED_BACK, given);
            self.chains[slot].pop_front();
            self.free += 1;
        }
        let torn_down = TornDown { slot: bits(slot as u64), generation: bits(self.generations[slot]), ending };
        self.told.push((Told::TornDown(torn_down), self.writes.len()));
        self.generations[slot] += 1;
    }
}

/// Notify and end of stream of a random place: functions of its shape, so that every mixture occurs.
fn rng_flags(slot: usize, payload: u64, trim: u64) -> (bool, bool) {
    let mix = slot as u64 * 7 + payload * 3 + trim;
    (mix.is_multiple_of(3), mix.is_multiple_of(11))
}
