//! smoltcp as the peer, in process: any number of sockets, each with a session.

mod listeners;
mod queues;
#[cfg(test)]
mod tests;

use super::Peer;
use crate::sessions::Session;
use listeners::{Factory, Port};
pub(crate) use queues::Queues;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr, Ipv4Cidr};
use std::net::Ipv4Addr;

/// How the peer is set up.
#[derive(Clone, Debug)]
pub struct SmoltcpOptions {
    /// Its MAC address.
    pub mac: [u8; 6],
    /// Its IPv4 address.
    pub ip: Ipv4Addr,
    /// Bits of the network prefix.
    pub prefix: u8,
    /// Its own microseconds per cycle: its timers are seconds long, which would be a long simulation.
    pub microseconds_per_cycle: f64,
    /// Bytes of each socket's buffers, each way.
    pub buffer: usize,
    /// Longest delay of its acknowledgements, its own microseconds; none acknowledges at once.
    pub acknowledgement_delay: Option<u64>,
}

impl SmoltcpOptions {
    /// A peer at this address.
    pub fn new(mac: [u8; 6], ip: Ipv4Addr, prefix: u8) -> Self {
        SmoltcpOptions {
            mac,
            ip,
            prefix,
            microseconds_per_cycle: 1.0,
            buffer: 65535,
            acknowledgement_delay: Some(10_000),
        }
    }
}

struct Flow {
    socket: SocketHandle,
    session: Box<dyn Session>,
    ended: bool,
    closed: bool,
    done: bool,
    opened: bool,
}

/// The peer.
pub struct SmoltcpPeer {
    options: SmoltcpOptions,
    interface: Interface,
    queues: Queues,
    /// Sockets that have a peer.
    sockets: SocketSet<'static>,
    /// Sockets that listen. smoltcp gives a segment to the first socket of a set that takes it: among the others, a
    /// listener in front of a half-open connection would take the repetition of that connection's SYN.
    listeners: SocketSet<'static>,
    flows: Vec<Flow>,
    ports: Vec<Port>,
    /// Results of the sessions whose connection is over.
    pub finished: Vec<Result<(), String>>,
}

impl SmoltcpPeer {
    /// A peer with no sockets.
    pub fn new(options: SmoltcpOptions) -> Self {
        let mut config = Config::new(HardwareAddress::Ethernet(EthernetAddress(options.mac)));
        config.random_seed = 0x5eed;
        let mut queues = Queues::default();
        let mut interface = Interface::new(config, &mut queues, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            // The list is empty and has room for two.
            let _ = addresses.push(IpCidr::Ipv4(Ipv4Cidr::new(options.ip, options.prefix)));
        });
        SmoltcpPeer {
            options,
            interface,
            queues,
            sockets: SocketSet::new(Vec::new()),
            listeners: SocketSet::new(Vec::new()),
            flows: Vec::new(),
            ports: Vec::new(),
            finished: Vec::new(),
        }
    }

    /// Serves connections to `port`, up to `backlog` at the same time in their handshake.
    pub fn serve<S: Session + 'static>(&mut self, port: u16, backlog: usize, mut factory: impl FnMut() -> S + 'static) {
        let factory: Factory = Box::new(move || Box::new(factory()));
        self.ports.push(Port { number: port, factory, listening: Vec::new(), half_open: Vec::new(), backlog });
        self.refill();
    }

    /// Opens a connection for a session.
    pub fn open(
        &mut self,
        remote: (Ipv4Addr, u16),
        local_port: u16,
        session: impl Session + 'static,
    ) -> Result<(), String> {
        let socket = self.new_socket();
        let socket = self.sockets.add(socket);
        let context = self.interface.context();
        let connected = self.sockets.get_mut::<Socket>(socket).connect(context, remote, local_port);
        connected.map_err(|error| format!("connect from port {local_port}: {error}"))?;
        let session = Box::new(session);
        self.flows.push(Flow { socket, session, ended: false, closed: false, done: false, opened: false });
        Ok(())
    }

    /// Connections whose session is not over.
    pub fn active(&self) -> usize {
        self.flows.iter().filter(|flow| !flow.done).count()
    }

    /// Resets one of the connections whose session is not over, and has nothing against it; `choice` says which. False
    /// if there is none.
    pub fn abort(&mut self, choice: usize) -> bool {
        let mut candidates: Vec<&mut Flow> = self.flows.iter_mut().filter(|flow| flow.opened && !flow.done).collect();
        if candidates.is_empty() {
            return false;
        }
        let index = choice % candidates.len();
        let flow = &mut candidates[index];
        let willing = flow.session.give_up();
        if willing {
            self.sockets.get_mut::<Socket>(flow.socket).abort();
        }
        willing
    }

    fn new_socket(&self) -> Socket<'static> {
        let buffer = || SocketBuffer::new(vec![0; self.options.buffer]);
        let mut socket = Socket::new(buffer(), buffer());
        socket.set_ack_delay(self.options.acknowledgement_delay.map(Duration::from_micros));
        socket
    }

    /// Moves bytes between sockets and sessions; true if a socket has something new to say.
    fn pump(&mut self) -> bool {
        let mut worked = false;
        for flow in &mut self.flows {
            worked |= pump(flow, self.sockets.get_mut::<Socket>(flow.socket), &mut self.finished);
        }
        let sockets = &mut self.sockets;
        self.flows.retain(|flow| {
            let over = flow.done && sockets.get::<Socket>(flow.socket).state() == State::Closed;
            if over {
                sockets.remove(flow.socket);
            }
            !over
        });
        worked
    }
}

