//! Command dispatch: one descriptor in, one message to the block that serves it out.
//!
//! # Role
//! Between the fetcher and the rest. Checks everything the host wrote (`docs/design.md`, rule 8) and sends it on as an
//! event to the connection pipeline, as an open request to the resolver, or back as a notice of refusal.
//!
//! # Ports
//! - `settings`: the own network, from the register file.
//! - `s_descriptor`: `Fetched`: the descriptors of the fetcher, in order.
//! - `m_event`: `Event`: posts and terminations, for the connection pipeline.
//! - `m_open`: `OpenRequest`: connects and listens, for `network::Network`, where the resolver finds the next hop.
//! - `m_notice`: `Notice`: refusals, for the notifier.
//! - `free_send_entries`, `free_receive_entries`: the numbers of free contexts, from the transmitter and from
//!   placement.
//! - `request`: a descriptor is taken in this cycle; the statistics count these pulses.
//!
//! # Handshake
//! A descriptor is taken when the one before it has gone to its output: `s_descriptor.ready` comes from a register, and
//! so does what the outputs offer.
//!
//! # Latency
//! One cycle; a descriptor every two cycles (at `W` = 64 the fetcher needs four); stalls only while its output is full.
//!
//! # Invariant
//! Exactly one output message per descriptor: the host gets an answer to everything it asks (from here or from whom it
//! was passed to).
use super::fetcher::Fetched;
use crate::bundles::codes::{request, response, status, ABORT_BIT};
use crate::bundles::{DescriptorFields, Event, EventKind, Notice, OpenRequest, Settings, Tuple};
use crate::geometry::Geometry;
use crate::network::{possible_peer, subnet_of, Subnet};
use stevedore_abi::descriptor::MAXIMUM_BUFFER;
use stevedore_hdl::prelude::*;

/// Contexts kept in hand besides those for a whole queue of commands: posts already on their way through the pipeline
/// when the count was read.
const CONTEXT_MARGIN: usize = 16;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Route {
    #[default]
    Refuse,
    Event,
    Open,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Decision {
    route: Route,
    /// With `Open`: a listen. With `Refuse`: what was asked could not be understood.
    special: bool,
    event: EventKind,
    response: Bits<5>,
    status: Bits<8>,
}

/// A descriptor, and where it goes.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Routed {
    decision: Decision,
    fields: DescriptorFields,
}

#[kernel_fn]
fn refuse(response: Bits<5>, status: Bits<8>) -> Decision {
    Decision {
        route: Route::Refuse,
        special: response == response::INVALID,
        event: EventKind::Tick,
        response: response,
        status: status,
    }
}

#[kernel_fn]
fn post(fetched: Fetched, send: bool, known: bool, room: bool) -> Decision {
    let d = fetched.fields;
    let response = if send { bits::<5>(response::BUFFER_AVAILABLE) } else { bits::<5>(response::BUFFER_RECEIVE) };
    let event = if send { EventKind::PostSend } else { EventKind::PostReceive };
    let bad_length = d.length == 0 || d.length > (MAXIMUM_BUFFER as u64);
    let top = d.base.get_bits::<32>(32);
    let wraps = top.all();
    if !known {
        refuse(response, bits::<8>(status::UNKNOWN_CONNECTION))
    } else {
        // What is refused about a connection is said in the connection's order: the pipeline answers.
        let status = if bad_length {
            bits::<8>(status::BAD_LENGTH)
        } else if wraps {
            bits::<8>(status::BAD_ARGUMENT)
        } else if !room {
            bits::<8>(status::NO_ROOM)
        } else {
            bits::<8>(0)
        };
        Decision { route: Route::Event, special: false, event: event, response: response, status: status }
    }
}

/// `lender`: the connection that a connect names may be a listener, or it names none.
#[kernel_fn]
fn open(tuple: Tuple, listen: bool, subnet: Subnet, lender: bool) -> Decision {
    let response = if listen { bits::<5>(response::LISTEN) } else { bits::<5>(response::COMPLETION) };
    let unreachable = !possible_peer(tuple.remote_address, subnet) || tuple.remote_port == 0;
    if tuple.local_port == 0 || (!listen && unreachable) {
        refuse(response, bits::<8>(status::BAD_ARGUMENT))
    } else if !listen && !lender {
        refuse(response, bits::<8>(status::UNKNOWN_CONNECTION))
    } else {
        Decision {
            route: Route::Open,
            special: listen,
            event: EventKind::Tick,
            response: response,
            status: bits::<8>(0),
        }
    }
}

/// The dispatcher.
#[derive(LogicBlock, Default)]
pub struct Dispatcher {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The own network: which addresses may be connected to.
    pub settings: Signal<In, Settings>,
    /// Descriptors, in order.
    pub s_descriptor: Sink<Fetched>,
    /// Posts and terminations.
    pub m_event: Source<Event>,
    /// Connects and listens, the MAC not yet known.
    pub m_open: Source<OpenRequest>,
    /// Refusals.
    pub m_notice: Source<Notice>,
    /// Send contexts free.
    pub free_send_entries: Signal<In, Bits<16>>,
    /// Receive contexts free.
    pub free_receive_entries: Signal<In, Bits<16>>,
    /// A descriptor was taken.
    pub request: Signal<Out, bool>,
    /// The bits no slot has.
    _beyond: usize,
    /// Posts that may be under way: an Append without a context waits, and all commands that could set one free wait
    /// behind it.
    _margin: usize,
    send_room: Register<bool>,
    receive_room: Register<bool>,
    busy: Register<bool>,
    subnet: Flop<Subnet>,
    routed: Flop<Routed>,
}

