//! ARP, neighbours and ping: what an IPv4 host must answer beside TCP.

mod addresses;
mod arp;
mod echo;
mod headers;
mod inlet;
mod neighbours;
mod network;
mod resolver;

pub(crate) use addresses::{possible_mac, possible_peer, subnet_of, Subnet};
pub use network::Network;
