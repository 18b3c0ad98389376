//! Everything that knows connections: the lookup from 4-tuple to slot, and the pipeline that owns their records.

pub mod acknowledge;
pub mod arbiter;
pub mod congestion;
pub mod hash;
pub mod heads;
pub mod host_requests;
pub mod initial_sequence;
pub mod launch;
pub mod lookup;
pub mod lookup_front;
pub mod options;
pub mod pipeline;
pub mod reaper;
pub mod receive;
pub mod reset_replies;
pub mod responses;
pub mod rtt;
pub mod scheduler;
pub mod segment_arrives;
pub mod sequence;
pub mod settle;
pub mod slots;
pub mod stages;
pub mod states;
pub mod table;
pub mod tcp;
pub mod timeouts;
pub mod timers;
pub mod transmit;
pub mod transmit_room;
pub mod walk;
pub mod window;

pub use lookup::Lookup;
pub use reaper::Reaper;
pub use tcp::Tcp;
