//! The MAC between a PHY of 1 Gb/s and the engine's streams.
//!
//! # Role
//! Stands between the pins and the engine, or whatever else gives and takes frames. The rules of `docs/add-a-board.md`
//! for a MAC hold at its streams.
//!
//! # Ports
//! - `clock`, `reset`: of the engine. `receive_clock`, `receive_reset`: of what the PHY receives. `transmit_clock`,
//!   `transmit_reset`: of what is sent.
//! - `phy_in`, `phy_out`: a byte per cycle of those clocks.
//! - `m_frame`: `Beat<W>`: frames received, without preamble and check sequence; a damaged one ends with `error`.
//! - `s_frame`: `Beat<W>`: frames to be sent.
//! - `received`, `check_failed`, `runt`, `oversize`, `overrun`, `sent`, `refused`, `underrun`: pulses of a cycle of
//!   `clock`, one for each such frame. `overrun`: there was no room for a frame that came in. `refused`: a frame to be
//!   sent was damaged or too long. `underrun` is never seen while `clock` is fast enough.
//!
//! # Handshake
//! Ordinary channels. A frame goes to the wire when it is whole. `m_frame` should take a beat in `W` / 8 cycles of
//! `receive_clock`; else frames are lost, and counted.
//!
//! # Latency
//! Received: from the last byte of a beat about 8 cycles of `receive_clock` and 4 of `clock`. Sent: from a frame's last
//! beat 5 cycles of `clock` and about 5 of `transmit_clock` up to the preamble. Both streams keep up with the wire as
//! long as `W` times the rate of `clock` does.
//!
//! # Invariant
//! The three resets come from one source (`ResetBridge`), so no side keeps half a frame when another is reset.
use super::frame_store::FrameStore;
use super::mac_receiver::MacReceiver;
use super::mac_transmitter::MacTransmitter;
use super::narrower::Narrower;
use super::record::PhyByte;
use super::widener::Widener;
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// Beats between two clocks: what moves one per cycle of the slower one.
const CROSSING: usize = 16;
/// Frames to be sent: one goes out while the next comes in.
const FRAMES: usize = 2;

/// See the module.
#[derive(LogicBlock)]
pub struct Mac<const W: usize> {
    /// Clock of the engine.
    pub clock: Signal<In, Clock>,
    /// Synchronous to `clock`.
    pub reset: Signal<In, bool>,
    /// Clock of what the PHY receives.
    pub receive_clock: Signal<In, Clock>,
    /// Synchronous to `receive_clock`.
    pub receive_reset: Signal<In, bool>,
    /// Clock of what is sent.
    pub transmit_clock: Signal<In, Clock>,
    /// Synchronous to `transmit_clock`.
    pub transmit_reset: Signal<In, bool>,
    /// What the PHY receives.
    pub phy_in: Signal<In, PhyByte>,
    /// What the PHY sends.
    pub phy_out: Signal<Out, PhyByte>,
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
    receiver: MacReceiver,
    widener: Widener<W>,
    inward: AsyncFifo<Beat<W>>,
    store: FrameStore<W>,
    outward: AsyncFifo<Beat<W>>,
    narrower: Narrower<W>,
    transmitter: MacTransmitter,
    good_pulse: PulseCrossing,
    check_pulse: PulseCrossing,
    runt_pulse: PulseCrossing,
    oversize_pulse: PulseCrossing,
    overrun_pulse: PulseCrossing,
    sent_pulse: PulseCrossing,
    underrun_pulse: PulseCrossing,
}

