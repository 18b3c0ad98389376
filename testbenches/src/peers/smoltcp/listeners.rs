//! The ports the peer serves: which socket a frame may concern, and how a listening socket becomes a connection.

use super::{Flow, SmoltcpPeer};
use crate::sessions::Session;
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, State};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetFrame, EthernetProtocol, IpEndpoint, IpProtocol, Ipv4Packet, TcpPacket};

/// Makes the session of a connection accepted.
pub(super) type Factory = Box<dyn FnMut() -> Box<dyn Session>>;

/// A port that is served.
pub(super) struct Port {
    pub(super) number: u16,
    pub(super) factory: Factory,
    /// Sockets of `SmoltcpPeer::listeners`.
    pub(super) listening: Vec<SocketHandle>,
    /// Sockets in their handshake, of `SmoltcpPeer::sockets`.
    pub(super) half_open: Vec<SocketHandle>,
    pub(super) backlog: usize,
}

impl SmoltcpPeer {
    /// Keeps enough sockets listening.
    pub(super) fn refill(&mut self) {
        for index in 0..self.ports.len() {
            let Port { number, backlog, .. } = self.ports[index];
            while self.ports[index].listening.len() + self.ports[index].half_open.len() < backlog {
                let mut socket = self.new_socket();
                if socket.listen(number).is_err() {
                    return;
                }
                self.ports[index].listening.push(self.listeners.add(socket));
            }
        }
    }

    /// Whether a frame opens a connection no socket knows of: a SYN whose addresses and ports are nobody's. What waits
    /// in TIME-WAIT may be opened again.
    fn begins_connection(&self, frame: &[u8]) -> bool {
        let Some((from, to)) = opened_by(frame) else { return false };
        !self.sockets.iter().any(|(_, socket)| match socket {
            smoltcp::socket::Socket::Tcp(socket) => {
                let live = !matches!(socket.state(), State::Closed | State::TimeWait);
                live && socket.remote_endpoint() == Some(from) && socket.local_endpoint() == Some(to)
            }
            _ => false,
        })
    }

    /// Takes the frames that arrived, one by one, each with the sockets it may concern.
    pub(super) fn receive(&mut self, time: Instant) {
        while self.queues.room > 0 {
            let Some(frame) = self.queues.received.front() else { return };
            if self.begins_connection(frame) {
                self.interface.poll_ingress_single(time, &mut self.queues, &mut self.listeners);
                self.begin();
            } else {
                self.interface.poll_ingress_single(time, &mut self.queues, &mut self.sockets);
            }
        }
    }

    /// Listening sockets that were given a SYN have a peer now.
    fn begin(&mut self) {
        for port in &mut self.ports {
            let (listeners, sockets, half_open) = (&mut self.listeners, &mut self.sockets, &mut port.half_open);
            port.listening.retain(|&socket| {
                let listens = listeners.get::<Socket>(socket).state() == State::Listen;
                if !listens {
                    half_open.push(moved(socket, listeners, sockets));
                }
                listens
            });
        }
    }

    /// Sockets whose handshake is over become flows; those whose peer gave up listen again.
    pub(super) fn accept(&mut self) {
        for port in &mut self.ports {
            let (sockets, listeners, listening) = (&mut self.sockets, &mut self.listeners, &mut port.listening);
            let (flows, factory) = (&mut self.flows, &mut port.factory);
            port.half_open.retain(|&socket| {
                let state = sockets.get::<Socket>(socket).state();
                match state {
                    State::Established | State::CloseWait | State::FinWait1 | State::LastAck => {
                        let session = factory();
                        flows.push(Flow { socket, session, ended: false, closed: false, done: false, opened: true });
                    }
                    State::Listen => listening.push(moved(socket, sockets, listeners)),
                    _ => {}
                }
                state == State::SynReceived
            });
        }
        self.refill();
    }
}

/// Moves a TCP socket to another set; its handle there.
fn moved(socket: SocketHandle, from: &mut SocketSet<'static>, to: &mut SocketSet<'static>) -> SocketHandle {
    let socket = from.remove(socket);
    match socket {
        smoltcp::socket::Socket::Tcp(socket) => to.add(socket),
        other => unreachable!("{other:?} is no TCP socket"),
    }
}

/// Sender and receiver of a segment with SYN and without ACK; none for any other frame.
fn opened_by(frame: &[u8]) -> Option<(IpEndpoint, IpEndpoint)> {
    let ethernet = EthernetFrame::new_checked(frame).ok()?;
    let ip = Ipv4Packet::new_checked(ethernet.payload()).ok()?;
    if ethernet.ethertype() != EthernetProtocol::Ipv4 || ip.next_header() != IpProtocol::Tcp {
        return None;
    }
    let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
    let ends = ((ip.src_addr(), tcp.src_port()).into(), (ip.dst_addr(), tcp.dst_port()).into());
    (tcp.syn() && !tcp.ack()).then_some(ends)
}
