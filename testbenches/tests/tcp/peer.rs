//! A small TCP in plain Rust, and a link with delay, loss, duplication and disorder between it and the engine.
use super::rig::{host_byte, Rig, TcpDut, Wire};
use super::script::{peer_byte, Conn, ENGINE, PEER};
use std::collections::BTreeMap;
use stevedore_rtl::bundles::*;

/// Segments of the peer.
const MSS: u32 = 1000;
/// Its retransmission time-out, microseconds.
const TIME_OUT: u32 = 1500;

/// The far end of one connection, established; numbers are relative, the first byte is 1.
pub struct Peer {
    pub conn: Conn,
    /// Bytes to send, then a FIN if `close`.
    pub total: u32,
    pub close: bool,
    una: u32,
    nxt: u32,
    edge: u32,
    deadline: u32,
    /// Receive window.
    pub window: u32,
    rcv_nxt: u32,
    early: BTreeMap<u32, Vec<u8>>,
    fin_at: Option<u32>,
    pub received: u64,
    pub fin_received: bool,
    pub was_reset: bool,
}

impl Peer {
    /// A peer with `total` bytes to send.
    pub fn new(conn: Conn, total: u32, close: bool, window: u32) -> Self {
        Peer {
            conn,
            total,
            close,
            una: 1,
            nxt: 1,
            edge: 1,
            deadline: 0,
            window,
            rcv_nxt: 1,
            early: BTreeMap::new(),
            fin_at: None,
            received: 0,
            fin_received: false,
            was_reset: false,
        }
    }

    /// Everything it sent is acknowledged.
    pub fn done_sending(&self) -> bool {
        self.una == self.total + 1 + u32::from(self.close)
    }

    /// A segment of the engine arrives; what it answers.
    pub fn take(&mut self, wire: &Wire, now: u32) -> Vec<(Event, Vec<u8>)> {
        if wire.control.rst {
            self.was_reset = true;
            return vec![];
        }
        let ack = wire.acknowledgement.wrapping_sub(PEER);
        assert!((ack as i32) <= (self.total + 1 + u32::from(self.close)) as i32, "acknowledged what was not sent");
        if (ack.wrapping_sub(self.una) as i32) > 0 {
            self.una = ack;
            self.nxt = self.nxt.max(ack);
            self.deadline = now + TIME_OUT;
        }
        let edge = ack + u32::from(wire.window);
        if (edge.wrapping_sub(self.edge) as i32) > 0 {
            self.edge = edge;
        }
        let sequence = wire.sequence.wrapping_sub(ENGINE);
        let length = wire.payload.len() as u32;
        assert!(wire
            .payload
            .iter()
            .enumerate()
            .all(|(i, &b)| b == host_byte(wire.slot, u64::from(sequence - 1) + i as u64)));
        if wire.control.fin {
            self.fin_at = Some(sequence + length);
        }
        if length > 0 && sequence + length > self.rcv_nxt && sequence <= self.rcv_nxt + self.window {
            self.early.insert(sequence, wire.payload.clone());
        }
        while let Some((&first, data)) = self.early.first_key_value() {
            if first > self.rcv_nxt {
                break;
            }
            self.rcv_nxt = self.rcv_nxt.max(first + data.len() as u32);
            self.early.pop_first();
        }
        self.received = u64::from(self.rcv_nxt - 1 - u32::from(self.fin_received));
        if self.fin_at == Some(self.rcv_nxt) {
            self.rcv_nxt += 1;
            self.fin_received = true;
        }
        if length > 0 || wire.control.fin {
            vec![self.segment(self.nxt, 0, false)]
        } else {
            vec![]
        }
    }

