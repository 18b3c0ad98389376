//! What a link needs of a network interface.

use std::io;

/// Ethernet frames, destination to payload, without frame check sequence.
pub trait FrameInterface {
    /// The interface's MAC.
    fn address(&self) -> [u8; 6];

    /// Sends a frame. A frame that finds no room may be dropped: the link repeats what gets lost.
    fn send(&mut self, frame: &[u8]) -> io::Result<()>;

    /// Puts the next frame that came into `frame`; false if there is none. Does not wait. Frames of other types may be
    /// among them.
    fn receive(&mut self, frame: &mut Vec<u8>) -> io::Result<bool>;

    /// Microseconds since some moment, as the link's time-outs count them.
    fn now(&self) -> u64;

    /// Lets a moment pass, until a frame comes at the longest.
    fn pause(&mut self) -> io::Result<()>;
}

impl<I: FrameInterface> FrameInterface for &mut I {
    fn address(&self) -> [u8; 6] {
        I::address(self)
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        I::send(self, frame)
    }

    fn receive(&mut self, frame: &mut Vec<u8>) -> io::Result<bool> {
        I::receive(self, frame)
    }

    fn now(&self) -> u64 {
        I::now(self)
    }

    fn pause(&mut self) -> io::Result<()> {
        I::pause(self)
    }
}
