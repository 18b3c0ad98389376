//! An engine under control of the host.

use crate::capabilities::{Capabilities, FreeResources};
use crate::configuration::Configuration;
use crate::connection::{Connection, ConnectionState, ConnectionStatistics, ListenerState};
use crate::error::{Error, Rejected};
use crate::event::{Event, Receipt};
use crate::input_ring::InputRing;
use crate::memory::Buffer;
use crate::output_ring::OutputRing;
use crate::posted::{Posted, PostedTable};
use crate::transport::Transport;
use std::collections::{HashMap, HashSet, VecDeque};
use stevedore_abi::register::{control, offset, status};
use stevedore_abi::Descriptor;

const INTERRUPTS: u32 = 0b111;
/// Looks at `STATUS` before an engine that does not come to rest is given up.
const PATIENCE: usize = 100_000;

/// The adapter (H8): its capabilities, its tables, everything posted to it.
pub struct Device<T: Transport> {
    pub(crate) transport: T,
    capabilities: Capabilities,
    configuration: Configuration,
    pub(crate) input: InputRing,
    output: OutputRing,
    pub(crate) posted: PostedTable,
    pub(crate) connections: HashMap<u64, ConnectionState>,
    pub(crate) listeners: HashMap<u64, ListenerState>,
    /// Handle number of each open connection and listener, by the engine's id.
    pub(crate) by_id: HashMap<u64, u64>,
    pub(crate) next_handle: u64,
    /// Engine ids that a termination request may still be answered for, though the connection is gone already.
    pub(crate) late: HashSet<u64>,
    /// Engine ids of connections nobody wants, to be aborted when the input table has room.
    pub(crate) unwanted: VecDeque<u64>,
    /// A response taken from the table and not yet worked off, because the transport failed in between.
    unfinished: Option<Descriptor>,
    /// Events that one response caused in addition to the one returned for it.
    pub(crate) later: VecDeque<Event>,
}

impl<T: Transport> Device<T> {
    /// Looks for an engine, stops whatever it does, configures it and starts it.
    pub fn open(mut transport: T, configuration: &Configuration) -> Result<Self, Error> {
        configuration.check()?;
        let capabilities = Capabilities::probe(&mut transport)?;
        stop(&mut transport)?;
        let (input, output) = start(&mut transport, configuration)?;
        Ok(Device {
            transport,
            capabilities,
            configuration: configuration.clone(),
            input,
            output,
            posted: PostedTable::default(),
            connections: HashMap::new(),
            listeners: HashMap::new(),
            by_id: HashMap::new(),
            next_handle: 1,
            late: HashSet::new(),
            unwanted: VecDeque::new(),
            unfinished: None,
            later: VecDeque::new(),
        })
    }

    /// Stops the engine, resets it and starts it again as it was opened. Connections and listeners are gone, without a
    /// word to their peers, and their handles void; the result is every buffer that was posted. An error gives the
    /// buffers that are the host's again.
    pub fn reset(&mut self) -> Result<Vec<Buffer>, Rejected> {
        stop(&mut self.transport).map_err(|error| Rejected { error, buffers: Vec::new() })?;
        let (buffers, revoked) = self.take_everything_home();
        let started = revoked.and_then(|()| start(&mut self.transport, &self.configuration));
        match started {
            Ok((input, output)) => {
                (self.input, self.output) = (input, output);
                Ok(buffers)
            }
            Err(error) => Err(Rejected { error, buffers }),
        }
    }

    /// What was the engine's is the host's again; the engine is stopped.
    fn take_everything_home(&mut self) -> (Vec<Buffer>, Result<(), Error>) {
        let mut buffers = self.posted.take_buffers();
        // Every one is tried; the first error is the one to be told.
        let mut revoked = self.input.close(&mut self.transport);
        revoked = revoked.and(self.output.close(&mut self.transport));
        for buffer in &buffers {
            let one = self.transport.revoke(buffer.address());
            revoked = revoked.and(one.map_err(Error::from));
        }
        for state in self.connections.values_mut() {
            let messages = std::mem::take(&mut state.messages).into_values();
            buffers.extend(messages.flat_map(|message| message.buffers).flatten());
        }
        self.connections.clear();
        self.listeners.clear();
        self.by_id.clear();
        self.late.clear();
        self.unwanted.clear();
        self.unfinished = None;
        self.later.clear();
        (buffers, revoked)
    }

    /// What the engine can do.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// What of it is free now.
    pub fn free_resources(&mut self) -> Result<FreeResources, Error> {
        Ok(FreeResources::read(&mut self.transport)?)
    }

    /// A register, by its offset: statistics, mostly.
    pub fn register(&mut self, offset: u32) -> Result<u32, Error> {
        Ok(self.transport.read(offset)?)
    }

