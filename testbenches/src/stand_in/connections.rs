//! Requests to sockets, sockets to responses.

use super::dma::{Dma, Job};
use super::tables::Tables;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr, Ipv4Cidr};
use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use stevedore_abi::descriptor::{connection_id, flag, Endpoint, MAXIMUM_BUFFER};
use stevedore_abi::register::offset;
use stevedore_abi::{Descriptor, Request, Response, Status};

use crate::peers::Queues;

/// A buffer posted.
struct Buffer {
    request: Descriptor,
    /// Bytes read or written; of these, acknowledged or reported.
    moved: u32,
    settled: u32,
}

struct Connection {
    socket: SocketHandle,
    /// Cookie of the request that made it, and the response that says it is open.
    cookie: u32,
    response: Response,
    open: bool,
    send: VecDeque<Buffer>,
    room: VecDeque<Buffer>,
    /// Bytes given to the socket, and of these acknowledged.
    given: u64,
    acknowledged: u64,
    reading: bool,
    closing: bool,
    ended: bool,
    status: Status,
}

struct Listener {
    port: u16,
    cookie: u32,
    sockets: Vec<SocketHandle>,
}

/// Sockets and what the host posted for them.
#[derive(Default)]
pub struct Connections {
    stack: Option<(Interface, SocketSet<'static>)>,
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
        let count = |of: fn(&Connection) -> usize| self.connections.values().map(of).sum::<usize>() as u32;
        (count(|connection| connection.send.len()), count(|connection| connection.room.len()))
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
        connection.reading = false;
        let socket = sockets.get_mut::<Socket>(connection.socket);
        // A read that failed is tried again.
        let Some(bytes) = bytes else { return };
        if let Ok(count) = socket.send_slice(&bytes) {
            connection.given += count as u64;
            let unsent = connection.send.iter_mut().find(|buffer| buffer.moved < buffer.request.length);
            if let Some(buffer) = unsent {
                buffer.moved += count as u32;
            }
        }
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
        let queue = if send { &mut connection.send } else { &mut connection.room };
        queue.push_back(Buffer { request, moved: 0, settled: 0 });
    }

