//! Host memory as the engine sees it: only what the host posted exists.
//!
//! A read must lie in one run granted for reading, a write in one granted for writing; anything else is a [`Violation`]
//! and does not happen. A read takes time: it must still lie in the same grant, not given back meanwhile, when it is
//! answered. The model also reads the responses the engine writes: from the response on that gives a buffer back, or
//! that reports received bytes, the engine must not touch these bytes any more, and no entry of the output table may be
//! written before the host gave it back.

use super::bus_memory::BusMemory;
use super::order::HostOrder;
use std::any::Any;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt;
use std::ops::Range;
use std::ptr::NonNull;
use std::rc::Rc;
use stevedore_abi::descriptor::{flag, DESCRIPTOR_BYTES};
use stevedore_abi::{Descriptor, Request, Response, Status};
use stevedore_driver::{Memory, Purpose};

/// Something the engine must never do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub cycle: u64,
    /// What.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "cycle {}: {}", self.cycle, self.what)
    }
}

/// Bytes moved over the bus, by what they are, and what the responses told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Payload read.
    pub payload_read: u64,
    /// Payload written.
    pub payload_written: u64,
    /// Requests read.
    pub table_read: u64,
    /// Responses written.
    pub table_written: u64,
    /// Status line written.
    pub status_written: u64,
    /// Responses seen.
    pub responses: u64,
    /// Responses that reported received bytes.
    pub notifications: u64,
    /// Longest time from the placement of a byte to the response that reports it, cycles.
    pub longest_notification: u64,
}

/// A read under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// What is read.
    pub purpose: Purpose,
    /// Which grant it lies in; 0 where there are none.
    grant: u64,
}

impl Access {
    /// A read of memory of which nobody knows what it is: like payload, it may be anything.
    pub fn unknown() -> Access {
        Access { purpose: Purpose::Send, grant: 0 }
    }
}

struct Grant {
    /// Counts the grants: the same address may be granted again.
    number: u64,
    length: u64,
    pointer: NonNull<u8>,
    /// Keeps `pointer` valid, whatever the driver drops.
    _owner: Rc<dyn Any>,
    purpose: Purpose,
    /// Whose it is, once the engine has read the request that posts it for receiving. A listener's is another's from
    /// the response on that says so.
    connection: Option<u64>,
    /// Bytes written to it.
    placed: u64,
    /// Received bytes the host knows of; the engine may write behind them only.
    reported: u64,
    /// Ends and times of placements not reported yet.
    placements: VecDeque<(u64, u64)>,
    /// A response gave it back.
    returned: bool,
}

/// The memory model.
#[derive(Default)]
pub struct HostMemory {
    grants: BTreeMap<u64, Grant>,
    granted: u64,
    /// Bytes written for each connection.
    placed: HashMap<u64, u64>,
    /// Ids that are or were listeners.
    listeners: HashSet<u64>,
    /// Endpoints and ids of connections the host was told of, until somebody wants to know.
    arrivals: Vec<(u64, u64)>,
    /// What was moved.
    pub traffic: Traffic,
    violations: Vec<Violation>,
    /// Entries of the output table ever written, and up to which the host allows it.
    entries_written: u64,
    entries_allowed: u64,
    order: HostOrder,
}

/// Violations kept; a broken engine makes millions.
const KEPT: usize = 100;

impl BusMemory for HostMemory {
    fn read(&mut self, address: u64, bytes: &mut [u8], now: u64) -> Option<Access> {
        self.read_posted(address, bytes, now)
    }

    fn answer(&mut self, access: Access, address: u64, length: u64, now: u64) {
        self.answer_posted(access, address, length, now);
    }

    fn write(&mut self, address: u64, bytes: &[u8], now: u64) {
        self.write_posted(address, bytes, now);
    }

    fn violate(&mut self, cycle: u64, what: String) {
        if self.violations.len() < KEPT {
            self.violations.push(Violation { cycle, what });
        }
    }

    fn violations(&self) -> &[Violation] {
        &self.violations
    }

    fn purpose_of(&self, address: u64) -> Option<Purpose> {
        let (start, grant) = self.grants.range(..=address).next_back()?;
        (address < start + grant.length).then_some(grant.purpose)
    }

    fn traffic(&self) -> Traffic {
        self.traffic
    }

    fn posted(&mut self) -> Option<&mut HostMemory> {
        Some(self)
    }
}

