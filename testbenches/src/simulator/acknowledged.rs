//! What the engine may acknowledge: bytes whose writes the bus has accepted, and no others (F2).
//!
//! Placed bytes are counted for each connection where they are written: the memory model knows from the host's requests
//! whose buffer it is, and from the responses which endpoints a connection has, and who got a buffer of a listener;
//! until such a response all connections may have it. An acknowledgement is looked at when it passes the pins, not when
//! its frame ends.

use super::bus_memory::BusMemory;
use super::memory::HostMemory;
use std::collections::HashMap;
use stevedore_abi::descriptor::Endpoint;

/// Where SEG.ACK ends in a frame without IP options.
const HEADER: usize = 48;
/// FINs of the peer that are remembered.
const FINS: usize = 8;
pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
const ACK: u8 = 16;

/// A connection, as the wire shows it.
#[derive(Default)]
struct Line {
    /// The peer's first sequence number behind its SYN, once the engine acknowledged it.
    first: Option<u32>,
    /// Sequence numbers behind FINs the peer sent.
    fins: Vec<u32>,
    /// The engine's id, once the host was told.
    id: Option<u64>,
}

/// The check.
#[derive(Default)]
pub struct Acknowledged {
    lines: HashMap<u64, Line>,
    /// The frame on the pins was looked at.
    seen: bool,
}

/// What concerns the check in a TCP segment over IPv4 without options.
struct Segment {
    /// Source and destination: addresses, then ports.
    addresses: [u32; 2],
    ports: [u16; 2],
    sequence: u32,
    acknowledgement: u32,
    control: u8,
}

fn segment(frame: &[u8]) -> Option<Segment> {
    let word = |at: usize| u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
    let half = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
    let is_tcp = frame.len() >= HEADER && frame[12..15] == [0x08, 0x00, 0x45] && frame[23] == 6;
    is_tcp.then(|| Segment {
        addresses: [word(26), word(30)],
        ports: [half(34), half(36)],
        sequence: word(38),
        acknowledgement: word(42),
        control: frame[47],
    })
}

impl Acknowledged {
    /// A frame goes to the engine.
    pub fn inward(&mut self, frame: &[u8]) {
        let Some(segment) = segment(frame).filter(|segment| segment.control & FIN != 0) else { return };
        let [remote_address, _] = segment.addresses;
        let [remote_port, local_port] = segment.ports;
        let line = self.lines.entry(Endpoint { remote_address, remote_port, local_port }.to_base()).or_default();
        let header = usize::from(frame[46] >> 4) * 4;
        let total = usize::from(u16::from_be_bytes([frame[16], frame[17]]));
        let payload = total.saturating_sub(20 + header) as u32;
        let behind = segment.sequence.wrapping_add(payload + 1);
        if !line.fins.contains(&behind) {
            line.fins.truncate(FINS - 1);
            line.fins.insert(0, behind);
        }
    }

    /// The bytes of the frame on the pins so far, and whether it ended.
    #[inline]
    pub fn outward(&mut self, frame: &[u8], ended: bool, memory: &mut HostMemory, now: u64) {
        if !self.seen && frame.len() >= HEADER {
            self.check(frame, memory, now);
        }
        self.seen = !ended && frame.len() >= HEADER;
    }

    fn check(&mut self, frame: &[u8], memory: &mut HostMemory, now: u64) {
        for (endpoint, id) in memory.take_arrivals() {
            self.lines.entry(endpoint).or_default().id = Some(id);
        }
        let Some(segment) = segment(frame).filter(|segment| segment.control & RST == 0) else { return };
        let [_, remote_address] = segment.addresses;
        let [local_port, remote_port] = segment.ports;
        let endpoint = Endpoint { remote_address, remote_port, local_port };
        let line = self.lines.entry(endpoint.to_base()).or_default();
        let acknowledges = segment.control & ACK != 0;
        let first = acknowledges.then_some(segment.acknowledgement);
        if segment.control & SYN != 0 && line.first != first {
            // When both ends open at once, the handshake may be complete before the SYN-ACK leaves: the peer's FIN and
            // the engine's word to the host are this connection's.
            if line.first.is_some() {
                *line = Line::default();
            }
            line.first = first;
        }
        if !acknowledges {
            return;
        }
        let first = *line.first.get_or_insert(segment.acknowledgement);
        let fin = u32::from(line.fins.contains(&segment.acknowledgement));
        let bytes = segment.acknowledgement.wrapping_sub(first).wrapping_sub(fin) as i32;
        // Whose bytes lie in a buffer that a listener lent is known only when the host is told of them.
        let placed = line.id.map_or(0, |id| memory.placed(id)) + memory.placed_for_listeners();
        if i64::from(bytes) > placed as i64 {
            memory.violate(now, format!("{bytes} bytes of {endpoint:?} are acknowledged, memory has {placed}"));
        }
    }
}