    fn open(&mut self, request: Descriptor, tables: &mut Tables, listen: bool) {
        let Endpoint { remote_address, remote_port, local_port } = Endpoint::from_base(request.base);
        let kind = if listen { Response::ListenResponse } else { Response::ConnectionCompletion };
        if local_port == 0 || (!listen && remote_port == 0) {
            return tables.refuse(request, kind, Status::BadArgument);
        }
        if listen && self.listeners.values().any(|listener| listener.port == local_port) {
            return tables.refuse(request, kind, Status::AddressInUse);
        }
        let id = self.new_id();
        if listen {
            self.listeners.insert(id, Listener { port: local_port, cookie: request.cookie, sockets: Vec::new() });
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
        self.connections.insert(id, Connection::new(socket, request.cookie, kind));
    }

    fn terminate(&mut self, request: Descriptor, tables: &mut Tables) {
        let (kind, id) = (Response::TerminationResponse, request.connection);
        if let Some(listener) = self.listeners.remove(&id) {
            let (_, sockets) = stack(&mut self.stack, &mut self.queues, tables);
            listener.sockets.into_iter().for_each(|socket| drop(sockets.remove(socket)));
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
                    accepted.push((socket, listener.cookie));
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
        for (socket, cookie) in accepted {
            let id = self.new_id();
            self.connections.insert(id, Connection::new(socket, cookie, Response::ConnectionArrival));
            self.pending = true;
        }
        let delay = stack(&mut self.stack, &mut self.queues, tables);
        self.next_poll = match delay.0.poll_delay(time, delay.1) {
            Some(delay) => cycle + delay.total_micros().max(20),
            None => cycle + 1000,
        };
    }
}

impl Connection {
    fn new(socket: SocketHandle, cookie: u32, response: Response) -> Self {
        Connection {
            socket,
            cookie,
            response,
            open: false,
            send: VecDeque::new(),
            room: VecDeque::new(),
            given: 0,
            acknowledged: 0,
            reading: false,
            closing: false,
            ended: false,
            status: Status::Success,
        }
    }

    fn clock(&mut self, id: u64, socket: &mut Socket, tables: &mut Tables, dma: &mut Dma) {
        if !self.open && (socket.may_send() || socket.may_recv()) {
            self.open = true;
            let remote = socket.remote_endpoint();
            let smoltcp::wire::IpAddress::Ipv4(address) =
                remote.map_or(Ipv4Addr::UNSPECIFIED.into(), |endpoint| endpoint.addr);
            let endpoint = Endpoint {
                remote_address: address.to_bits(),
                remote_port: remote.map_or(0, |endpoint| endpoint.port),
                local_port: socket.local_endpoint().map_or(0, |endpoint| endpoint.port),
            };
            let (kind, base, cookie) = (self.response as u8, endpoint.to_base(), self.cookie);
            tables.respond(Descriptor { kind, base, connection: id, cookie, ..Descriptor::default() });
        }
        self.receive(id, socket, tables, dma);
        self.transmit(id, socket, tables, dma);
    }

    fn receive(&mut self, id: u64, socket: &mut Socket, tables: &mut Tables, dma: &mut Dma) {
        while let Some(buffer) = self.room.front_mut() {
            let room = buffer.request.length - buffer.moved;
            let mut bytes = vec![0; room.min(1460) as usize];
            let count = socket.recv_slice(&mut bytes).unwrap_or(0);
            if count == 0 {
                break;
            }
            dma.write(buffer.request.base + u64::from(buffer.moved), &bytes[..count]);
            let (offset, length) = (buffer.moved, count as u32);
            buffer.moved += length;
            let full = buffer.moved == buffer.request.length;
            let flags = if full { flag::HANDED_BACK } else { 0 };
            let kind = Response::BufferReceive as u8;
            tables.respond(Descriptor { kind, connection: id, offset, length, flags, ..buffer.request });
            if full {
                self.room.pop_front();
            }
        }
        if self.open && !self.ended && !socket.may_recv() && socket.recv_queue() == 0 && self.status == Status::Success
        {
            self.ended = true;
            let (kind, flags) = (Response::BufferReceive as u8, flag::END_OF_STREAM);
            tables.respond(Descriptor { kind, connection: id, flags, ..Descriptor::default() });
        }
    }

    fn transmit(&mut self, id: u64, socket: &mut Socket, tables: &mut Tables, dma: &mut Dma) {
        let acknowledged = self.given - socket.send_queue() as u64;
        let mut fresh = acknowledged - self.acknowledged;
        self.acknowledged = acknowledged;
        while let Some(buffer) = self.send.front_mut().filter(|_| fresh > 0) {
            let step = fresh.min(u64::from(buffer.request.length - buffer.settled));
            buffer.settled += step as u32;
            fresh -= step;
            if buffer.settled == buffer.request.length {
                let kind = Response::BufferAvailable as u8;
                tables.respond(Descriptor { kind, connection: id, flags: 0, ..buffer.request });
                self.send.pop_front();
            }
        }
        let room = (socket.send_capacity() - socket.send_queue()) as u32;
        let unsent = self.send.iter().find(|buffer| buffer.moved < buffer.request.length);
        match unsent {
            Some(buffer) if !self.reading && room > 0 && socket.may_send() => {
                let length = (buffer.request.length - buffer.moved).min(room).min(4096);
                self.reading = true;
                let address = buffer.request.base + u64::from(buffer.moved);
                dma.read(Job::Payload(id as usize), address, u64::from(length));
            }
            None if self.closing && !self.reading => socket.close(),
            _ => {}
        }
        if let (true, State::Closed) = (self.status == Status::Success, socket.state()) {
            // An orderly end passes through TIME-WAIT or has everything acknowledged.
            if !(self.closing && self.ended && self.send.is_empty()) {
                self.status = Status::Reset;
            }
        }
    }

    /// Gives every buffer back, then says that it is over.
    fn finish(&mut self, id: u64, tables: &mut Tables) {
        let status = if self.status == Status::Success { Status::Aborted } else { self.status } as u8;
        for Buffer { request, settled, .. } in self.send.drain(..) {
            let (kind, flags) = (Response::BufferAvailable as u8, 0);
            tables.respond(Descriptor { kind, connection: id, flags, status, offset: settled, ..request });
        }
        for Buffer { request, .. } in self.room.drain(..) {
            let (kind, flags, length) = (Response::BufferReceive as u8, flag::HANDED_BACK, 0);
            tables.respond(Descriptor { kind, connection: id, flags, status, length, ..request });
        }
        let end = if self.open { Response::TerminationResponse } else { self.response };
        let status = if self.status == Status::Aborted { Status::Success } else { self.status } as u8;
        tables.count(offset::STAT_SEGMENTS_OUT);
        let (kind, cookie) = (end as u8, self.cookie);
        tables.respond(Descriptor { kind, connection: id, status, cookie, ..Descriptor::default() });
    }
}

fn new_socket() -> Socket<'static> {
    let mut socket = Socket::new(SocketBuffer::new(vec![0; 65535]), SocketBuffer::new(vec![0; 65535]));
    socket.set_ack_delay(Some(Duration::from_micros(1000)));
    socket
}

/// The stack, made with the addresses of the registers when it is first needed.
fn stack<'a>(
    stack: &'a mut Option<(Interface, SocketSet<'static>)>,
    queues: &mut Queues,
    tables: &Tables,
) -> (&'a mut Interface, &'a mut SocketSet<'static>) {
    let (interface, sockets) = stack.get_or_insert_with(|| {
        let (high, low) = (tables.get(offset::MAC_HIGH), tables.get(offset::MAC_LOW));
        let mac = (u64::from(high) << 32 | u64::from(low)).to_be_bytes();
        let mac = EthernetAddress(std::array::from_fn(|octet| mac[octet + 2]));
        let mut interface = Interface::new(Config::new(HardwareAddress::Ethernet(mac)), queues, Instant::ZERO);
        let prefix = tables.get(offset::NETMASK).count_ones() as u8;
        let ip = Ipv4Addr::from_bits(tables.get(offset::IP_ADDRESS));
        interface.update_ip_addrs(|addresses| {
            // The list is empty and has room for two.
            let _ = addresses.push(IpCidr::Ipv4(Ipv4Cidr::new(ip, prefix)));
        });
        (interface, SocketSet::new(Vec::new()))
    });
    (interface, sockets)
}
