//! ARP, neighbours and ping: what an IPv4 host must answer beside TCP.

mod arp;
mod echo;
mod headers;
mod inlet;
mod neighbours;
mod network;
mod resolver;

pub use network::Network;
