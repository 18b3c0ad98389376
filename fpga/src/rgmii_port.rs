//! A port of 1 Gb/s at RGMII's pins.
//!
//! # Role
//! The MAC with the pins' flip-flops: frames on one side, pins on the other.
//!
//! # Ports
//! - `clock`, `reset`: of the streams. `transmit_clock`, `transmit_reset`: 125 MHz, of what is sent.
//! - `receive_clock`: the pin RXC. `receive_reset`: synchronous to it.
//! - `rxd`, `rx_ctl`, `txc`, `txd`, `tx_ctl`: the other pins.
//! - Streams and pulses: those of `Mac`.
//!
//! # Handshake
//! As in `Mac`.
//!
//! # Latency
//! A few cycles more than that of `Mac`.
//!
//! # Invariant
//! All pins that are driven come out of flip-flops of the same clock, so they change together; `txc` is later by the
//! delay chosen.
use crate::ecp5::{Delay, InputDdr, OutputDdr};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::Beat;
use stevedore_rtl::mac::{Mac, RgmiiPins, RgmiiReceiver, RgmiiTransmitter};

/// Pins of data in each direction, and the one for control behind them.
const PINS: usize = 5;

/// See the module.
#[derive(LogicBlock)]
pub struct RgmiiPort<const W: usize> {
    /// Clock of the streams.
    pub clock: Signal<In, Clock>,
    /// Synchronous to `clock`.
    pub reset: Signal<In, bool>,
    /// 125 MHz.
    pub transmit_clock: Signal<In, Clock>,
    /// Synchronous to `transmit_clock`.
    pub transmit_reset: Signal<In, bool>,
    /// RXC.
    pub receive_clock: Signal<In, Clock>,
    /// Synchronous to `receive_clock`.
    pub receive_reset: Signal<In, bool>,
    /// RD.
    pub rxd: Signal<In, Bits<4>>,
    /// RX_CTL.
    pub rx_ctl: Signal<In, bool>,
    /// TXC.
    pub txc: Signal<Out, bool>,
    /// TD.
    pub txd: Signal<Out, Bits<4>>,
    /// TX_CTL.
    pub tx_ctl: Signal<Out, bool>,
    /// Frames to be sent.
    pub s_frame: Sink<Beat<W>>,
    /// Frames received.
    pub m_frame: Source<Beat<W>>,
    /// A frame came in, and is right.
    pub received: Signal<Out, bool>,
    /// A frame's check sequence is wrong.
    pub check_failed: Signal<Out, bool>,
    /// A frame was too short.
    pub runt: Signal<Out, bool>,
    /// A frame was too long.
    pub oversize: Signal<Out, bool>,
    /// A frame found no room.
    pub overrun: Signal<Out, bool>,
    /// A frame was sent.
    pub sent: Signal<Out, bool>,
    /// A frame is not sent.
    pub refused: Signal<Out, bool>,
    /// A frame broke off on the wire.
    pub underrun: Signal<Out, bool>,
    mac: Mac<W>,
    receiver: RgmiiReceiver,
    transmitter: RgmiiTransmitter,
    inputs: [InputDdr; PINS],
    outputs: [OutputDdr; PINS],
    clock_out: OutputDdr,
    clock_delay: Delay,
}

impl<const W: usize> RgmiiPort<W> {
    /// One whose TXC is so many picoseconds later than its data.
    pub fn new(delay: u64) -> Self {
        RgmiiPort {
            clock: Signal::default(),
            reset: Signal::default(),
            transmit_clock: Signal::default(),
            transmit_reset: Signal::default(),
            receive_clock: Signal::default(),
            receive_reset: Signal::default(),
            rxd: Signal::default(),
            rx_ctl: Signal::default(),
            txc: Signal::default(),
            txd: Signal::default(),
            tx_ctl: Signal::default(),
            s_frame: Sink::default(),
            m_frame: Source::default(),
            received: Signal::default(),
            check_failed: Signal::default(),
            runt: Signal::default(),
            oversize: Signal::default(),
            overrun: Signal::default(),
            sent: Signal::default(),
            refused: Signal::default(),
            underrun: Signal::default(),
            mac: Mac::default(),
            receiver: RgmiiReceiver::default(),
            transmitter: RgmiiTransmitter::default(),
            inputs: Default::default(),
            outputs: Default::default(),
            clock_out: OutputDdr::default(),
            clock_delay: Delay::new(delay),
        }
    }
}

impl<const W: usize> Logic for RgmiiPort<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, mac);
        setup_on!(self, receive_clock, receive_reset, receiver);
        setup_on!(self, transmit_clock, transmit_reset, transmitter);
        clocks_on!(self, transmit_clock, clock_out);
        self.mac.receive_clock.next = self.receive_clock.val();
        self.mac.receive_reset.next = self.receive_reset.val();
        self.mac.transmit_clock.next = self.transmit_clock.val();
        self.mac.transmit_reset.next = self.transmit_reset.val();
        forward!(self.s_frame => self.mac.s_frame);
        forward!(self.mac.m_frame => self.m_frame);

        // Pins in.
        let mut first = bits::<5>(0);
        let mut second = bits::<5>(0);
        let pins = cat::<1, 4, 5>(from_bool(self.rx_ctl.val()), self.rxd.val());
        for i in 0..5 {
            self.inputs[i].clock.next = self.receive_clock.val();
            self.inputs[i].pin.next = pins.get_bit(i);
            first = first.replace_bit(i, self.inputs[i].rising.val());
            second = second.replace_bit(i, self.inputs[i].falling.val());
        }
        self.receiver.rising.next = RgmiiPins { data: first.get_bits::<4>(0), control: first.get_bit(4) };
        self.receiver.falling.next = RgmiiPins { data: second.get_bits::<4>(0), control: second.get_bit(4) };
        self.mac.phy_in.next = self.receiver.phy.val();

        // Pins out.
        self.transmitter.phy.next = self.mac.phy_out.val();
        let rising = self.transmitter.rising.val();
        let falling = self.transmitter.falling.val();
        let first = cat::<1, 4, 5>(from_bool(rising.control), rising.data);
        let second = cat::<1, 4, 5>(from_bool(falling.control), falling.data);
        let mut pins = bits::<5>(0);
        for i in 0..5 {
            self.outputs[i].clock.next = self.transmit_clock.val();
            self.outputs[i].rising.next = first.get_bit(i);
            self.outputs[i].falling.next = second.get_bit(i);
            pins = pins.replace_bit(i, self.outputs[i].pin.val());
        }
        self.txd.next = pins.get_bits::<4>(0);
        self.tx_ctl.next = pins.get_bit(4);
        self.clock_out.rising.next = true;
        self.clock_out.falling.next = false;
        self.clock_delay.a.next = self.clock_out.pin.val();
        self.txc.next = self.clock_delay.z.val();

        self.received.next = self.mac.received.val();
        self.check_failed.next = self.mac.check_failed.val();
        self.runt.next = self.mac.runt.val();
        self.oversize.next = self.mac.oversize.val();
        self.overrun.next = self.mac.overrun.val();
        self.sent.next = self.mac.sent.val();
        self.refused.next = self.mac.refused.val();
        self.underrun.next = self.mac.underrun.val();
    }
}
