//! What the host asks: each call becomes descriptors of the input table (H2).

use crate::connection::{Connection, ConnectionState, Listener, ListenerState, Message, Phase};
use crate::device::Device;
use crate::error::{Error, Rejected};
use crate::memory::Buffer;
use crate::posted::{Posted, FOREIGN};
use crate::transport::{Purpose, Transport};
use std::net::Ipv4Addr;
use stevedore_abi::descriptor::{flag, Endpoint, MAXIMUM_BUFFER};
use stevedore_abi::{Descriptor, Request, Status};

impl<T: Transport> Device<T> {
    /// Opens a connection from `local_port` to a peer. `Event::Connected` or `Event::ConnectFailed` follows.
    ///
    /// A `lender` gives the connection one of its buffers, if it has one left, as it does to those it accepts: the peer
    /// may send before the host has heard that the connection stands. If the lender is closed before that, the request
    /// fails: with `Status::UnknownConnection` if the SYN has not left, with `Status::Aborted` if it has announced a
    /// buffer.
    pub fn connect(
        &mut self,
        remote: Ipv4Addr,
        remote_port: u16,
        local_port: u16,
        lender: Option<Listener>,
    ) -> Result<Connection, Error> {
        check_port("remote port", remote_port)?;
        check_port("local port", local_port)?;
        let lender = lender.map_or(Ok(0), |listener| self.open_listener(listener))?;
        self.reserve(1)?;
        let handle = self.new_handle();
        let cookie = self.posted.insert(Posted::Connect { connection: handle });
        self.connections.insert(handle, ConnectionState::new(Phase::Opening, 0));
        let base = Endpoint { remote_address: remote.to_bits(), remote_port, local_port }.to_base();
        let kind = Request::Connect as u8;
        self.push(Descriptor { base, connection: lender, cookie, kind, ..Descriptor::default() });
        Ok(Connection(handle))
    }

    /// Accepts connections to `port`. `Event::Listening` or `Event::ListenerClosed` follows, then `Event::Accepted`s.
    pub fn listen(&mut self, port: u16) -> Result<Listener, Error> {
        check_port("local port", port)?;
        self.reserve(1)?;
        let listener = self.new_handle();
        let cookie = self.posted.insert(Posted::Listen { listener });
        self.listeners.insert(listener, ListenerState { id: 0, cookie, closing: false, buffer_length: 0 });
        let base = Endpoint { local_port: port, ..Endpoint::default() }.to_base();
        self.push(Descriptor { base, cookie, kind: Request::Listen as u8, ..Descriptor::default() });
        Ok(Listener(listener))
    }

    /// Sends a buffer; it comes back with `Event::Sent` when the peer acknowledged all of it. The result is the
    /// message's number.
    pub fn send(&mut self, connection: Connection, buffer: Buffer) -> Result<u64, Rejected> {
        self.send_list(connection, vec![buffer])
    }

    /// Sends a scatter list (T2): pieces of any length and alignment, one after the other, all or none. They come back
    /// together.
    pub fn send_list(&mut self, connection: Connection, buffers: Vec<Buffer>) -> Result<u64, Rejected> {
        if let Err(error) = self.check_post(connection, &buffers, true) {
            return Err(Rejected { error, buffers });
        }
        if let Err(error) = self.grant(&buffers, Purpose::Send) {
            return Err(Rejected { error, buffers });
        }
        let Some(state) = self.connections.get_mut(&connection.0) else {
            return Err(Rejected { error: Error::UnknownConnection, buffers });
        };
        let number = state.next_message;
        let id = state.id;
        state.next_message += 1;
        let bytes: u64 = buffers.iter().map(|buffer| buffer.len() as u64).sum();
        count_post(&mut state.statistics.handed_over, &mut state.statistics.send_buffers, bytes, buffers.len());
        let pieces = buffers.len();
        let mut cookies = Vec::with_capacity(pieces);
        for buffer in buffers {
            let (base, length) = (buffer.address(), buffer.len() as u32);
            let cookie = self.posted.insert(Posted::Send { connection: connection.0, message: number, buffer });
            cookies.push(cookie);
            let kind = Request::BufferSend as u8;
            self.push(Descriptor { base, connection: id, length, cookie, kind, ..Descriptor::default() });
        }
        let buffers = std::iter::repeat_with(|| None).take(pieces).collect();
        let message = Message { missing: pieces, buffers, cookies, acknowledged: 0, status: Status::Success };
        if let Some(state) = self.connections.get_mut(&connection.0) {
            state.messages.insert(number, message);
        }
        Ok(number)
    }

