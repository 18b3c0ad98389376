//! The driver, the bus and wire models and the peers, tried on the software double: what fails here is not the RTL's
//! fault.

#[path = "driver/demo.rs"]
mod demo;
#[path = "driver/lending.rs"]
mod lending;
#[path = "driver/rings.rs"]
mod rings;
#[path = "driver/scripted.rs"]
mod scripted;
#[path = "driver/transfers.rs"]
mod transfers;
