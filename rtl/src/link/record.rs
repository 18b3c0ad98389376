//! What travels between the parts of the host link, and its numbers as kernels read them.
//!
//! A MAC address is a number whose lowest byte is the first on the wire, as it lies in the words of a frame.
use stevedore_abi::link::{flag, kind, message};
use stevedore_hdl::prelude::*;

/// EtherType as it lies in the second word.
pub const ETHER_TYPE: u64 = stevedore_abi::link::ETHER_TYPE.swap_bytes() as u64;
/// The MAC that means everybody.
pub const BROADCAST: u64 = 0xffff_ffff_ffff;
/// Kind of a frame with messages or an acknowledgement.
pub const DATA: u64 = kind::DATA as u64;
/// Kind of a frame that asks who is there.
pub const PROBE: u64 = kind::PROBE as u64;
/// Kind of a frame that begins a session.
pub const OPEN: u64 = kind::OPEN as u64;
/// Kind of the answer to a probe.
pub const IDENTITY: u64 = kind::IDENTITY as u64;
/// Kind of the answer to an accepted session.
pub const OPENED: u64 = kind::OPENED as u64;
/// Kind of the answer to a refused session.
pub const REFUSED: u64 = kind::REFUSED as u64;
/// Bit of the flags: repeat.
pub const REPEAT: usize = flag::REPEAT.trailing_zeros() as usize;
/// Bit of the flags: answer.
pub const ANSWER: usize = flag::ANSWER.trailing_zeros() as usize;
/// Message: bytes for the host's memory.
pub const WRITE: u64 = message::WRITE as u64;
/// Message: bytes of the host's memory wanted.
pub const READ: u64 = message::READ as u64;
/// Message: value of a register.
pub const REGISTER: u64 = message::REGISTER as u64;
/// Message: level of the interrupt line.
pub const INTERRUPT: u64 = message::INTERRUPT as u64;
/// Message: bytes of the host's memory.
pub const COMPLETION: u64 = message::COMPLETION as u64;
/// Message: write a register.
pub const REGISTER_WRITE: u64 = message::REGISTER_WRITE as u64;
/// Message: read a register.
pub const REGISTER_READ: u64 = message::REGISTER_READ as u64;
/// Bit of the argument: failed.
pub const FAILED: usize = message::FAILED.trailing_zeros() as usize;
/// Words of the shortest frame.
pub const SHORTEST: u64 = stevedore_abi::link::SHORTEST_WORDS as u64;
/// Most words of messages in a frame.
pub const LIMIT: u64 = stevedore_abi::link::MESSAGE_WORDS as u64;
/// Frames of the window.
pub const WINDOW: u64 = stevedore_abi::link::WINDOW as u64;

/// What the header of a frame says.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct LinkHeader {
    /// Who sent it.
    pub source: Bits<48>,
    /// Kind of frame.
    pub kind: Bits<8>,
    /// Flags.
    pub flags: Bits<8>,
    /// Session.
    pub session: Bits<32>,
    /// Number of the frame.
    pub number: Bits<16>,
    /// The number that is expected next at the other end.
    pub acknowledgement: Bits<16>,
}

/// A word of messages.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct LinkWord {
    /// The word.
    pub data: Bits<64>,
    /// The last of its frame.
    pub last: bool,
    /// With `last`: the frame is shorter than it says.
    pub cut: bool,
}

/// An access to a register.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct LinkAccess {
    /// A write; else a read.
    pub write: bool,
    /// Byte offset.
    pub offset: Bits<12>,
    /// What is written.
    pub value: Bits<32>,
}

/// What a read of a register brought.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct LinkAnswer {
    /// Byte offset.
    pub offset: Bits<12>,
    /// Its value.
    pub value: Bits<32>,
    /// There is no such register.
    pub failed: bool,
}

/// A frame that answers one outside of the numbered ones.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct LinkReply {
    /// `IDENTITY`, `OPENED` or `REFUSED`.
    pub kind: Bits<8>,
    /// To whom.
    pub destination: Bits<48>,
    /// The session that was named.
    pub session: Bits<32>,
}

/// What the host settles when it opens a session.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct LinkSettings {
    /// Longest read: 128 bytes, doubled so often.
    pub maximum_read: Bits<3>,
    /// Longest burst, likewise.
    pub maximum_write: Bits<3>,
    /// 256ths of a byte per cycle that the link may send; 0 is no bound.
    pub share: Bits<16>,
}

/// The header word of a message.
#[kernel_fn]
pub fn header_word(kind: Bits<8>, words: Bits<8>, argument: Bits<16>, value: Bits<32>) -> Bits<64> {
    cat::<32, 32, 64>(value, cat::<16, 16, 32>(argument, cat::<8, 8, 16>(words, kind)))
}

/// The words that `length` bytes from `address` on lie in.
#[kernel_fn]
pub fn words_of(address: Bits<64>, length: Bits<13>) -> Bits<8> {
    let first = resize::<13, 3>(address.get_bits::<3>(0));
    let end = length + first + 7;
    end.get_bits::<8>(3)
}
