//! The host link, wired: an engine's memory port, registers and interrupt in frames of their own on the engine's wire.
//!
//! # Role
//! Stands between the MAC and the engine. Frames of other types pass both ways.
//!
//! # Ports
//! - `s_frame`, `m_frame`: `Beat<64>`: frames from and to the wire. `m_engine`, `s_engine`: those that are the
//!   engine's.
//! - `s_request`, `m_completion`, `s_write`, `irq`, `maximum_read`, `maximum_write`, `halt`, `halted`: the ports of
//!   the engine with these names. `awaddr` to `rready`: AXI4-Lite, as the manager of the engine's registers.
//! - `engine_reset`: the engine begins anew, because a session does.
//! - `open`: there is a session, and its host is alive.
//!
//! # Handshake
//! `s_frame.ready` is always 1, and `m_engine.ready` must be. All else are ordinary channels.
//!
//! # Latency
//! Frames to the engine: a beat leaves with the next. Frames from the engine: one cycle, and the frame of the link that
//! is on the wire.
//!
//! # Invariant
//! The link never waits for the engine to take a completion longer than the engine may wait for the link: reads are
//! bounded by tags, and everything else flows one way.
use super::demultiplexer::LinkDemultiplexer;
use super::dispatcher::LinkDispatcher;
use super::packer::LinkPacker;
use super::read_ledger::ReadLedger;
use super::receiver::LinkReceiver;
use super::record::REPEAT;
use super::register_master::RegisterMaster;
use super::session::LinkSession;
use super::share::LinkShare;
use super::transmitter::LinkTransmitter;
use super::window::LinkWindow;
use crate::bundles::{Beat, ReadCompletion, ReadRequest, WriteBeat};
use crate::mac::FrameStore;
use crate::stream::FrameArbiter;
use stevedore_abi::link::WINDOW;
use stevedore_hdl::prelude::*;

/// Words of a slot of the store.
const SLOT: usize = 256;
/// Frames from the host that may wait while messages before them are acted on.
const FRAMES: usize = 4;

/// What is settled when a link is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkParameters {
    /// The link's MAC.
    pub mac: [u8; 6],
    /// Cycles until a frame without an acknowledgement is sent again.
    pub timeout: u32,
    /// Cycles of silence after which a host is gone.
    pub patience: u32,
}

impl LinkParameters {
    /// For a clock of 100 MHz: 2 ms and 1 s.
    pub const BOARD: LinkParameters =
        LinkParameters { mac: [0x02, 0x53, 0x54, 0x56, 0x4c, 0x01], timeout: 200_000, patience: 100_000_000 };
}

/// Events since the reset.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Tally {
    heard: Bits<32>,
    repeated: Bits<32>,
    foreign: Bits<32>,
    bad: Bits<32>,
    refused: Bits<32>,
    lost: Bits<32>,
}

/// See the module.
#[derive(LogicBlock)]
pub struct HostLink {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Frames from the wire.
    pub s_frame: Sink<Beat<64>>,
    /// Frames to the wire.
    pub m_frame: Source<Beat<64>>,
    /// Frames to the engine.
    pub m_engine: Source<Beat<64>>,
    /// Frames from the engine.
    pub s_engine: Sink<Beat<64>>,
    /// Reads of host memory.
    pub s_request: Sink<ReadRequest>,
    /// Their data.
    pub m_completion: Source<ReadCompletion<64>>,
    /// Writes of host memory.
    pub s_write: Sink<WriteBeat<64, 8>>,
    /// The engine's interrupt line.
    pub irq: Signal<In, bool>,
    /// Longest read: 128 bytes, doubled so often.
    pub maximum_read: Signal<Out, Bits<3>>,
    /// Longest burst: 128 bytes, doubled so often.
    pub maximum_write: Signal<Out, Bits<3>>,
    /// Stops the engine.
    pub halt: Signal<Out, bool>,
    /// The engine is stopped.
    pub halted: Signal<In, bool>,
    /// Resets the engine.
    pub engine_reset: Signal<Out, bool>,
    /// There is a host.
    pub open: Signal<Out, bool>,
    /// Write address.
    pub awaddr: Signal<Out, Bits<12>>,
    /// Write address valid.
    pub awvalid: Signal<Out, bool>,
    /// Write address taken.
    pub awready: Signal<In, bool>,
    /// Write data.
    pub wdata: Signal<Out, Bits<32>>,
    /// Write data valid.
    pub wvalid: Signal<Out, bool>,
    /// Write data taken.
    pub wready: Signal<In, bool>,
    /// Write response valid.
    pub bvalid: Signal<In, bool>,
    /// Write response taken.
    pub bready: Signal<Out, bool>,
    /// Read address.
    pub araddr: Signal<Out, Bits<12>>,
    /// Read address valid.
    pub arvalid: Signal<Out, bool>,
    /// Read address taken.
    pub arready: Signal<In, bool>,
    /// Read data.
    pub rdata: Signal<In, Bits<32>>,
    /// Read response: 0 is success.
    pub rresp: Signal<In, Bits<2>>,
    /// Read data valid.
    pub rvalid: Signal<In, bool>,
    /// Read data taken.
    pub rready: Signal<Out, bool>,
    demultiplexer: LinkDemultiplexer,
    inward: FrameStore<64>,
    receiver: LinkReceiver,
    dispatcher: LinkDispatcher,
    ledger: ReadLedger,
    master: RegisterMaster,
    session: LinkSession,
    packer: LinkPacker,
    slots: HeldRam<Bits<64>>,
    window: LinkWindow,
    transmitter: LinkTransmitter,
    share: LinkShare,
    arbiter: FrameArbiter<64, 2>,
    tally: Register<Tally>,
    own: Constant<Bits<48>>,
}