    /// What it sends on its own.
    pub fn poll(&mut self, now: u32) -> Vec<(Event, Vec<u8>)> {
        let mut out = vec![];
        let end = self.total + 1 + u32::from(self.close);
        if self.una < end && now.wrapping_sub(self.deadline) as i32 >= 0 {
            self.deadline = now + TIME_OUT;
            self.nxt = self.una;
            if self.edge <= self.una {
                // A probe, one byte behind the window; it need not be taken.
                let length = u32::from(self.una <= self.total);
                out.push(self.segment(self.una, length, length == 0));
                return out;
            }
        }
        while self.nxt < end && (self.nxt < self.edge || self.nxt == self.total + 1) {
            let length = (self.total + 1 - self.nxt).min(MSS).min(self.edge.saturating_sub(self.nxt));
            if length == 0 && self.nxt <= self.total {
                break;
            }
            let fin = self.close && self.nxt + length == self.total + 1;
            out.push(self.segment(self.nxt, length, fin));
            self.nxt += length + u32::from(fin);
        }
        out
    }

    fn segment(&self, first: u32, length: u32, fin: bool) -> (Event, Vec<u8>) {
        let payload: Vec<u8> = (first..first + length).map(|at| peer_byte(i64::from(at))).collect();
        let event = Event {
            sequence: u64::from(PEER.wrapping_add(first)).into(),
            acknowledgement: u64::from(ENGINE.wrapping_add(self.rcv_nxt)).into(),
            window: u64::from(self.window).into(),
            control: ControlBits {
                ack: true,
                fin,
                psh: length > 0 && first + length == self.total + 1,
                ..ControlBits::default()
            },
            payload_length: u64::from(length).into(),
            ..self.conn.event(EventKind::Segment)
        };
        (event, payload)
    }
}

/// The link: chances in 256 of what may happen to a segment, either way.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    pub loss: u64,
    pub twice: u64,
    pub late: u64,
    /// Cycles one way.
    pub delay: u64,
}

/// Peers behind a link.
pub struct World {
    pub peers: Vec<Peer>,
    pub link: Link,
    /// By cycle of arrival.
    to_engine: BTreeMap<(u64, u64), (Event, Vec<u8>)>,
    to_peers: BTreeMap<(u64, u64), Wire>,
    serial: u64,
}

impl World {
    /// Peers behind a link.
    pub fn new(peers: Vec<Peer>, link: Link) -> Self {
        World { peers, link, to_engine: BTreeMap::new(), to_peers: BTreeMap::new(), serial: 0 }
    }

    /// When copies of a segment arrive.
    fn arrivals<D: TcpDut>(&mut self, rig: &mut Rig<D>) -> Vec<(u64, u64)> {
        let mut copies = vec![];
        let chance = |rig: &mut Rig<D>, of: u64| rig.random() % 256 < of;
        for copy in 0..2 {
            if (copy == 1 && !chance(rig, self.link.twice)) || chance(rig, self.link.loss) {
                continue;
            }
            let late = if chance(rig, self.link.late) { rig.random() % 2000 } else { 0 };
            self.serial += 1;
            copies.push((rig.dut.cycle() + self.link.delay + late, self.serial));
        }
        copies
    }

    /// One cycle of everything.
    pub fn cycle<D: TcpDut>(&mut self, rig: &mut Rig<D>) {
        rig.cycle();
        let cycle = rig.dut.cycle();
        while let Some(wire) = rig.wire.pop_front() {
            for at in self.arrivals(rig) {
                self.to_peers.insert(at, wire.clone());
            }
        }
        let mut out = vec![];
        while let Some(entry) = self.to_peers.first_entry().filter(|e| e.key().0 <= cycle) {
            let wire = entry.remove();
            let now = rig.now;
            if let Some(peer) = self.peers.iter_mut().find(|p| p.conn.slot == wire.slot) {
                out.extend(peer.take(&wire, now));
            }
        }
        if cycle.is_multiple_of(16) {
            for peer in &mut self.peers {
                out.extend(peer.poll(rig.now));
            }
        }
        for segment in out {
            for at in self.arrivals(rig) {
                self.to_engine.insert(at, segment.clone());
            }
        }
        while let Some(entry) = self.to_engine.first_entry().filter(|e| e.key().0 <= cycle) {
            let (event, payload) = entry.remove();
            rig.arrives(event, payload);
        }
    }
}
