//! When a buffer is the host's again, nothing reads it any more; when a frame acknowledges bytes, memory has them. On
//! the RTL engine, with buses of every kind: the memory model looks at every read again when it is answered, the
//! simulator at every acknowledgement.

#[path = "engine_memory/acknowledgements.rs"]
mod acknowledgements;
#[path = "engine_memory/cases.rs"]
mod cases;
#[path = "engine_memory/runs.rs"]
mod runs;
#[path = "engine_memory/stage.rs"]
mod stage;