impl HostLink {
    /// A link.
    pub fn new(parameters: &LinkParameters) -> Self {
        let own = parameters.mac.iter().rev().fold(0, |mac, &octet| mac << 8 | u64::from(octet));
        HostLink {
            clock: Signal::default(),
            reset: Signal::default(),
            s_frame: Sink::default(),
            m_frame: Source::default(),
            m_engine: Source::default(),
            s_engine: Sink::default(),
            s_request: Sink::default(),
            m_completion: Source::default(),
            s_write: Sink::default(),
            irq: Signal::default(),
            maximum_read: Signal::default(),
            maximum_write: Signal::default(),
            halt: Signal::default(),
            halted: Signal::default(),
            engine_reset: Signal::default(),
            open: Signal::default(),
            awaddr: Signal::default(),
            awvalid: Signal::default(),
            awready: Signal::default(),
            wdata: Signal::default(),
            wvalid: Signal::default(),
            wready: Signal::default(),
            bvalid: Signal::default(),
            bready: Signal::default(),
            araddr: Signal::default(),
            arvalid: Signal::default(),
            arready: Signal::default(),
            rdata: Signal::default(),
            rresp: Signal::default(),
            rvalid: Signal::default(),
            rready: Signal::default(),
            demultiplexer: LinkDemultiplexer::default(),
            inward: FrameStore::new(FRAMES),
            receiver: LinkReceiver::default(),
            dispatcher: LinkDispatcher::default(),
            ledger: ReadLedger::default(),
            master: RegisterMaster::default(),
            session: LinkSession::new(parameters.patience),
            packer: LinkPacker::default(),
            slots: HeldRam::new(WINDOW * SLOT),
            window: LinkWindow::new(parameters.timeout),
            transmitter: LinkTransmitter::default(),
            share: LinkShare::default(),
            arbiter: FrameArbiter::default(),
            tally: Register::default(),
            own: Constant::new(own.into()),
        }
    }
}

impl Default for HostLink {
    fn default() -> Self {
        Self::new(&LinkParameters::BOARD)
    }
}

