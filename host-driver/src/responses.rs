//! What the engine answers: each response is checked against what was asked, then becomes an event (H3).

use crate::connection::{Connection, ConnectionState, Listener, Phase};
use crate::device::Device;
use crate::error::{Error, Fault};
use crate::event::{Event, Receipt, SentMessage};
use crate::posted::{Posted, FOREIGN};
use crate::transport::Transport;
use stevedore_abi::descriptor::{flag, Endpoint};
use stevedore_abi::{Descriptor, Response, Status};

impl<T: Transport> Device<T> {
    /// One response. None if it completes nothing the application waits for.
    pub(crate) fn take_response(&mut self, response: Descriptor) -> Result<Option<Event>, Error> {
        let kind = response_of(response.kind).ok_or(Fault::UnknownResponse(response))?;
        let status = status_of(response.status).ok_or(Fault::UnknownStatus(response))?;
        if response.cookie & FOREIGN != 0 {
            return Ok(Some(Event::Raw(response)));
        }
        match kind {
            Response::BufferReceive => self.received(response, status),
            Response::BufferAvailable => self.sent(response, status),
            Response::ConnectionArrival => self.arrived(response),
            Response::ConnectionCompletion => self.completed(response, status),
            Response::ListenResponse => self.listening(response, status),
            Response::TerminationResponse => self.terminated(response, status),
            Response::Invalid => match self.posted.get(response.cookie) {
                Some(Posted::Send { .. }) => self.sent(response, status),
                Some(Posted::Receive { .. }) => self.received(response, status),
                // A request that could not even be read has no cookie to know it by.
                _ => Ok(Some(Event::Raw(response))),
            },
            Response::CancellationResponse | Response::ConnectionAttribute | Response::AdapterAttribute => {
                Err(Fault::Unexpected(response).into())
            }
        }
    }

    fn received(&mut self, response: Descriptor, status: Status) -> Result<Option<Event>, Error> {
        let end_of_stream = response.flags & flag::END_OF_STREAM != 0;
        let (offset, length, cookie) = (response.offset as usize, response.length as usize, response.cookie);
        let receipt = |handle, length, buffer| Receipt {
            connection: Connection(handle),
            offset,
            length,
            end_of_stream,
            buffer,
            status,
            cookie,
        };
        if cookie == 0 {
            // An end of stream with no partly filled buffer to report it with.
            return match self.by_id.get(&response.connection) {
                Some(&handle) if end_of_stream && length == 0 => Ok(Some(Event::Received(receipt(handle, 0, None)))),
                _ => Err(Fault::Unexpected(response).into()),
            };
        }
        let Some(Posted::Receive { connection, buffer, reported }) = self.posted.get(cookie) else {
            return Err(Fault::Unexpected(response).into());
        };
        // A listener's buffer is a connection's from the first response that says so.
        let named = self.by_id.get(&response.connection).filter(|handle| self.connections.contains_key(handle));
        if let (false, Some(&borrower)) = (self.connections.contains_key(connection), named) {
            *connection = borrower;
        }
        let handle = *connection;
        // A refused request reports no bytes; whatever its length field repeats is not received data.
        let refused = status != Status::Success && response.flags & flag::HANDED_BACK == 0;
        let length = if refused { 0 } else { length };
        let in_order = length == 0 || offset == *reported as usize;
        if buffer.address() != response.base || !in_order || buffer.len() - (*reported as usize) < length {
            return Err(Fault::BadExtent(response).into());
        }
        // Taking the buffer home may fail, and the response is then tried again: nothing is changed before.
        let returned = status != Status::Success || response.flags & flag::HANDED_BACK != 0;
        let buffer = if returned {
            self.take_home(cookie)?
        } else {
            *reported += length as u32;
            None
        };
        let Some(state) = self.connections.get_mut(&handle) else {
            // Bytes for a connection that nobody wants any more are nobody's.
            return Ok(buffer.map(|buffer| Event::Unused { listener: Listener(handle), buffer, status }));
        };
        state.statistics.received += length as u64;
        state.statistics.receive_buffers -= u32::from(returned);
        self.finish_if_home(handle);
        Ok(Some(Event::Received(receipt(handle, length, buffer))))
    }

