//! Who is at the far end of the wire: TCP that nobody here wrote.

mod line;
mod namespace;
mod smoltcp;
mod tap;

pub use line::{seeds, Ends, LineOptions, LinePeer, Script, PARTS, WINDOW_SHIFT};
pub use namespace::{ensure_kernel, Namespace};
pub(crate) use smoltcp::Queues;
pub use smoltcp::{SmoltcpOptions, SmoltcpPeer};
pub use tap::TapPeer;

/// The far end of the wire.
pub trait Peer {
    /// A frame from the engine arrived; `poll` follows in the same cycle.
    fn deliver(&mut self, frame: Vec<u8>);

    /// Works at cycle `now`: pushes at most `room` frames for the engine to `sent`, and returns the cycle at which it
    /// wants to work again even if no frame arrives.
    fn poll(&mut self, now: u64, room: usize, sent: &mut Vec<Vec<u8>>) -> u64;
}

/// Nobody: frames vanish. What a test sends to the engine it injects itself.
#[derive(Debug, Default)]
pub struct Nobody {
    /// Frames from the engine.
    pub received: Vec<Vec<u8>>,
}

impl Peer for Nobody {
    fn deliver(&mut self, frame: Vec<u8>) {
        self.received.push(frame);
    }

    fn poll(&mut self, _now: u64, _room: usize, _sent: &mut Vec<Vec<u8>>) -> u64 {
        u64::MAX
    }
}
