//! Everything beside TCP: ARP, the neighbour table, ping.
//!
//! **Role.** Watches the wire beside `rx::Receiver`, answers questions about the own address and echo requests, and finds the next hop of
//! each connect request on its way from the dispatcher to `connection::Lookup`.
//!
//! **Ports.** `clock`, `reset`. `settings`: own addresses and network. `now`: microseconds. `s_frame`: the wire. `m_frame`: ARP and ICMP frames. `s_open`:
//! the host's openings. `m_open`: the same, `remote_mac` found. `m_refused`: next hops nobody answers for.
//!
//! **Handshake.** `s_frame` is always ready; who is busy loses the frame, and the peer asks again.
//!
//! **Latency.** See `Arp`, `Echo`, `Resolver`; frames pass one register on their way out.
//!
//! **Invariant.** Frames leave whole and at least 60 octets long. No frame from the wire can hold up an opening or another frame.
use super::addresses::{subnet_of, Subnet};
use super::arp::Arp;
use super::echo::Echo;
use super::inlet::Inlet;
use super::neighbours::Neighbours;
use super::resolver::Resolver;
use crate::bundles::*;
use crate::geometry::Geometry;
use crate::stream::turn::{following, Offer, Turn};
use stevedore_hdl::prelude::*;

/// See the module's text.
#[derive(LogicBlock)]
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
    /// The same, resolved.
    pub m_open: Source<OpenRequest>,
    /// Openings whose next hop does not answer.
    pub m_refused: Source<Notice>,
    inlet: Inlet<W>,
    arp: Arp<W>,
    neighbours: Neighbours,
    resolver: Resolver,
    echo: Echo<W>,
    /// Whose frame leaves: that of `echo` if the owner is 1.
    turn: Register<Turn>,
    subnet: Flop<Subnet>,
    full: Register<bool>,
    out: Flop<Beat<W>>,
}

impl<const W: usize> Network<W> {
    /// With the geometry's `neighbours`, and `queue` requests waiting.
    pub fn new(geometry: &Geometry) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            settings: Default::default(),
            now: Default::default(),
            s_frame: Default::default(),
            m_frame: Default::default(),
            s_open: Default::default(),
            m_open: Default::default(),
            m_refused: Default::default(),
            inlet: Default::default(),
            arp: Default::default(),
            neighbours: Neighbours::new(geometry.neighbours),
            resolver: Resolver::new(geometry.queue),
            echo: Default::default(),
            turn: Default::default(),
            subnet: Default::default(),
            full: Default::default(),
            out: Default::default(),
        }
    }
}

impl<const W: usize> Logic for Network<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, inlet, arp, neighbours, resolver, echo, turn, full);
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

        self.echo.settings.next = self.settings.val();
        self.echo.subnet.next = subnet;
        self.echo.beat.next = self.inlet.beat.val();
        self.echo.beat_valid.next = self.inlet.beat_valid.val();
        self.echo.beat_first.next = self.inlet.beat_first.val();
        self.echo.arrived.next = self.inlet.echo.val();
        self.echo.header.next = self.inlet.header.val();
        self.echo.length.next = self.inlet.length.val();

        // Frames take turns. Who has not got it shows zeros.
        let turn = self.turn.q.val();
        let full = self.full.q.val();
        let free = !full || self.m_frame.ready.val();
        let (arp, echo) = (self.arp.m_frame.bits.val(), self.echo.m_frame.bits.val());
        let (arp_valid, echo_valid) = (self.arp.m_frame.valid.val(), self.echo.m_frame.valid.val());
        let valid = mux(turn.owner, echo_valid, arp_valid);
        let other = mux(turn.owner, arp_valid, echo_valid);
        let beat = Beat::<W> {
            data: arp.data | echo.data,
            count: arp.count | echo.count,
            last: arp.last || echo.last,
            error: false,
        };
        self.arp.mine.next = !turn.owner;
        self.echo.mine.next = turn.owner;
        self.arp.m_frame.ready.next = free && !turn.owner;
        self.echo.m_frame.ready.next = free && turn.owner;
        self.turn.d.next = following(turn, Offer { valid, ready: free, last: beat.last, other });
        self.full.d.next = mux(free, valid, full);
        self.out.d.next = mux(free, beat, self.out.q.val());
        self.m_frame.valid.next = full;
        self.m_frame.bits.next = self.out.q.val();
    }
}