impl Logic for HostLink {
    #[kernel]
    fn update(&mut self) {
        setup!(self, demultiplexer, inward, receiver, dispatcher, ledger, master, session);
        setup!(self, packer, window, transmitter, share, arbiter, tally);
        clocks!(self, slots);
        let own = self.own.val();
        let host = self.session.host.val();
        let session = self.session.session.val();
        let open = self.session.open.val();
        let clear = self.session.clear.val();

        // From the wire.
        forward!(self.s_frame => self.demultiplexer.s_frame);
        forward!(self.demultiplexer.m_engine => self.m_engine);
        join!(self.demultiplexer.m_link => self.inward.s_frame);
        join!(self.inward.m_frame => self.receiver.s_frame);
        self.receiver.own.next = own;
        self.receiver.host.next = host;
        self.receiver.session.next = session;
        self.receiver.open.next = open;
        self.receiver.clear.next = clear;
        join!(self.receiver.m_word => self.dispatcher.s_word);
        self.session.opens.next = self.receiver.opens.val();
        self.session.probes.next = self.receiver.probes.val();
        self.session.heard.next = self.receiver.heard.val();
        self.session.header.next = self.receiver.header.val();
        self.session.settings_word.next = self.receiver.settings.val();

        // Towards the engine.
        let settings = self.session.settings.val();
        self.maximum_read.next = settings.maximum_read;
        self.maximum_write.next = settings.maximum_write;
        self.halt.next = self.session.halt.val();
        self.session.halted.next = self.halted.val();
        self.engine_reset.next = self.session.engine_reset.val();
        self.session.quiet.next = self.dispatcher.idle.val() && self.master.idle.val();
        self.session.empty.next = self.ledger.empty.val();
        self.open.next = open && self.session.alive.val();
        self.ledger.tag.next = self.dispatcher.tag.val();
        self.dispatcher.known.next = self.ledger.known.val();
        self.dispatcher.wanted.next = self.ledger.wanted.val();
        self.ledger.answered.next = self.dispatcher.answered.val();
        self.ledger.failing.next = self.session.failing.val();
        let fails = self.ledger.m_completion.valid.val();
        self.m_completion.valid.next = fails || self.dispatcher.m_completion.valid.val();
        self.m_completion.bits.next =
            mux(fails, self.ledger.m_completion.bits.val(), self.dispatcher.m_completion.bits.val());
        self.ledger.m_completion.ready.next = self.m_completion.ready.val();
        self.dispatcher.m_completion.ready.next = self.m_completion.ready.val() && !fails;
        self.dispatcher.stuck.next = self.master.answers.val() && !self.window.room.val();
        join!(self.dispatcher.m_access => self.master.s_access);
        join!(self.master.m_answer => self.packer.s_answer);
        self.awaddr.next = self.master.awaddr.val();
        self.awvalid.next = self.master.awvalid.val();
        self.master.awready.next = self.awready.val();
        self.wdata.next = self.master.wdata.val();
        self.wvalid.next = self.master.wvalid.val();
        self.master.wready.next = self.wready.val();
        self.master.bvalid.next = self.bvalid.val();
        self.bready.next = self.master.bready.val();
        self.araddr.next = self.master.araddr.val();
        self.arvalid.next = self.master.arvalid.val();
        self.master.arready.next = self.arready.val();
        self.master.rdata.next = self.rdata.val();
        self.master.rresp.next = self.rresp.val();
        self.master.rvalid.next = self.rvalid.val();
        self.rready.next = self.master.rready.val();

        // From the engine.
        forward!(self.s_request => self.packer.s_request);
        forward!(self.s_write => self.packer.s_write);
        self.ledger.asked.next = self.s_request.valid.val() && self.packer.s_request.ready.val();
        self.ledger.request.next = self.s_request.bits.val();
        self.packer.irq.next = self.irq.val();
        self.packer.room.next = self.window.room.val();
        self.packer.wanted.next = self.transmitter.wanted.val();
        self.packer.discard.next = !open;
        self.slots.write_enable.next = self.packer.store.val();
        let slot = self.window.open_slot.val();
        self.slots.write_address.next = resize::<16, 11>(cat::<3, 8, 11>(slot, self.packer.at.val()));
        self.slots.write_data.next = self.packer.word.val();
        self.window.clear.next = clear;
        self.window.close.next = self.packer.close.val();
        self.window.close_words.next = self.packer.words.val();
        self.window.acknowledged.next = self.receiver.heard.val();
        self.window.acknowledgement.next = self.receiver.header.val().acknowledgement;
        self.window.repeat.next = self.receiver.header.val().flags.get_bit(REPEAT);

        // To the wire.
        self.transmitter.own.next = own;
        self.transmitter.host.next = host;
        self.transmitter.session.next = session;
        self.transmitter.open.next = open && self.session.alive.val();
        self.transmitter.allowed.next = self.share.allowed.val();
        join!(self.session.m_reply => self.transmitter.s_reply);
        self.transmitter.waits.next = self.window.waits.val();
        self.transmitter.number.next = self.window.number.val();
        self.transmitter.words.next = self.window.words.val();
        self.window.take.next = self.transmitter.take.val();
        self.transmitter.filled.next = self.packer.filled.val() && self.window.calm.val();
        self.transmitter.expected.next = self.receiver.expected.val();
        self.transmitter.gap.next = self.receiver.gap.val();
        self.transmitter.owed.next = self.receiver.owed.val();
        self.receiver.told.next = self.transmitter.told.val();
        let read = cat::<3, 8, 11>(self.transmitter.slot.val(), self.transmitter.at.val());
        self.slots.read_enable.next = self.transmitter.load.val();
        self.slots.read_address.next = resize::<16, 11>(read);
        self.transmitter.word.next = self.slots.read_data.val();
        self.share.share.next = settings.share;
        self.share.sent.next = self.transmitter.m_frame.valid.val() && self.arbiter.s_frame[1].ready.val();
        self.share.last.next = self.transmitter.m_frame.bits.val().last;
        forward!(self.s_engine => self.arbiter.s_frame[0]);
        join!(self.transmitter.m_frame => self.arbiter.s_frame[1]);
        forward!(self.arbiter.m_frame => self.m_frame);

        // What happened.
        let tally = self.tally.q.val();
        let bad = self.receiver.malformed.val() || self.dispatcher.bad.val() || self.dispatcher.stray.val();
        self.tally.d.next = Tally {
            heard: tally.heard + self.receiver.heard.val(),
            repeated: tally.repeated + self.window.repeated.val(),
            foreign: tally.foreign + self.receiver.foreign.val(),
            bad: tally.bad + (bad || self.window.bad.val()),
            refused: tally.refused + self.session.refused.val(),
            lost: tally.lost + self.demultiplexer.lost.val(),
        };
        let first = cat::<32, 32, 64>(tally.repeated, tally.heard);
        let second = cat::<32, 32, 64>(tally.bad, tally.foreign);
        let third = cat::<32, 32, 64>(tally.lost, tally.refused);
        self.transmitter.counters.next = cat::<64, 128, 192>(third, cat::<64, 64, 128>(second, first));
    }
}
