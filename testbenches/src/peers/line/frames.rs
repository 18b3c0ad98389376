//! Frames to bytes and back, by smoltcp's wire formats.

use super::flow::Plan;
use super::WINDOW_SHIFT;
use crate::sessions::Pattern;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, IpAddress, IpProtocol, Ipv4Packet, Ipv4Repr, TcpControl,
    TcpPacket, TcpRepr, TcpSeqNumber,
};
use std::net::Ipv4Addr;

const ETHERNET: usize = 14;
const IPV4: usize = 20;

/// Both ends of the wire.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// The peer's MAC address.
    pub mac: [u8; 6],
    /// The peer's IPv4 address.
    pub ip: Ipv4Addr,
    /// The engine's MAC address.
    pub engine_mac: [u8; 6],
    /// The engine's IPv4 address.
    pub engine_ip: Ipv4Addr,
}

/// The TCP segment in a frame to the peer; an error if anything about it is not as it must be.
pub fn parse<'a>(ends: &Ends, frame: &'a [u8]) -> Result<TcpRepr<'a>, String> {
    let checks = ChecksumCapabilities::default();
    let wrong = |what: &str| format!("a frame of {} bytes with a bad {what}", frame.len());
    let ethernet = EthernetFrame::new_checked(frame).map_err(|_| wrong("Ethernet header"))?;
    if ethernet.dst_addr() != EthernetAddress(ends.mac) || ethernet.src_addr() != EthernetAddress(ends.engine_mac) {
        return Err(wrong("Ethernet address"));
    }
    let packet = Ipv4Packet::new_checked(&frame[ETHERNET..]).map_err(|_| wrong("IPv4 header"))?;
    let ip = Ipv4Repr::parse(&packet, &checks).map_err(|_| wrong("IPv4 header or checksum"))?;
    if (ip.src_addr, ip.dst_addr, ip.next_header) != (ends.engine_ip, ends.ip, IpProtocol::Tcp) {
        return Err(wrong("IPv4 address or protocol"));
    }
    let start = ETHERNET + usize::from(packet.header_len());
    let segment = &frame[start..start + ip.payload_len];
    let tcp = TcpPacket::new_checked(segment).map_err(|_| wrong("TCP header"))?;
    TcpRepr::parse(&tcp, &IpAddress::Ipv4(ip.src_addr), &IpAddress::Ipv4(ip.dst_addr), &checks)
        .map_err(|_| wrong("TCP header or checksum"))
}

/// The frame of a segment from the peer's `port`.
pub fn build(ends: &Ends, engine_port: u16, port: u16, plan: &Plan) -> Vec<u8> {
    let checks = ChecksumCapabilities::default();
    let mut payload = [0; 1460];
    let payload = &mut payload[..plan.length];
    Pattern { seed: super::seeds(port).0, length: u64::MAX }.fill(plan.offset, payload);
    let opening = plan.control == TcpControl::Syn;
    let tcp = TcpRepr {
        src_port: port,
        dst_port: engine_port,
        control: plan.control,
        seq_number: TcpSeqNumber(plan.sequence as i32),
        ack_number: plan.acknowledgement.map(|number| TcpSeqNumber(number as i32)),
        window_len: plan.window,
        window_scale: opening.then_some(WINDOW_SHIFT),
        max_seg_size: opening.then_some(1460),
        sack_permitted: false,
        sack_ranges: [None; 3],
        timestamp: None,
        payload,
    };
    let ip = Ipv4Repr {
        src_addr: ends.ip,
        dst_addr: ends.engine_ip,
        next_header: IpProtocol::Tcp,
        payload_len: tcp.buffer_len(),
        hop_limit: 64,
    };
    let mut frame = vec![0; ETHERNET + IPV4 + tcp.buffer_len()];
    let mut ethernet = EthernetFrame::new_unchecked(&mut frame);
    ethernet.set_src_addr(EthernetAddress(ends.mac));
    ethernet.set_dst_addr(EthernetAddress(ends.engine_mac));
    ethernet.set_ethertype(EthernetProtocol::Ipv4);
    ip.emit(&mut Ipv4Packet::new_unchecked(&mut frame[ETHERNET..]), &checks);
    let (from, to) = (IpAddress::Ipv4(ends.ip), IpAddress::Ipv4(ends.engine_ip));
    tcp.emit(&mut TcpPacket::new_unchecked(&mut frame[ETHERNET + IPV4..]), &from, &to, &checks);
    frame
}
