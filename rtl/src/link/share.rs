//! Bounds the link's share of the outgoing wire.
//!
//! # Role
//! Beside the link's transmitter: says when its next frame may begin.
//!
//! # Ports
//! - `share`: 256ths of a byte per cycle; 0 is no bound. `sent`, `last`: a word of the link went to the wire, and ended
//!   a frame. `allowed`: a frame may begin.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! One cycle.
//!
//! # Invariant
//! What the link has sent in any run of cycles, preamble, check sequence and gap included, is not more than its share
//! of them and one frame: a frame begins only when all before it are paid for.
use crate::wire::ethernet;
use stevedore_hdl::prelude::*;

/// What a word costs.
const WORD: u64 = 8 << 8;
/// What the end of a frame costs: preamble, check sequence and gap.
const FRAME: u64 = (ethernet::PREAMBLE_BYTES + 4 + ethernet::GAP_BYTES) << 8;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct LinkShare {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// 256ths of a byte per cycle.
    pub share: Signal<In, Bits<16>>,
    /// A word went to the wire.
    pub sent: Signal<In, bool>,
    /// It ended a frame.
    pub last: Signal<In, bool>,
    /// A frame may begin.
    pub allowed: Signal<Out, bool>,
    /// What is not paid for.
    debt: Register<Bits<20>>,
}

impl Logic for LinkShare {
    #[kernel]
    fn update(&mut self) {
        setup!(self, debt);
        let share = resize::<20, 16>(self.share.val());
        let mut debt = self.debt.q.val();
        if self.sent.val() {
            debt = debt + mux(self.last.val(), bits::<20>(WORD + FRAME), bits::<20>(WORD));
        }
        self.debt.d.next = mux(debt < share || !share.any(), bits::<20>(0), debt - share);
        self.allowed.next = !self.debt.q.val().any();
    }
}
