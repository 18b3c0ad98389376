//! Words to the host in the order in which things happened (fault: words overtook each other), whatever waits for the
//! host.
//!
//! The order itself is checked by the memory model in every run (`simulator/order.rs`); here are the situations that
//! once broke it, and random ones: callers with a hand-made, loss-tolerant TCP, a host that stalls, an output table of
//! 16 entries, slots given out again at once.

use anyhow::{bail, ensure, Result};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use stevedore_abi::register::offset;
use stevedore_driver::{Connection, Device, Error, Event};
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{configuration, ENGINE, PEER};
use stevedore_testbenches::peers::Peer;
use stevedore_testbenches::random::Random;
use stevedore_testbenches::rtl;
use stevedore_testbenches::simulator::{Simulator, SimulatorOptions};

const PORT: u16 = 80;
const ENGINE_MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x01];
const PEER_MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x02];
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
/// Cycles after which a caller says again what was not answered.
const PATIENCE: u64 = 30_000;

/// What a caller does once it is connected.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Plan {
    /// Nothing.
    Stay,
    /// A reset right behind the last acknowledgement of the handshake.
    Reset,
    /// A FIN there.
    Finish,
    /// So many bytes, as the window allows, then a FIN, or a reset.
    Send { bytes: u32, reset: bool },
}

#[derive(Clone, Copy, Debug)]
struct Caller {
    port: u16,
    plan: Plan,
    /// SND.UNA, SND.NXT, SND.UNA + SND.WND, RCV.NXT.
    una: u32,
    nxt: u32,
    edge: u32,
    rcv: u32,
    connected: bool,
    /// Its FIN is sent; it is reset.
    fin: bool,
    gone: bool,
    /// When it loses patience.
    due: u64,
}

/// All callers: a peer that opens connections to [`PORT`].
#[derive(Default)]
struct Crowd {
    callers: BTreeMap<u16, Caller>,
    /// Frames to the engine.
    out: VecDeque<Vec<u8>>,
    /// Callers that got a SYN-ACK.
    answered: usize,
    now: u64,
}

fn sum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let mut sum: u32 = words.map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

