//! An engine that listens, and a peer that says exactly what a test wants it to.
use anyhow::{bail, ensure, Context, Result};
use etherparse::PacketBuilder;
use std::collections::BTreeMap;
use stevedore_abi::Status;
use stevedore_driver::{Buffer, Configuration, Connection, Device, Event, FreeResources, TcpTuning};
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{configuration, ENGINE, PEER};
use stevedore_testbenches::peers::Nobody;
use stevedore_testbenches::rtl;
use stevedore_testbenches::simulator::{BusOptions, Simulator, SimulatorOptions};

const ENGINE_MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x01];
const PEER_MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x02];
const SERVICE: u16 = 80;
/// Cycles after which what was asked for will not happen.
const PATIENCE: u64 = 2_000_000;

/// One end of a connection, as the peer and the host know it.
pub struct End {
    /// The driver's handle, once the connection is accepted.
    pub connection: Option<Connection>,
    /// The engine's initial sequence number, once its SYN was seen.
    pub engine_first: Option<u32>,
    /// The peer's next sequence number.
    next: u32,
    /// Behind the last byte seen of the engine, and the last byte acknowledged, both counted from its SYN.
    pub seen: u32,
    pub acknowledged: u32,
    /// Bytes the host posted.
    pub posted: u32,
    /// Buffers with the engine.
    pub away: usize,
    /// Segments with payload seen, and since when, cycles.
    pub data_frames: Vec<u64>,
    pub resets: u32,
    aborted: bool,
    /// How it ended for the host.
    pub closed: Option<Status>,
}

/// The engine, its driver, and the peer's end of the wire.
pub struct Stage {
    pub device: Device<Simulator<Nobody>>,
    pub ends: BTreeMap<u16, End>,
    free: FreeResources,
    next_port: u16,
    listening: bool,
}

impl Stage {
    /// The small engine on this bus; its retransmission time-out is `rto` from the start.
    pub fn new(bus: BusOptions, rto: u32) -> Result<Self> {
        let options = SimulatorOptions { bus, ..SimulatorOptions::default() };
        let simulator = Simulator::new(rtl::engine(&Geometry::SMALL, None)?, Nobody::default(), options)?;
        let base = configuration();
        let tcp = TcpTuning { initial_rto: rto, minimum_rto: rto, ..base.tcp };
        let mut device = Device::open(simulator, &Configuration { tcp, ..base })?;
        device.transport_mut().cycles(2_000);
        device.listen(SERVICE)?;
        let free = device.free_resources()?;
        let mut stage = Stage { device, ends: BTreeMap::new(), free, next_port: 20_000, listening: false };
        stage.until("the engine listens", |stage| stage.listening)?;
        stage.free = stage.device.free_resources()?;
        Ok(stage)
    }

    pub fn now(&self) -> u64 {
        self.device.transport().now()
    }

    fn inject(&mut self, port: u16, sequence: u32, shape: impl Fn(Builder) -> Builder, payload: &[u8]) {
        let builder = PacketBuilder::ethernet2(PEER_MAC, ENGINE_MAC)
            .ipv4(PEER.octets(), ENGINE.octets(), 64)
            .tcp(port, SERVICE, sequence, 20_000);
        let mut frame = Vec::new();
        shape(builder).write(&mut frame, payload).expect("a vector takes everything");
        frame.resize(frame.len().max(60), 0);
        self.device.transport_mut().inject(frame);
    }

    /// A handshake; returns the peer's port.
    pub fn open(&mut self) -> Result<u16> {
        let port = self.next_port;
        self.next_port += 1;
        let next = u32::from(port) << 16 | 0xfffe;
        let end = End {
            connection: None,
            engine_first: None,
            next: next.wrapping_add(1),
            seen: 0,
            acknowledged: 0,
            posted: 0,
            away: 0,
            data_frames: Vec::new(),
            resets: 0,
            aborted: false,
            closed: None,
        };
        self.ends.insert(port, end);
        self.inject(port, next, |builder| builder.syn(), &[]);
        self.until("a SYN-ACK comes", |stage| stage.ends[&port].engine_first.is_some())?;
        self.acknowledge(port, 0);
        self.until("the host is told", |stage| stage.ends[&port].connection.is_some())?;
        Ok(port)
    }

    /// Acknowledges so many bytes.
    pub fn acknowledge(&mut self, port: u16, bytes: u32) {
        let end = self.ends.get_mut(&port).expect("a connection of this stage");
        end.acknowledged = end.acknowledged.max(bytes);
        let (sequence, first) = (end.next, end.engine_first.expect("an open connection"));
        self.inject(port, sequence, |builder| builder.ack(first.wrapping_add(1 + bytes)), &[]);
    }

    /// Resets from the peer's side.
    pub fn reset(&mut self, port: u16) {
        let sequence = self.ends[&port].next;
        self.inject(port, sequence, |builder| builder.rst(), &[]);
    }

