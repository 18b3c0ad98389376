//! The engine's outer ports, with the names AXI4-Stream users expect, and their conversion to the engine's own bundles.
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// AXI4-Stream in.
#[derive(LogicInterface, Default)]
pub struct AxisSink<const W: usize, const K: usize> {
    /// Data, lane 0 first on the wire.
    pub tdata: Signal<In, Bits<W>>,
    /// Valid lanes: a run of ones from lane 0.
    pub tkeep: Signal<In, Bits<K>>,
    /// End of frame.
    pub tlast: Signal<In, bool>,
    /// With `tlast`: the frame is damaged.
    pub tuser: Signal<In, bool>,
    /// Beat offered.
    pub tvalid: Signal<In, bool>,
    /// Beat taken.
    pub tready: Signal<Out, bool>,
}

/// AXI4-Stream out.
#[derive(LogicInterface, Default)]
pub struct AxisSource<const W: usize, const K: usize> {
    /// Data, lane 0 first on the wire.
    pub tdata: Signal<Out, Bits<W>>,
    /// Valid lanes: a run of ones from lane 0.
    pub tkeep: Signal<Out, Bits<K>>,
    /// End of frame.
    pub tlast: Signal<Out, bool>,
    /// Always 0.
    pub tuser: Signal<Out, bool>,
    /// Beat offered.
    pub tvalid: Signal<Out, bool>,
    /// Beat taken.
    pub tready: Signal<In, bool>,
}

/// Read requests out (`bundles::ReadRequest`).
#[derive(LogicInterface, Default)]
pub struct ReadRequestSource {
    /// First byte.
    pub address: Signal<Out, Bits<64>>,
    /// Bytes.
    pub length: Signal<Out, Bits<13>>,
    /// Identifies the completion.
    pub tag: Signal<Out, Bits<8>>,
    /// Request offered.
    pub tvalid: Signal<Out, bool>,
    /// Request taken.
    pub tready: Signal<In, bool>,
}

/// Read completions in (`bundles::ReadCompletion`).
#[derive(LogicInterface, Default)]
pub struct ReadCompletionSink<const W: usize> {
    /// The aligned word.
    pub tdata: Signal<In, Bits<W>>,
    /// Tag of the request.
    pub tag: Signal<In, Bits<8>>,
    /// Last beat of the request.
    pub tlast: Signal<In, bool>,
    /// With `tlast`: the read failed.
    pub error: Signal<In, bool>,
    /// Beat offered.
    pub tvalid: Signal<In, bool>,
    /// Beat taken.
    pub tready: Signal<Out, bool>,
}

/// Posted writes out (`bundles::WriteBeat`).
#[derive(LogicInterface, Default)]
pub struct WriteSource<const W: usize, const K: usize> {
    /// Address of lane 0.
    pub address: Signal<Out, Bits<64>>,
    /// Data.
    pub tdata: Signal<Out, Bits<W>>,
    /// Lanes written.
    pub tstrb: Signal<Out, Bits<K>>,
    /// Last beat of the burst.
    pub tlast: Signal<Out, bool>,
    /// The burst may reach host memory before earlier ones.
    pub tuser: Signal<Out, bool>,
    /// Beat offered.
    pub tvalid: Signal<Out, bool>,
    /// Beat taken.
    pub tready: Signal<In, bool>,
}

/// The lanes of `count` bytes.
#[kernel_fn]
pub fn keep_of<const K: usize>(count: Bits<7>) -> Bits<K> {
    let mut keep = bits::<K>(0);
    for i in 0..K {
        keep = keep.replace_bit(i, count > i as u64);
    }
    keep
}

/// The engine's beat of an AXI4-Stream beat.
#[kernel_fn]
pub fn beat_of<const W: usize, const K: usize>(data: Bits<W>, keep: Bits<K>, last: bool, error: bool) -> Beat<W> {
    Beat::<W> { data: data, count: ones_count::<7, K>(keep), last: last, error: error }
}
