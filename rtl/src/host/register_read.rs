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
/// cycle: one choice among all registers takes too long.
#[kernel_fn]
pub fn read_identity(v: View, at: Bits<12>) -> Bits<32> {
    let s = v.settings;
    let c = v.capabilities;
    let mut value = bits::<32>(0);
    if at == offset::MAGIC as u64 {
        value = bits::<32>(0x5354_5644);
    } else if at == offset::VERSION as u64 {
        value = bits::<32>(0x0001_0000);
    } else if at == offset::CAP_WIDTH as u64 {
        value = resize::<32, 16>(c.stream_width);
    } else if at == offset::CAP_CONNECTIONS as u64 {
        value = c.connections;
    } else if at == offset::CAP_SEND_ENTRIES as u64 {
        value = c.send_entries;
    } else if at == offset::CAP_RECEIVE_ENTRIES as u64 {
        value = c.receive_entries;
    } else if at == offset::CAP_READ_TAGS as u64 {
        value = resize::<32, 16>(c.read_tags);
    } else if at == offset::CONTROL as u64 {
        value = resize::<32, 1>(from_bool(s.enable));
    } else if at == offset::CYCLES_PER_MICROSECOND as u64 {
        value = resize::<32, 16>(s.cycles_per_microsecond);
    } else if at == offset::MAC_LOW as u64 {
        value = s.mac.get_bits::<32>(0);
    } else if at == offset::MAC_HIGH as u64 {
        value = resize::<32, 16>(s.mac.get_bits::<16>(32));
    } else if at == offset::IP_ADDRESS as u64 {
        value = s.ip_address;
    } else if at == offset::NETMASK as u64 {
        value = s.netmask;
    } else if at == offset::GATEWAY as u64 {
        value = s.gateway;
    } else if at == offset::HASH_KEY as u64 {
        value = s.hash_key;
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
    if at == offset::INPUT_BASE_LOW as u64 {
        value = s.input_base.get_bits::<32>(0);
    } else if at == offset::INPUT_BASE_HIGH as u64 {
        value = s.input_base.get_bits::<32>(32);
    } else if at == offset::INPUT_SIZE as u64 {
        value = resize::<32, 5>(s.input_size);
    } else if at == offset::OUTPUT_BASE_LOW as u64 {
        value = s.output_base.get_bits::<32>(0);
    } else if at == offset::OUTPUT_BASE_HIGH as u64 {
        value = s.output_base.get_bits::<32>(32);
    } else if at == offset::OUTPUT_SIZE as u64 {
        value = resize::<32, 5>(s.output_size);
    } else if at == offset::STATUS_LINE_LOW as u64 {
        value = s.status_line.get_bits::<32>(0);
    } else if at == offset::STATUS_LINE_HIGH as u64 {
        value = s.status_line.get_bits::<32>(32);
    } else if at == offset::INTERRUPT_ENABLE as u64 {
        value = resize::<32, 3>(m.enable);
    } else if at == offset::INTERRUPT_CAUSE as u64 {
        value = resize::<32, 3>(v.cause);
    } else if at == offset::INTERRUPT_DELAY as u64 {
        value = m.delay;
    } else if at == offset::INTERRUPT_COUNT as u64 {
        value = resize::<32, 16>(m.count);
    } else if at == offset::INPUT_CONSUMED as u64 {
        value = resize::<32, 16>(counts.input_consumed);
    } else if at == offset::OUTPUT_PRODUCED as u64 {
        value = resize::<32, 16>(counts.output_produced);
    }
    value
}

/// As for [`read_identity`].
#[kernel_fn]
pub fn read_tcp(v: View, at: Bits<12>) -> Bits<32> {
    let s = v.settings;
    let counts = v.counts;
    let mut value = bits::<32>(0);
    if at == offset::TCP_INITIAL_RTO as u64 {
        value = s.tcp.initial_rto;
    } else if at == offset::TCP_MINIMUM_RTO as u64 {
        value = s.tcp.minimum_rto;
    } else if at == offset::TCP_MAXIMUM_RTO as u64 {
        value = s.tcp.maximum_rto;
    } else if at == offset::TCP_DELAYED_ACK as u64 {
        value = s.tcp.delayed_ack;
    } else if at == offset::TCP_TIME_WAIT as u64 {
        value = s.tcp.time_wait;
    } else if at == offset::TCP_RETRY_LIMIT as u64 {
        value = resize::<32, 8>(s.tcp.retry_limit);
    } else if at == offset::TCP_MSS as u64 {
        value = resize::<32, 16>(s.tcp.mss);
    } else if at == offset::NOTIFY_DELAY as u64 {
        value = s.tcp.notify_delay;
    } else if at == offset::NOTIFY_FLAGS as u64 {
        value = resize::<32, 1>(from_bool(s.tcp.notify_on_push));
    } else if at == offset::FREE_SLOTS as u64 {
        value = resize::<32, 16>(counts.free_slots);
    } else if at == offset::FREE_SEND_ENTRIES as u64 {
        value = resize::<32, 16>(counts.free_send_entries);
    } else if at == offset::FREE_RECEIVE_ENTRIES as u64 {
        value = resize::<32, 16>(counts.free_receive_entries);
    } else if at == offset::FREE_READ_TAGS as u64 {
        value = resize::<32, 16>(counts.free_read_tags);
    } else if at >= (FIRST_STATISTIC as u64) && at <= (LAST_STATISTIC as u64) && at.get_bits::<2>(0) == 0 {
        value = v.statistic;
    }
    value
}

/// There is a register at `at`.
#[kernel_fn]
pub fn readable(at: Bits<12>) -> bool {
    at <= (LAST_STATISTIC as u64) && at.get_bits::<2>(0) == 0
}
