//! A far end that keeps the wire full: as little TCP as saturates an engine, for any number of connections.
//!
//! smoltcp is the peer for what must be right; this one is for how fast. It opens every connection itself, sends as
//! windows allow (no congestion control: the wire is perfect), acknowledges every second segment, and checks every
//! frame, checksum and payload byte it gets. After a loss it goes back and says so in `retransmissions`: a measurement
//! with any is void.
//!
//! ```text
//!   deliver -> frames.rs: parsed, checksums verified -> flow.rs: one connection's state -> ready, late
//!   poll    <- frames.rs: built, checksums made      <- flow.rs: the next segment       <- ready: round robin
//! ```

mod flow;
mod frames;
#[cfg(test)]
mod tests;

use super::Peer;
use flow::{Flow, Outcome};
pub use frames::Ends;
use std::collections::VecDeque;

/// What the peer does on each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Takes what comes.
    Take,
    /// Sends without end, and takes what comes.
    Stream,
    /// Sends so many bytes, waits until as many came back, and begins anew.
    Ask(u64),
    /// Sends one byte, closes, and comes back from another port when the engine has closed too.
    Visit,
}

/// How the peer is set up.
#[derive(Clone, Debug)]
pub struct LineOptions {
    /// Addresses of both ends.
    pub ends: Ends,
    /// The engine's port.
    pub port: u16,
    /// Connections.
    pub connections: usize,
    /// What happens on each.
    pub script: Script,
    /// Payload bytes of its segments.
    pub segment: usize,
    /// Time between two frames, in parts of a cycle ([`PARTS`]); 0 is as the wire allows.
    pub spacing: u64,
    /// A segment that ends a run of so many bytes carries PSH: what an application wrote at once.
    pub push: u64,
    /// Receive window announced, a multiple of 2^`WINDOW_SHIFT`.
    pub window: u32,
    /// Cycles after which a single segment is acknowledged too.
    pub ack_delay: u64,
    /// Cycles without an acknowledgement after which it sends again.
    pub patience: u64,
}

/// Window scale it announces.
pub const WINDOW_SHIFT: u8 = 8;
/// Parts of a cycle in which the time between two frames is told.
pub const PARTS: u64 = 8;
/// Its first port.
const FIRST_PORT: u16 = 10_000;
/// Cycles between two looks at a full wire.
const NAP: u64 = 8;
/// Cycles after which a SYN is sent again.
const SYN_PATIENCE: u64 = 200_000;
/// Cycles between the openings of two connections.
const PACE: u64 = 64;
/// Complaints kept.
const KEPT: usize = 20;

impl LineOptions {
    /// Connections to `port` that stream full segments.
    pub fn new(ends: Ends, port: u16, connections: usize, script: Script) -> Self {
        LineOptions {
            ends,
            port,
            connections,
            script,
            segment: 1460,
            spacing: 0,
            push: 64 << 10,
            window: 4 << 20,
            ack_delay: 2_000,
            // The engine may hold back an acknowledgement for 40 ms: 6.25 million cycles.
            patience: 20_000_000,
        }
    }
}

/// Seeds of the payload patterns of a connection, by the peer's port: to the engine, from the engine.
pub fn seeds(port: u16) -> (u64, u64) {
    (u64::from(port), 1 << 16 | u64::from(port))
}

/// The port of a connection's next visit: as far on as there are connections, so that every port tells its connection.
fn next_port(port: u16, connections: usize) -> u16 {
    let span = usize::from(u16::MAX - FIRST_PORT) / connections * connections;
    FIRST_PORT + ((usize::from(port - FIRST_PORT) + connections) % span) as u16
}

/// The peer.
pub struct LinePeer {
    options: LineOptions,
    flows: Vec<Flow>,
    /// Connections with something to send, each at most once.
    ready: VecDeque<usize>,
    /// Acknowledgements held back: when due, whose.
    late: VecDeque<(u64, usize)>,
    /// Connections begun, and when to begin the next.
    begun: usize,
    next_opening: u64,
    /// When the next frame may go.
    next_frame: u64,
    /// When to look for connections that make no progress.
    inspection: u64,
    now: u64,
    /// Segments sent again.
    pub retransmissions: u64,
    /// What the engine did wrong.
    pub faults: Vec<String>,
    /// Visits completed: connections opened, used and closed by both sides.
    pub visits: u64,
    /// Answers complete.
    pub answers: u64,
}

