//! An engine under control of the host.

use crate::capabilities::{Capabilities, FreeResources};
use crate::configuration::Configuration;
use crate::connection::{Connection, ConnectionState, ConnectionStatistics, ListenerState};
use crate::error::Error;
use crate::event::{Event, Receipt};
use crate::input_ring::InputRing;
use crate::memory::Buffer;
use crate::output_ring::OutputRing;
use crate::posted::{Posted, PostedTable};
use crate::transport::Transport;
use std::collections::{HashMap, HashSet, VecDeque};
use stevedore_abi::register::offset;

const INTERRUPTS: u32 = 0b111;

/// The adapter (H8): its capabilities, its tables, everything posted to it.
pub struct Device<T: Transport> {
    pub(crate) transport: T,
    capabilities: Capabilities,
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
    /// Events that one response caused in addition to the one returned for it.
    pub(crate) later: VecDeque<Event>,
}

impl<T: Transport> Device<T> {
    /// Looks for an engine, configures it and starts it.
    pub fn open(mut transport: T, configuration: &Configuration) -> Result<Self, Error> {
        configuration.check()?;
        let capabilities = Capabilities::probe(&mut transport)?;
        transport.write(offset::CONTROL, 0)?;
        for (register, value) in configuration.registers() {
            transport.write(register, value)?;
        }
        let input = InputRing::new(&mut transport, configuration.input_size)?;
        let output = OutputRing::new(&mut transport, configuration.output_size)?;
        let interrupts = if configuration.interrupts.enabled { INTERRUPTS } else { 0 };
        transport.write(offset::INTERRUPT_ENABLE, interrupts)?;
        transport.write(offset::CONTROL, 1)?;
        Ok(Device {
            transport,
            capabilities,
            input,
            output,
            posted: PostedTable::new(),
            connections: HashMap::new(),
            listeners: HashMap::new(),
            by_id: HashMap::new(),
            next_handle: 1,
            late: HashSet::new(),
            later: VecDeque::new(),
        })
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
        while let Some(response) = self.output.pop(&mut self.transport)? {
            if let Some(event) = self.take_response(response)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// Tells the engine of requests made since the last call; `poll` and `wait` do it too.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.input.flush(&mut self.transport)
    }

    /// Sleeps until the engine interrupts, or `microseconds` of its time are over (then false). Poll until nothing comes before
    /// waiting again.
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
    /// Stops the engine: nothing is written to memory that is about to go.
    fn drop(&mut self) {
        // A transport that fails here has no engine behind it any more.
        let _ = self.transport.write(offset::CONTROL, 0);
    }
}
