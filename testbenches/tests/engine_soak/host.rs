//! The host of the soak: posts more room than there are contexts, sends again what found none, aborts at random.

use super::end::{End, Log};
use anyhow::{bail, Result};
use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use stevedore_abi::Status;
use stevedore_driver::{Buffer, Connection, Device, Error, Event, Listener, Rejected};
use stevedore_testbenches::peers::SmoltcpPeer;
use stevedore_testbenches::random::Random;
use stevedore_testbenches::sessions::Session;
use stevedore_testbenches::simulator::Simulator;

type Engine = Device<Simulator<SmoltcpPeer>>;

/// Room each connection would like to have posted: of 40 connections some find no context.
const RECEIVES: usize = 8;
/// Longest buffer.
const LONGEST: u64 = 3_000;
/// First port of the connections; a port tells the connection's number.
const FIRST_PORT: u16 = 1024;

struct Flow {
    end: End,
    /// Bytes that found no context, to be sent again before any others.
    again: Option<Buffer>,
    sending: bool,
    receiving: usize,
    closing: bool,
}

/// The host.
pub struct Host {
    random: Random,
    log: Log,
    opening: HashMap<Connection, u64>,
    flows: BTreeMap<Connection, Flow>,
    listeners: HashMap<Listener, (u16, bool)>,
    /// Posts refused because there was no context.
    pub crowded: u64,
}

impl Host {
    pub fn new(seed: u64, log: Log) -> Self {
        let (opening, flows, listeners) = (HashMap::new(), BTreeMap::new(), HashMap::new());
        Host { random: Random::new(seed), log, opening, flows, listeners, crowded: 0 }
    }

    /// Connections opening or open.
    pub fn active(&self) -> usize {
        self.opening.len() + self.flows.len()
    }

    pub fn listen(&mut self, device: &mut Engine, port: u16) -> Result<()> {
        self.listeners.insert(device.listen(port)?, (port, false));
        Ok(())
    }

    /// Opens the listener on `port`, or closes it if it is open; nothing if it is in between, or the input table is
    /// full.
    pub fn toggle(&mut self, device: &mut Engine, port: u16) -> Result<()> {
        if !device.has_room(1)? {
            return Ok(());
        }
        match self.listeners.iter().find(|(_, (at, _))| *at == port).map(|(listener, (_, open))| (*listener, *open)) {
            None => self.listen(device, port),
            Some((listener, true)) => match device.close_listener(listener) {
                Ok(()) | Err(Error::Closing) => Ok(()),
                Err(error) => Err(error.into()),
            },
            Some((_, false)) => Ok(()),
        }
    }

