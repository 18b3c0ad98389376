//! The pins of the vendor's block, as its user sees them: 256 bits, Dword aligned, one packet at a time.
//!
//! The names are those of the UltraScale+ PCIe4 block (PG213), where `s_axis_rq` is `m_axis_rq` here: what is its input
//! is our output.
use stevedore_hdl::prelude::*;

/// A beat at the pins, with the side band of `U` bits.
#[derive(Record, Clone, Copy, Debug, PartialEq)]
pub struct PinBeat<const U: usize> {
    /// Eight dwords.
    pub data: Bits<256>,
    /// Dwords that are there: a run of ones from the lowest.
    pub keep: Bits<8>,
    /// The last beat of a packet.
    pub last: bool,
    /// Side band.
    pub user: Bits<U>,
}

impl<const U: usize> Default for PinBeat<U> {
    fn default() -> Self {
        Self { data: bits(0), keep: bits(0), last: false, user: bits(0) }
    }
}

/// Side band of requests to the host (RQ).
pub const REQUEST_USER: usize = 62;
/// Side band of the host's completions (RC).
pub const COMPLETION_USER: usize = 75;
/// Side band of the host's requests (CQ).
pub const REGISTER_USER: usize = 88;
/// Side band of our completions (CC).
pub const ANSWER_USER: usize = 33;

/// AXI4-Stream to the block.
#[derive(LogicInterface, Default)]
pub struct PinSource<const U: usize> {
    /// Eight dwords.
    pub tdata: Signal<Out, Bits<256>>,
    /// Dwords that are there.
    pub tkeep: Signal<Out, Bits<8>>,
    /// The last beat of a packet.
    pub tlast: Signal<Out, bool>,
    /// Side band.
    pub tuser: Signal<Out, Bits<U>>,
    /// Beat offered.
    pub tvalid: Signal<Out, bool>,
    /// Beat taken.
    pub tready: Signal<In, bool>,
}

/// AXI4-Stream from the block.
#[derive(LogicInterface, Default)]
pub struct PinSink<const U: usize> {
    /// Eight dwords.
    pub tdata: Signal<In, Bits<256>>,
    /// Dwords that are there.
    pub tkeep: Signal<In, Bits<8>>,
    /// The last beat of a packet.
    pub tlast: Signal<In, bool>,
    /// Side band.
    pub tuser: Signal<In, Bits<U>>,
    /// Beat offered.
    pub tvalid: Signal<In, bool>,
    /// Beat taken.
    pub tready: Signal<Out, bool>,
}

/// Ones for the dwords of a packet's last beat: `dwords` modulo 8, 0 meaning all eight.
#[kernel_fn]
pub fn keep_of(dwords: Bits<3>) -> Bits<8> {
    let unused = bits::<3>(0) - dwords;
    (!bits::<8>(0)) >> unused
}
