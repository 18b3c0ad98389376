//! Clocks and resets of the ECPIX-5.
//!
//! # Role
//! Between the pins and everything else: makes the engine's clock and that of RGMII, and holds what they drive in reset
//! until they run.
//!
//! # Ports
//! - `oscillator`, `reset_n`, `receive_clock`: pins.
//! - `clock`, `reset`: of the engine and its streams. `transmit_clock`, `transmit_reset`: of what is sent.
//!   `receive_reset`: synchronous to `receive_clock`.
//! - `phy_reset_n`: for the PHY.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! The resets fall three edges of their clock after the PLL is locked and the button is up. The PHY is held in reset
//! for 2 to the power of `PHY_BITS` cycles more: it asks for 10 ms behind its supply.
//!
//! # Invariant
//! All resets have one source, and rise together.
use super::{ENGINE_MHZ, OSCILLATOR_MHZ, WIRE_MHZ};
use crate::ecp5::Pll;
use stevedore_hdl::prelude::*;

/// Bits of the counter that holds the PHY in reset: 10.5 ms at 100 MHz.
const PHY_BITS: usize = 21;

/// See the module.
#[derive(LogicBlock)]
pub struct Clocking {
    /// Pin.
    pub oscillator: Signal<In, Clock>,
    /// Pin: the button is down.
    pub reset_n: Signal<In, bool>,
    /// Pin: RXC.
    pub receive_clock: Signal<In, Clock>,
    /// The engine's clock.
    pub clock: Signal<Out, Clock>,
    /// Synchronous to it.
    pub reset: Signal<Out, bool>,
    /// 125 MHz.
    pub transmit_clock: Signal<Out, Clock>,
    /// Synchronous to it.
    pub transmit_reset: Signal<Out, bool>,
    /// Synchronous to RXC.
    pub receive_reset: Signal<Out, bool>,
    /// Pin: holds the PHY in reset.
    pub phy_reset_n: Signal<Out, bool>,
    pll: Pll,
    engine_bridge: ResetBridge,
    transmit_bridge: ResetBridge,
    receive_bridge: ResetBridge,
    waited: Register<Bits<PHY_BITS>>,
}

impl Default for Clocking {
    fn default() -> Self {
        Clocking {
            oscillator: Signal::default(),
            reset_n: Signal::default(),
            receive_clock: Signal::default(),
            clock: Signal::default(),
            reset: Signal::default(),
            transmit_clock: Signal::default(),
            transmit_reset: Signal::default(),
            receive_reset: Signal::default(),
            phy_reset_n: Signal::default(),
            pll: Pll::new(OSCILLATOR_MHZ, ENGINE_MHZ, WIRE_MHZ),
            engine_bridge: ResetBridge::default(),
            transmit_bridge: ResetBridge::default(),
            receive_bridge: ResetBridge::default(),
            waited: Register::default(),
        }
    }
}

impl Logic for Clocking {
    #[kernel]
    fn update(&mut self) {
        self.pll.clock_in.next = self.oscillator.val();
        self.clock.next = self.pll.first.val();
        self.transmit_clock.next = self.pll.second.val();
        self.engine_bridge.clock.next = self.pll.first.val();
        self.transmit_bridge.clock.next = self.pll.second.val();
        self.receive_bridge.clock.next = self.receive_clock.val();
        let stop = !(self.reset_n.val() && self.pll.locked.val());
        self.engine_bridge.reset_in.next = stop;
        self.transmit_bridge.reset_in.next = stop;
        self.receive_bridge.reset_in.next = stop;
        self.reset.next = self.engine_bridge.reset_out.val();
        self.transmit_reset.next = self.transmit_bridge.reset_out.val();
        self.receive_reset.next = self.receive_bridge.reset_out.val();

        // The top bit says that the wait is over.
        self.waited.clock.next = self.pll.first.val();
        self.waited.reset.next = self.engine_bridge.reset_out.val();
        let waited = self.waited.q.val();
        let over = waited.get_bit(PHY_BITS - 1);
        self.waited.d.next = mux(over, waited, waited + 1);
        self.phy_reset_n.next = over;
    }
}
