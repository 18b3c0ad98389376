//! What a register read shows: the read half of the register map, as one function.
use super::registers::{Capabilities, Counts, Moderation};
use crate::bundles::Settings;
use stevedore_abi::register::offset;
use stevedore_hdl::prelude::*;

/// First statistics counter.
pub const FIRST_STATISTIC: u32 = offset::STAT_FRAMES_IN;
const LAST_STATISTIC: u32 = offset::STAT_TIME_OUTS;

/// Everything a read can show.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct View {
    /// Settings.
    pub settings: Settings,
    /// Moderation.
    pub moderation: Moderation,
    /// Capabilities.
    pub capabilities: Capabilities,
    /// Counts of the blocks.
    pub counts: Counts,
    /// Pending interrupt causes.
    pub cause: Bits<3>,
    /// The selected statistics counter.
    pub statistic: Bits<32>,
}

/// The register behind the address `at`. Addresses of registers differ in these bits: whether there is one is [`readable`]'s to say.
#[kernel_fn]
fn number(at: Bits<12>) -> Bits<7> {
    at.get_bits::<7>(2)
}

/// `value` if `at` is the address `register`, else 0.
#[kernel_fn]
fn shown(at: Bits<12>, register: Bits<12>, value: Bits<32>) -> Bits<32> {
    mux(number(at) == number(register), value, bits::<32>(0))
}

/// A group of registers at `at`, 0 if the address is of another group. Three groups are read side by side and taken together in the next
/// cycle: one choice among all registers takes too long. Every register looks at the address on its own.
#[kernel_fn]
pub fn read_identity(v: View, at: Bits<12>) -> Bits<32> {
    let s = v.settings;
    let c = v.capabilities;
    shown(at, bits::<12>(offset::MAGIC as u64), bits::<32>(0x5354_5644))
        | shown(at, bits::<12>(offset::VERSION as u64), bits::<32>(0x0001_0000))
        | shown(at, bits::<12>(offset::CAP_WIDTH as u64), resize::<32, 16>(c.stream_width))
        | shown(at, bits::<12>(offset::CAP_CONNECTIONS as u64), c.connections)
        | shown(at, bits::<12>(offset::CAP_SEND_ENTRIES as u64), c.send_entries)
        | shown(at, bits::<12>(offset::CAP_RECEIVE_ENTRIES as u64), c.receive_entries)
        | shown(at, bits::<12>(offset::CAP_READ_TAGS as u64), resize::<32, 16>(c.read_tags))
        | shown(at, bits::<12>(offset::CONTROL as u64), resize::<32, 1>(from_bool(s.enable)))
        | shown(at, bits::<12>(offset::CYCLES_PER_MICROSECOND as u64), resize::<32, 16>(s.cycles_per_microsecond))
        | shown(at, bits::<12>(offset::MAC_LOW as u64), s.mac.get_bits::<32>(0))
        | shown(at, bits::<12>(offset::MAC_HIGH as u64), resize::<32, 16>(s.mac.get_bits::<16>(32)))
        | shown(at, bits::<12>(offset::IP_ADDRESS as u64), s.ip_address)
        | shown(at, bits::<12>(offset::NETMASK as u64), s.netmask)
        | shown(at, bits::<12>(offset::GATEWAY as u64), s.gateway)
        | shown(at, bits::<12>(offset::HASH_KEY as u64), s.hash_key)
}

/// As for [`read_identity`].
#[kernel_fn]
pub fn read_rings(v: View, at: Bits<12>) -> Bits<32> {
    let s = v.settings;
    let m = v.moderation;
    let counts = v.counts;
    shown(at, bits::<12>(offset::INPUT_BASE_LOW as u64), s.input_base.get_bits::<32>(0))
        | shown(at, bits::<12>(offset::INPUT_BASE_HIGH as u64), s.input_base.get_bits::<32>(32))
        | shown(at, bits::<12>(offset::INPUT_SIZE as u64), resize::<32, 5>(s.input_size))
        | shown(at, bits::<12>(offset::OUTPUT_BASE_LOW as u64), s.output_base.get_bits::<32>(0))
        | shown(at, bits::<12>(offset::OUTPUT_BASE_HIGH as u64), s.output_base.get_bits::<32>(32))
        | shown(at, bits::<12>(offset::OUTPUT_SIZE as u64), resize::<32, 5>(s.output_size))
        | shown(at, bits::<12>(offset::STATUS_LINE_LOW as u64), s.status_line.get_bits::<32>(0))
        | shown(at, bits::<12>(offset::STATUS_LINE_HIGH as u64), s.status_line.get_bits::<32>(32))
        | shown(at, bits::<12>(offset::INTERRUPT_ENABLE as u64), resize::<32, 3>(m.enable))
        | shown(at, bits::<12>(offset::INTERRUPT_CAUSE as u64), resize::<32, 3>(v.cause))
        | shown(at, bits::<12>(offset::INTERRUPT_DELAY as u64), m.delay)
        | shown(at, bits::<12>(offset::INTERRUPT_COUNT as u64), resize::<32, 16>(m.count))
        | shown(at, bits::<12>(offset::INPUT_CONSUMED as u64), resize::<32, 16>(counts.input_consumed))
        | shown(at, bits::<12>(offset::OUTPUT_PRODUCED as u64), resize::<32, 16>(counts.output_produced))
}

/// As for [`read_identity`].
#[kernel_fn]
pub fn read_tcp(v: View, at: Bits<12>) -> Bits<32> {
    let s = v.settings;
    let counts = v.counts;
    let value = shown(at, bits::<12>(offset::TCP_INITIAL_RTO as u64), s.tcp.initial_rto)
        | shown(at, bits::<12>(offset::TCP_MINIMUM_RTO as u64), s.tcp.minimum_rto)
        | shown(at, bits::<12>(offset::TCP_MAXIMUM_RTO as u64), s.tcp.maximum_rto)
        | shown(at, bits::<12>(offset::TCP_DELAYED_ACK as u64), s.tcp.delayed_ack)
        | shown(at, bits::<12>(offset::TCP_TIME_WAIT as u64), s.tcp.time_wait)
        | shown(at, bits::<12>(offset::TCP_RETRY_LIMIT as u64), resize::<32, 8>(s.tcp.retry_limit))
        | shown(at, bits::<12>(offset::TCP_MSS as u64), resize::<32, 16>(s.tcp.mss))
        | shown(at, bits::<12>(offset::NOTIFY_DELAY as u64), s.tcp.notify_delay)
        | shown(at, bits::<12>(offset::NOTIFY_FLAGS as u64), resize::<32, 1>(from_bool(s.tcp.notify_on_push)))
        | shown(at, bits::<12>(offset::FREE_SLOTS as u64), resize::<32, 16>(counts.free_slots))
        | shown(at, bits::<12>(offset::FREE_SEND_ENTRIES as u64), resize::<32, 16>(counts.free_send_entries))
        | shown(at, bits::<12>(offset::FREE_RECEIVE_ENTRIES as u64), resize::<32, 16>(counts.free_receive_entries))
        | shown(at, bits::<12>(offset::FREE_READ_TAGS as u64), resize::<32, 16>(counts.free_read_tags));
    if number(at) >= number(bits::<12>(FIRST_STATISTIC as u64))
        && number(at) <= number(bits::<12>(LAST_STATISTIC as u64))
    {
        value | v.statistic
    } else {
        value
    }
}

/// There is a register at `at`.
#[kernel_fn]
pub fn readable(at: Bits<12>) -> bool {
    at <= (LAST_STATISTIC as u64) && at.get_bits::<2>(0) == 0
}
