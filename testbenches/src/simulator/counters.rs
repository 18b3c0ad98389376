//! What a run did, in numbers.

use super::acknowledged::{FIN, RST, SYN};
use super::egress::{OVERHEAD, SHORTEST};
use super::memory::Traffic;

/// The largest payload of a frame seen, and all the bytes that frame took on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Largest {
    /// Payload bytes.
    pub payload: u64,
    /// Wire bytes: preamble, frame, frame check sequence, gap.
    pub wire: u64,
}

impl Largest {
    /// Takes in a frame of `frame` bytes, frame check sequence not counted.
    pub fn take(&mut self, payload: u64, frame: usize) {
        if payload > self.payload {
            *self = Largest { payload, wire: frame.max(SHORTEST) as u64 + OVERHEAD };
        }
    }
}

/// Counts since the start, or, by subtraction, between two moments.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counters {
    /// Clock cycles.
    pub cycles: u64,
    /// Frames the engine sent.
    pub frames_out: u64,
    /// Frames put on the wire to the engine.
    pub frames_in: u64,
    /// TCP payload bytes in frames the engine sent.
    pub payload_out: u64,
    /// TCP payload bytes in frames to the engine.
    pub payload_in: u64,
    /// Segments with RST, either way.
    pub resets: u64,
    /// Those of connections that both sides had ended by then.
    pub late_resets: u64,
    /// Wire bytes sent, all overhead counted.
    pub wire_out: u64,
    /// Wire bytes received, all overhead counted.
    pub wire_in: u64,
    /// Rising edges of the interrupt line.
    pub interrupts: u64,
    /// Read requests on the bus.
    pub read_requests: u64,
    /// Write bursts on the bus.
    pub write_bursts: u64,
    /// The largest payload of a frame the engine sent so far, and what the frame took on the wire.
    pub largest_out: Largest,
    /// The same of frames to the engine.
    pub largest_in: Largest,
    /// When the wire was free again after the last frame the engine sent, cycles.
    pub wire_out_end: f64,
    /// Bytes over the bus to the engine, packet headers counted.
    pub bus_to_engine: u64,
    /// Bytes over the bus to the host, packet headers counted.
    pub bus_to_host: u64,
    /// Bytes over the bus, and notifications.
    pub traffic: Traffic,
}

impl Counters {
    /// What happened since `earlier`; largest and longest are those of the whole run.
    pub fn since(&self, earlier: &Counters) -> Counters {
        let (new, old) = (&self.traffic, &earlier.traffic);
        Counters {
            cycles: self.cycles - earlier.cycles,
            frames_out: self.frames_out - earlier.frames_out,
            frames_in: self.frames_in - earlier.frames_in,
            payload_out: self.payload_out - earlier.payload_out,
            payload_in: self.payload_in - earlier.payload_in,
            resets: self.resets - earlier.resets,
            late_resets: self.late_resets - earlier.late_resets,
            wire_out: self.wire_out - earlier.wire_out,
            wire_in: self.wire_in - earlier.wire_in,
            interrupts: self.interrupts - earlier.interrupts,
            read_requests: self.read_requests - earlier.read_requests,
            write_bursts: self.write_bursts - earlier.write_bursts,
            largest_out: self.largest_out,
            largest_in: self.largest_in,
            wire_out_end: self.wire_out_end - earlier.wire_out_end,
            bus_to_engine: self.bus_to_engine - earlier.bus_to_engine,
            bus_to_host: self.bus_to_host - earlier.bus_to_host,
            traffic: Traffic {
                payload_read: new.payload_read - old.payload_read,
                payload_written: new.payload_written - old.payload_written,
                table_read: new.table_read - old.table_read,
                table_written: new.table_written - old.table_written,
                status_written: new.status_written - old.status_written,
                responses: new.responses - old.responses,
                notifications: new.notifications - old.notifications,
                longest_notification: new.longest_notification,
            },
        }
    }
}

/// What the counters want to know of a TCP segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Bytes of payload.
    pub payload: u64,
    /// Address and port of the sender.
    pub from: (u32, u16),
    /// Address and port of the receiver.
    pub to: (u32, u16),
    /// The RST bit.
    pub reset: bool,
    /// The SYN bit.
    pub begins: bool,
    /// The FIN bit.
    pub ends: bool,
}

/// Looks into an Ethernet frame; anything but a whole TCP segment over IPv4 is no payload.
pub fn segment(frame: &[u8]) -> Segment {
    const ETHERNET: usize = 14;
    let nothing = Segment::default();
    let Some(ip) = frame.get(ETHERNET..) else { return nothing };
    if ip.len() < 20 || frame[12..14] != [0x08, 0x00] || ip[0] >> 4 != 4 || ip[9] != 6 {
        return nothing;
    }
    let (header, total) = (usize::from(ip[0] & 15) * 4, usize::from(u16::from_be_bytes([ip[2], ip[3]])));
    let (Some(offset), Some(control)) = (ip.get(header + 12), ip.get(header + 13)) else { return nothing };
    let payload = total.min(ip.len()).saturating_sub(header + usize::from(offset >> 4) * 4) as u64;
    let half = |at: usize| u16::from_be_bytes([ip[at], ip[at + 1]]);
    let address = |at: usize| u32::from(half(at)) << 16 | u32::from(half(at + 2));
    Segment {
        payload,
        from: (address(12), half(header)),
        to: (address(16), half(header + 2)),
        reset: control & RST != 0,
        begins: control & SYN != 0,
        ends: control & FIN != 0,
    }
}
