//! ARP, the neighbour table and ping, against frames made by hand.
#[path = "network/arp.rs"]
mod arp;
#[path = "network/bench.rs"]
mod bench;
#[path = "network/echo.rs"]
mod echo;
#[path = "network/frames.rs"]
mod frames;
#[path = "network/fuzz.rs"]
mod fuzz;
#[path = "network/resolver.rs"]
mod resolver;
