//! What a register write changes: the write half of the register map, as one function.
use super::registers::Moderation;
use crate::bundles::Settings;
use stevedore_abi::register::offset;
use stevedore_hdl::prelude::*;

/// The outcome of a write.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Written {
    /// Settings after the write.
    pub settings: Settings,
    /// Moderation after the write.
    pub moderation: Moderation,
    /// The input doorbell was rung.
    pub input_doorbell: bool,
    /// The output doorbell was rung.
    pub output_doorbell: bool,
    /// Interrupt causes to clear.
    pub cause_clear: Bits<3>,
    /// There is a register at this address.
    pub known: bool,
}

/// `size` held within what the table walkers can count.
#[kernel_fn]
fn table_size(value: Bits<32>) -> Bits<5> {
    let small = value < 4;
    let large = value > 15;
    let size = resize::<5, 32>(value);
    if small {
        bits::<5>(4)
    } else if large {
        bits::<5>(15)
    } else {
        size
    }
}

/// The low half of a 64-bit setting replaced.
#[kernel_fn]
fn low_half(old: Bits<64>, value: Bits<32>) -> Bits<64> {
    cat::<32, 32, 64>(old.get_bits::<32>(32), value)
}

/// The low half of the address of a table, which begins at a multiple of 64.
#[kernel_fn]
fn table_half(old: Bits<64>, value: Bits<32>) -> Bits<64> {
    low_half(old, value & !bits::<32>(63))
}

/// The high half of a 64-bit setting replaced.
#[kernel_fn]
fn high_half(old: Bits<64>, value: Bits<32>) -> Bits<64> {
    cat::<32, 32, 64>(value, old.get_bits::<32>(0))
}

/// Address `at` written with `value`. Read-only registers keep their value. Every register looks at the address on its own: in a chain of
/// alternatives the last one would wait for all before it.
#[kernel_fn]
pub fn write_register(settings: Settings, moderation: Moderation, at: Bits<12>, value: Bits<32>) -> Written {
    let mut s = settings;
    let mut tcp = settings.tcp;
    let mut m = moderation;
    let mut w = Written::default();
    if at == offset::CONTROL as u64 {
        s.enable = value.get_bit(0);
    }
    if at == offset::CYCLES_PER_MICROSECOND as u64 {
        s.cycles_per_microsecond = resize::<16, 32>(value);
    }
    if at == offset::MAC_LOW as u64 {
        s.mac = cat::<16, 32, 48>(s.mac.get_bits::<16>(32), value);
    }
    if at == offset::MAC_HIGH as u64 {
        s.mac = cat::<16, 32, 48>(resize::<16, 32>(value), s.mac.get_bits::<32>(0));
    }
    if at == offset::IP_ADDRESS as u64 {
        s.ip_address = value;
    }
    if at == offset::NETMASK as u64 {
        s.netmask = value;
    }
    if at == offset::GATEWAY as u64 {
        s.gateway = value;
    }
    if at == offset::HASH_KEY as u64 {
        s.hash_key = value;
    }
    if at == offset::INPUT_BASE_LOW as u64 {
        s.input_base = table_half(s.input_base, value);
    }
    if at == offset::INPUT_BASE_HIGH as u64 {
        s.input_base = high_half(s.input_base, value);
    }
    if at == offset::INPUT_SIZE as u64 {
        s.input_size = table_size(value);
    }
    if at == offset::INPUT_DOORBELL as u64 {
        w.input_doorbell = true;
    }
    if at == offset::OUTPUT_BASE_LOW as u64 {
        s.output_base = table_half(s.output_base, value);
    }
    if at == offset::OUTPUT_BASE_HIGH as u64 {
        s.output_base = high_half(s.output_base, value);
    }
    if at == offset::OUTPUT_SIZE as u64 {
        s.output_size = table_size(value);
    }
    if at == offset::OUTPUT_DOORBELL as u64 {
        w.output_doorbell = true;
    }
    if at == offset::STATUS_LINE_LOW as u64 {
        s.status_line = low_half(s.status_line, value);
    }
    if at == offset::STATUS_LINE_HIGH as u64 {
        s.status_line = high_half(s.status_line, value);
    }
    if at == offset::INTERRUPT_ENABLE as u64 {
        m.enable = resize::<3, 32>(value);
    }
    if at == offset::INTERRUPT_CAUSE as u64 {
        w.cause_clear = resize::<3, 32>(value);
    }
    if at == offset::INTERRUPT_DELAY as u64 {
        m.delay = value;
    }
    if at == offset::INTERRUPT_COUNT as u64 {
        m.count = resize::<16, 32>(value);
    }
    if at == offset::TCP_INITIAL_RTO as u64 {
        tcp.initial_rto = value;
    }
    if at == offset::TCP_MINIMUM_RTO as u64 {
        tcp.minimum_rto = value;
    }
    if at == offset::TCP_MAXIMUM_RTO as u64 {
        tcp.maximum_rto = value;
    }
    if at == offset::TCP_DELAYED_ACK as u64 {
        tcp.delayed_ack = value;
    }
    if at == offset::TCP_TIME_WAIT as u64 {
        tcp.time_wait = value;
    }
    if at == offset::TCP_RETRY_LIMIT as u64 {
        tcp.retry_limit = resize::<8, 32>(value);
    }
    if at == offset::TCP_MSS as u64 {
        tcp.mss = resize::<16, 32>(value);
    }
    if at == offset::NOTIFY_DELAY as u64 {
        tcp.notify_delay = value;
    }
    if at == offset::NOTIFY_FLAGS as u64 {
        tcp.notify_on_push = value.get_bit(0);
    }
    w.known = at < 0x148 && at.get_bits::<2>(0) == 0;
    s.tcp = tcp;
    Written { settings: s, moderation: m, ..w }
}
