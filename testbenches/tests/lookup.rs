//! Connection lookup and reaper, against a `HashMap` and plain queues.
#[path = "lookup/bench.rs"]
mod bench;
#[path = "lookup/bursts.rs"]
mod bursts;
#[path = "lookup/model.rs"]
mod model;
#[path = "lookup/reaper.rs"]
mod reaper;
#[path = "lookup/speed.rs"]
mod speed;
#[path = "lookup/table.rs"]
mod table;
