//! The register map: 32-bit registers on an AXI4-Lite port, byte offsets. RTL, driver and reference are made from the
//! one table below: decode, reset values, limits, capabilities and counters. A new register is a row here and its use;
//! a new counter is a row here and its pulse.
//!
//! | access | meaning |
//! |---|---|
//! | RO | read only; writes are ignored |
//! | RW | read and write |
//! | RWS | read, and write while the engine is stopped (`STATUS`, idle); other writes are ignored |
//! | WO | write only; reads return 0 |
//! | W1C | reading shows the bits, writing 1 clears them |
//!
//! A write keeps what its register can hold: bits outside `mask` are dropped, a value below `minimum` or above
//! `maximum` becomes that bound.

/// How a register may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read only.
    ReadOnly,
    /// Read and write.
    ReadWrite,
    /// Read, and write while the engine is stopped.
    ReadWriteStopped,
    /// Write only.
    WriteOnly,
    /// Write one to clear.
    WriteOneToClear,
}

impl Access {
    /// The register holds what is written.
    pub const fn is_stored(self) -> bool {
        matches!(self, Access::ReadWrite | Access::ReadWriteStopped)
    }
}

/// What a register can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bits that are kept.
    pub mask: u32,
    /// Smallest value.
    pub minimum: u32,
    /// Largest value; an engine may have a lower one where its memories are smaller.
    pub maximum: u32,
}

impl Limits {
    /// Every value.
    pub const ANY: Limits = Limits { mask: u32::MAX, minimum: 0, maximum: u32::MAX };

    /// Only these bits.
    pub const fn mask(self, mask: u32) -> Limits {
        Limits { mask, ..self }
    }

    /// Only values from `minimum` to `maximum`.
    pub const fn range(self, minimum: u32, maximum: u32) -> Limits {
        Limits { minimum, maximum, ..self }
    }

    /// What is kept of `value`.
    pub const fn hold(self, value: u32) -> u32 {
        if value < self.minimum {
            self.minimum
        } else if value > self.maximum {
            self.maximum
        } else {
            value & self.mask
        }
    }
}

/// One row of the register map.
#[derive(Clone, Copy, Debug)]
pub struct Register {
    /// Name as in the reference and in `offset`.
    pub name: &'static str,
    /// Byte offset.
    pub offset: u32,
    /// How it may be used.
    pub access: Access,
    /// Value after reset (RO registers that show hardware state: 0).
    pub reset: u32,
    /// What it can hold.
    pub limits: Limits,
    /// One sentence, with the unit.
    pub text: &'static str,
}

/// Bits of `CONTROL`.
pub mod control {
    /// Take descriptors and frames.
    pub const ENABLE: u32 = 1 << 0;
    /// Stop, then reset every block.
    pub const RESET: u32 = 1 << 1;
}

/// Bits of `STATUS`.
pub mod status {
    /// The engine is stopped.
    pub const IDLE: u32 = 1 << 0;
}

/// Longest time a setting can hold, microseconds: differences of the engine's 32-bit clock are signed.
pub const LONGEST_TIME: u32 = i32::MAX as u32;

