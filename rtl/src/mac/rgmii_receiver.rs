//! Bytes of what RGMII's pins receive.
//!
//! # Role
//! Between the double data rate flip-flops of the pins and the MAC (RGMII 2.0, 1 Gb/s).
//!
//! # Ports
//! - `rising`, `falling`: the pins at the rising edge of the clock, and at the falling edge behind it.
//! - `phy`: the byte they make.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! One cycle.
//!
//! # Invariant
//! A byte is what the pins show at one rising edge and the falling edge that follows it. At 10 and 100 Mb/s both edges
//! carry the same half of a byte: frames then fail the check, and nothing worse. What the PHY says of the link between
//! frames is not looked at.
use super::record::{PhyByte, RgmiiPins};
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct RgmiiReceiver {
    /// Clock of the PHY.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Pins at the rising edge.
    pub rising: Signal<In, RgmiiPins>,
    /// Pins at the falling edge.
    pub falling: Signal<In, RgmiiPins>,
    /// The byte.
    pub phy: Signal<Out, PhyByte>,
    out: Register<PhyByte>,
}

impl Logic for RgmiiReceiver {
    #[kernel]
    fn update(&mut self) {
        setup!(self, out);
        let rising = self.rising.val();
        let falling = self.falling.val();
        self.out.d.next = PhyByte {
            data: cat::<4, 4, 8>(falling.data, rising.data),
            valid: rising.control,
            error: rising.control != falling.control,
        };
        self.phy.next = self.out.q.val();
    }
}
