//! The host interface: registers, both tables, status line, interrupt.

use super::connections::Connections;
use super::dma::{Dma, Job};
use std::collections::VecDeque;
use stevedore_abi::descriptor::DESCRIPTOR_BYTES;
use stevedore_abi::register::{control, offset, status, Access, REGISTERS};
use stevedore_abi::{Descriptor, Response, Status};

/// Requests fetched with one read.
const BATCH: u64 = 8;
/// Words of writes under way above which responses wait.
const BACKLOG: usize = 64;

/// The register file and what hangs off it.
pub struct Tables {
    registers: Vec<u32>,
    /// Input entries announced, being fetched, taken.
    announced: u64,
    fetching: u64,
    taken: u64,
    /// Output entries written, and allowed by the host.
    written: u64,
    allowed: u64,
    responses: VecDeque<Descriptor>,
    cause: u32,
}

impl Tables {
    /// As after reset.
    pub fn new() -> Self {
        let mut registers = vec![0; 0x100];
        for register in REGISTERS {
            registers[register.offset as usize / 4] = register.reset;
        }
        let capabilities = [
            (offset::CAP_WIDTH, 64),
            (offset::CAP_CONNECTIONS, Connections::SLOTS),
            (offset::CAP_SEND_ENTRIES, Connections::ENTRIES),
            (offset::CAP_RECEIVE_ENTRIES, Connections::ENTRIES),
            (offset::CAP_READ_TAGS, 8),
        ];
        for (offset, value) in capabilities {
            registers[offset as usize / 4] = value;
        }
        Tables {
            registers,
            announced: 0,
            fetching: 0,
            taken: 0,
            written: 0,
            allowed: 0,
            responses: VecDeque::new(),
            cause: 0,
        }
    }

    /// A register as it is now.
    pub fn get(&self, offset: u32) -> u32 {
        self.registers[offset as usize / 4]
    }

    fn wide(&self, low: u32) -> u64 {
        u64::from(self.get(low)) | u64::from(self.get(low + 4)) << 32
    }

    /// The host switched the engine on.
    pub fn enabled(&self) -> bool {
        self.get(offset::CONTROL) & control::ENABLE != 0
    }

    /// The host wants the engine reset.
    pub fn restarting(&self) -> bool {
        self.get(offset::CONTROL) & control::RESET != 0
    }

    /// As after reset, but for what the host has set.
    pub fn restarted(&self) -> Self {
        let mut tables = Tables::new();
        for register in REGISTERS.iter().filter(|register| register.access.is_stored()) {
            let word = register.offset as usize / 4;
            tables.registers[word] = self.registers[word];
        }
        tables.registers[offset::CONTROL as usize / 4] = 0;
        tables
    }

    /// The interrupt line.
    pub fn interrupt(&self) -> bool {
        self.cause & self.get(offset::INTERRUPT_ENABLE) != 0
    }

    fn stopped(&self) -> bool {
        self.get(offset::STATUS) & status::IDLE != 0
    }

    /// Adds one to a statistics register.
    pub fn count(&mut self, offset: u32) {
        self.registers[offset as usize / 4] += 1;
    }

    /// The host reads.
    pub fn read(&self, address: u32, connections: &Connections) -> u32 {
        match address {
            offset::STATUS if self.restarting() => 0,
            offset::INPUT_CONSUMED => u32::from(self.taken as u16),
            offset::OUTPUT_PRODUCED => u32::from(self.written as u16),
            offset::INTERRUPT_CAUSE => self.cause,
            offset::FREE_SLOTS => Connections::SLOTS - 1 - connections.slots(),
            offset::FREE_SEND_ENTRIES => Connections::ENTRIES - connections.entries().0,
            offset::FREE_RECEIVE_ENTRIES => Connections::ENTRIES - connections.entries().1,
            offset::FREE_READ_TAGS => 8,
            _ => self.get(address),
        }
    }

