//! The host's side: registers, doorbells, both descriptor tables, interrupts.

mod axi_lite;
mod dispatcher;
mod fetcher;
mod interrupt;
mod merge;
mod notifier;
mod register_map;
mod registers;
mod response_writer;
mod soft_reset;
mod statistics;
mod timebase;

pub use axi_lite::{AxiLite, AxiLiteManager};
pub use dispatcher::Dispatcher;
pub use fetcher::{Fetched, Fetcher};
pub use interrupt::Interrupt;
pub use merge::Merge;
pub use notifier::Notifier;
pub use registers::{Counts, Moderation, Registers};
pub use response_writer::ResponseWriter;
pub use soft_reset::{SoftReset, RESET_CYCLES};
pub use statistics::{pulse, Statistics};
pub use timebase::Timebase;