impl Caller {
    fn frame(&self, sequence: u32, control: u8, payload: &[u8]) -> Vec<u8> {
        let mut tcp = Vec::with_capacity(20 + payload.len());
        tcp.extend(self.port.to_be_bytes());
        tcp.extend(PORT.to_be_bytes());
        tcp.extend(sequence.to_be_bytes());
        tcp.extend(if control & ACK == 0 { 0 } else { self.rcv }.to_be_bytes());
        tcp.extend([0x50, control, 0x40, 0, 0, 0, 0, 0]);
        tcp.extend(payload);
        let mut ip = [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        ip[2..4].copy_from_slice(&((20 + tcp.len()) as u16).to_be_bytes());
        ip[12..16].copy_from_slice(&PEER.octets());
        ip[16..20].copy_from_slice(&ENGINE.octets());
        let header = sum(&[&ip]);
        ip[10..12].copy_from_slice(&header.to_be_bytes());
        let length = (tcp.len() as u16).to_be_bytes();
        let check = sum(&[&ip[12..20], &[0, 6], &length, &tcp]);
        tcp[16..18].copy_from_slice(&check.to_be_bytes());
        [&ENGINE_MAC[..], &PEER_MAC, &[8, 0], &ip, &tcp].concat()
    }

    /// What it says now: at first, or again from SND.UNA.
    fn speak(&mut self, out: &mut VecDeque<Vec<u8>>, now: u64) {
        self.due = now + PATIENCE;
        if !self.connected {
            out.push_back(self.frame(self.una, SYN, &[]));
            return;
        }
        let first = u32::from(self.port) << 16 | 1;
        match self.plan {
            Plan::Stay => {}
            Plan::Reset => {
                self.gone = true;
                out.push_back(self.frame(self.una, RST | ACK, &[]));
            }
            Plan::Finish => {
                self.fin = true;
                self.nxt = first.wrapping_add(1);
                if self.una == first {
                    out.push_back(self.frame(first, FIN | ACK, &[]));
                }
            }
            Plan::Send { bytes, reset } => {
                let end = first.wrapping_add(bytes);
                let limit = if (self.edge.wrapping_sub(end) as i32) < 0 { self.edge } else { end };
                let mut at = self.una;
                while (limit.wrapping_sub(at) as i32) > 0 {
                    let length = limit.wrapping_sub(at).min(700);
                    // Every two bytes name the port.
                    let payload: Vec<u8> = (at..at + length)
                        .map(|byte| self.port.to_be_bytes()[(byte.wrapping_sub(first) & 1) as usize])
                        .collect();
                    out.push_back(self.frame(at, ACK | 8, &payload));
                    at = at.wrapping_add(length);
                }
                self.nxt = if (at.wrapping_sub(self.nxt) as i32) > 0 { at } else { self.nxt };
                if at == end && reset {
                    self.gone = true;
                    out.push_back(self.frame(end, RST | ACK, &[]));
                } else if at == end {
                    self.fin = true;
                    self.nxt = end.wrapping_add(1);
                    out.push_back(self.frame(end, FIN | ACK, &[]));
                }
            }
        }
    }
}

impl Crowd {
    /// A new caller.
    fn call(&mut self, port: u16, plan: Plan) {
        let first = u32::from(port) << 16;
        let mut caller = Caller {
            port,
            plan,
            una: first,
            nxt: first.wrapping_add(1),
            edge: first,
            rcv: 0,
            connected: false,
            fin: false,
            gone: false,
            due: 0,
        };
        caller.speak(&mut self.out, self.now);
        self.callers.insert(port, caller);
    }
}

impl Peer for Crowd {
    fn deliver(&mut self, frame: Vec<u8>) {
        if frame.len() < 54 || frame[12..14] != [8, 0] || frame[23] != 6 {
            return;
        }
        let number = |at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().expect("four bytes"));
        let port = u16::from_be_bytes([frame[36], frame[37]]);
        let (sequence, acknowledgement, control) = (number(38), number(42), frame[47]);
        let length = u32::from(u16::from_be_bytes([frame[16], frame[17]])) - 20 - u32::from(frame[46] >> 4) * 4;
        let window = u32::from(u16::from_be_bytes([frame[48], frame[49]]));
        let Some(caller) = self.callers.get_mut(&port) else { return };
        if control & RST != 0 {
            caller.gone = true;
            return;
        }
        if caller.gone {
            // The reset was lost.
            self.out.push_back(caller.frame(acknowledgement, RST, &[]));
            return;
        }
        let mut speaks = false;
        if control & SYN != 0 {
            caller.rcv = sequence.wrapping_add(1);
            caller.edge = acknowledgement.wrapping_add(window);
            self.out.push_back(caller.frame(acknowledgement, ACK, &[]));
            if !caller.connected {
                caller.connected = true;
                caller.una = acknowledgement;
                self.answered += 1;
                speaks = true;
            }
        } else {
            let edge = acknowledgement.wrapping_add(window);
            if (acknowledgement.wrapping_sub(caller.una) as i32) >= 0 {
                caller.una = acknowledgement;
                speaks = edge != caller.edge && !caller.fin;
                caller.edge = edge;
            }
            let taken = length + u32::from(control & FIN != 0);
            if sequence == caller.rcv && taken > 0 {
                caller.rcv = caller.rcv.wrapping_add(taken);
            }
            if taken > 0 {
                self.out.push_back(caller.frame(caller.nxt, ACK, &[]));
            }
        }
        if speaks {
            caller.speak(&mut self.out, self.now);
        }
    }

    fn poll(&mut self, now: u64, room: usize, sent: &mut Vec<Vec<u8>>) -> u64 {
        self.now = now;
        for caller in self.callers.values_mut() {
            let waits = !caller.connected || caller.una != caller.nxt || matches!(caller.plan, Plan::Send { .. });
            if !caller.gone && waits && now >= caller.due {
                caller.speak(&mut self.out, now);
            }
        }
        let count = room.min(self.out.len());
        sent.extend(self.out.drain(..count));
        now + if self.out.is_empty() { 2_000 } else { 100 }
    }
}