    /// The host writes.
    pub fn write(&mut self, address: u32, value: u32) {
        let Some(register) = REGISTERS.iter().find(|register| register.offset == address) else { return };
        match address {
            offset::INPUT_DOORBELL => extend(&mut self.announced, value),
            offset::OUTPUT_DOORBELL => {
                let entries = 1 << self.get(offset::OUTPUT_SIZE);
                let mut consumed = self.allowed - entries;
                extend(&mut consumed, value);
                self.allowed = consumed + entries;
            }
            offset::INTERRUPT_CAUSE => self.cause &= !value,
            offset::CONTROL if self.restarting() => {}
            _ if register.access == Access::ReadWriteStopped && !self.stopped() => {}
            _ if register.access.is_stored() => self.registers[address as usize / 4] = register.limits.hold(value),
            _ => {}
        }
        if address == offset::OUTPUT_SIZE {
            self.allowed = self.written + (1 << self.get(offset::OUTPUT_SIZE));
        }
        if self.enabled() {
            self.registers[offset::STATUS as usize / 4] = 0;
        }
    }

    /// Queues a response.
    pub fn respond(&mut self, response: Descriptor) {
        self.responses.push_back(response);
    }

    /// Fetches requests, writes responses.
    pub fn clock(&mut self, dma: &mut Dma) {
        if !self.enabled() {
            return;
        }
        let entries = 1u64 << self.get(offset::INPUT_SIZE);
        if self.fetching == self.taken && self.announced != self.taken {
            let place = self.taken % entries;
            let count = (self.announced - self.taken).min(BATCH).min(entries - place);
            let size = DESCRIPTOR_BYTES as u64;
            dma.read(Job::Requests, self.wide(offset::INPUT_BASE_LOW) + place * size, count * size);
            self.fetching += count;
        }
        while !self.responses.is_empty() && self.written < self.allowed && dma.backlog() < BACKLOG {
            let Some(response) = self.responses.pop_front() else { return };
            let size = self.get(offset::OUTPUT_SIZE);
            let place = self.written & ((1 << size) - 1);
            let owner = self.written >> size & 1 == 0;
            let address = self.wide(offset::OUTPUT_BASE_LOW) + place * DESCRIPTOR_BYTES as u64;
            dma.write(address, &Descriptor { owner, ..response }.to_bytes());
            self.written += 1;
            self.cause |= 1;
            self.count(offset::STAT_RESPONSES);
        }
    }

    /// Requests arrived (or their read failed).
    pub fn fetched(&mut self, bytes: Option<Vec<u8>>, connections: &mut Connections, dma: &mut Dma) {
        let count = self.fetching - self.taken;
        let size = self.get(offset::INPUT_SIZE);
        for index in 0..count {
            let phase = (self.taken + index) >> size & 1 == 0;
            let Some(bytes) = &bytes else { continue };
            let at = index as usize * DESCRIPTOR_BYTES;
            let request = Descriptor::from_bytes(&std::array::from_fn(|byte| bytes[at + byte]));
            self.count(offset::STAT_REQUESTS);
            if request.owner == phase {
                connections.request(request, self);
            } else {
                self.refuse(request, Response::Invalid, Status::BadOwner);
            }
        }
        self.taken = self.fetching;
        dma.write(self.wide(offset::STATUS_LINE_LOW), &(self.taken & 0xffff).to_le_bytes());
    }

    /// Answers a request with an error.
    pub fn refuse(&mut self, request: Descriptor, kind: Response, status: Status) {
        self.count(offset::STAT_BAD_REQUESTS);
        let offset = if kind == Response::Invalid { u32::from(request.kind) } else { 0 };
        self.respond(Descriptor { kind: kind as u8, status: status as u8, flags: 0, offset, ..request });
    }
}

/// Extends a 16-bit count.
fn extend(count: &mut u64, value: u32) {
    *count += u64::from((value as u16).wrapping_sub(*count as u16));
}