    /// Closes every listener; those that are still being opened are closed when they are open.
    pub fn close_listeners(&mut self, device: &mut Engine) -> Result<()> {
        while !self.listeners.is_empty() {
            for (listener, (_, open)) in self.listeners.clone() {
                if open && device.has_room(1)? {
                    match device.close_listener(listener) {
                        Ok(()) | Err(Error::Closing) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            self.step(device)?;
            device.transport_mut().cycles(500);
        }
        Ok(())
    }

    /// Opens connection `id`. False if the input table is full.
    pub fn open(&mut self, device: &mut Engine, id: u64, (address, port): (Ipv4Addr, u16), local: u16) -> Result<bool> {
        if !device.has_room(1)? {
            return Ok(false);
        }
        self.log.begin(id, false);
        self.opening.insert(device.connect(address, port, local, None)?, id);
        Ok(true)
    }

    /// Resets one of the open connections, if its end is willing.
    pub fn abort_one(&mut self, device: &mut Engine) -> Result<()> {
        if self.flows.is_empty() || !device.has_room(1)? {
            return Ok(());
        }
        let chosen = self.random.below(self.flows.len() as u64) as usize;
        let Some((&connection, flow)) = self.flows.iter_mut().nth(chosen) else { return Ok(()) };
        if !flow.end.give_up() {
            return Ok(());
        }
        flow.closing = true;
        match device.abort(connection) {
            Ok(()) | Err(Error::UnknownConnection) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Works off what happened, and keeps every connection busy.
    pub fn step(&mut self, device: &mut Engine) -> Result<()> {
        while let Some(event) = device.poll()? {
            self.take(device, event)?;
        }
        for connection in self.flows.keys().copied().collect::<Vec<_>>() {
            self.pump(device, connection)?;
        }
        device.flush()?;
        Ok(())
    }

    fn begin(&mut self, connection: Connection, end: End) {
        self.flows.insert(connection, Flow { end, again: None, sending: false, receiving: 0, closing: false });
    }

    fn take(&mut self, device: &mut Engine, event: Event) -> Result<()> {
        match event {
            Event::Listening { listener } => drop(self.listeners.entry(listener).and_modify(|(_, open)| *open = true)),
            Event::ListenerClosed { listener, status: Status::Success } => drop(self.listeners.remove(&listener)),
            // No slot was free; whoever wants the listener tries again.
            Event::ListenerClosed { listener, status: Status::NoRoom } => drop(self.listeners.remove(&listener)),
            Event::Accepted { connection, endpoint, .. } => {
                let id = u64::from(endpoint.remote_port - FIRST_PORT);
                self.begin(connection, End::called_by(id, self.log.clone()));
            }
            Event::Connected { connection, .. } => match self.opening.remove(&connection) {
                Some(id) => self.begin(connection, End::opener(id, self.log.clone())),
                None => bail!("{connection:?} was not asked for"),
            },
            Event::ConnectFailed { connection, status } => match (self.opening.remove(&connection), status) {
                // No slot, or no socket of the peer, was free.
                (Some(id), Status::NoRoom | Status::Reset) => self.log.note(id, |fate| fate.given_up = true),
                other => bail!("connect: {other:?}"),
            },
            Event::Received(receipt) => {
                let Some(flow) = self.flows.get_mut(&receipt.connection) else { bail!("{receipt:?} of nobody") };
                if receipt.length > 0 {
                    flow.end.receive(device.bytes(&receipt));
                }
                if receipt.end_of_stream {
                    flow.end.end();
                }
                self.crowded += u64::from(receipt.status == Status::NoRoom);
                flow.receiving -= usize::from(receipt.buffer.is_some());
            }
            Event::Sent(mut message) => {
                let Some(flow) = self.flows.get_mut(&message.connection) else { bail!("{message:?} of nobody") };
                flow.sending = false;
                if message.status == Status::NoRoom {
                    self.crowded += 1;
                    flow.again = message.buffers.pop();
                }
            }
            // Whether the bytes made it is for the log to tell.
            Event::Closed { connection, status, .. } => match self.flows.remove(&connection) {
                Some(flow) => flow.end.hear(format!("{status:?} at {}", device.transport().now())),
                None => bail!("{connection:?} closed twice"),
            },
            other => bail!("{other:?}"),
        }
        Ok(())
    }

    fn pump(&mut self, device: &mut Engine, connection: Connection) -> Result<()> {
        let Some(flow) = self.flows.get_mut(&connection) else { return Ok(()) };
        if flow.closing {
            return Ok(());
        }
        if flow.receiving < RECEIVES && device.has_room(2)? {
            let buffer = device.allocate(self.random.within(1, LONGEST) as usize, 1)?;
            match device.post_receive(connection, buffer) {
                Ok(()) => flow.receiving += 1,
                Err(Rejected { error: Error::UnknownConnection | Error::RingFull, .. }) => {}
                Err(rejected) => return Err(rejected.error.into()),
            }
        }
        if !flow.sending && device.has_room(1)? {
            let buffer = match flow.again.take() {
                Some(buffer) => Some(buffer),
                None => {
                    let mut buffer = device.allocate(self.random.within(1, LONGEST) as usize, 1)?;
                    let count = flow.end.send(buffer.as_mut_slice());
                    buffer.set_len(count);
                    (count > 0).then_some(buffer)
                }
            };
            if let Some(buffer) = buffer {
                match device.send(connection, buffer) {
                    Ok(_) => flow.sending = true,
                    Err(Rejected { error: Error::RingFull, mut buffers }) => flow.again = buffers.pop(),
                    Err(Rejected { error: Error::UnknownConnection, .. }) => {}
                    Err(rejected) => return Err(rejected.error.into()),
                }
            }
        }
        if !flow.sending && flow.again.is_none() && flow.end.is_finished() && device.has_room(1)? {
            match device.close(connection) {
                Ok(()) => flow.closing = true,
                Err(Error::UnknownConnection) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