fn pump(flow: &mut Flow, socket: &mut Socket, finished: &mut Vec<Result<(), String>>) -> bool {
    let mut worked = false;
    flow.opened |= socket.may_send();
    while socket.can_recv() {
        let taken = socket.recv(|bytes| {
            flow.session.receive(bytes);
            (bytes.len(), ())
        });
        worked |= taken.is_ok();
    }
    let state = socket.state();
    if flow.opened && !flow.ended && !socket.may_recv() {
        flow.ended = true;
        flow.session.end();
    }
    while !flow.closed && socket.can_send() {
        let sent = socket.send(|room| {
            let count = flow.session.send(room);
            (count, count)
        });
        if !matches!(sent, Ok(count) if count > 0) {
            break;
        }
        worked = true;
    }
    if flow.opened && !flow.closed && flow.session.is_finished() {
        socket.close();
        flow.closed = true;
        worked = true;
    }
    let over = matches!(state, State::TimeWait | State::Closed);
    if over && !flow.done && (flow.opened || state == State::Closed) {
        flow.done = true;
        finished.push(match flow.closed {
            true => flow.session.result(),
            false => Err(format!("the connection broke; {}", flow.session.result().err().unwrap_or_default())),
        });
    }
    worked
}

impl Peer for SmoltcpPeer {
    fn deliver(&mut self, frame: Vec<u8>) {
        self.queues.received.push_back(frame);
    }

    fn poll(&mut self, now: u64, room: usize, sent: &mut Vec<Vec<u8>>) -> u64 {
        let rate = self.options.microseconds_per_cycle;
        let time = Instant::from_micros((now as f64 * rate) as i64);
        self.queues.room = room;
        loop {
            self.receive(time);
            self.interface.poll(time, &mut self.queues, &mut self.sockets);
            self.accept();
            if !self.pump() {
                break;
            }
        }
        sent.append(&mut self.queues.sent);
        if self.queues.room == 0 {
            // The wire's queue is full: look again when some of it is gone.
            return now + 200;
        }
        match self.interface.poll_delay(time, &self.sockets) {
            Some(delay) => now + (delay.total_micros() as f64 / rate).ceil() as u64 + 1,
            None => u64::MAX,
        }
    }
}
