//! An engine behind its host link: memory, registers and interrupt in Ethernet frames.
//!
//! ```text
//!   LinkTransport: Transport    sessions, registers, keep-alive, what the engine asks for
//!     |-- Stream                numbered frames: kept until acknowledged, repeated, taken in order
//!     |-- Grants                memory the engine may reach; all unsafe code of the link but that of the socket
//!     '-- FrameInterface        frames to and from the wire: a packet socket, the simulated wire
//! ```
//!
//! `abi::link` has the format, `rtl/src/link` the other end.

mod frame;
mod grants;
mod interface;
mod options;
#[cfg(target_os = "linux")]
mod packet_socket;
mod stream;
mod transport;

pub use frame::{Frame, Message};
pub use grants::{Grants, Moved};
pub use interface::FrameInterface;
pub use options::{Identity, LinkError, LinkOptions};
#[cfg(target_os = "linux")]
pub use packet_socket::PacketSocket;
pub use stream::Stream;
pub use transport::LinkTransport;
