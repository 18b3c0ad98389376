//! One connection: what the host posted for it, moved between memory and its socket.

use super::dma::{Dma, Job};
use super::tables::Tables;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{Socket, State};
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use stevedore_abi::descriptor::{flag, Endpoint};
use stevedore_abi::register::offset;
use stevedore_abi::{Descriptor, Response, Status};

/// A buffer posted.
struct Buffer {
    request: Descriptor,
    /// Bytes read or written; of these, acknowledged or reported.
    moved: u32,
    settled: u32,
}

/// A socket and what the host posted for it.
pub struct Connection {
    pub socket: SocketHandle,
    /// Cookie of the request that made it, and the response that says it is open.
    cookie: u32,
    response: Response,
    pub open: bool,
    /// The listener whose buffer it gets when it is open; 0 for none. Its socket announces a window of its own, so
    /// nothing is promised before, and it does not end with that listener.
    pub lender: u64,
    send: VecDeque<Buffer>,
    room: VecDeque<Buffer>,
    /// Bytes given to the socket, and of these acknowledged.
    given: u64,
    acknowledged: u64,
    pub reading: bool,
    pub closing: bool,
    ended: bool,
    pub status: Status,
}

impl Connection {
    /// A connection that its socket has yet to open; `response` will say that it is.
    pub fn new(socket: SocketHandle, cookie: u32, response: Response) -> Self {
        Connection {
            socket,
            cookie,
            response,
            open: false,
            lender: 0,
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

    /// Buffers posted and not given back: send, receive.
    pub fn posted(&self) -> (u32, u32) {
        (self.send.len() as u32, self.room.len() as u32)
    }

    /// Takes a buffer, to `send` or to receive into.
    pub fn post(&mut self, request: Descriptor, send: bool) {
        let queue = if send { &mut self.send } else { &mut self.room };
        queue.push_back(Buffer { request, moved: 0, settled: 0 });
    }

    /// Payload was read.
    pub fn payload(&mut self, socket: &mut Socket, bytes: Option<Vec<u8>>) {
        self.reading = false;
        // A read that failed is tried again.
        let Some(bytes) = bytes else { return };
        if let Ok(count) = socket.send_slice(&bytes) {
            self.given += count as u64;
            let unsent = self.send.iter_mut().find(|buffer| buffer.moved < buffer.request.length);
            if let Some(buffer) = unsent {
                buffer.moved += count as u32;
            }
        }
    }

    /// The socket is open, and the host does not know yet.
    pub fn opens(&self, socket: &Socket) -> bool {
        !self.open && (socket.may_send() || socket.may_recv())
    }

    /// Lets the socket work: says when it is open, moves payload both ways.
    pub fn clock(&mut self, id: u64, socket: &mut Socket, tables: &mut Tables, dma: &mut Dma) {
        if self.opens(socket) {
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
            let length = self.room.front().map_or(0, |buffer| buffer.request.length);
            tables.respond(Descriptor { kind, base, connection: id, length, cookie, ..Descriptor::default() });
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
    pub fn finish(&mut self, id: u64, tables: &mut Tables) {
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