    fn sent(&mut self, response: Descriptor, status: Status) -> Result<Option<Event>, Error> {
        let Some(Posted::Send { connection, message, buffer }) = self.posted.get(response.cookie) else {
            return Err(Fault::Unexpected(response).into());
        };
        let (handle, number, length) = (*connection, *message, buffer.len());
        let acknowledged = if status == Status::Success { length } else { response.offset as usize };
        if buffer.address() != response.base || acknowledged > length {
            return Err(Fault::BadExtent(response).into());
        }
        if !self.connections.get(&handle).is_some_and(|state| state.messages.contains_key(&number)) {
            return Err(Fault::Unexpected(response).into());
        }
        let buffer = self.take_home(response.cookie)?;
        let Some(state) = self.connections.get_mut(&handle) else { return Ok(None) };
        state.statistics.send_buffers -= 1;
        state.statistics.sent += acknowledged as u64;
        let Some(message) = state.messages.get_mut(&number) else { return Ok(None) };
        message.missing -= 1;
        message.acknowledged += acknowledged as u64;
        if message.status == Status::Success {
            message.status = status;
        }
        if let Some(place) = message.cookies.iter().position(|&cookie| cookie == response.cookie) {
            message.buffers[place] = buffer;
        }
        if message.missing > 0 {
            return Ok(None);
        }
        let event = state.messages.remove(&number).map(|message| {
            Event::Sent(SentMessage {
                connection: Connection(handle),
                message: number,
                buffers: message.buffers.into_iter().flatten().collect(),
                acknowledged: message.acknowledged,
                status: message.status,
            })
        });
        self.finish_if_home(handle);
        Ok(event)
    }

    fn arrived(&mut self, response: Descriptor) -> Result<Option<Event>, Error> {
        let id = response.connection;
        if id == 0 || self.by_id.contains_key(&id) {
            return Err(Fault::Unexpected(response).into());
        }
        let Some(&mut Posted::Listen { listener }) = self.posted.get(response.cookie) else {
            // The listener was closed while the handshake was under way: nobody wants this connection.
            self.late.insert(id);
            self.unwanted.push_back(id);
            return Ok(None);
        };
        let handle = self.new_handle();
        let room = self.opened(handle, response);
        let endpoint = Endpoint::from_base(response.base);
        Ok(Some(Event::Accepted { listener: Listener(listener), connection: Connection(handle), endpoint, room }))
    }

    fn completed(&mut self, response: Descriptor, status: Status) -> Result<Option<Event>, Error> {
        let Some(&mut Posted::Connect { connection }) = self.posted.get(response.cookie) else {
            return Err(Fault::Unexpected(response).into());
        };
        let id = response.connection;
        let opened = status == Status::Success;
        if opened && (id == 0 || self.by_id.contains_key(&id)) {
            return Err(Fault::Unexpected(response).into());
        }
        self.posted.remove(response.cookie);
        if !opened {
            self.connections.remove(&connection);
            return Ok(Some(Event::ConnectFailed { connection: Connection(connection), status }));
        }
        let room = self.opened(connection, response);
        Ok(Some(Event::Connected { connection: Connection(connection), room }))
    }

    /// A connection stands. The result is the room it begins with: a buffer of a listener.
    fn opened(&mut self, handle: u64, response: Descriptor) -> usize {
        let (id, room) = (response.connection, response.length as usize);
        self.late.remove(&id);
        self.by_id.insert(id, handle);
        let mut state = ConnectionState::new(Phase::Open, id);
        state.statistics.posted = room as u64;
        state.statistics.receive_buffers = u32::from(room > 0);
        self.connections.insert(handle, state);
        room
    }