/// The device with an output table of 16 entries, and a host that counts what it hears.
struct Host {
    device: Device<Simulator<Crowd>>,
    /// Connections that stand, by their peer's port.
    standing: BTreeMap<Connection, u16>,
    /// Ports of the arrivals, in order.
    arrived: Vec<u16>,
    closed: usize,
    /// Connections the host was asked to end: once each.
    ending: BTreeSet<Connection>,
    buffers: bool,
    random: Random,
}

impl Host {
    fn new(seed: u64, buffers: bool) -> Result<Self> {
        let mut configuration = configuration();
        (configuration.input_size, configuration.output_size) = (6, 4);
        (configuration.tcp.time_wait, configuration.tcp.retry_limit) = (2_000, 3);
        let mut options = SimulatorOptions { seed, ..SimulatorOptions::default() };
        options.bus.write_stall = if buffers { 0.3 } else { 0.0 };
        let simulator = Simulator::new(rtl::engine(&Geometry::SMALL, None)?, Crowd::default(), options)?;
        let mut device = Device::open(simulator, &configuration)?;
        device.transport_mut().cycles(1_000);
        device.listen(PORT)?;
        let random = Random::new(seed);
        let (standing, arrived) = (BTreeMap::new(), Vec::new());
        let mut host = Host { device, standing, arrived, closed: 0, ending: BTreeSet::new(), buffers, random };
        while host.device.poll()?.is_none() {
            host.device.wait(100)?;
        }
        Ok(host)
    }

    fn crowd(&mut self) -> &mut Crowd {
        &mut self.device.transport_mut().peer
    }

    fn call(&mut self, port: u16, plan: Plan) {
        self.crowd().call(port, plan);
        self.device.transport_mut().wake_peer();
    }

    /// The host does not look for so many cycles.
    fn stall(&mut self, cycles: u64) {
        self.device.transport_mut().cycles(cycles);
    }

    /// Everything there is to hear.
    fn listen(&mut self) -> Result<()> {
        while self.device.has_room(8)? {
            let Some(event) = self.device.poll()? else { break };
            match event {
                Event::Accepted { connection, endpoint, .. } => {
                    ensure!(endpoint.remote_address == u32::from(PEER) && endpoint.local_port == PORT, "{endpoint:?}");
                    ensure!(!self.arrived.contains(&endpoint.remote_port), "{endpoint:?} arrived twice");
                    self.arrived.push(endpoint.remote_port);
                    self.standing.insert(connection, endpoint.remote_port);
                    for _ in 0..if self.buffers { self.random.below(3) } else { 0 } {
                        let buffer = self.device.allocate(self.random.within(1, 900) as usize, 1)?;
                        if self.device.post_receive(connection, buffer).is_err() {
                            break;
                        }
                    }
                    if self.buffers && self.random.below(8) == 0 {
                        self.end(connection, true)?;
                    }
                }
                Event::Received(receipt) => {
                    let port = self.standing.get(&receipt.connection).copied();
                    let Some(port) = port else { bail!("bytes of a connection that does not stand: {receipt:?}") };
                    for pair in self.device.bytes(&receipt).windows(2) {
                        let right = pair == port.to_be_bytes() || pair == port.swap_bytes().to_be_bytes();
                        ensure!(right, "bytes of {port}: {pair:x?}");
                    }
                    if receipt.end_of_stream {
                        self.end(receipt.connection, false)?;
                    }
                }
                Event::Closed { connection, .. } => {
                    ensure!(self.standing.remove(&connection).is_some(), "the end of a connection that does not stand");
                    self.ending.remove(&connection);
                    self.closed += 1;
                }
                other => bail!("{other:?}"),
            }
        }
        Ok(())
    }

