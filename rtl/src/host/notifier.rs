//! Notices into descriptors.
//!
//! # Role
//! Blocks speak of slots; the host wants descriptors. The notifier keeps a copy of the address table so that arrivals
//! and completions carry the peer's endpoint. All notices pass here, in one order: the receive path's and the reaper's
//! come without storage in between.
//!
//! # Ports
//! `s_notice` in, `m_response` out, `address`/`address_valid` the lookup's broadcast.
//!
//! # Handshake
//! One notice at a time: the notifier takes no second one before the descriptor of the first is taken. `s_notice.ready`
//! is a register.
//!
//! # Latency
//! The endpoint is read in the cycle in which the notice is taken; the descriptor is offered in the next cycle.
//!
//! # Invariant
//! An endpoint is read as its notice is taken. The table holds it then: the lookup broadcasts before it emits the event
//! that says of the connection, and gives the slot out again only after the reaper's word about it was taken here,
//! behind everything else about it. How long the descriptor waits for the host makes no difference: what was read is
//! kept.
use crate::bundles::codes::response;
use crate::bundles::codes::{END_OF_STREAM, HANDED_BACK};
use crate::bundles::{Address, DescriptorFields, Notice, Tuple};
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    busy: bool,
    /// The endpoint comes out of the table in this cycle.
    fresh: bool,
    notice: Notice,
}

/// The notifier.
#[derive(LogicBlock, Default)]
pub struct Notifier {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What happened.
    pub s_notice: Sink<Notice>,
    /// What the host reads.
    pub m_response: Source<DescriptorFields>,
    /// Address table write.
    pub address: Signal<In, Address>,
    /// ... is valid.
    pub address_valid: Signal<In, bool>,
    state: Register<State>,
    table: DualPortRam<Tuple>,
    kept: Flop<Tuple>,
}

impl Notifier {
    /// A notifier for `connections` slots.
    pub fn new(connections: usize) -> Self {
        Self { table: DualPortRam::new(connections).no_rw_check(), ..Self::default() }
    }
}

impl Logic for Notifier {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, table, kept);
        let state = self.state.q.val();
        let mut next = state;
        let address = self.address.val();
        self.table.write_enable.next = self.address_valid.val();
        self.table.write_address.next = address.slot;
        self.table.write_data.next = address.tuple;

        self.s_notice.ready.next = !state.busy;
        let arriving = self.s_notice.bits.val();
        next.fresh = !state.busy;
        if !state.busy {
            next.busy = self.s_notice.valid.val();
            next.notice = arriving;
        } else if self.m_response.ready.val() {
            next.busy = false;
        }
        self.table.read_address.next = arriving.slot;
        let tuple = if state.fresh { self.table.read_data.val() } else { self.kept.q.val() };
        self.kept.d.next = tuple;

        let notice = state.notice;
        let endpoint = notice.response == response::ARRIVAL
            || notice.response == response::COMPLETION
            || notice.response == response::LISTEN;
        let looked_up = endpoint && notice.slot != 0;
        let handed_back = mux(notice.handed_back, bits::<16>(HANDED_BACK), bits::<16>(0));
        let end_of_stream = mux(notice.end_of_stream, bits::<16>(END_OF_STREAM), bits::<16>(0));
        self.m_response.valid.next = state.busy;
        self.m_response.bits.next = DescriptorFields {
            base: if looked_up { pack::<64, _>(tuple) } else { notice.address },
            connection: if notice.slot == 0 {
                bits::<64>(0)
            } else {
                resize::<64, 32>(cat::<16, 16, 32>(notice.generation, notice.slot))
            },
            length: notice.length,
            offset: notice.offset,
            cookie: notice.cookie,
            flags: handed_back | end_of_stream,
            status: notice.status,
            kind: notice.response,
            ..DescriptorFields::default()
        };
        self.state.d.next = next;
    }
}
