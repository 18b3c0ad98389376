//! An application on the driver: sessions over the engine's connections, nothing copied between them and the buffers.

mod host;
mod stock;

pub use host::{Finished, HostApplication};
pub use stock::{BufferPlan, Cut, Piece};

/// One end of a connection, whatever TCP carries it.
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