macro_rules! registers {
    ($($name:ident $offset:literal $access:ident $reset:literal $($limit:ident($($value:expr),*))? $text:literal;)*) => {
        /// Byte offsets by name.
        pub mod offset {
            $(#[doc = $text] pub const $name: u32 = $offset;)*
        }
        /// Every register, in order of offset.
        pub const REGISTERS: &[Register] = &[
            $(Register {
                name: stringify!($name),
                offset: $offset,
                access: Access::$access,
                reset: $reset,
                limits: Limits::ANY$(.$limit($($value),*))?,
                text: $text,
            },)*
        ];
    };
}

registers! {
    MAGIC 0x000 ReadOnly 0x5354_5644 "The bytes `STVD`: an engine answers here.";
    VERSION 0x004 ReadOnly 0x0001_0000 "Interface version: major `[31:16]`, minor `[15:0]`.";
    CAP_WIDTH 0x008 ReadOnly 0 "Capability: stream width in bits.";
    CAP_CONNECTIONS 0x00c ReadOnly 0 "Capability: connection slots, listeners included.";
    CAP_SEND_ENTRIES 0x010 ReadOnly 0 "Capability: message contexts of the send pool.";
    CAP_RECEIVE_ENTRIES 0x014 ReadOnly 0 "Capability: message contexts of the receive pool.";
    CAP_READ_TAGS 0x018 ReadOnly 0 "Capability: DMA reads outstanding at once.";
    CAP_FEATURES 0x01c ReadOnly 0 "Capability: feature bits; none defined yet.";
    CONTROL 0x020 ReadWrite 0 mask(0x3) "Bit 0: enable; while 0 the engine takes no descriptor, no input doorbell and no frame, what it has goes on. Bit 1: writing 1 stops the engine at the next bounds of frames and bursts, waits for the reads under way, resets every block, then clears both bits; until then writes are ignored.";
    STATUS 0x024 ReadOnly 1 "Bit 0: idle: the engine is stopped, as after reset; it touches neither memory nor wire until it is enabled.";
    CYCLES_PER_MICROSECOND 0x028 ReadWrite 156 range(1, 0xffff) "Prescaler of every timer: clock cycles per microsecond of engine time.";
    MAC_LOW 0x030 ReadWrite 0 "Own MAC address, octets 3 to 6 (last octet in `[7:0]`).";
    MAC_HIGH 0x034 ReadWrite 0 mask(0xffff) "Own MAC address, octets 1 and 2 in `[15:0]` (first octet in `[15:8]`).";
    IP_ADDRESS 0x038 ReadWrite 0 "Own IPv4 address (10.0.0.1 is 0x0a000001).";
    NETMASK 0x03c ReadWrite 0 "IPv4 netmask.";
    GATEWAY 0x040 ReadWrite 0 "IPv4 address of the gateway; 0 for none.";
    HASH_KEY 0x044 ReadWriteStopped 0x9e37_79b9 "Secret of the connection hash and initial sequence numbers; the driver sets a random one.";
    INPUT_BASE_LOW 0x050 ReadWriteStopped 0 mask(0xffff_ffc0) "Input descriptor table, address `[31:0]`, 64-byte aligned.";
    INPUT_BASE_HIGH 0x054 ReadWriteStopped 0 "Input descriptor table, address `[63:32]`.";
    INPUT_SIZE 0x058 ReadWriteStopped 4 range(4, 15) "Input descriptor table, log2 of its entries.";
    INPUT_DOORBELL 0x05c WriteOnly 0 "Entries ever produced, modulo 2^16: the engine may fetch up to it. One that goes back or beyond the table is ignored and counted.";
    OUTPUT_BASE_LOW 0x060 ReadWriteStopped 0 mask(0xffff_ffc0) "Output descriptor table, address `[31:0]`, 64-byte aligned.";
    OUTPUT_BASE_HIGH 0x064 ReadWriteStopped 0 "Output descriptor table, address `[63:32]`.";
    OUTPUT_SIZE 0x068 ReadWriteStopped 4 range(4, 15) "Output descriptor table, log2 of its entries.";
    OUTPUT_DOORBELL 0x06c WriteOnly 0 "Entries ever consumed by the host, modulo 2^16: those may be overwritten. One that goes back or beyond what was written is ignored and counted.";
    STATUS_LINE_LOW 0x070 ReadWriteStopped 0 mask(0xffff_fff8) "8-byte status line in host memory, address `[31:0]`, 8-byte aligned; its low 16 bits are the input entries ever carried out or queued inside.";
    STATUS_LINE_HIGH 0x074 ReadWriteStopped 0 "Status line, address `[63:32]`.";
    INTERRUPT_ENABLE 0x078 ReadWrite 0 mask(0x7) "Bit 0: response written. Bit 1: output table nearly full. Bit 2: bus error.";
    INTERRUPT_CAUSE 0x07c WriteOneToClear 0 mask(0x7) "The same bits, pending; the interrupt line is high while an enabled bit is set.";
    INTERRUPT_DELAY 0x080 ReadWrite 0 range(0, LONGEST_TIME) "Longest time a response waits for its interrupt, microseconds.";
    INTERRUPT_COUNT 0x084 ReadWrite 1 range(1, 0xffff) "Responses that raise the interrupt at once, before the delay is over.";
    INPUT_CONSUMED 0x088 ReadOnly 0 "Input entries ever carried out or queued inside, modulo 2^16 (the slow path of the status line).";
    OUTPUT_PRODUCED 0x08c ReadOnly 0 "Output entries ever written, modulo 2^16.";
    TCP_INITIAL_RTO 0x090 ReadWrite 1000000 range(1, LONGEST_TIME) "Retransmission time-out before the first RTT sample, microseconds (RFC 6298 2.1).";
    TCP_MINIMUM_RTO 0x094 ReadWrite 200000 range(1, LONGEST_TIME) "Lower bound of the retransmission time-out, microseconds (RFC 6298 2.4).";
    TCP_MAXIMUM_RTO 0x098 ReadWrite 60000000 range(1, LONGEST_TIME) "Upper bound of the retransmission time-out, microseconds (RFC 6298 2.5).";
    TCP_DELAYED_ACK 0x09c ReadWrite 40000 range(0, 499_999) "Longest delay of an acknowledgement, microseconds (RFC 1122 4.2.3.2: below 500,000).";
    TCP_TIME_WAIT 0x0a0 ReadWrite 60000000 range(0, LONGEST_TIME) "Length of TIME-WAIT, microseconds (2 MSL).";
    TCP_RETRY_LIMIT 0x0a4 ReadWrite 8 range(0, 0xff) "Retransmissions of one segment before the connection times out.";
    TCP_MSS 0x0a8 ReadWrite 1460 range(1, 1460) "MSS announced and upper bound of the MSS used, bytes.";
    NOTIFY_DELAY 0x0ac ReadWrite 100 range(0, LONGEST_TIME) "Longest time received bytes wait for their response, microseconds (R6).";
    NOTIFY_FLAGS 0x0b0 ReadWrite 1 mask(0x1) "Bit 0: a segment with PSH and less than a whole segment's payload is reported at once.";
    FREE_SLOTS 0x0c0 ReadOnly 0 "Connection slots free now.";
    FREE_SEND_ENTRIES 0x0c4 ReadOnly 0 "Send contexts free now.";
    FREE_RECEIVE_ENTRIES 0x0c8 ReadOnly 0 "Receive contexts free now.";
    FREE_READ_TAGS 0x0cc ReadOnly 0 "DMA tags free now.";
    STAT_FRAMES_IN 0x100 ReadOnly 0 "Statistics: frames received.";
    STAT_FRAMES_OUT 0x104 ReadOnly 0 "Statistics: frames sent.";
    STAT_SEGMENTS_IN 0x108 ReadOnly 0 "Statistics: valid TCP segments received.";
    STAT_SEGMENTS_OUT 0x10c ReadOnly 0 "Statistics: TCP segments sent.";
    STAT_RETRANSMISSIONS 0x110 ReadOnly 0 "Statistics: segments sent again, and window probes.";
    STAT_DROP_MALFORMED 0x114 ReadOnly 0 "Statistics: frames dropped, header malformed or unsupported.";
    STAT_DROP_CHECKSUM 0x118 ReadOnly 0 "Statistics: frames dropped, IP or TCP checksum wrong.";
    STAT_DROP_FULL 0x11c ReadOnly 0 "Statistics: frames dropped, frame buffer full.";
    STAT_DROP_NO_CONNECTION 0x120 ReadOnly 0 "Statistics: segments without a connection or listener, and SYN segments for which no slot was free.";
    STAT_DROP_OUT_OF_ORDER 0x124 ReadOnly 0 "Statistics: segments dropped, payload out of order or outside the posted room.";
    STAT_BUS_ERRORS 0x128 ReadOnly 0 "Statistics: reads answered with an error.";
    STAT_RESPONSES 0x12c ReadOnly 0 "Statistics: responses that entered the queue of the output table.";
    STAT_REQUESTS 0x130 ReadOnly 0 "Statistics: requests taken.";
    STAT_BAD_REQUESTS 0x134 ReadOnly 0 "Statistics: requests answered with an error.";
    STAT_INTERRUPTS 0x138 ReadOnly 0 "Statistics: interrupts raised.";
    STAT_OUTPUT_STALLS 0x13c ReadOnly 0 "Statistics: cycles the response writer waited for the host.";
    STAT_FAST_RETRANSMITS 0x140 ReadOnly 0 "Statistics: fast retransmissions.";
    STAT_TIME_OUTS 0x144 ReadOnly 0 "Statistics: time-outs of data or of a FIN; those of SYN segments are not among them.";
    STAT_BAD_DOORBELLS 0x148 ReadOnly 0 "Statistics: doorbells ignored because they went back or beyond their table, or, of the input table, came while the engine was not enabled.";
    STAT_STRAY_COMPLETIONS 0x14c ReadOnly 0 "Statistics: beats of read completions that nobody waited for: their tag has no read under way, or that read was answered already.";
}

/// The counters: every register from here on.
pub const FIRST_COUNTER: u32 = offset::STAT_FRAMES_IN;

/// How many counters there are.
pub const COUNTERS: usize = {
    let (mut count, mut row) = (0, 0);
    while row < REGISTERS.len() {
        count += (REGISTERS[row].offset >= FIRST_COUNTER) as usize;
        row += 1;
    }
    count
};