    /// A buffer of `bytes` bytes, its first byte at a multiple of `alignment` (a power of two).
    pub fn allocate(&mut self, bytes: usize, alignment: usize) -> Result<Buffer, Error> {
        if bytes == 0 {
            return Err(Error::EmptyBuffer);
        }
        if !alignment.is_power_of_two() {
            return Err(Error::BadArgument { what: "alignment", value: alignment as u64 });
        }
        Ok(Buffer::new(self.transport.allocate(bytes, alignment)?))
    }

    /// The next event, if there is one. Also tells the engine of requests made since the last call.
    pub fn poll(&mut self) -> Result<Option<Event>, Error> {
        self.flush()?;
        if let Some(event) = self.later.pop_front() {
            return Ok(Some(event));
        }
        loop {
            if self.unfinished.is_none() {
                self.unfinished = self.output.pop();
            }
            let Some(response) = self.unfinished else { return Ok(None) };
            self.output.credit(&mut self.transport)?;
            let taken = self.take_response(response);
            if let Err(Error::Transport(error)) = taken {
                return Err(error.into());
            }
            self.unfinished = None;
            if let Some(event) = taken? {
                return Ok(Some(event));
            }
        }
    }

    /// Tells the engine of requests made since the last call; `poll` and `wait` do it too.
    pub fn flush(&mut self) -> Result<(), Error> {
        while let Some(&id) = self.unwanted.front() {
            match self.input.reserve(&mut self.transport, 1) {
                Ok(()) => self.push_abort(id),
                Err(Error::RingFull) => break,
                Err(error) => return Err(error),
            }
            self.unwanted.pop_front();
        }
        self.input.flush(&mut self.transport)
    }

    /// Sleeps until the engine interrupts, or `microseconds` of its time are over (then false). Poll until nothing
    /// comes before waiting again.
    pub fn wait(&mut self, microseconds: u32) -> Result<bool, Error> {
        self.flush()?;
        let interrupted = self.transport.wait_for_interrupt(microseconds)?;
        if interrupted {
            // Cleared before polling: a response that comes later raises the line again.
            let cause = self.transport.read(offset::INTERRUPT_CAUSE)?;
            self.transport.write(offset::INTERRUPT_CAUSE, cause)?;
        }
        Ok(interrupted)
    }

    /// Lets the engine get on when there is nothing to do but poll.
    pub fn progress(&mut self) -> Result<(), Error> {
        self.flush()?;
        Ok(self.transport.progress()?)
    }

    /// What went over a connection so far.
    pub fn statistics(&self, connection: Connection) -> Result<ConnectionStatistics, Error> {
        self.connections.get(&connection.0).map(|state| state.statistics).ok_or(Error::UnknownConnection)
    }

    /// Requests the engine has not answered yet, listeners included: 0 when everything is home.
    pub fn outstanding(&self) -> usize {
        self.posted.count()
    }

    /// The bytes a receipt reports, where the engine placed them (R1).
    pub fn bytes<'a>(&'a self, receipt: &'a Receipt) -> &'a [u8] {
        let range = receipt.offset..receipt.offset + receipt.length;
        if let Some(buffer) = &receipt.buffer {
            return buffer.as_slice().get(range).unwrap_or_default();
        }
        match self.posted.peek(receipt.cookie) {
            Some(Posted::Receive { buffer, reported, .. }) if range.end <= *reported as usize => {
                // SAFETY: bytes below `reported` were reported by a response, and the engine never writes those again.
                unsafe { buffer.reported(receipt.offset, receipt.length) }
            }
            _ => &[],
        }
    }

    /// The transport, for what only it can tell.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// The transport, to be changed.
    pub fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }
}

impl<T: Transport> Drop for Device<T> {
    /// Stops the engine before memory goes that it may access. If it does not come to rest, its memory stays for ever.
    fn drop(&mut self) {
        if stop(&mut self.transport).is_ok() {
            // Who cannot revoke has no grants.
            let _ = self.take_everything_home();
            return;
        }
        self.input.leak();
        self.output.leak();
        self.posted.take_buffers().iter().for_each(Buffer::leak);
    }
}

/// Asks the engine to stop and to reset itself, and waits until it has: from then on it touches nothing.
fn stop(transport: &mut impl Transport) -> Result<(), Error> {
    transport.write(offset::CONTROL, control::RESET)?;
    for _ in 0..PATIENCE {
        if transport.read(offset::STATUS)? & status::IDLE != 0 {
            return Ok(());
        }
        transport.progress()?;
    }
    Err(Error::NotAtRest)
}

/// Configures a stopped engine and starts it.
fn start(transport: &mut impl Transport, configuration: &Configuration) -> Result<(InputRing, OutputRing), Error> {
    for (register, value) in configuration.registers() {
        transport.write(register, value)?;
    }
    let input = InputRing::new(transport, configuration.input_size)?;
    let output = OutputRing::new(transport, configuration.output_size)?;
    let interrupts = if configuration.interrupts.enabled { INTERRUPTS } else { 0 };
    transport.write(offset::INTERRUPT_ENABLE, interrupts)?;
    transport.write(offset::CONTROL, control::ENABLE)?;
    Ok((input, output))
}
