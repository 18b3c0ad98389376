//! Reads reports that a segment of ours could not be delivered (RFC 792, RFC 1122 3.2.2.1 and 4.2.3.9).
//!
//! # Role
//! Watches the words of a message while `Icmp` adds them up, and keeps the fields of the quoted headers. A report that
//! turns out to be good, about a TCP segment of ours, goes to `connection::Lookup`.
//!
//! # Ports
//! `clock`, `reset`. `settings`: the own address. `word`: the words of a message, in order, from its frame's second
//! word on. `unreachable`: pulse, the message is a report whose checksums are right. `m_error`: the segment the report
//! is about.
//!
//! # Handshake
//! One report at a time: one that begins while another waits on `m_error` is dropped, as any datagram may be.
//!
//! # Latency
//! One cycle behind `unreachable`.
//!
//! # Invariant
//! What is offered was quoted from an IPv4 header without options, of the own address, protocol TCP, first fragment.
//! Whether the sequence number is believable is for the connection to say (RFC 5927 4).
use super::icmp::FrameWord;
use crate::bundles::{IcmpError, Settings, Tuple};
use crate::wire::{ethernet, icmp, ipv4};
use stevedore_hdl::prelude::*;

/// Number of the first word of the quoted header in a frame. The other numbers count from there.
const QUOTED: u64 = (ethernet::LENGTH + ipv4::LENGTH + icmp::LENGTH) / 2;
const FRAGMENT: u64 = QUOTED + 3;
const PROTOCOL: u64 = QUOTED + 4;
const SOURCE: u64 = QUOTED + 6;
const DESTINATION: u64 = QUOTED + 8;
/// The last word of the quoted sequence number.
const END: u64 = QUOTED + 13;
/// In the fragment word: the offset.
const OFFSET: u64 = 0x1fff;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// The fields are those of the message that passes, all from its beginning.
    whole: bool,
    /// A report waits on `m_error`.
    full: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    ours: bool,
    /// Destination address, ports and sequence number, the last word in `[15:0]`.
    fields: Bits<96>,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Unreachable {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The own address.
    pub settings: Signal<In, Settings>,
    /// Words of a message.
    pub word: Signal<In, FrameWord>,
    /// The message is a good report.
    pub unreachable: Signal<In, bool>,
    /// Segments not delivered.
    pub m_error: Source<IcmpError>,
    state: Register<State>,
    work: Flop<Work>,
}

impl Logic for Unreachable {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, work);
        let state = self.state.q.val();
        let mut next = state;
        let work = self.work.q.val();
        let mut next_work = work;
        let word = self.word.val();
        let own = self.settings.val().ip_address;
        let number = word.number;
        let value = word.value;
        if word.valid && !state.full {
            if number == bits::<10>(QUOTED) {
                next.whole = true;
                next_work.ours = value.get_bits::<8>(8) == bits::<8>(ipv4::VERSION_4);
            } else if number == bits::<10>(FRAGMENT) {
                next_work.ours = work.ours && !(value & bits::<16>(OFFSET)).any();
            } else if number == bits::<10>(PROTOCOL) {
                next_work.ours = work.ours && value.get_bits::<8>(0) == bits::<8>(ipv4::PROTOCOL_TCP);
            } else if number == bits::<10>(SOURCE) {
                next_work.ours = work.ours && value == own.get_bits::<16>(16);
            } else if number == bits::<10>(SOURCE + 1) {
                next_work.ours = work.ours && value == own.get_bits::<16>(0);
            } else if number >= bits::<10>(DESTINATION) && number <= bits::<10>(END) {
                next_work.fields = cat::<80, 16, 96>(work.fields.get_bits::<80>(0), value);
            }
        }
        if self.m_error.ready.val() {
            next.full = false;
        }
        if self.unreachable.val() {
            next.whole = false;
            if state.whole && !state.full {
                next.full = work.ours;
            }
        }
        if state.full {
            next.whole = false;
        }
        self.state.d.next = next;
        self.work.d.next = next_work;

        self.m_error.valid.next = state.full;
        self.m_error.bits.next = IcmpError {
            tuple: Tuple {
                remote_address: work.fields.get_bits::<32>(64),
                remote_port: work.fields.get_bits::<16>(32),
                local_port: work.fields.get_bits::<16>(48),
            },
            sequence: work.fields.get_bits::<32>(0),
        };
    }
}
