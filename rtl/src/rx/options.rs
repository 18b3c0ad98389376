//! Option walker: finds the options of SYN segments whose layout the parser does not know.
//!
//! # Role
//! Last block of the receiver: takes the queued headers, walks the options (RFC 9293 3.1) of those the parser could not
//! decode in place, whatever their order, and gives every header to the lookup. What an option means is told in
//! `wire/options.rs`.
//!
//! ```text
//! s_header  -> +--------+
//!              | walker | -> m_header
//! s_options -> +--------+
//! ```
//!
//! # Ports
//! See the fields. One entry of `s_options` belongs to each header with `optioned`, in order.
//!
//! # Handshake
//! Headers leave in order; those behind a SYN wait while its options are walked.
//!
//! # Latency
//! None for a header without options to walk: the parser has decoded the common layouts. With: 2 cycles and one per
//! option byte, 42 at most.
//!
//! # Invariant
//! Every step of a walk uses up at least one byte, so it ends whatever the bytes are; an option that does not fit ends
//! it at once and is ignored.
use super::OptionBytes;
use crate::bundles::{Options, SegmentHeader};
use crate::wire::options::with_option;
use crate::wire::tcp;
use stevedore_hdl::prelude::*;

/// A header in the queue.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct QueuedHeader {
    /// The header; without options if there are some to walk.
    pub header: SegmentHeader,
    /// Options to walk come with it.
    pub optioned: bool,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    Idle,
    Walk,
    Offer,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// Not `Idle`: the bytes hang on this one.
    walking: bool,
    /// Option bytes not yet walked.
    left: Bits<6>,
    /// Bytes of them that belong to an option already looked at.
    skip: Bits<6>,
    found: Options,
    /// The options were loaded in the cycle before: they leave their queue.
    loaded: bool,
}

/// The option walker.
#[derive(LogicBlock, Default)]
pub struct OptionWalker {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Verified headers.
    pub s_header: Sink<QueuedHeader>,
    /// Options of those that have some.
    pub s_options: Sink<OptionBytes>,
    /// Headers, complete.
    pub m_header: Source<SegmentHeader>,
    state: Register<State>,
    /// Bytes not yet walked, the next in `[7:0]`.
    bytes: Flop<Bits<320>>,
}

impl Logic for OptionWalker {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, bytes);
        let state = self.state.q.val();
        let mut next = state;
        let queued = self.s_header.bits.val();
        let waiting = self.s_header.valid.val();
        let options = self.s_options.bits.val();
        let bytes = self.bytes.q.val();
        let kind = bytes.get_bits::<8>(0);
        let length = bytes.get_bits::<8>(8);
        let mut load = false;
        let mut offer = false;
        match state.phase {
            Phase::Idle => {
                load = waiting && queued.optioned && self.s_options.valid.val();
                offer = waiting && !queued.optioned;
                next.left = resize::<6, 4>(options.words) << 2;
                next.skip = bits::<6>(0);
                next.found = Options::default();
                if load {
                    next.phase = Phase::Walk;
                }
            }
            Phase::Walk => {
                next.left = state.left - 1;
                if state.left == 0 {
                    next.phase = Phase::Offer;
                } else if state.skip != 0 {
                    next.skip = state.skip - 1;
                } else if kind == tcp::KIND_END {
                    next.phase = Phase::Offer;
                } else if kind != tcp::KIND_NOP {
                    if state.left < 2 || length < 2 || length > resize::<8, 6>(state.left) {
                        next.phase = Phase::Offer;
                    } else {
                        next.found = with_option(state.found, bytes);
                    }
                    next.skip = resize::<6, 8>(length) - 1;
                }
            }
            Phase::Offer => {
                offer = true;
                if self.m_header.ready.val() {
                    next.phase = Phase::Idle;
                }
            }
        }
        next.walking = next.phase != Phase::Idle;
        self.bytes.d.next = if state.walking { bytes >> 8 } else { options.bytes };
        next.loaded = load;
        self.s_options.ready.next = state.loaded;
        self.s_header.ready.next = offer && self.m_header.ready.val();
        self.m_header.valid.next = offer;
        let options = if state.phase == Phase::Offer { state.found } else { queued.header.options };
        self.m_header.bits.next = SegmentHeader { options, ..queued.header };
        self.state.d.next = next;
    }
}
