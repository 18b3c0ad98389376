//! ARP, the neighbour table, ping, reports of undelivered segments and moved next hops, against frames made by hand.
#[path = "network/arp.rs"]
mod arp;
#[path = "network/bench.rs"]
mod bench;
#[path = "network/echo.rs"]
mod echo;
#[path = "network/frames.rs"]
#[allow(dead_code, reason = "shared with tests of other blocks; this binary uses part of it")]
mod frames;
#[path = "network/fuzz.rs"]
mod fuzz;
#[path = "network/moves.rs"]
mod moves;
#[path = "network/neighbours.rs"]
mod neighbours;
#[path = "network/resolver.rs"]
mod resolver;
#[path = "network/unreachable.rs"]
mod unreachable;
