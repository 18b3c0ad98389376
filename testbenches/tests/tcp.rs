//! The TCP pipeline on its own: events in, commands out, the byte chains and the peer played by the bench.
//!
//! `rig.rs` drives the block and carries out its commands as the chains would, checking every one; `peer.rs` is a small
//! TCP of its own. The scripted tests (`handshake` to `requests`) write segments as packetdrill does: flags, relative
//! numbers, length, window.

#[path = "tcp/along.rs"]
mod along;
#[path = "tcp/borrowing.rs"]
mod borrowing;
#[path = "tcp/closing.rs"]
mod closing;
#[path = "tcp/half_open.rs"]
mod half_open;
#[path = "tcp/handshake.rs"]
mod handshake;
#[path = "tcp/lending.rs"]
mod lending;
#[path = "tcp/limits.rs"]
mod limits;
#[path = "tcp/peer.rs"]
mod peer;
#[path = "tcp/rates.rs"]
mod rates;
#[path = "tcp/recovery.rs"]
mod recovery;
#[path = "tcp/replay.rs"]
mod replay;
#[path = "tcp/requests.rs"]
mod requests;
#[path = "tcp/rig.rs"]
mod rig;
#[path = "tcp/rules.rs"]
mod rules;
#[path = "tcp/scaling.rs"]
mod scaling;
#[path = "tcp/script.rs"]
mod script;
#[path = "tcp/storm.rs"]
mod storm;
#[path = "tcp/time.rs"]
mod time;
#[path = "tcp/transfer.rs"]
mod transfer;
#[path = "tcp/windows.rs"]
mod windows;
