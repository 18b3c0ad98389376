//! What RGMII's pins show of the bytes to be sent.
//!
//! # Role
//! Between the MAC and the double data rate flip-flops of the pins (RGMII 2.0, 1 Gb/s).
//!
//! # Ports
//! - `phy`: a byte per cycle.
//! - `rising`, `falling`: what the pins show from the rising edge of the clock on, and from the falling edge behind it.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! One cycle.
//!
//! # Invariant
//! Both outputs are registers, next to the pins.
use super::record::{PhyByte, RgmiiPins};
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct RgmiiTransmitter {
    /// Clock of the wire.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The byte.
    pub phy: Signal<In, PhyByte>,
    /// Pins from the rising edge on.
    pub rising: Signal<Out, RgmiiPins>,
    /// Pins from the falling edge on.
    pub falling: Signal<Out, RgmiiPins>,
    first: Register<RgmiiPins>,
    second: Register<RgmiiPins>,
}

impl Logic for RgmiiTransmitter {
    #[kernel]
    fn update(&mut self) {
        setup!(self, first, second);
        let phy = self.phy.val();
        self.first.d.next = RgmiiPins { data: phy.data.get_bits::<4>(0), control: phy.valid };
        self.second.d.next = RgmiiPins { data: phy.data.get_bits::<4>(4), control: phy.valid != phy.error };
        self.rising.next = self.first.q.val();
        self.falling.next = self.second.q.val();
    }
}
