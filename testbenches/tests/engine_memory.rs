//! When a buffer is the host's again, nothing reads it any more. On the RTL engine, with buses of every kind: the memory model looks at every read
//! again when it is answered.

#[path = "engine_memory/cases.rs"]
mod cases;
#[path = "engine_memory/runs.rs"]
mod runs;
#[path = "engine_memory/stage.rs"]
mod stage;
