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

/// A group of registers at `at`, 0 if the address is of another group. Three groups are read side by side and taken together in the next
/// cycle: one choice among all registers takes too long. Every register looks at the address on its own, at the bits that tell registers apart: whether
/// there is one is [`readable`]'s to say.
#[kernel_fn]
pub fn read_identity(v: View, at: Bits<12>) -> Bits<32> {
    let s = v.settings;
    let c = v.capabilities;
    let mut value = bits::<32>(0);
    let at = at.get_bits::<7>(2);
    if at == (offset::MAGIC as u64 >> 2) {
        value = value | bits::<32>(0x5354_5644);
    }
    if at == (offset::VERSION as u64 >> 2) {
        value = value | bits::<32>(0x0001_0000);
    }
    if at == (offset::CAP_WIDTH as u64 >> 2) {
        value = value | resize::<32, 16>(c.stream_width);
    }
    if at == (offset::CAP_CONNECTIONS as u64 >> 2) {
        value = value | c.connections;
    }
    if at == (offset::CAP_SEND_ENTRIES as u64 >> 2) {
        value = value | c.send_entries;
    }
    if at == (offset::CAP_RECEIVE_ENTRIES as u64 >> 2) {
        value = value | c.receive_entries;
    }
    if at == (offset::CAP_READ_TAGS as u64 >> 2) {
        value = value | resize::<32, 16>(c.read_tags);
    }
    if at == (offset::CONTROL as u64 >> 2) {
        value = value | resize::<32, 1>(from_bool(s.enable));
    }
    if at == (offset::CYCLES_PER_MICROSECOND as u64 >> 2) {
        value = value | resize::<32, 16>(s.cycles_per_microsecond);
    }
    if at == (offset::MAC_LOW as u64 >> 2) {
        value = value | s.mac.get_bits::<32>(0);
    }
    if at == (offset::MAC_HIGH as u64 >> 2) {
        value = value | resize::<32, 16>(s.mac.get_bits::<16>(32));
    }
    if at == (offset::IP_ADDRESS as u64 >> 2) {
        value = value | s.ip_address;
    }
    if at == (offset::NETMASK as u64 >> 2) {
        value = value | s.netmask;
    }
    if at == (offset::GATEWAY as u64 >> 2) {
        value = value | s.gateway;
    }
    if at == (offset::HASH_KEY as u64 >> 2) {
        value = value | s.hash_key;
    }
    value
}

/// As for [`read_identity`].
#[kernel_fn]
pub fn read_rings(v: View, at: Bits<12>) -> Bits<32> {
    let s = v.settings;
    let m = v.moderation;
    let counts = v.counts;
    let mut value = bits::<32>(0);
    let at = at.get_bits::<7>(2);
    if at == (offset::INPUT_BASE_LOW as u64 >> 2) {
        value = value | s.input_base.get_bits::<32>(0);
    }
    if at == (offset::INPUT_BASE_HIGH as u64 >> 2) {
        value = value | s.input_base.get_bits::<32>(32);
    }
    if at == (offset::INPUT_SIZE as u64 >> 2) {
        value = value | resize::<32, 5>(s.input_size);
    }
    if at == (offset::OUTPUT_BASE_LOW as u64 >> 2) {
        value = value | s.output_base.get_bits::<32>(0);
    }
    if at == (offset::OUTPUT_BASE_HIGH as u64 >> 2) {
        value = value | s.output_base.get_bits::<32>(32);
    }
    if at == (offset::OUTPUT_SIZE as u64 >> 2) {
        value = value | resize::<32, 5>(s.output_size);
    }
    if at == (offset::STATUS_LINE_LOW as u64 >> 2) {
        value = value | s.status_line.get_bits::<32>(0);
    }
    if at == (offset::STATUS_LINE_HIGH as u64 >> 2) {
        value = value | s.status_line.get_bits::<32>(32);
    }
    if at == (offset::INTERRUPT_ENABLE as u64 >> 2) {
        value = value | resize::<32, 3>(m.enable);
    }
    if at == (offset::INTERRUPT_CAUSE as u64 >> 2) {
        value = value | resize::<32, 3>(v.cause);
    }
    if at == (offset::INTERRUPT_DELAY as u64 >> 2) {
        value = value | m.delay;
    }
    if at == (offset::INTERRUPT_COUNT as u64 >> 2) {
        value = value | resize::<32, 16>(m.count);
    }
    if at == (offset::INPUT_CONSUMED as u64 >> 2) {
        value = value | resize::<32, 16>(counts.input_consumed);
    }
    if at == (offset::OUTPUT_PRODUCED as u64 >> 2) {
        value = value | resize::<32, 16>(counts.output_produced);
    }
    value
}

/// As for [`read_identity`].
#[kernel_fn]
pub fn read_tcp(v: View, at: Bits<12>) -> Bits<32> {
    let s = v.settings;
    let counts = v.counts;
    let mut value = bits::<32>(0);
    let at = at.get_bits::<7>(2);
    if at == (offset::TCP_INITIAL_RTO as u64 >> 2) {
        value = value | s.tcp.initial_rto;
    }
    if at == (offset::TCP_MINIMUM_RTO as u64 >> 2) {
        value = value | s.tcp.minimum_rto;
    }
    if at == (offset::TCP_MAXIMUM_RTO as u64 >> 2) {
        value = value | s.tcp.maximum_rto;
    }
    if at == (offset::TCP_DELAYED_ACK as u64 >> 2) {
        value = value | s.tcp.delayed_ack;
    }
    if at == (offset::TCP_TIME_WAIT as u64 >> 2) {
        value = value | s.tcp.time_wait;
    }
    if at == (offset::TCP_RETRY_LIMIT as u64 >> 2) {
        value = value | resize::<32, 8>(s.tcp.retry_limit);
    }
    if at == (offset::TCP_MSS as u64 >> 2) {
        value = value | resize::<32, 16>(s.tcp.mss);
    }
    if at == (offset::NOTIFY_DELAY as u64 >> 2) {
        value = value | s.tcp.notify_delay;
    }
    if at == (offset::NOTIFY_FLAGS as u64 >> 2) {
        value = value | resize::<32, 1>(from_bool(s.tcp.notify_on_push));
    }
    if at == (offset::FREE_SLOTS as u64 >> 2) {
        value = value | resize::<32, 16>(counts.free_slots);
    }
    if at == (offset::FREE_SEND_ENTRIES as u64 >> 2) {
        value = value | resize::<32, 16>(counts.free_send_entries);
    }
    if at == (offset::FREE_RECEIVE_ENTRIES as u64 >> 2) {
        value = value | resize::<32, 16>(counts.free_receive_entries);
    }
    if at == (offset::FREE_READ_TAGS as u64 >> 2) {
        value = value | resize::<32, 16>(counts.free_read_tags);
    }
    if at >= (FIRST_STATISTIC as u64 >> 2) && at <= (LAST_STATISTIC as u64 >> 2) {
        value = value | v.statistic;
    }
    value
}

/// There is a register at `at`.
#[kernel_fn]
pub fn readable(at: Bits<12>) -> bool {
    at <= (LAST_STATISTIC as u64) && at.get_bits::<2>(0) == 0
}
