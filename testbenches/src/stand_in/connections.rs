//! All connections and listeners: requests find theirs, sockets get their turn.

use super::connection::Connection;
use super::dma::Dma;
use super::stack::{new_socket, stack, Stack};
use super::tables::Tables;
use crate::peers::Queues;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{Socket, State};
use smoltcp::time::Instant;
use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use stevedore_abi::descriptor::{connection_id, flag, Endpoint, MAXIMUM_BUFFER};
use stevedore_abi::{Descriptor, Request, Response, Status};

struct Listener {
    port: u16,
    cookie: u32,
    sockets: Vec<SocketHandle>,
    /// Length of the buffers posted to it, and those not given to a connection yet.
    length: u32,
    room: VecDeque<Descriptor>,
}

/// Sockets and what the host posted for them.
#[derive(Default)]
pub struct Connections {
    stack: Option<Stack>,
    queues: Queues,
    connections: BTreeMap<u64, Connection>,
    listeners: BTreeMap<u64, Listener>,
    next_id: u16,
    pending: bool,
    next_poll: u64,
}

impl Connections {
    /// Connection slots.
    pub const SLOTS: u32 = 1024;
    /// Contexts of each pool.
    pub const ENTRIES: u32 = 8192;
    const BACKLOG: usize = 8;

    /// Slots in use.
    pub fn slots(&self) -> u32 {
        (self.connections.len() + self.listeners.len()) as u32
    }

    /// Contexts in use: send, receive.
    pub fn entries(&self) -> (u32, u32) {
        let posted = self.connections.values().map(Connection::posted);
        let lent: u32 = self.listeners.values().map(|listener| listener.room.len() as u32).sum();
        posted.fold((0, lent), |sum, (send, receive)| (sum.0 + send, sum.1 + receive))
    }

    /// A frame arrived.
    pub fn frame(&mut self, frame: Vec<u8>) {
        self.queues.received.push_back(frame);
        self.pending = true;
    }

    /// The next frame to be sent, empty if there is none.
    pub fn next_frame(&mut self) -> Vec<u8> {
        if self.queues.sent.is_empty() {
            Vec::new()
        } else {
            self.queues.sent.remove(0)
        }
    }

    /// Payload was read.
    pub fn payload(&mut self, id: usize, bytes: Option<Vec<u8>>) {
        self.pending = true;
        let (Some(connection), Some((_, sockets))) = (self.connections.get_mut(&(id as u64)), &mut self.stack) else {
            return;
        };
        connection.payload(sockets.get_mut(connection.socket), bytes);
    }

    /// A request of the host.
    pub fn request(&mut self, request: Descriptor, tables: &mut Tables) {
        use Request::*;
        self.pending = true;
        let is = |kind: Request| request.kind == kind as u8;
        if is(BufferSend) || is(BufferAvailable) {
            self.post(request, tables, is(BufferSend));
        } else if is(Connect) || is(Listen) {
            self.open(request, tables, is(Listen));
        } else if is(Termination) {
            self.terminate(request, tables);
        } else if is(Cancellation) {
            tables.refuse(request, Response::CancellationResponse, Status::Unsupported);
        } else if is(ConnectionAttribute) {
            tables.refuse(request, Response::ConnectionAttribute, Status::Unsupported);
        } else if is(AdapterAttribute) {
            tables.refuse(request, Response::AdapterAttribute, Status::Unsupported);
        } else {
            tables.refuse(request, Response::Invalid, Status::UnknownType);
        }
    }

    fn post(&mut self, request: Descriptor, tables: &mut Tables, send: bool) {
        let kind = if send { Response::BufferAvailable } else { Response::BufferReceive };
        if let Some(listener) = self.listeners.get_mut(&request.connection).filter(|_| !send) {
            let alike = listener.length == 0 || listener.length == request.length;
            if request.length == 0 || request.length > MAXIMUM_BUFFER || !alike {
                return tables.refuse(request, kind, Status::BadLength);
            }
            listener.length = request.length;
            return listener.room.push_back(request);
        }
        let Some(connection) = self.connections.get_mut(&request.connection).filter(|connection| connection.open)
        else {
            return tables.refuse(request, kind, Status::UnknownConnection);
        };
        if request.length == 0 || request.length > MAXIMUM_BUFFER {
            return tables.refuse(request, kind, Status::BadLength);
        }
        if send && connection.closing {
            return tables.refuse(request, kind, Status::Closing);
        }
        connection.post(request, send);
    }

