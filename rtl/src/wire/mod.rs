//! What stands on the wire: every offset, length, type number, option kind and checksum rule, in this folder and
//! nowhere else.
//!
//! One file per protocol. An *offset* counts the bytes from the first of the Ethernet frame (and says so by its type,
//! `usize`: an offset is known when the hardware is made); a *length* counts bytes (`u64`). IPv4 headers carry no
//! options here: a packet with options is not taken, and none is sent.

pub mod arp;
pub mod checksum;
pub mod ethernet;
pub mod icmp;
pub mod ipv4;
pub mod options;
mod scan;
pub mod tcp;

pub use scan::*;