impl HostMemory {
    /// Opens `range` of `memory` to the engine.
    pub fn grant(&mut self, memory: &Memory, range: Range<usize>, purpose: Purpose) -> Result<(), String> {
        if range.start >= range.end || range.end > memory.length() {
            return Err(format!("grant of {range:?} of {memory:?}"));
        }
        let (start, length) = (memory.address() + range.start as u64, range.len() as u64);
        if let Some((&other, grant)) = self.grants.range(..start + length).next_back() {
            if other + grant.length > start {
                return Err(format!("grant of {length} bytes at {start:#x} overlaps the one at {other:#x}"));
            }
        }
        // SAFETY: `range` lies inside the memory.
        let pointer = unsafe { memory.pointer().add(range.start) };
        let (reported, placements, returned) = (0, VecDeque::new(), false);
        if purpose == Purpose::OutputTable {
            self.entries_written = 0;
            self.order = HostOrder::default();
            self.entries_allowed = length / DESCRIPTOR_BYTES as u64;
        }
        self.granted += 1;
        let number = self.granted;
        let grant = Grant {
            number,
            length,
            pointer,
            _owner: memory.owner(),
            purpose,
            connection: None,
            placed: 0,
            reported,
            placements,
            returned,
        };
        self.grants.insert(start, grant);
        Ok(())
    }

    /// Closes the run granted at `address`.
    pub fn revoke(&mut self, address: u64) -> Result<(), String> {
        self.grants
            .remove(&address)
            .map(|_| ())
            .ok_or_else(|| format!("revocation of {address:#x}, which was not granted"))
    }

    /// The host read output entries up to this count, modulo 2^16.
    pub fn credit_output(&mut self, consumed: u16, entries: u64) {
        let before = self.entries_allowed - entries;
        self.entries_allowed += u64::from(consumed.wrapping_sub(before as u16));
    }

    /// Reads `bytes.len()` bytes and says what they are; nothing, and no byte, if the host did not post them for
    /// reading.
    fn read_posted(&mut self, address: u64, bytes: &mut [u8], now: u64) -> Option<Access> {
        let length = bytes.len() as u64;
        let Some((start, grant)) = find(&mut self.grants, address, length) else {
            self.violate(now, format!("read of {length} bytes at {address:#x}, which is not posted"));
            return None;
        };
        if grant.purpose.device_writes() || grant.returned {
            let why = if grant.returned { "given back" } else { "posted for writing" };
            self.violate(now, format!("read of {length} bytes at {address:#x}, which is {why}"));
            return None;
        }
        // SAFETY: the run lies inside the grant, whose memory is kept alive by its owner; no Rust reference to posted
        // bytes exists.
        unsafe {
            let source = grant.pointer.add((address - start) as usize);
            std::ptr::copy_nonoverlapping(source.as_ptr(), bytes.as_mut_ptr(), bytes.len());
        }
        let access = Access { purpose: grant.purpose, grant: grant.number };
        match access.purpose {
            Purpose::Send => self.traffic.payload_read += length,
            _ => {
                self.traffic.table_read += length;
                self.take_requests(bytes);
            }
        }
        Some(access)
    }

    /// A read is answered: until now the bus may have been at these bytes, so they must have been the engine's all the
    /// time.
    fn answer_posted(&mut self, access: Access, address: u64, length: u64, now: u64) {
        let found = find(&mut self.grants, address, length).map(|(_, grant)| (grant.number, grant.returned));
        if found != Some((access.grant, false)) {
            let why = if found.is_some_and(|(number, _)| number == access.grant) { "given back" } else { "revoked" };
            self.violate(
                now,
                format!("read of {length} bytes at {address:#x} is answered, which were {why} meanwhile"),
            );
        }
    }

