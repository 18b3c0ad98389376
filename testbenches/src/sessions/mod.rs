//! What the ends of a connection say to each other, whatever TCP carries it: the same session runs over the engine's
//! driver, over smoltcp and over the kernel's sockets.

mod exchange;
mod host;
mod http;
mod pattern;
mod scatter;
mod socket;

pub use exchange::Exchange;
pub use host::{Finished, HostApplication};
pub use http::{Fetch, HttpServer, Store, Uploads};
pub use pattern::{digest, Pattern};
pub use scatter::BufferPlan;
pub use socket::run_over;

/// One end of a connection.
pub trait Session {
    /// Bytes arrived.
    fn receive(&mut self, bytes: &[u8]);

    /// The other end will send no more.
    fn end(&mut self);

    /// Fills the front of `room` with bytes to be sent, and returns how many; 0 when there is nothing to send now.
    fn send(&mut self, room: &mut [u8]) -> usize;

    /// This end has nothing more to do: the connection may be closed.
    fn is_finished(&self) -> bool;

    /// What was wrong with what arrived, or missing.
    fn result(&self) -> Result<(), String>;

    /// This end is about to be aborted. False if that would be inconvenient now.
    fn give_up(&mut self) -> bool {
        true
    }
}
