//! Block tests of `pcie`: adapter and shim between an engine and a host that are both models of this binary, at the
//! pins of the vendor's block.
#[path = "pcie/agree.rs"]
mod agree;
#[path = "pcie/clean.rs"]
mod clean;
#[path = "pcie/control.rs"]
mod control;
#[path = "pcie/engine.rs"]
mod engine;
#[path = "pcie/host.rs"]
mod host;
#[path = "pcie/outlet.rs"]
mod outlet;
#[path = "pcie/pins.rs"]
mod pins;
#[path = "pcie/traffic.rs"]
mod traffic;
#[path = "pcie/world.rs"]
mod world;
