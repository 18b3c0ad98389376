//! ARP, neighbours and ping: what an IPv4 host must answer beside TCP.

mod addresses;
mod arp;
mod echo;
mod headers;
mod icmp;
mod inlet;
mod moves;
mod neighbours;
mod network;
mod resolver;
mod unreachable;

pub(crate) use addresses::{possible_mac, possible_peer, subnet_of, Subnet};
pub use moves::Heard;
pub use neighbours::{Answer, Lesson, LessonKind, Moved, Neighbours, Query, QueryKind};
pub use network::Network;
