//! The receive path: from the wire to host memory.
//!
//! [`Receiver`] turns frames into verified segment headers and keeps the frames; [`Placement`] carries their payload to
//! its final address and reports it.

mod chain_record;
mod checksum;
mod frame_buffer;
mod free_contexts;
mod header_skip;
mod lender;
mod options;
mod parser;
mod placement;
mod placer;
mod receive_chain;
mod receiver;
mod reports;
mod returner;
mod verifier;

pub use chain_record::*;
pub use checksum::*;
pub use frame_buffer::*;
pub use free_contexts::*;
pub use header_skip::*;
pub use options::*;
pub use parser::*;
pub use placement::*;
pub use placer::*;
pub use receive_chain::*;
pub use receiver::*;
pub use reports::*;
pub use returner::*;
pub use verifier::*;
