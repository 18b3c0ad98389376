//! The host's side of the Stevedore TCP offload engine.
//!
//! An application allocates [`Buffer`]s the engine can reach, gives them away with [`Device::send`] and
//! [`Device::post_receive`], and gets the very same buffers back as [`Event`]s from [`Device::poll`]: nothing is copied
//! on the way. One thread, no locks, no callbacks.
//!
//! ```text
//!   application     Listener, Connection (opaque handles), Buffer
//!   device.rs       Device: finds the engine, configures it, polls, waits
//!   requests.rs     connect, listen, send, post_receive, close  ->  input_ring.rs
//!   responses.rs    events                                      <-  output_ring.rs
//!   transport.rs    Transport: registers, memory, interrupts; the simulator is one, VFIO another
//! ```
//!
//! What is wrong with a call is its typed [`Error`]; what is wrong with the engine's answer is a [`Fault`]. Neither
//! panics, and neither loses a buffer.
#![warn(missing_docs)]

mod capabilities;
mod configuration;
mod connection;
mod device;
mod error;
mod event;
mod input_ring;
mod memory;
mod output_ring;
mod posted;
mod requests;
mod responses;
mod transport;
pub mod transports;

pub use capabilities::{Capabilities, FreeResources};
pub use configuration::{Configuration, Interrupts, TcpTuning};
pub use connection::{Connection, ConnectionStatistics, Listener};
pub use device::Device;
pub use error::{Error, Fault, Rejected};
pub use event::{Event, Receipt, SentMessage};
pub use memory::{Buffer, Memory};
pub use stevedore_abi as abi;
pub use transport::{Purpose, Transport, TransportError};