    fn listening(&mut self, response: Descriptor, status: Status) -> Result<Option<Event>, Error> {
        let Some(&mut Posted::Listen { listener }) = self.posted.get(response.cookie) else {
            return Err(Fault::Unexpected(response).into());
        };
        let id = response.connection;
        if status != Status::Success {
            self.posted.remove(response.cookie);
            self.listeners.remove(&listener);
            return Ok(Some(Event::ListenerClosed { listener: Listener(listener), status }));
        }
        match self.listeners.get_mut(&listener) {
            Some(state) if state.id == 0 && id != 0 && !self.by_id.contains_key(&id) => state.id = id,
            _ => return Err(Fault::Unexpected(response).into()),
        }
        self.late.remove(&id);
        self.by_id.insert(id, listener);
        Ok(Some(Event::Listening { listener: Listener(listener) }))
    }

    fn terminated(&mut self, response: Descriptor, status: Status) -> Result<Option<Event>, Error> {
        let id = response.connection;
        // A request that finds its connection over is answered at once. The end of the connection may still wait for
        // the reads of its buffers.
        if status == Status::UnknownConnection {
            let handle = self.by_id.get(&id);
            let state = handle.and_then(|handle| self.connections.get_mut(handle));
            if let Some(state) = state.filter(|state| state.terminations > 0) {
                state.terminations -= 1;
                return Ok(None);
            }
        }
        let Some(handle) = self.by_id.remove(&id) else {
            return match self.late.remove(&id) {
                true => Ok(None),
                false => Err(Fault::Unexpected(response).into()),
            };
        };
        if let Some(state) = self.listeners.remove(&handle) {
            self.posted.remove(state.cookie);
            return Ok(Some(Event::ListenerClosed { listener: Listener(handle), status }));
        }
        if let Some(state) = self.connections.get_mut(&handle) {
            // A request that came too late for the connection is answered once more, with UnknownConnection.
            let answered = u32::from(status == Status::Success);
            if state.terminations > answered {
                self.late.insert(id);
            }
            state.phase = Phase::Gone(status);
        }
        self.finish_if_home(handle);
        Ok(self.later.pop_front())
    }

    /// The buffer of an answered request, the host's again.
    fn take_home(&mut self, cookie: u32) -> Result<Option<crate::memory::Buffer>, Error> {
        let Some(Posted::Send { buffer, .. } | Posted::Receive { buffer, .. }) = self.posted.peek(cookie) else {
            return Ok(None);
        };
        self.transport.revoke(buffer.address())?;
        match self.posted.remove(cookie) {
            Some(Posted::Send { buffer, .. } | Posted::Receive { buffer, .. }) => Ok(Some(buffer)),
            _ => Ok(None),
        }
    }

    /// Reports the end of a connection once its last buffer is home.
    fn finish_if_home(&mut self, handle: u64) {
        let Some(state) = self.connections.get(&handle) else { return };
        if let (Phase::Gone(status), true) = (state.phase, state.is_home()) {
            let statistics = state.statistics;
            self.connections.remove(&handle);
            self.later.push_back(Event::Closed { connection: Connection(handle), status, statistics });
        }
    }
}

fn response_of(kind: u8) -> Option<Response> {
    use Response::*;
    [
        BufferReceive,
        BufferAvailable,
        ConnectionArrival,
        ConnectionCompletion,
        ListenResponse,
        TerminationResponse,
        CancellationResponse,
        ConnectionAttribute,
        AdapterAttribute,
        Invalid,
    ]
    .into_iter()
    .find(|&response| response as u8 == kind)
}

fn status_of(status: u8) -> Option<Status> {
    use Status::*;
    [
        Success,
        UnknownType,
        UnknownConnection,
        BadLength,
        Unsupported,
        NoRoom,
        AddressInUse,
        Reset,
        TimedOut,
        Aborted,
        Closing,
        BusError,
        BadOwner,
        BadArgument,
    ]
    .into_iter()
    .find(|&known| known as u8 == status)
}
