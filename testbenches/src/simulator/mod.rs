//! The simulator: an engine between a bus with host memory behind it and a wire with a peer at its end, all on one
//! clock.
//!
//! ```text
//!   driver --Transport--> registers.rs ---axil--->+--------+<---rx--- ingress.rs <-- link.rs <--+
//!   memory.rs <---------- read_bus.rs  <--rdreq---| engine |                                    peers/
//!        ^                             ---rdcpl-->|        |---tx---> egress.rs ---> link.rs --->+
//!        +--------------- write_bus.rs <--wr------+--------+
//! ```
//!
//! `linked.rs` is another way: the memory port in frames on the wire, and the host one of two stations there.
//! `simulated.rs` is what both ways have in common. `ports.rs` is the engine's pins as plain values; `verilated.rs`
//! ties them to the RTL, and `pcie_card.rs` those of a card, behind a `root_complex.rs`. `clock.rs` is the loop,
//! `options.rs` how it is set up, `stalled.rs` the rule of handshakes it checks, `order.rs` the order of what the host
//! hears. `bus_memory.rs` is what may stand at the bus instead of `memory.rs`, and `outside.rs` serves a host that is
//! not the driver: both for `card/`.

mod acknowledged;
mod bus_memory;
mod clock;
mod counters;
mod egress;
mod ends;
mod ingress;
mod link;
mod linked;
mod memory;
mod options;
mod order;
mod outside;
mod packets;
mod pcap;
mod pcie_card;
mod ports;
mod read_bus;
mod registers;
mod root_complex;
mod simulated;
mod stalled;
mod transport;
mod verilated;
mod watch;
mod write_bus;

pub use bus_memory::BusMemory;
pub use clock::Simulator;
pub use counters::{Counters, Largest};
pub use link::Impairment;
pub use linked::{open_link, reopen_link, Fork, LinkedSimulator, SimulatedWire, VerilatedLink, LINK_PARAMETERS};
pub use memory::{Access, HostMemory, Traffic, Violation};
pub use options::SimulatorOptions;
pub use packets::{PacketOptions, Packets};
pub use pcie_card::PcieCard;
pub use ports::{Changed, EnginePorts, Inputs, Outputs, Word, LANES};
pub use read_bus::{BusOptions, ReadBus};
pub use simulated::Simulated;
pub use verilated::VerilatedEngine;
pub use watch::Watch;
