//! Pins and clocks.