    /// Offers room for received bytes; it comes back with an `Event::Received` that has a buffer.
    pub fn post_receive(&mut self, connection: Connection, buffer: Buffer) -> Result<(), Rejected> {
        self.post_receive_list(connection, vec![buffer])
    }

    /// Offers a scatter list (T2), filled in order, all or none. Each piece comes back on its own.
    pub fn post_receive_list(&mut self, connection: Connection, buffers: Vec<Buffer>) -> Result<(), Rejected> {
        if let Err(error) = self.check_post(connection, &buffers, false) {
            return Err(Rejected { error, buffers });
        }
        if let Err(error) = self.grant(&buffers, Purpose::Receive) {
            return Err(Rejected { error, buffers });
        }
        let Some(state) = self.connections.get_mut(&connection.0) else {
            return Err(Rejected { error: Error::UnknownConnection, buffers });
        };
        let id = state.id;
        let bytes: u64 = buffers.iter().map(|buffer| buffer.len() as u64).sum();
        count_post(&mut state.statistics.posted, &mut state.statistics.receive_buffers, bytes, buffers.len());
        for buffer in buffers {
            let (base, length) = (buffer.address(), buffer.len() as u32);
            let cookie = self.posted.insert(Posted::Receive { connection: connection.0, buffer, reported: 0 });
            let kind = Request::BufferAvailable as u8;
            self.push(Descriptor { base, connection: id, length, cookie, kind, ..Descriptor::default() });
        }
        Ok(())
    }

    /// Gives a listener buffers for the connections it will accept or lend to, all or none: each connection begins with
    /// one of them, so that its peer may send before the host has heard of it. All buffers of a listener have one
    /// length. They come back as those of a connection do, or in `Event::Unused`.
    pub fn post_to_listener(&mut self, listener: Listener, buffers: Vec<Buffer>) -> Result<(), Rejected> {
        let checked = self.check_listener_post(listener, &buffers).and_then(|id| {
            self.grant(&buffers, Purpose::Receive)?;
            Ok(id)
        });
        let id = match checked {
            Ok(id) => id,
            Err(error) => return Err(Rejected { error, buffers }),
        };
        for buffer in buffers {
            let (base, length) = (buffer.address(), buffer.len() as u32);
            if let Some(state) = self.listeners.get_mut(&listener.0) {
                state.buffer_length = buffer.len();
            }
            let cookie = self.posted.insert(Posted::Receive { connection: listener.0, buffer, reported: 0 });
            let kind = Request::BufferAvailable as u8;
            self.push(Descriptor { base, connection: id, length, cookie, kind, ..Descriptor::default() });
        }
        Ok(())
    }

    /// Closes in order: what was sent still goes out, what the peer sends still comes in. `Event::Closed` follows.
    pub fn close(&mut self, connection: Connection) -> Result<(), Error> {
        match self.connections.get(&connection.0).map(|state| state.phase) {
            Some(Phase::Closing) => Err(Error::Closing),
            _ => self.terminate(connection, 0),
        }
    }

    /// Resets the connection at once. `Event::Closed` follows.
    pub fn abort(&mut self, connection: Connection) -> Result<(), Error> {
        self.terminate(connection, flag::ABORT)
    }

    /// Stops listening. Connections accepted so far stay. `Event::ListenerClosed` follows.
    pub fn close_listener(&mut self, listener: Listener) -> Result<(), Error> {
        let connection = self.open_listener(listener)?;
        self.reserve(1)?;
        if let Some(state) = self.listeners.get_mut(&listener.0) {
            state.closing = true;
        }
        self.push(Descriptor { connection, kind: Request::Termination as u8, ..Descriptor::default() });
        Ok(())
    }

    /// Posts a descriptor as it is, except for the owner bit, which is right unless `wrong_owner`, and bit 31 of the
    /// cookie, which is set. Its answer is an `Event::Raw`. For requests the driver has no call for, and for tests of
    /// the engine.
    pub fn post_descriptor(&mut self, descriptor: Descriptor, wrong_owner: bool) -> Result<(), Error> {
        self.reserve(1)?;
        self.input.push(Descriptor { cookie: descriptor.cookie | FOREIGN, ..descriptor }, wrong_owner);
        Ok(())
    }

