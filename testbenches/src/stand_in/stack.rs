//! The TCP stack of the double: smoltcp, with the addresses of the registers.

use super::tables::Tables;
use crate::peers::Queues;
use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr, Ipv4Cidr};
use std::net::Ipv4Addr;
use stevedore_abi::register::offset;

/// The interface, and the sockets on it.
pub type Stack = (Interface, SocketSet<'static>);

/// A socket with the buffers and the delay of acknowledgements that all have.
pub fn new_socket() -> Socket<'static> {
    let mut socket = Socket::new(SocketBuffer::new(vec![0; 65535]), SocketBuffer::new(vec![0; 65535]));
    socket.set_ack_delay(Some(Duration::from_micros(1000)));
    socket
}

/// The stack, made with the addresses of the registers when it is first needed.
pub fn stack<'a>(
    stack: &'a mut Option<Stack>,
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
