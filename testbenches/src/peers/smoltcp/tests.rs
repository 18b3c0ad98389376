use super::*;
use crate::sessions::{Exchange, Pattern};
use smoltcp::wire::{EthernetFrame, EthernetProtocol, Ipv4Packet, TcpPacket};

const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 9, 0, 1), Ipv4Addr::new(10, 9, 0, 2)];
const PORT: u16 = 80;
/// Client ports of the connection that comes to an end, of the one whose answers are lost, and of the last.
const CLIENTS: [u16; 3] = [1001, 1002, 1003];

/// A session that waits for bytes that never come.
fn patient() -> Exchange {
    Exchange::new(Pattern { seed: 1, length: 0 }, Pattern { seed: 2, length: 1 })
}

/// A client and a server with two listening sockets, and the wire between them.
struct Pair {
    client: SmoltcpPeer,
    server: SmoltcpPeer,
    now: u64,
}

/// The TCP segment of a frame: ports, sequence number, SYN, ACK.
fn segment(frame: &[u8]) -> Option<(u16, u16, i32, bool, bool)> {
    let ethernet = EthernetFrame::new_checked(frame).expect("a frame");
    if ethernet.ethertype() != EthernetProtocol::Ipv4 {
        return None;
    }
    let ip = Ipv4Packet::new_checked(ethernet.payload()).expect("a packet");
    let tcp = TcpPacket::new_checked(ip.payload()).expect("a segment");
    Some((tcp.src_port(), tcp.dst_port(), tcp.seq_number().0, tcp.syn(), tcp.ack()))
}

impl Pair {
    fn new() -> Self {
        let peer =
            |index: usize| SmoltcpPeer::new(SmoltcpOptions::new([2, 0, 0, 0, 0, index as u8], ADDRESSES[index], 24));
        let mut server = peer(1);
        server.serve(PORT, 2, patient);
        Pair { client: peer(0), server, now: 0 }
    }

    fn open(&mut self, port: u16) {
        self.client.open((ADDRESSES[1], PORT), port, patient()).expect("a free port");
    }

    /// Both talk until everything is said; what the server says to the second client port is lost. Every frame sent.
    fn talk(&mut self) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for _ in 0..6 {
            self.now += 10;
            let (mut out, mut back) = (Vec::new(), Vec::new());
            self.client.poll(self.now, 64, &mut out);
            out.iter().for_each(|frame| self.server.deliver(frame.clone()));
            self.server.poll(self.now, 64, &mut back);
            let heard = |frame: &&Vec<u8>| segment(frame).is_none_or(|(_, port, ..)| port != CLIENTS[1]);
            back.iter().filter(heard).for_each(|frame| self.client.deliver(frame.clone()));
            all.append(&mut out);
            all.append(&mut back);
        }
        all
    }
}

/// A SYN that arrives again after other connections have come and gone belongs to the connection it began: no other
/// initial sequence number is offered.
#[test]
fn a_repeated_syn_begins_no_second_connection() {
    let mut pair = Pair::new();
    pair.open(CLIENTS[0]);
    pair.open(CLIENTS[1]);
    let first = pair.talk();
    let find = |frames: &[Vec<u8>], wanted: (u16, u16)| {
        frames.iter().find(|frame| segment(frame).is_some_and(|(from, to, ..)| (from, to) == wanted)).cloned()
    };
    let syn = find(&first, (CLIENTS[1], PORT)).expect("a SYN");
    let answer = find(&first, (PORT, CLIENTS[1])).and_then(|frame| segment(&frame)).expect("an answer");
    assert_eq!((answer.3, answer.4), (true, true), "SYN and ACK");

    // The first connection's socket goes, and the next connection makes another socket listen in its place.
    assert!(pair.client.abort(0));
    pair.talk();
    assert_eq!(pair.server.active(), 0);
    pair.open(CLIENTS[2]);
    pair.talk();
    assert_eq!(pair.server.active(), 1);

    pair.server.deliver(syn);
    let again = pair.talk();
    let answers: Vec<_> = again.iter().filter_map(|frame| segment(frame)).filter(|it| it.1 == CLIENTS[1]).collect();
    assert!(answers.iter().all(|it| it.2 == answer.2), "{answers:?}, before {answer:?}");
}