    /// Whether `requests` more can be made now; otherwise they would fail with `Error::RingFull`. A buffer of a list
    /// counts as one.
    pub fn has_room(&mut self, requests: usize) -> Result<bool, Error> {
        match self.reserve(requests) {
            Ok(()) => Ok(true),
            Err(Error::RingFull) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The engine's id of an open connection: what `post_descriptor` needs, and nothing else should.
    pub fn engine_id(&self, connection: Connection) -> Result<u64, Error> {
        self.connections.get(&connection.0).map(|state| state.id).ok_or(Error::UnknownConnection)
    }

    /// Asks the engine to reset a connection; the caller has reserved the entry.
    pub(crate) fn push_abort(&mut self, connection: u64) {
        let (flags, kind) = (flag::ABORT, Request::Termination as u8);
        self.push(Descriptor { connection, flags, kind, ..Descriptor::default() });
    }

    pub(crate) fn push(&mut self, descriptor: Descriptor) {
        self.input.push(descriptor, false);
    }

    pub(crate) fn reserve(&mut self, wanted: usize) -> Result<(), Error> {
        if self.posted.room() < wanted {
            return Err(Error::TooManyRequests);
        }
        self.input.reserve(&mut self.transport, wanted)
    }

    pub(crate) fn new_handle(&mut self) -> u64 {
        self.next_handle += 1;
        self.next_handle
    }

    fn terminate(&mut self, connection: Connection, flags: u16) -> Result<(), Error> {
        let state = self.connections.get(&connection.0).ok_or(Error::UnknownConnection)?;
        let id = match state.phase {
            Phase::Opening => return Err(Error::NotConnected),
            Phase::Gone(_) => return Err(Error::UnknownConnection),
            Phase::Open | Phase::Closing => state.id,
        };
        self.reserve(1)?;
        if let Some(state) = self.connections.get_mut(&connection.0) {
            state.phase = Phase::Closing;
            state.terminations += 1;
        }
        self.push(Descriptor { connection: id, flags, kind: Request::Termination as u8, ..Descriptor::default() });
        Ok(())
    }

    /// The engine's id of a listener that is open and was not asked to close.
    fn open_listener(&self, listener: Listener) -> Result<u64, Error> {
        let state = self.listeners.get(&listener.0).ok_or(Error::UnknownListener)?;
        match (state.id, state.closing) {
            (0, _) => Err(Error::NotConnected),
            (_, true) => Err(Error::Closing),
            (id, false) => Ok(id),
        }
    }

    /// Everything that can be wrong with buffers about to be posted, before anything is changed.
    fn check_post(&mut self, connection: Connection, buffers: &[Buffer], send: bool) -> Result<(), Error> {
        match self.connections.get(&connection.0).map(|state| state.phase) {
            None | Some(Phase::Gone(_)) => return Err(Error::UnknownConnection),
            Some(Phase::Opening) => return Err(Error::NotConnected),
            Some(Phase::Closing) if send => return Err(Error::Closing),
            Some(Phase::Open | Phase::Closing) => {}
        }
        self.check_buffers(buffers)
    }

    /// The same for a listener, whose engine's id is the result.
    fn check_listener_post(&mut self, listener: Listener, buffers: &[Buffer]) -> Result<u64, Error> {
        let id = self.open_listener(listener)?;
        let first = self.listeners.get(&listener.0).map_or(0, |state| state.buffer_length);
        self.check_buffers(buffers)?;
        let length = if first == 0 { buffers[0].len() } else { first };
        match buffers.iter().map(Buffer::len).find(|&other| other != length) {
            Some(other) => Err(Error::BadArgument { what: "length of a listener's buffer", value: other as u64 }),
            None => Ok(id),
        }
    }

    fn check_buffers(&mut self, buffers: &[Buffer]) -> Result<(), Error> {
        let limit = MAXIMUM_BUFFER as usize;
        if buffers.is_empty() || buffers.iter().any(Buffer::is_empty) {
            return Err(Error::EmptyBuffer);
        }
        if let Some(length) = buffers.iter().map(Buffer::len).find(|&length| length > limit) {
            return Err(Error::BufferTooLarge { length, limit });
        }
        self.reserve(buffers.len())
    }

    /// Grants all buffers, or none.
    fn grant(&mut self, buffers: &[Buffer], purpose: Purpose) -> Result<(), Error> {
        for (index, buffer) in buffers.iter().enumerate() {
            let (memory, range) = buffer.extent();
            if let Err(error) = self.transport.grant(memory, range, purpose) {
                // The first error is the one to be told; those of cleaning up must not stop it.
                for granted in &buffers[..index] {
                    let _ = self.transport.revoke(granted.address());
                }
                return Err(error.into());
            }
        }
        Ok(())
    }
}

fn count_post(bytes: &mut u64, buffers: &mut u32, more_bytes: u64, more_buffers: usize) {
    *bytes += more_bytes;
    *buffers += more_buffers as u32;
}

fn check_port(what: &'static str, port: u16) -> Result<(), Error> {
    if port == 0 {
        return Err(Error::BadArgument { what, value: 0 });
    }
    Ok(())
}