    /// Aborts a connection, or closes it in order.
    fn end(&mut self, connection: Connection, abort: bool) -> Result<()> {
        if self.ending.insert(connection) {
            let ended = if abort { self.device.abort(connection) } else { self.device.close(connection) };
            match ended {
                // Its end was read already; the event comes next.
                Err(Error::UnknownConnection) => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Hears everything, ends every connection, and finds every slot free again.
    fn finish(mut self, callers: usize) -> Result<()> {
        let slots = |host: &mut Host| Ok::<_, anyhow::Error>(host.device.free_resources()?.slots);
        for _ in 0..4_000 {
            self.listen()?;
            // A caller whose last acknowledgement and reset were both dropped, because the host stalled the engine, was
            // never heard of.
            let silent =
                |caller: &Caller| caller.plan == Plan::Reset || matches!(caller.plan, Plan::Send { reset: true, .. });
            let lost = self.device.register(offset::STAT_DROP_FULL)? > 0;
            let waiting: Vec<u16> =
                self.crowd().callers.values().filter(|c| !(lost && silent(c))).map(|c| c.port).collect();
            // A few at a time: others wait for their slots.
            let standing: Vec<_> = self.standing.keys().filter(|c| !self.ending.contains(c)).copied().collect();
            for connection in standing.into_iter().take(4) {
                if self.device.has_room(8)? {
                    self.end(connection, true)?;
                }
            }
            let all = waiting.iter().all(|port| self.arrived.contains(port));
            if all && self.standing.is_empty() && slots(&mut self)? == 62 {
                ensure!(self.closed == self.arrived.len(), "{} of {} closed", self.closed, self.arrived.len());
                return Ok(());
            }
            self.device.wait(1_000)?;
        }
        let free = slots(&mut self)?;
        let missing: Vec<_> = self.crowd().callers.values().filter(|caller| !caller.gone).copied().collect();
        bail!("{} of {callers} arrived, {} closed, {free} slots free, {missing:?}", self.arrived.len(), self.closed)
    }
}

/// Fault 2, H7: from 34 to 45 handshakes wait for the host, and the last connection ends: its end passed its arrival.
#[test]
fn the_end_of_a_connection_does_not_pass_its_arrival() -> Result<()> {
    for last in [Plan::Reset, Plan::Finish] {
        for count in 33..=45 {
            let mut host = Host::new(1, false)?;
            for index in 1..=count {
                host.call(1_000 + index, if index == count { last } else { Plan::Stay });
                host.stall(300);
            }
            host.stall(5_000);
            host.finish(count.into()).map_err(|error| error.context(format!("{count} handshakes, then {last:?}")))?;
        }
    }
    Ok(())
}

/// Fault 2: the slot of a connection that is over was given to the next caller while the arrival of the first still
/// waited for the host, and named the next caller.
#[test]
fn an_arrival_names_its_own_peer() -> Result<()> {
    for count in 30..=45 {
        let mut host = Host::new(1, false)?;
        // All slots but the listener's are taken in the end.
        for index in 1..=62 - count {
            host.call(2_000 + index, Plan::Stay);
            host.stall(300);
            host.listen()?;
        }
        for index in 1..=count {
            host.call(1_000 + index, if index == count { Plan::Reset } else { Plan::Stay });
            host.stall(300);
        }
        host.stall(2_000);
        host.call(3_000, Plan::Stay);
        host.stall(5_000);
        host.finish(63).map_err(|error| error.context(format!("{count} handshakes wait")))?;
    }
    Ok(())
}

/// Issue 10, done-when 2: random callers, a host that stalls for random times: for every connection arrival, bytes, end
/// of the stream, end, in this order, each once, and the right peer.
#[test]
fn random_callers_are_heard_in_order() -> Result<()> {
    for seed in 1..=8 {
        let mut host = Host::new(seed, true)?;
        let mut random = Random::new(1_000 + seed);
        let callers = 250;
        for index in 0..callers {
            let plan = match random.below(6) {
                0 => Plan::Stay,
                1 => Plan::Reset,
                2 => Plan::Finish,
                _ => Plan::Send { bytes: random.within(1, 2_000) as u32, reset: random.below(2) == 0 },
            };
            host.call(10_000 + index, plan);
            match random.below(12) {
                0 => host.stall(random.within(500, 20_000)),
                1..=4 => host.listen()?,
                _ => host.stall(random.below(200)),
            }
        }
        host.finish(callers.into()).map_err(|error| error.context(format!("seed {seed}")))?;
    }
    Ok(())
}
