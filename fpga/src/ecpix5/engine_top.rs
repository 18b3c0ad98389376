//! The ECPIX-5 with an engine behind its host link.
//!
//! # Role
//! The outermost module: [`LinkedEngine`] between the streams of the port, in the place that the echo has in
//! [`EchoTop`](super::EchoTop). Clocks, port, lights and serial line are those of that top.
//!
//! # Ports
//! Pins: see the fields. Lights and `uart_tx` as in [`EchoTop`](super::EchoTop); besides, `blue_n[0]` is on while the
//! link has a host that is alive.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! That of the engine and of the link.
//!
//! # Invariant
//! Nothing but blocks and wires.
use super::{Clocking, BAUD, ENGINE_MHZ, TXC_DELAY};
use crate::{RgmiiPort, StatusPort, Stretch};
use stevedore_hdl::prelude::*;
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::link::{LinkParameters, LinkedEngine};
use stevedore_rtl::ports::{beat_of, keep_of};

/// Bits of the counters that blink: 3 times a second at 100 MHz.
const BLINK_BITS: usize = 25;
/// Lights for frames.
const EVENTS: usize = 6;

/// See the module.
#[derive(LogicBlock)]
pub struct EngineTop {
    /// 100 MHz.
    pub oscillator: Signal<In, Clock>,
    /// The button is down.
    pub reset_n: Signal<In, bool>,
    /// RXC.
    pub rgmii_rxc: Signal<In, Clock>,
    /// RX_CTL.
    pub rgmii_rx_ctl: Signal<In, bool>,
    /// RD.
    pub rgmii_rxd: Signal<In, Bits<4>>,
    /// TXC.
    pub rgmii_txc: Signal<Out, bool>,
    /// TX_CTL.
    pub rgmii_tx_ctl: Signal<Out, bool>,
    /// TD.
    pub rgmii_txd: Signal<Out, Bits<4>>,
    /// The PHY is held in reset.
    pub phy_reset_n: Signal<Out, bool>,
    /// The serial line.
    pub uart_tx: Signal<Out, bool>,
    /// Something is wrong.
    pub red_n: Signal<Out, Bits<4>>,
    /// Something works.
    pub green_n: Signal<Out, Bits<4>>,
    /// There is a host.
    pub blue_n: Signal<Out, Bits<4>>,
    clocking: Clocking,
    port: RgmiiPort<64>,
    engine: LinkedEngine,
    status: StatusPort,
    lights: [Stretch; EVENTS],
    blink: Register<Bits<BLINK_BITS>>,
    receive_blink: Register<Bits<BLINK_BITS>>,
}

impl Default for EngineTop {
    fn default() -> Self {
        EngineTop {
            oscillator: Signal::default(),
            reset_n: Signal::default(),
            rgmii_rxc: Signal::default(),
            rgmii_rx_ctl: Signal::default(),
            rgmii_rxd: Signal::default(),
            rgmii_txc: Signal::default(),
            rgmii_tx_ctl: Signal::default(),
            rgmii_txd: Signal::default(),
            phy_reset_n: Signal::default(),
            uart_tx: Signal::default(),
            red_n: Signal::default(),
            green_n: Signal::default(),
            blue_n: Signal::default(),
            clocking: Clocking::default(),
            port: RgmiiPort::new(TXC_DELAY),
            engine: LinkedEngine::new(&Geometry::SMALL, &LinkParameters::BOARD),
            status: StatusPort::new("ecpix5-2", ENGINE_MHZ * 1_000_000, ENGINE_MHZ * 1_000_000 / BAUD),
            lights: Default::default(),
            blink: Register::default(),
            receive_blink: Register::default(),
        }
    }
}

