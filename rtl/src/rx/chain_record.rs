//! What a receive chain is made of: the record of a slot, the message contexts, how one follows from the other, and
//! what its units hand on.
use crate::bundles::{Notice, ReceiveCommand};
use stevedore_hdl::prelude::*;

/// What to cut out of the next frame.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Cut {
    /// Payload bytes to drop at the front.
    pub trim: Bits<16>,
    /// Payload bytes to keep; 0 throws the frame away.
    pub length: Bits<16>,
}

/// A message context.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Context {
    /// Where the buffer is.
    pub address: Bits<64>,
    /// Its bytes.
    pub length: Bits<32>,
    /// The host's cookie.
    pub cookie: Bits<32>,
    /// The context behind it.
    pub next: Bits<16>,
}

/// The record of a slot's chain.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Chain {
    /// First context; the placeholder if there is no buffer.
    pub head: Bits<16>,
    /// The context behind it.
    pub next: Bits<16>,
    /// The placeholder.
    pub tail: Bits<16>,
    /// Address of the head buffer.
    pub base: Bits<64>,
    /// Its cookie.
    pub cookie: Bits<32>,
    /// Bytes placed in it.
    pub filled: Bits<32>,
    /// Bytes of those reported.
    pub reported: Bits<32>,
    /// Bytes of it still free.
    pub room: Bits<32>,
    /// `filled` is not `reported`.
    pub pending: bool,
    /// `head` is the placeholder.
    pub vacant: bool,
}

/// The record of a chain that consists of its placeholder; the rest means nothing and is taken from any chain.
#[kernel_fn]
pub fn empty(placeholder: Bits<16>, any: Chain) -> Chain {
    Chain { head: placeholder, tail: placeholder, pending: false, vacant: true, ..any }
}

/// The record of a chain with the context of its head filled in, untouched.
#[kernel_fn]
pub fn headed(chain: Chain, context: Context) -> Chain {
    Chain {
        next: context.next,
        base: context.address,
        cookie: context.cookie,
        filled: bits::<32>(0),
        reported: bits::<32>(0),
        room: context.length,
        pending: false,
        ..chain
    }
}

/// The record of a chain whose placeholder was filled with a context; `context.next` is the placeholder from now on.
#[kernel_fn]
pub fn appended(chain: Chain, context: Context) -> Chain {
    let filled = headed(chain, context);
    let chosen = if chain.vacant { filled } else { chain };
    Chain { tail: context.next, vacant: false, ..chosen }
}

/// A command with the record of its chain.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Work {
    /// What to do.
    pub command: ReceiveCommand,
    /// The chain as it stands.
    pub chain: Chain,
}

/// A record to be written.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Store {
    /// Write it.
    pub valid: bool,
    /// Where.
    pub slot: Bits<16>,
    /// What.
    pub chain: Chain,
}

/// A context to be given back.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Given {
    /// Give it back.
    pub valid: bool,
    /// Which.
    pub entry: Bits<16>,
}

/// What the receive chain has to say.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Report {
    /// A teardown is finished: `notice.response`, `.status` and `.cookie` are its ending. Otherwise the notice is for
    /// the host.
    pub torn_down: bool,
    /// `Ending::free`.
    pub free: bool,
    /// What is said, and of which connection.
    pub notice: Notice,
}
