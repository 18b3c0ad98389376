//! An application on the driver: sessions over the engine's connections, nothing copied between them and the buffers.

use super::stock::{BufferPlan, Stock};
use super::Session;
use crate::{Buffer, Connection, ConnectionStatistics, Device, Error, Event, Listener, Rejected, Transport};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::Ipv4Addr;
use stevedore_abi::Status;

/// Makes the session of a connection accepted.
type Factory = Box<dyn FnMut() -> Box<dyn Session>>;

/// A connection that is over.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Which.
    pub connection: Connection,
    /// What its session said, and how the connection ended.
    pub result: Result<(), String>,
    /// All that went over it.
    pub statistics: ConnectionStatistics,
}

struct Flow {
    session: Box<dyn Session>,
    /// Filled, but the engine had no room for the request.
    unsent: VecDeque<Vec<Buffer>>,
    sending: usize,
    receiving: usize,
    ended: bool,
    closing: bool,
    error: Option<String>,
}

/// The application.
pub struct HostApplication {
    stock: Stock,
    listeners: HashMap<Listener, Factory>,
    /// With the listener that was asked for a buffer.
    opening: HashMap<Connection, (Option<Listener>, Box<dyn Session>)>,
    /// In the order of their opening, so that every run is the same.
    flows: BTreeMap<Connection, Flow>,
    /// Connections for which the input table had no room; every step tries again.
    crowded: BTreeSet<Connection>,
    /// Connections over, in the order of their end.
    pub finished: Vec<Finished>,
    /// Answers to raw requests.
    pub raw: Vec<stevedore_abi::Descriptor>,
    /// Listeners that are open now.
    pub listening: usize,
    /// Connections that began with a buffer of their listener, or of the one that lent to them.
    pub early: usize,
}

impl HostApplication {
    /// An application that uses buffers like this.
    pub fn new(plan: BufferPlan) -> Self {
        HostApplication {
            stock: Stock::new(plan),
            listeners: HashMap::new(),
            opening: HashMap::new(),
            flows: BTreeMap::new(),
            crowded: BTreeSet::new(),
            finished: Vec::new(),
            raw: Vec::new(),
            listening: 0,
            early: 0,
        }
    }

