//! How a link is opened, what its engine says of itself, and what can go wrong.

use stevedore_abi::link::{GREATEST_LIMIT, MAGIC};

/// How a link is opened.
#[derive(Clone, Debug)]
pub struct LinkOptions {
    /// The MAC of the engine's link.
    pub engine: [u8; 6],
    /// Number of the session: one that the last host did not use.
    pub session: u32,
    /// Longest read of the engine: 128 bytes, doubled so often.
    pub maximum_read: u8,
    /// Longest burst of the engine: 128 bytes, doubled so often.
    pub maximum_write: u8,
    /// 256ths of a byte per cycle of the engine's clock that its end of the link may send; 0 is no bound.
    pub share: u16,
    /// Microseconds until a frame without an acknowledgement is sent again.
    pub timeout: u64,
    /// Microseconds after which the host says that it is there, if it said nothing else.
    pub keep_alive: u64,
    /// Microseconds of silence after which the engine is gone.
    pub patience: u64,
}

impl LinkOptions {
    /// For a board: everything is allowed, times fit its own.
    pub fn new(engine: [u8; 6], session: u32) -> Self {
        LinkOptions {
            engine,
            session,
            maximum_read: GREATEST_LIMIT,
            maximum_write: GREATEST_LIMIT,
            share: 0,
            timeout: 2_000,
            keep_alive: 100_000,
            patience: 3_000_000,
        }
    }
}

/// What the engine's end of a link says of itself, with or without a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Version of the link's format.
    pub version: u8,
    /// Frames of its hosts.
    pub heard: u32,
    /// How often frames were sent again.
    pub repeated: u32,
    /// Frames of others, or of sessions that are over.
    pub foreign: u32,
    /// Frames and messages that make no sense.
    pub bad: u32,
    /// Hosts that were turned away because another one was alive.
    pub refused: u32,
    /// Frames for which there was no room.
    pub lost: u32,
}

impl Identity {
    /// Of the words behind the header; none if they do not begin as those of a link.
    pub fn parse(words: &[u64]) -> Option<Identity> {
        let [magic, first, second, third] = words.get(..4)?.try_into().ok()?;
        let halves = |word: u64| (word as u32, (word >> 32) as u32);
        let (heard, repeated) = halves(first);
        let (foreign, bad) = halves(second);
        let (refused, lost) = halves(third);
        let version = (magic >> 32) as u8;
        (magic as u32 == MAGIC).then_some(Identity { version, heard, repeated, foreign, bad, refused, lost })
    }
}

/// What can be wrong with a link.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Nobody answers.
    #[error("no answer from {0}: is the cable in, is this the right interface, is the board configured?")]
    Silent(String),
    /// The engine obeys another host.
    #[error("{0} has another host that is alive: stop that one, or wait until it is silent for a second")]
    Refused(String),
    /// The engine stopped answering.
    #[error("{0} stopped answering: its memory is the host's again; open the link anew")]
    Gone(String),
    /// Another version of the format.
    #[error("{0} speaks version {1} of the link: use the driver that came with its bitstream")]
    Version(String, u8),
    /// Two grants overlap, or one is outside its memory.
    #[error("memory at {address:#x} cannot be granted or given back: {why}")]
    Grant {
        /// First byte.
        address: u64,
        /// Why.
        why: &'static str,
    },
}