    fn open(&mut self, request: Descriptor, tables: &mut Tables, listen: bool) {
        let Endpoint { remote_address, remote_port, local_port } = Endpoint::from_base(request.base);
        let kind = if listen { Response::ListenResponse } else { Response::ConnectionCompletion };
        if local_port == 0 || (!listen && remote_port == 0) {
            return tables.refuse(request, kind, Status::BadArgument);
        }
        if !listen && request.connection != 0 && !self.listeners.contains_key(&request.connection) {
            return tables.refuse(Descriptor { connection: 0, ..request }, kind, Status::UnknownConnection);
        }
        if listen && self.listeners.values().any(|listener| listener.port == local_port) {
            return tables.refuse(request, kind, Status::AddressInUse);
        }
        let id = self.new_id();
        if listen {
            let (port, cookie) = (local_port, request.cookie);
            self.listeners.insert(id, Listener { port, cookie, sockets: Vec::new(), length: 0, room: VecDeque::new() });
            tables.respond(Descriptor { kind: kind as u8, connection: id, ..request });
            return;
        }
        let (interface, sockets) = stack(&mut self.stack, &mut self.queues, tables);
        let socket = sockets.add(new_socket());
        let remote = (Ipv4Addr::from_bits(remote_address), remote_port);
        if sockets.get_mut::<Socket>(socket).connect(interface.context(), remote, local_port).is_err() {
            sockets.remove(socket);
            return tables.refuse(request, kind, Status::BadArgument);
        }
        let mut connection = Connection::new(socket, request.cookie, kind);
        connection.lender = request.connection;
        self.connections.insert(id, connection);
    }

    fn terminate(&mut self, request: Descriptor, tables: &mut Tables) {
        let (kind, id) = (Response::TerminationResponse, request.connection);
        if let Some(listener) = self.listeners.remove(&id) {
            let (_, sockets) = stack(&mut self.stack, &mut self.queues, tables);
            listener.sockets.into_iter().for_each(|socket| drop(sockets.remove(socket)));
            for request in listener.room {
                let (kind, flags, length) = (Response::BufferReceive as u8, flag::HANDED_BACK, 0);
                tables.respond(Descriptor { kind, flags, status: Status::Aborted as u8, length, ..request });
            }
            let cookie = listener.cookie;
            tables.respond(Descriptor { kind: kind as u8, connection: id, cookie, ..Descriptor::default() });
            return;
        }
        let Some(connection) = self.connections.get_mut(&id) else {
            return tables.refuse(request, kind, Status::UnknownConnection);
        };
        connection.closing = true;
        if request.flags & flag::ABORT != 0 {
            connection.status = Status::Aborted;
            let (_, sockets) = stack(&mut self.stack, &mut self.queues, tables);
            sockets.get_mut::<Socket>(connection.socket).abort();
        }
    }

    /// Slot and generation in one count: an id comes again after 65,535 others.
    fn new_id(&mut self) -> u64 {
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
        connection_id(self.next_id, 1)
    }

    /// Lets sockets work, when there is something to work on.
    pub fn clock(&mut self, cycle: u64, tables: &mut Tables, dma: &mut Dma) {
        if !(self.pending || cycle >= self.next_poll) || !tables.enabled() {
            return;
        }
        self.pending = false;
        let time = Instant::from_micros(cycle as i64);
        let (interface, sockets) = stack(&mut self.stack, &mut self.queues, tables);
        self.queues.room = 64usize.saturating_sub(self.queues.sent.len());
        interface.poll(time, &mut self.queues, sockets);
        let mut accepted = Vec::new();
        for listener in self.listeners.values_mut() {
            listener.sockets.retain(|&socket| {
                let waiting = matches!(sockets.get::<Socket>(socket).state(), State::Listen | State::SynReceived);
                if !waiting {
                    accepted.push((socket, listener.cookie, listener.room.pop_front()));
                }
                waiting
            });
            while listener.sockets.len() < Self::BACKLOG {
                let mut socket = new_socket();
                // The port is not 0: `open` saw to that.
                let _ = socket.listen(listener.port);
                listener.sockets.push(sockets.add(socket));
            }
        }
        let mut gone = Vec::new();
        for (&id, connection) in &mut self.connections {
            let socket = sockets.get_mut::<Socket>(connection.socket);
            if connection.opens(socket) {
                let lender = self.listeners.get_mut(&connection.lender);
                if let Some(request) = lender.and_then(|listener| listener.room.pop_front()) {
                    connection.post(request, false);
                }
            }
            connection.clock(id, socket, tables, dma);
            // TIME-WAIT is the stack's affair: the host's connection is over when both directions are closed.
            if matches!(socket.state(), State::Closed | State::TimeWait) && !connection.reading {
                connection.finish(id, tables);
                gone.push(id);
            }
        }
        for id in gone {
            self.connections.remove(&id);
        }
        for (socket, cookie, room) in accepted {
            let id = self.new_id();
            let mut connection = Connection::new(socket, cookie, Response::ConnectionArrival);
            room.into_iter().for_each(|request| connection.post(request, false));
            self.connections.insert(id, connection);
            self.pending = true;
        }
        let delay = stack(&mut self.stack, &mut self.queues, tables);
        self.next_poll = match delay.0.poll_delay(time, delay.1) {
            Some(delay) => cycle + delay.total_micros().max(20),
            None => cycle + 1000,
        };
    }
}
