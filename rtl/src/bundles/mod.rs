//! Everything that crosses a block boundary: one record per kind of message.
//!
//! A port is a `Source<T>` or a `Sink<T>` of one of these records: `bits`, `valid`, `ready`, a transfer on every clock
//! edge where `valid` and `ready` are both high; `valid` never waits for `ready` and `bits` hold still until taken.

pub mod codes;
mod command;
mod event;
mod frame;
mod memory;
mod options;
mod record;
mod settings;
mod stream;

pub use command::*;
pub use event::*;
pub use frame::*;
pub use memory::*;
pub use options::*;
pub use record::*;
pub use settings::*;
pub use stream::*;