    /// Writes `bytes`; nothing happens to bytes the host did not post for writing.
    fn write_posted(&mut self, address: u64, bytes: &[u8], now: u64) {
        let length = bytes.len() as u64;
        let Some((start, grant)) = find(&mut self.grants, address, length) else {
            return self.violate(now, format!("write of {length} bytes at {address:#x}, which is not posted"));
        };
        let offset = address - start;
        if !grant.purpose.device_writes() || grant.returned || offset < grant.reported {
            let why = match (grant.returned, grant.purpose.device_writes()) {
                (true, _) => "given back",
                (_, false) => "posted for reading",
                _ => "reported already",
            };
            return self.violate(now, format!("write of {length} bytes at {address:#x}, which is {why}"));
        }
        // SAFETY: as in `read`; the driver looks at these bytes through volatile accesses, or not at all while they are
        // posted.
        unsafe {
            let target = grant.pointer.add(offset as usize);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), target.as_ptr(), bytes.len());
        }
        match grant.purpose {
            Purpose::Receive => {
                grant.placements.push_back((offset + length, now));
                grant.placed += length;
                *self.placed.entry(grant.connection.unwrap_or(0)).or_default() += length;
                self.traffic.payload_written += length;
            }
            Purpose::StatusLine => self.traffic.status_written += length,
            _ => {
                let (pointer, entries) = (grant.pointer, grant.length / DESCRIPTOR_BYTES as u64);
                self.traffic.table_written += length;
                self.take_entries(offset..offset + length, pointer, entries, now);
            }
        }
    }

    /// Bytes written for a connection.
    pub fn placed(&self, connection: u64) -> u64 {
        self.placed.get(&connection).copied().unwrap_or(0)
    }

    /// Bytes written to buffers that were posted to listeners, and of which no response has said whose they are.
    pub fn placed_for_listeners(&self) -> u64 {
        self.listeners.iter().map(|&id| self.placed(id)).sum()
    }

    /// Packed endpoints and ids of the connections the host was told of since the last call.
    pub fn take_arrivals(&mut self) -> impl Iterator<Item = (u64, u64)> {
        std::mem::take(&mut self.arrivals).into_iter()
    }

    /// Requests the engine reads: who owns the buffers it may write.
    fn take_requests(&mut self, bytes: &[u8]) {
        for request in bytes.chunks_exact(DESCRIPTOR_BYTES) {
            let Ok(bytes) = request.try_into() else { continue };
            let request = Descriptor::from_bytes(bytes);
            if request.kind == Request::BufferAvailable as u8 {
                if let Some(grant) = self.grants.get_mut(&request.base) {
                    grant.connection = Some(request.connection);
                }
            }
        }
    }

    /// Runs granted now for payload.
    pub fn payload_grants(&self) -> usize {
        self.grants.values().filter(|grant| matches!(grant.purpose, Purpose::Send | Purpose::Receive)).count()
    }

    /// Entries of the output table completed by a write of `range`.
    fn take_entries(&mut self, range: Range<u64>, table: NonNull<u8>, entries: u64, now: u64) {
        let size = DESCRIPTOR_BYTES as u64;
        for entry in range.start / size..range.end / size {
            if entry != self.entries_written % entries {
                self.violate(now, format!("output entry {entry} written, {} is next", self.entries_written % entries));
            }
            self.entries_written += 1;
            if self.entries_written > self.entries_allowed {
                self.violate(now, format!("output entry {entry} written, which is the host's"));
            }
            let mut bytes = [0; DESCRIPTOR_BYTES];
            // SAFETY: `entry` lies inside the table that was just written to.
            unsafe {
                let source = table.add((entry * size) as usize);
                std::ptr::copy_nonoverlapping(source.as_ptr(), bytes.as_mut_ptr(), bytes.len());
            }
            self.take_response(Descriptor::from_bytes(&bytes), now);
        }
    }

    fn take_response(&mut self, response: Descriptor, now: u64) {
        self.traffic.responses += 1;
        if let Err(what) = self.order.take(&response) {
            self.violate(now, what);
        }
        let opens = [Response::ConnectionArrival as u8, Response::ConnectionCompletion as u8].contains(&response.kind);
        if opens && response.status == Status::Success as u8 {
            self.placed.insert(response.connection, 0);
            self.arrivals.push((response.base, response.connection));
        }
        if response.kind == Response::ListenResponse as u8 && response.status == Status::Success as u8 {
            self.placed.insert(response.connection, 0);
            self.listeners.insert(response.connection);
        }
        let Some(grant) = self.grants.get_mut(&response.base) else { return };
        let lender = grant.connection.filter(|id| *id != response.connection && self.listeners.contains(id));
        if let (Some(lender), true) = (lender, response.kind == Response::BufferReceive as u8) {
            *self.placed.entry(lender).or_default() -= grant.placed;
            *self.placed.entry(response.connection).or_default() += grant.placed;
            grant.connection = Some(response.connection);
        }
        let failed = response.status != Status::Success as u8;
        let handed_back = response.flags & flag::HANDED_BACK != 0;
        if response.kind == Response::BufferReceive as u8 && grant.purpose == Purpose::Receive {
            grant.returned |= failed || handed_back;
            let placed = grant.placements.back().map_or(grant.reported, |&(end, _)| end);
            // A refused request repeats the length that was posted and reports nothing.
            let refused = failed && !handed_back;
            if response.length > 0 && !refused {
                let end = u64::from(response.offset) + u64::from(response.length);
                let wrong = u64::from(response.offset) != grant.reported || end > placed;
                grant.reported = end;
                let first = grant.placements.front().map_or(now, |&(_, cycle)| cycle);
                while grant.placements.front().is_some_and(|&(placed, _)| placed <= end) {
                    grant.placements.pop_front();
                }
                self.traffic.notifications += 1;
                self.traffic.longest_notification = self.traffic.longest_notification.max(now - first);
                if wrong {
                    self.violate(now, format!("a response reports bytes that were not placed: {response:?}"));
                }
            }
        } else if response.kind == Response::BufferAvailable as u8 && grant.purpose == Purpose::Send {
            grant.returned = true;
        }
    }
}

/// The grant that holds all of `address .. address + length`.
fn find(grants: &mut BTreeMap<u64, Grant>, address: u64, length: u64) -> Option<(u64, &mut Grant)> {
    let end = address.checked_add(length)?;
    let (&start, grant) = grants.range_mut(..=address).next_back()?;
    (end <= start + grant.length).then_some((start, grant))
}