impl<const W: usize> Default for Mac<W> {
    fn default() -> Self {
        Mac {
            clock: Signal::default(),
            reset: Signal::default(),
            receive_clock: Signal::default(),
            receive_reset: Signal::default(),
            transmit_clock: Signal::default(),
            transmit_reset: Signal::default(),
            phy_in: Signal::default(),
            phy_out: Signal::default(),
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
            receiver: MacReceiver::default(),
            widener: Widener::default(),
            inward: AsyncFifo::new(CROSSING),
            store: FrameStore::new(FRAMES),
            outward: AsyncFifo::new(CROSSING),
            narrower: Narrower::default(),
            transmitter: MacTransmitter::default(),
            good_pulse: PulseCrossing::default(),
            check_pulse: PulseCrossing::default(),
            runt_pulse: PulseCrossing::default(),
            oversize_pulse: PulseCrossing::default(),
            overrun_pulse: PulseCrossing::default(),
            sent_pulse: PulseCrossing::default(),
            underrun_pulse: PulseCrossing::default(),
        }
    }
}

impl<const W: usize> Logic for Mac<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, store);
        setup_on!(self, receive_clock, receive_reset, receiver, widener);
        setup_on!(self, transmit_clock, transmit_reset, narrower, transmitter);

        // From the wire.
        self.receiver.phy.next = self.phy_in.val();
        self.widener.byte_valid.next = self.receiver.byte_valid.val();
        self.widener.byte.next = self.receiver.byte.val();
        self.inward.write_clock.next = self.receive_clock.val();
        self.inward.write_reset.next = self.receive_reset.val();
        self.inward.read_clock.next = self.clock.val();
        self.inward.read_reset.next = self.reset.val();
        join!(self.widener.m_beat => self.inward.s_in);
        forward!(self.inward.m_out => self.m_frame);

        // To the wire.
        forward!(self.s_frame => self.store.s_frame);
        self.outward.write_clock.next = self.clock.val();
        self.outward.write_reset.next = self.reset.val();
        self.outward.read_clock.next = self.transmit_clock.val();
        self.outward.read_reset.next = self.transmit_reset.val();
        join!(self.store.m_frame => self.outward.s_in);
        join!(self.outward.m_out => self.narrower.s_beat);
        join!(self.narrower.m_byte => self.transmitter.s_byte);
        self.phy_out.next = self.transmitter.phy.val();

        // What happened.
        self.good_pulse.from_clock.next = self.receive_clock.val();
        self.check_pulse.from_clock.next = self.receive_clock.val();
        self.runt_pulse.from_clock.next = self.receive_clock.val();
        self.oversize_pulse.from_clock.next = self.receive_clock.val();
        self.overrun_pulse.from_clock.next = self.receive_clock.val();
        self.sent_pulse.from_clock.next = self.transmit_clock.val();
        self.underrun_pulse.from_clock.next = self.transmit_clock.val();
        self.good_pulse.to_clock.next = self.clock.val();
        self.check_pulse.to_clock.next = self.clock.val();
        self.runt_pulse.to_clock.next = self.clock.val();
        self.oversize_pulse.to_clock.next = self.clock.val();
        self.overrun_pulse.to_clock.next = self.clock.val();
        self.sent_pulse.to_clock.next = self.clock.val();
        self.underrun_pulse.to_clock.next = self.clock.val();
        self.good_pulse.pulse_in.next = self.receiver.good.val();
        self.check_pulse.pulse_in.next = self.receiver.check_failed.val();
        self.runt_pulse.pulse_in.next = self.receiver.runt.val();
        self.oversize_pulse.pulse_in.next = self.receiver.oversize.val();
        self.overrun_pulse.pulse_in.next = self.widener.overrun.val();
        self.sent_pulse.pulse_in.next = self.transmitter.sent.val();
        self.underrun_pulse.pulse_in.next = self.transmitter.underrun.val();
        self.received.next = self.good_pulse.pulse_out.val();
        self.check_failed.next = self.check_pulse.pulse_out.val();
        self.runt.next = self.runt_pulse.pulse_out.val();
        self.oversize.next = self.oversize_pulse.pulse_out.val();
        self.overrun.next = self.overrun_pulse.pulse_out.val();
        self.sent.next = self.sent_pulse.pulse_out.val();
        self.refused.next = self.store.dropped.val();
        self.underrun.next = self.underrun_pulse.pulse_out.val();
    }
}
