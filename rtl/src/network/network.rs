//! Everything beside TCP: ARP, the neighbour table, ping, reports of undelivered segments.
//!
//! # Role
//! Watches the wire beside `rx::Receiver`, answers questions about the own address and echo requests, and finds the
//! next hop of each connect request on its way from the dispatcher to `connection::Lookup`. The addresses of the slots
//! pass through on their way from the lookup to the transmitter, and change with the MAC of their next hop.
//!
//! # Ports
//! `clock`, `reset`. `settings`: own addresses and network. `now`: microseconds. `s_frame`: the wire. `m_frame`: ARP
//! and ICMP frames. `s_open`: the host's openings. `m_open`: the same, `remote_mac` found. `m_refused`: openings given
//! up. `m_icmp`: segments reported as undeliverable. `address_in`, `address`: rows of the address table, see `Moves`,
//! and so for `heard` and `matched`.
//!
//! # Handshake
//! `s_frame` is always ready; who is busy loses the frame, and the peer asks again.
//!
//! # Latency
//! See `Arp`, `Icmp`, `Echo`, `Resolver`, `Moves`; frames pass one register on their way out.
//!
//! # Invariant
//! Frames leave whole and at least 60 octets long. No frame from the wire can hold up an opening or another frame, and
//! none that was not asked for changes where a connection sends to.
use super::addresses::{subnet_of, Subnet};
use super::arp::Arp;
use super::echo::Echo;
use super::icmp::Icmp;
use super::inlet::Inlet;
use super::moves::{Heard, Moves};
use super::neighbours::{Moved, Neighbours};
use super::resolver::Resolver;
use super::unreachable::Unreachable;
use crate::bundles::*;
use crate::geometry::Geometry;
use crate::stream::Grants;
use stevedore_hdl::prelude::*;

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Network<const W: usize> {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Own addresses and network.
    pub settings: Signal<In, Settings>,
    /// Microseconds.
    pub now: Signal<In, Bits<32>>,
    /// The wire.
    pub s_frame: Sink<Beat<W>>,
    /// ARP and ICMP frames.
    pub m_frame: Source<Beat<W>>,
    /// The host's openings.
    pub s_open: Sink<OpenRequest>,
    /// The openings whose next hop is known.
    pub m_open: Source<OpenRequest>,
    /// Openings whose next hop does not answer, or for which there is no room to wait.
    pub m_refused: Source<Notice>,
    /// Segments that could not be delivered.
    pub m_icmp: Source<IcmpError>,
    /// A row of the lookup's address table.
    pub address_in: Signal<In, Address>,
    /// `address_in` is to be written now.
    pub address_in_valid: Signal<In, bool>,
    /// A row for the transmitter.
    pub address: Signal<Out, Address>,
    /// `address` is to be written now.
    pub address_valid: Signal<Out, bool>,
    /// Who sent a verified segment.
    pub heard: Signal<In, Heard>,
    /// `heard` is one.
    pub heard_valid: Signal<In, bool>,
    /// The slot found for a segment, 0 for none.
    pub matched: Signal<In, Bits<16>>,
    /// `matched` is one.
    pub matched_valid: Signal<In, bool>,
    inlet: Inlet<W>,
    arp: Arp<W>,
    neighbours: Neighbours,
    resolver: Resolver,
    moves: Moves,
    icmp: Icmp<W>,
    echo: Echo<W>,
    unreachable: Unreachable,
    /// Whose frame leaves: that of `arp` is input 0, that of `echo` input 1.
    grants: Grants<2>,
    subnet: Flop<Subnet>,
    full: Register<bool>,
    out: Flop<Beat<W>>,
}

impl<const W: usize> Network<W> {
    /// With the geometry's `neighbours`, and `queue` requests waiting.
    pub fn new(geometry: &Geometry) -> Self {
        Self {
            neighbours: Neighbours::new(geometry.neighbours),
            resolver: Resolver::new(geometry.queue),
            moves: Moves::new(geometry),
            icmp: Icmp::new(),
            ..Self::default()
        }
    }
}

