//! Block tests of `pcie`: adapter and shim between an engine and a host that are both models of this binary, at the
//! pins of the vendor's block.
#[path = "pcie/clean.rs"]
mod clean;
