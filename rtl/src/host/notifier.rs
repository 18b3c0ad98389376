//! Notices into descriptors.
//!
//! # Role
//! The pipeline, the lookup, the resolver, the dispatcher and the reaper speak of slots; the host wants descriptors. The notifier keeps a
//! copy of the address table so that arrivals and completions carry the peer's endpoint.
//!
//! # Ports
//! `s_notice` in, `m_response` out, `address`/`address_valid` the lookup's broadcast.
//!
//! # Handshake and latency
//! One notice at a time: taken in one cycle, its endpoint read, offered as a descriptor in the next until taken.
//!
//! # Invariant
//! The table is written before any notice of that slot can exist (the lookup broadcasts before it emits the event).
use crate::bundles::codes::response;
use crate::bundles::{Address, DescriptorFields, Notice, Tuple};
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    busy: bool,
    notice: Notice,
}

/// The notifier.
#[derive(LogicBlock)]
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
}

impl Notifier {
    /// A notifier for `connections` slots.
    pub fn new(connections: usize) -> Self {
        Notifier {
            clock: Signal::default(),
            reset: Signal::default(),
            s_notice: Sink::default(),
            m_response: Source::default(),
            address: Signal::default(),
            address_valid: Signal::default(),
            state: Register::default(),
            table: DualPortRam::new(connections).no_rw_check(),
        }
    }
}

impl Logic for Notifier {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, table);
        let state = self.state.q.val();
        let mut next = state;
        let address = self.address.val();
        self.table.write_enable.next = self.address_valid.val();
        self.table.write_address.next = address.slot;
        self.table.write_data.next = address.tuple;

        self.s_notice.ready.next = !state.busy;
        let arriving = self.s_notice.bits.val();
        if !state.busy {
            next.busy = self.s_notice.valid.val();
            next.notice = arriving;
        } else if self.m_response.ready.val() {
            next.busy = false;
        }
        self.table.read_address.next = if state.busy { state.notice.slot } else { arriving.slot };

        let notice = state.notice;
        let endpoint = notice.response == response::ARRIVAL
            || notice.response == response::COMPLETION
            || notice.response == response::LISTEN;
        // The type of a request that could not be understood travels in the notice's length.
        let invalid = notice.response == response::INVALID;
        let looked_up = endpoint && notice.slot != 0;
        self.m_response.valid.next = state.busy;
        self.m_response.bits.next = DescriptorFields {
            base: if looked_up { pack::<64, _>(self.table.read_data.val()) } else { notice.address },
            connection: if notice.slot == 0 {
                bits::<64>(0)
            } else {
                resize::<64, 32>(cat::<16, 16, 32>(notice.generation, notice.slot))
            },
            length: if invalid { bits::<32>(0) } else { notice.length },
            offset: if invalid { notice.length } else { bits::<32>(0) },
            cookie: notice.cookie,
            status: notice.status,
            kind: notice.response,
            ..DescriptorFields::default()
        };
        self.state.d.next = next;
    }
}