impl<const W: usize> Logic for Network<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, inlet, arp, neighbours, resolver, moves, icmp, echo, unreachable, grants, full);
        clocks!(self, subnet, out);
        let subnet = self.subnet.q.val();
        self.subnet.d.next = subnet_of(self.settings.val(), subnet);
        forward!(self.s_frame => self.inlet.s_frame);
        self.inlet.enable.next = self.settings.val().enable;

        self.arp.settings.next = self.settings.val();
        self.arp.subnet.next = subnet;
        self.arp.arrived.next = self.inlet.arp.val();
        self.arp.header.next = self.inlet.header.val();
        join!(self.arp.m_lesson => self.neighbours.s_lesson);
        join!(self.neighbours.m_question => self.arp.s_question);
        self.neighbours.now.next = self.now.val();

        self.resolver.settings.next = self.settings.val();
        self.resolver.subnet.next = subnet;
        self.resolver.now.next = self.now.val();
        forward!(self.s_open => self.resolver.s_open);
        forward!(self.resolver.m_open => self.m_open);
        forward!(self.resolver.m_refused => self.m_refused);
        join!(self.resolver.m_query => self.neighbours.s_query);
        join!(self.neighbours.m_answer => self.resolver.s_answer);

        self.moves.settings.next = self.settings.val();
        self.moves.subnet.next = subnet;
        self.moves.address_in.next = self.address_in.val();
        self.moves.address_in_valid.next = self.address_in_valid.val();
        self.address.next = self.moves.address.val();
        self.address_valid.next = self.moves.address_valid.val();
        let lesson = self.arp.m_lesson.bits.val();
        self.moves.claim.next = Moved { address: lesson.address, mac: lesson.mac };
        self.moves.claim_valid.next = self.arp.claimed.val();
        self.moves.heard.next = self.heard.val();
        self.moves.heard_valid.next = self.heard_valid.val();
        self.moves.matched.next = self.matched.val();
        self.moves.matched_valid.next = self.matched_valid.val();
        join!(self.moves.m_suspect => self.neighbours.s_suspect);
        join!(self.neighbours.m_moved => self.moves.s_moved);

        self.icmp.settings.next = self.settings.val();
        self.icmp.subnet.next = subnet;
        self.icmp.beat.next = self.inlet.beat.val();
        self.icmp.beat_valid.next = self.inlet.beat_valid.val();
        self.icmp.beat_first.next = self.inlet.beat_first.val();
        self.icmp.arrived.next = self.inlet.icmp.val();
        self.icmp.header.next = self.inlet.header.val();
        self.icmp.length.next = self.inlet.length.val();
        self.icmp.answering.next = self.echo.answering.val();
        self.icmp.index.next = self.echo.index.val();
        self.echo.settings.next = self.settings.val();
        self.echo.request.next = self.icmp.request.val();
        self.echo.message.next = self.icmp.message.val();
        self.echo.frame.next = self.icmp.frame.val();
        self.unreachable.settings.next = self.settings.val();
        self.unreachable.word.next = self.icmp.word.val();
        self.unreachable.unreachable.next = self.icmp.unreachable.val();
        forward!(self.unreachable.m_error => self.m_icmp);

        // Frames take turns. Who has not got it shows zeros.
        let owner = self.grants.owner.val();
        let full = self.full.q.val();
        let free = !full || self.m_frame.ready.val();
        let (arp, echo) = (self.arp.m_frame.bits.val(), self.echo.m_frame.bits.val());
        let (arp_valid, echo_valid) = (self.arp.m_frame.valid.val(), self.echo.m_frame.valid.val());
        let offers: Bits<2> = cat(from_bool(echo_valid), from_bool(arp_valid));
        let valid = (offers & owner).any();
        let beat = Beat::<W> {
            data: arp.data | echo.data,
            count: arp.count | echo.count,
            last: arp.last || echo.last,
            error: false,
        };
        self.arp.mine.next = owner.get_bit(0);
        self.echo.mine.next = owner.get_bit(1);
        self.arp.m_frame.ready.next = free && owner.get_bit(0);
        self.echo.m_frame.ready.next = free && owner.get_bit(1);
        self.grants.valid.next = offers;
        self.grants.ready.next = free;
        self.grants.last.next = beat.last;
        self.full.d.next = mux(free, valid, full);
        self.out.d.next = mux(free, beat, self.out.q.val());
        self.m_frame.valid.next = full;
        self.m_frame.bits.next = self.out.q.val();
    }
}
