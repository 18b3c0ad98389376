//! Which addresses can be a peer's, and who is asked for on the way to it.
//!
//! # Role
//! The only place that knows what the own address, netmask and gateway mean. Its functions are used wherever an address
//! comes in: sources of segments (`rx::Parser`), of ICMP messages (`Icmp`) and of ARP packets (`Arp`), targets of
//! connects (`host::Dispatcher`), the gateway itself, and the next hop (`Resolver`, `Moves`).
//!
//! A block keeps a [`Subnet`] in a register of its own, written with [`subnet_of`] in every cycle: users then only
//! compare.
//!
//! # Latency
//! A `Subnet` follows the settings after one cycle, its `gateway_usable` after two.
//!
//! # Invariant
//! An address that passes [`possible_peer`] is a unicast address of another host, as far as the own netmask tells: a
//! subnet behind a router has a broadcast address that nobody here can know. A listener is known to the lookup by
//! remote address 0, which never passes.
use crate::bundles::Settings;
use crate::wire::ethernet;
use stevedore_hdl::prelude::*;

/// What follows from the settings.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Subnet {
    /// The own address.
    pub ip_address: Bits<32>,
    /// The own address can be a host's: without one nobody is a peer.
    pub configured: bool,
    /// The network's own address, or that of the engine if the network has none.
    pub network: Bits<32>,
    /// The directed broadcast address, or that of the engine if the network has none.
    pub broadcast: Bits<32>,
    /// There is a gateway, and its address can be a peer's.
    pub gateway_usable: bool,
}

/// The address belongs to no single host (RFC 1122 3.2.1.3): this network, loopback, multicast, class E, limited
/// broadcast.
#[kernel_fn]
fn special(address: Bits<32>) -> bool {
    let first = address.get_bits::<8>(24);
    first == 0 || first == 127 || first >= 224
}

/// The next value of a block's copy, which is `known` now.
#[kernel_fn]
pub fn subnet_of(settings: Settings, known: Subnet) -> Subnet {
    let own = settings.ip_address;
    let hosts = !settings.netmask;
    // A network of two addresses (RFC 3021) or of one has neither a network nor a broadcast address.
    let reserves = (hosts >> 1).any();
    Subnet {
        ip_address: own,
        configured: !special(own),
        network: mux(reserves, own & settings.netmask, own),
        broadcast: mux(reserves, own | hosts, own),
        gateway_usable: possible_peer(settings.gateway, known),
    }
}

/// The address can be that of a peer.
#[kernel_fn]
pub fn possible_peer(address: Bits<32>, subnet: Subnet) -> bool {
    subnet.configured
        && !special(address)
        && address != subnet.ip_address
        && address != subnet.network
        && address != subnet.broadcast
}

/// The MAC can be that of a peer: not a group's, not 0, not the own one.
#[kernel_fn]
pub fn possible_mac(mac: Bits<48>, own: Bits<48>) -> bool {
    !mac.get_bit(ethernet::GROUP_BIT) && mac.any() && mac != own
}

/// Frames to the address go to the gateway.
#[kernel_fn]
pub fn behind_gateway(address: Bits<32>, settings: Settings, subnet: Subnet) -> bool {
    let foreign = ((address ^ settings.ip_address) & settings.netmask).any();
    foreign && subnet.gateway_usable
}