    /// Posts a message of one buffer for each length. `false` if there is no connection any more, or no room.
    pub fn send(&mut self, port: u16, lengths: &[usize]) -> Result<bool> {
        let Some(connection) = self.ends[&port].connection else { return Ok(false) };
        let mut buffers: Vec<Buffer> = Vec::new();
        for &length in lengths {
            let mut buffer = self.device.allocate(length, 1)?;
            buffer.set_len(length);
            buffer.as_mut_slice().fill(port as u8);
            buffers.push(buffer);
        }
        let posted = self.device.send_list(connection, buffers).is_ok();
        if posted {
            self.device.flush()?;
            let end = self.ends.get_mut(&port).expect("a connection of this stage");
            end.away += lengths.len();
            end.posted += lengths.iter().sum::<usize>() as u32;
        }
        Ok(posted)
    }

    /// Aborts from the host's side, once. Nothing happens if the connection is gone.
    pub fn abort(&mut self, port: u16) -> Result<()> {
        let end = self.ends.get_mut(&port).expect("a connection of this stage");
        if let Some(connection) = end.connection.filter(|_| !std::mem::replace(&mut end.aborted, true)) {
            if self.device.abort(connection).is_ok() {
                self.device.flush()?;
            }
        }
        Ok(())
    }

    /// Lets time pass; the host and the peer listen every few cycles.
    pub fn run(&mut self, cycles: u64) -> Result<()> {
        let end = self.now() + cycles;
        while self.now() < end {
            let step = (end - self.now()).min(32);
            self.device.transport_mut().cycles(step);
            self.listen()?;
        }
        Ok(())
    }

    pub fn until(&mut self, what: &str, done: impl Fn(&Stage) -> bool) -> Result<()> {
        let end = self.now() + PATIENCE;
        while !done(self) {
            ensure!(self.now() < end, "not until cycle {}: {what}", self.now());
            self.run(32)?;
        }
        Ok(())
    }

    fn listen(&mut self) -> Result<()> {
        if let Some(violation) = self.device.transport().violation() {
            bail!("{violation}");
        }
        while let Some(event) = self.device.poll()? {
            self.take_event(event)?;
        }
        let now = self.now();
        for frame in std::mem::take(&mut self.device.transport_mut().peer.received) {
            self.take_frame(&frame, now)?;
        }
        Ok(())
    }

    fn end_of(&mut self, connection: Connection) -> Result<&mut End> {
        self.ends.values_mut().find(|end| end.connection == Some(connection)).context("an event of no connection")
    }

    fn take_event(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Listening { .. } => self.listening = true,
            Event::Accepted { connection, endpoint, .. } => {
                let end = self.ends.get_mut(&endpoint.remote_port).context("an arrival of nobody")?;
                ensure!(end.connection.is_none(), "{endpoint:?} arrives twice");
                end.connection = Some(connection);
            }
            Event::Sent(message) => {
                let end = self.end_of(message.connection)?;
                end.away = end.away.checked_sub(message.buffers.len()).context("more buffers back than posted")?;
                ensure!(end.closed.is_none(), "a buffer comes home after its connection was closed");
            }
            Event::Received(_) => {}
            Event::Closed { connection, status, .. } => {
                let end = self.end_of(connection)?;
                ensure!(end.closed.is_none(), "closed twice");
                ensure!(end.away == 0, "{} buffers were not back when the connection was closed", end.away);
                end.closed = Some(status);
            }
            other => bail!("unexpected: {other:?}"),
        }
        Ok(())
    }

    fn take_frame(&mut self, frame: &[u8], now: u64) -> Result<()> {
        if frame[12..14] != [8, 0] || frame[23] != 6 {
            return Ok(());
        }
        let word = |at: usize| u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
        let port = u16::from_be_bytes([frame[36], frame[37]]);
        let total = usize::from(u16::from_be_bytes([frame[16], frame[17]]));
        let payload = &frame[34 + usize::from(frame[46] >> 4) * 4..14 + total];
        let (syn, rst) = (frame[47] & 2 != 0, frame[47] & 4 != 0);
        // What was built before a connection ended may leave behind its last word to the host.
        let Some(end) = self.ends.get_mut(&port) else { return Ok(()) };
        if syn {
            end.engine_first = Some(word(38));
        } else if rst {
            end.resets += 1;
        } else if !payload.is_empty() {
            ensure!(payload.iter().all(|&byte| byte == port as u8), "bytes of somebody else were sent to {port}");
            let first = end.engine_first.context("data before the handshake")?;
            let behind = word(38).wrapping_sub(first.wrapping_add(1)) + payload.len() as u32;
            end.seen = end.seen.max(behind);
            end.data_frames.push(now);
        }
        Ok(())
    }

    /// Waits until every connection is closed, every buffer back, every resource free; forgets the connections.
    pub fn homecoming(&mut self) -> Result<()> {
        self.until("all connections are closed", |stage| stage.ends.values().all(|end| end.closed.is_some()))?;
        let end = self.now() + PATIENCE;
        loop {
            let free = self.device.free_resources()?;
            let memory = self.device.transport().memory.payload_grants();
            // The listener's request stays outstanding.
            if free == self.free && (self.device.outstanding(), memory) == (1, 0) {
                break;
            }
            let outstanding = self.device.outstanding();
            ensure!(self.now() < end, "{free:?} free of {:?}, {memory} grants, {outstanding} requests", self.free);
            self.run(100)?;
        }
        self.ends.clear();
        Ok(())
    }
}

type Builder = etherparse::PacketBuilderStep<etherparse::TcpHeader>;