impl Dispatcher {
    /// A dispatcher for `geometry.connections` slots, a power of two.
    pub fn new(geometry: &Geometry) -> Self {
        assert!(geometry.connections.is_power_of_two());
        Self {
            _beyond: !(geometry.connections - 1) & 0xffff,
            _margin: geometry.queue + CONTEXT_MARGIN,
            ..Self::default()
        }
    }
}

impl Logic for Dispatcher {
    #[kernel]
    fn update(&mut self) {
        setup!(self, send_room, receive_room, busy);
        clocks!(self, subnet, routed);
        self.subnet.d.next = subnet_of(self.settings.val(), self.subnet.q.val());
        self.send_room.d.next = self.free_send_entries.val() > bits::<16>(self._margin as u64);
        self.receive_room.d.next = self.free_receive_entries.val() > bits::<16>(self._margin as u64);
        let fetched = self.s_descriptor.bits.val();
        let d = fetched.fields;
        let slot = d.connection.get_bits::<16>(0);
        let high = d.connection.get_bits::<32>(32);
        let known = high == 0 && slot != 0 && !(slot & bits::<16>(self._beyond as u64)).any();
        let lender = known || !d.connection.any();
        let tuple = unpack::<Tuple, 64>(d.base);
        let kind = d.kind;
        let decision = if fetched.bus_error {
            refuse(bits::<5>(response::INVALID), bits::<8>(status::BUS_ERROR))
        } else if fetched.bad_owner {
            refuse(bits::<5>(response::INVALID), bits::<8>(status::BAD_OWNER))
        } else if kind == request::BUFFER_SEND {
            post(fetched, true, known, self.send_room.q.val())
        } else if kind == request::BUFFER_AVAILABLE {
            post(fetched, false, known, self.receive_room.q.val())
        } else if kind == request::CONNECT {
            open(tuple, false, self.subnet.q.val(), lender)
        } else if kind == request::LISTEN {
            open(tuple, true, self.subnet.q.val(), lender)
        } else if kind == request::TERMINATION && known {
            Decision {
                route: Route::Event,
                special: false,
                event: EventKind::Terminate,
                response: bits::<5>(response::TERMINATION),
                status: bits::<8>(0),
            }
        } else if kind == request::TERMINATION {
            refuse(bits::<5>(response::TERMINATION), bits::<8>(status::UNKNOWN_CONNECTION))
        } else if kind == request::CANCELLATION {
            refuse(bits::<5>(response::CANCELLATION), bits::<8>(status::UNSUPPORTED))
        } else if kind == request::CONNECTION_ATTRIBUTE {
            refuse(bits::<5>(response::CONNECTION_ATTRIBUTE), bits::<8>(status::UNSUPPORTED))
        } else if kind == request::ADAPTER_ATTRIBUTE {
            refuse(bits::<5>(response::ADAPTER_ATTRIBUTE), bits::<8>(status::UNSUPPORTED))
        } else {
            refuse(bits::<5>(response::INVALID), bits::<8>(status::UNKNOWN_TYPE))
        };

        let busy = self.busy.q.val();
        let taken = self.s_descriptor.valid.val() && !busy;
        self.s_descriptor.ready.next = !busy;
        self.request.next = taken;
        self.routed.d.next = if busy { self.routed.q.val() } else { Routed { decision, fields: d } };

        // Pass it on.
        let decision = self.routed.q.val().decision;
        let d = self.routed.q.val().fields;
        let slot = d.connection.get_bits::<16>(0);
        let kind = d.kind;
        let tuple = unpack::<Tuple, 64>(d.base);
        let to_event = decision.route == Route::Event;
        let to_open = decision.route == Route::Open;
        let to_notice = decision.route == Route::Refuse;
        let ready = (to_event && self.m_event.ready.val())
            || (to_open && self.m_open.ready.val())
            || (to_notice && self.m_notice.ready.val());
        self.busy.d.next = if busy { !ready } else { taken };
        self.m_event.valid.next = busy && to_event;
        self.m_open.valid.next = busy && to_open;
        self.m_notice.valid.next = busy && to_notice;
        self.m_event.bits.next = Event {
            kind: decision.event,
            slot: slot,
            generation: d.connection.get_bits::<16>(16),
            address: d.base,
            length: d.length,
            cookie: d.cookie,
            payload_length: resize::<16, 8>(decision.status),
            abort: if decision.event == EventKind::Terminate {
                d.flags.get_bit(ABORT_BIT)
            } else {
                decision.status.any()
            },
            ..Event::default()
        };
        self.m_open.bits.next = OpenRequest {
            listen: decision.special,
            tuple: if decision.special {
                Tuple { remote_address: bits::<32>(0), remote_port: bits::<16>(0), ..tuple }
            } else {
                tuple
            },
            remote_mac: bits::<48>(0),
            cookie: d.cookie,
            lender: d.connection.get_bits::<32>(0),
        };
        // A refused connect or listen has no connection, whatever the descriptor names: for a connect, the lender.
        let nobody = decision.response == response::COMPLETION || decision.response == response::LISTEN;
        self.m_notice.bits.next = Notice {
            response: decision.response,
            status: decision.status,
            slot: if nobody { bits::<16>(0) } else { slot },
            generation: d.connection.get_bits::<16>(16),
            cookie: d.cookie,
            address: d.base,
            length: if decision.special { bits::<32>(0) } else { d.length },
            offset: if decision.special { resize::<32, 5>(kind) } else { bits::<32>(0) },
            ..Notice::default()
        };
    }
}