impl Logic for EngineTop {
    #[kernel]
    fn update(&mut self) {
        self.clocking.oscillator.next = self.oscillator.val();
        self.clocking.reset_n.next = self.reset_n.val();
        self.clocking.receive_clock.next = self.rgmii_rxc.val();
        self.phy_reset_n.next = self.clocking.phy_reset_n.val();

        self.port.clock.next = self.clocking.clock.val();
        self.port.reset.next = self.clocking.reset.val();
        self.port.transmit_clock.next = self.clocking.transmit_clock.val();
        self.port.transmit_reset.next = self.clocking.transmit_reset.val();
        self.port.receive_clock.next = self.rgmii_rxc.val();
        self.port.receive_reset.next = self.clocking.receive_reset.val();
        self.port.rxd.next = self.rgmii_rxd.val();
        self.port.rx_ctl.next = self.rgmii_rx_ctl.val();
        self.rgmii_txc.next = self.port.txc.val();
        self.rgmii_txd.next = self.port.txd.val();
        self.rgmii_tx_ctl.next = self.port.tx_ctl.val();

        self.engine.clock.next = self.clocking.clock.val();
        self.engine.reset.next = self.clocking.reset.val();
        let inward = self.port.m_frame.bits.val();
        self.engine.s_axis_rx.tdata.next = inward.data;
        self.engine.s_axis_rx.tkeep.next = keep_of::<8>(inward.count);
        self.engine.s_axis_rx.tlast.next = inward.last;
        self.engine.s_axis_rx.tuser.next = inward.error;
        self.engine.s_axis_rx.tvalid.next = self.port.m_frame.valid.val();
        self.port.m_frame.ready.next = self.engine.s_axis_rx.tready.val();
        self.port.s_frame.valid.next = self.engine.m_axis_tx.tvalid.val();
        self.port.s_frame.bits.next = beat_of::<64, 8>(
            self.engine.m_axis_tx.tdata.val(),
            self.engine.m_axis_tx.tkeep.val(),
            self.engine.m_axis_tx.tlast.val(),
            self.engine.m_axis_tx.tuser.val(),
        );
        self.engine.m_axis_tx.tready.next = self.port.s_frame.ready.val();

        self.status.clock.next = self.clocking.clock.val();
        self.status.reset.next = self.clocking.reset.val();
        let mut events = bits::<8>(0);
        events = events.replace_bit(0, self.port.received.val());
        events = events.replace_bit(1, self.port.check_failed.val());
        events = events.replace_bit(2, self.port.runt.val());
        events = events.replace_bit(3, self.port.oversize.val());
        events = events.replace_bit(4, self.port.overrun.val());
        events = events.replace_bit(5, self.port.sent.val());
        events = events.replace_bit(6, self.port.refused.val());
        events = events.replace_bit(7, self.port.underrun.val());
        self.status.events.next = events;
        self.uart_tx.next = self.status.pin.val();

        for i in 0..6 {
            self.lights[i].clock.next = self.clocking.clock.val();
            self.lights[i].reset.next = self.clocking.reset.val();
        }
        self.lights[0].pulse.next = self.port.received.val();
        self.lights[1].pulse.next = self.port.sent.val();
        self.lights[2].pulse.next = self.port.check_failed.val();
        self.lights[3].pulse.next = self.port.runt.val() || self.port.oversize.val();
        self.lights[4].pulse.next = self.port.overrun.val();
        self.lights[5].pulse.next = self.port.refused.val() || self.port.underrun.val();
        self.blink.clock.next = self.clocking.clock.val();
        self.blink.reset.next = self.clocking.reset.val();
        self.blink.d.next = self.blink.q.val() + 1;
        self.receive_blink.clock.next = self.rgmii_rxc.val();
        self.receive_blink.reset.next = self.clocking.receive_reset.val();
        self.receive_blink.d.next = self.receive_blink.q.val() + 1;
        let mut green = bits::<4>(0);
        green = green.replace_bit(0, self.lights[0].light.val());
        green = green.replace_bit(1, self.lights[1].light.val());
        green = green.replace_bit(2, self.receive_blink.q.val().get_bit(BLINK_BITS - 1));
        green = green.replace_bit(3, self.blink.q.val().get_bit(BLINK_BITS - 1));
        let mut red = bits::<4>(0);
        for i in 0..4 {
            red = red.replace_bit(i, self.lights[i + 2].light.val());
        }
        self.green_n.next = !green;
        self.red_n.next = !red;
        self.blue_n.next = bits::<4>(15).replace_bit(0, !self.engine.open.val());
    }
}
