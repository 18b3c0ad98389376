//! The TCP options of a SYN segment, as a record: received ones travel from the parser to the connection pipeline,
//! announced ones from the pipeline to the header builder. Blocks between pass the record on and know no option. What
//! an option looks like on the wire is in `wire/options.rs`; `docs/add-an-option.md` lists the steps of adding one.
use stevedore_hdl::prelude::*;

/// An option that may be absent.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Optional<const N: usize> {
    /// The segment carries the option.
    pub present: bool,
    /// Its value; 0 if it is absent.
    pub value: Bits<N>,
}

/// Every option the engine knows.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Options {
    /// Maximum segment size (RFC 9293 3.7.1).
    pub mss: Optional<16>,
    /// Window scale (RFC 7323 2): the shift, at most 14.
    pub window_scale: Optional<4>,
}
