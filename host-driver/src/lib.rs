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
//!   transport.rs    Transport: registers, memory, interrupts; the simulator is one
//!   transports/     Card: the transport of a PCIe card, by VFIO or, simulated, by vfio-user
//! ```
//!
//! Above the driver, `application` runs sessions over connections, and `http` is a session. The program `stevedore` is
//! made of both.
//!
//! What is wrong with a call is its typed [`Error`]; what is wrong with the engine's answer is a [`Fault`]. Neither
//! panics, and neither loses a buffer.
#![warn(missing_docs)]

#[cfg(all(feature = "program", not(any(feature = "vfio", feature = "vfio-user"))))]
compile_error!("the program needs a way to a card: the feature `vfio` or `vfio-user`");

pub mod application;
mod capabilities;
mod configuration;
mod connection;
mod device;
mod error;
mod event;
pub mod http;
mod input_ring;
mod memory;
mod output_ring;
mod posted;
#[cfg(feature = "program")]
pub mod program;
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