    /// Serves every connection to `port` with a session of its own.
    pub fn serve<T: Transport, S: Session + 'static>(
        &mut self,
        device: &mut Device<T>,
        port: u16,
        mut factory: impl FnMut() -> S + 'static,
    ) -> Result<Listener, Error> {
        let listener = device.listen(port)?;
        self.listeners.insert(listener, Box::new(move || Box::new(factory())));
        Ok(listener)
    }

    /// Opens a connection for a session.
    pub fn open<T: Transport>(
        &mut self,
        device: &mut Device<T>,
        remote: (Ipv4Addr, u16),
        local_port: u16,
        session: impl Session + 'static,
    ) -> Result<Connection, Error> {
        self.open_with(device, None, remote, local_port, session)
    }

    /// The same; a listener, if there is one, lends the connection a buffer.
    pub fn open_with<T: Transport>(
        &mut self,
        device: &mut Device<T>,
        lender: Option<Listener>,
        (address, port): (Ipv4Addr, u16),
        local_port: u16,
        session: impl Session + 'static,
    ) -> Result<Connection, Error> {
        let connection = device.connect(address, port, local_port, lender)?;
        self.opening.insert(connection, (lender, Box::new(session)));
        Ok(connection)
    }

    /// How it uses buffers.
    pub fn plan(&self) -> &BufferPlan {
        self.stock.plan()
    }

    /// Connections opening or open.
    pub fn active(&self) -> usize {
        self.opening.len() + self.flows.len()
    }

    /// Handles of the open connections.
    pub fn connections(&self) -> impl Iterator<Item = Connection> + '_ {
        self.flows.keys().copied()
    }

    /// Buffers the application lent to connections: 0 when every buffer is home.
    pub fn lent_buffers(&self) -> usize {
        self.stock.lent
    }

    /// Works off what happened. False if nothing did.
    pub fn step<T: Transport>(&mut self, device: &mut Device<T>) -> Result<bool, Error> {
        let mut worked = false;
        while let Some(event) = device.poll()? {
            worked = true;
            self.take(device, event)?;
        }
        for connection in std::mem::take(&mut self.crowded) {
            self.pump(device, connection)?;
        }
        Ok(worked)
    }

    fn take<T: Transport>(&mut self, device: &mut Device<T>, event: Event) -> Result<(), Error> {
        match event {
            Event::Listening { listener } => {
                self.listening += 1;
                for _ in 0..self.stock.plan().listener_depth {
                    self.stock_listener(device, listener)?;
                }
            }
            Event::ListenerClosed { listener, status } => {
                self.listening = self.listening.saturating_sub(1);
                if self.listeners.remove(&listener).is_some() && status != Status::Success {
                    return Err(Error::BadArgument { what: "listener: status", value: status as u64 });
                }
            }
            Event::Accepted { listener, connection, room, .. } => {
                if let Some(factory) = self.listeners.get_mut(&listener) {
                    let session = factory();
                    self.begin(device, connection, session, usize::from(room > 0))?;
                }
                if room > 0 {
                    self.early += 1;
                    self.stock_listener(device, listener)?;
                }
            }
            Event::Unused { buffer, .. } => self.stock.give_receive([buffer]),
            Event::Connected { connection, room } => {
                let Some((lender, session)) = self.opening.remove(&connection) else { return Ok(()) };
                self.begin(device, connection, session, usize::from(room > 0))?;
                if let Some(listener) = lender.filter(|_| room > 0) {
                    self.early += 1;
                    self.stock_listener(device, listener)?;
                }
            }
            Event::ConnectFailed { connection, status } => {
                self.opening.remove(&connection);
                let result = Err(format!("connect: {status:?}"));
                self.finished.push(Finished { connection, result, statistics: ConnectionStatistics::default() });
            }
            Event::Received(mut receipt) => {
                let connection = receipt.connection;
                let Some(flow) = self.flows.get_mut(&connection) else { return Ok(()) };
                if receipt.length > 0 {
                    flow.session.receive(device.bytes(&receipt));
                }
                if receipt.end_of_stream {
                    flow.ended = true;
                    flow.session.end();
                }
                if let Some(buffer) = receipt.buffer.take() {
                    flow.receiving -= 1;
                    self.stock.give_receive([buffer]);
                }
                self.pump(device, connection)?;
            }
            Event::Sent(message) => {
                let Some(flow) = self.flows.get_mut(&message.connection) else { return Ok(()) };
                flow.sending -= message.buffers.len();
                if message.status != Status::Success && flow.error.is_none() {
                    flow.error = Some(format!("message {}: {:?}", message.message, message.status));
                }
                self.stock.give_send(message.buffers);
                self.pump(device, message.connection)?;
            }
            Event::Closed { connection, status, statistics } => {
                let Some(flow) = self.flows.remove(&connection) else { return Ok(()) };
                self.stock.give_send(flow.unsent.into_iter().flatten());
                let mut result = flow.error.map_or(Ok(()), Err).and_then(|()| flow.session.result());
                if status != Status::Success {
                    result = Err(format!("closed: {status:?}; {}", result.err().unwrap_or_default()));
                }
                self.finished.push(Finished { connection, result, statistics });
            }
            Event::Raw(descriptor) => self.raw.push(descriptor),
        }
        Ok(())
    }

    /// One more buffer for the connections a listener will accept, unless it is closing or there is no room to ask.
    fn stock_listener<T: Transport>(&mut self, device: &mut Device<T>, listener: Listener) -> Result<(), Error> {
        let buffers = self.stock.take_receive(device, 1)?;
        match device.post_to_listener(listener, buffers) {
            Ok(()) => Ok(()),
            Err(Rejected { error: Error::RingFull | Error::Closing | Error::UnknownListener, buffers }) => {
                self.stock.give_receive(buffers);
                Ok(())
            }
            Err(rejected) => Err(rejected.error),
        }
    }

    fn begin<T: Transport>(
        &mut self,
        device: &mut Device<T>,
        connection: Connection,
        session: Box<dyn Session>,
        receiving: usize,
    ) -> Result<(), Error> {
        let unsent = VecDeque::new();
        let flow = Flow { session, unsent, sending: 0, receiving, ended: false, closing: false, error: None };
        self.flows.insert(connection, flow);
        self.pump(device, connection)
    }

    /// Keeps both directions of a connection busy, and closes it when its session is done.
    fn pump<T: Transport>(&mut self, device: &mut Device<T>, connection: Connection) -> Result<(), Error> {
        let Some(flow) = self.flows.get_mut(&connection) else { return Ok(()) };
        let (send_depth, receive_depth) = (self.stock.plan().send_depth, self.stock.plan().receive_depth);
        while !flow.ended && !flow.closing && flow.receiving < receive_depth {
            let buffers = self.stock.take_receive(device, receive_depth - flow.receiving)?;
            let count = buffers.len();
            match device.post_receive_list(connection, buffers) {
                Ok(()) => flow.receiving += count,
                Err(Rejected { error: Error::RingFull, buffers }) => {
                    self.stock.give_receive(buffers);
                    self.crowded.insert(connection);
                    break;
                }
                Err(Rejected { error: Error::UnknownConnection, buffers }) => {
                    self.stock.give_receive(buffers);
                    break;
                }
                Err(rejected) => return Err(rejected.error),
            }
        }
        while !flow.closing && (flow.sending < send_depth || !flow.unsent.is_empty()) {
            let (buffers, fresh) = match flow.unsent.pop_front() {
                Some(buffers) => (buffers, false),
                None => (self.stock.take_send(device, send_depth - flow.sending)?, true),
            };
            let buffers = if fresh { fill(flow.session.as_mut(), buffers, &mut self.stock) } else { buffers };
            if buffers.is_empty() {
                break;
            }
            let count = buffers.len();
            match device.send_list(connection, buffers) {
                Ok(_) => flow.sending += count,
                Err(Rejected { error: Error::RingFull, buffers }) => {
                    flow.unsent.push_front(buffers);
                    self.crowded.insert(connection);
                    break;
                }
                Err(Rejected { error: Error::UnknownConnection, buffers }) => {
                    self.stock.give_send(buffers);
                    break;
                }
                Err(rejected) => return Err(rejected.error),
            }
        }
        if !flow.closing && flow.unsent.is_empty() && flow.session.is_finished() {
            match device.close(connection) {
                Ok(()) => flow.closing = true,
                Err(Error::RingFull) => drop(self.crowded.insert(connection)),
                // The end is on its way already.
                Err(Error::UnknownConnection) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Fills buffers one after the other; those that stay empty go back.
fn fill(session: &mut dyn Session, buffers: Vec<Buffer>, stock: &mut Stock) -> Vec<Buffer> {
    let mut filled = Vec::with_capacity(buffers.len());
    for mut buffer in buffers {
        let count = session.send(buffer.as_mut_slice());
        if count == 0 {
            stock.give_send([buffer]);
        } else {
            buffer.set_len(count);
            filled.push(buffer);
        }
    }
    filled
}