/// When the next frame is due, in parts of a cycle, if one that was due at `due` leaves in cycle `now`: a spacing later
/// than that was due, so that parts of a cycle add up.
fn behind(due: u64, now: u64, spacing: u64) -> u64 {
    if spacing == 0 {
        return 0;
    }
    due.max((now * PARTS).saturating_sub(PARTS - 1)) + spacing
}

impl LinePeer {
    /// A peer that waits for `start`.
    pub fn new(options: LineOptions) -> Self {
        let flows: Vec<Flow> = (0..options.connections).map(|index| Flow::new(FIRST_PORT + index as u16)).collect();
        LinePeer {
            flows,
            ready: VecDeque::new(),
            late: VecDeque::new(),
            begun: 0,
            next_opening: u64::MAX,
            next_frame: 0,
            inspection: SYN_PATIENCE,
            options,
            now: 0,
            retransmissions: 0,
            faults: Vec::new(),
            visits: 0,
            answers: 0,
        }
    }

    /// Opens the connections, from the next poll on.
    pub fn start(&mut self) {
        self.next_opening = 0;
    }

    /// Connections are opened at a pace any engine keeps: how fast they can be is measured by visits.
    fn open_next(&mut self) {
        if self.now >= self.next_opening && self.begun < self.flows.len() {
            self.make_ready(self.begun);
            self.begun += 1;
            self.next_opening = if self.begun < self.flows.len() { self.now + PACE } else { u64::MAX };
        }
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.flows.iter().filter(|flow| flow.is_open()).count()
    }

    fn complain(&mut self, what: String) {
        if self.faults.len() < KEPT {
            self.faults.push(what);
        }
    }

    fn make_ready(&mut self, index: usize) {
        if !std::mem::replace(&mut self.flows[index].queued, true) {
            self.ready.push_back(index);
        }
    }

    fn take(&mut self, frame: &[u8]) -> Result<(), String> {
        let segment = frames::parse(&self.options.ends, frame)?;
        // Ports move on by the number of connections with every visit, so that a port names its flow.
        let index = usize::from(segment.dst_port.wrapping_sub(FIRST_PORT)) % self.flows.len().max(1);
        let flow = self.flows.get_mut(index).filter(|flow| flow.port == segment.dst_port);
        let flow = flow.ok_or_else(|| format!("a segment to port {}", segment.dst_port))?;
        let Outcome { due_soon, answered } = flow.take(&segment, &self.options, self.now)?;
        self.answers += u64::from(answered);
        if due_soon {
            self.late.push_back((self.now + self.options.ack_delay, index));
        }
        if self.flows[index].has_something(&self.options) {
            self.make_ready(index);
        }
        Ok(())
    }

    /// Whoever waits in vain sends again.
    fn inspect(&mut self) {
        self.inspection = self.now + SYN_PATIENCE;
        for index in 0..self.flows.len() {
            if self.flows[index].is_stuck(self.now, SYN_PATIENCE, self.options.patience) {
                self.flows[index].go_back(self.now);
                self.make_ready(index);
            }
        }
    }
}

impl Peer for LinePeer {
    fn deliver(&mut self, frame: Vec<u8>) {
        if let Err(what) = self.take(&frame) {
            self.complain(what);
        }
    }

    fn poll(&mut self, now: u64, room: usize, sent: &mut Vec<Vec<u8>>) -> u64 {
        self.now = now;
        self.open_next();
        while let Some(&(due, index)) = self.late.front().filter(|(due, _)| *due <= now) {
            self.late.pop_front();
            if self.flows[index].acknowledge_late(due, self.options.ack_delay) {
                self.make_ready(index);
            }
        }
        if now >= self.inspection {
            self.inspect();
        }
        while sent.len() < room && now * PARTS >= self.next_frame {
            let Some(index) = self.ready.pop_front() else { break };
            let flow = &mut self.flows[index];
            flow.queued = false;
            if let Some(plan) = flow.next_segment(&self.options, now) {
                self.retransmissions += u64::from(plan.again);
                self.next_frame = behind(self.next_frame, now, self.options.spacing);
                sent.push(frames::build(&self.options.ends, self.options.port, flow.port, &plan));
                if flow.is_over() {
                    self.visits += 1;
                    *flow = Flow::new(next_port(flow.port, self.options.connections));
                }
                if flow.has_something(&self.options) {
                    self.make_ready(index);
                }
            }
        }
        if !self.ready.is_empty() {
            let due = self.next_frame.div_ceil(PARTS);
            let next = if self.options.spacing > 0 { due.max(now + 1) } else { now + NAP };
            return self.next_opening.min(next);
        }
        let late = self.late.front().map_or(u64::MAX, |&(due, _)| due);
        late.min(self.inspection).min(self.next_opening)
    }
}
