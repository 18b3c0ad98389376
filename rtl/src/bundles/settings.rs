//! What the register file tells the blocks, and what they count for it.
use stevedore_hdl::prelude::*;

/// Settings of the host, read without handshake. A block takes a new value whenever it comes; what must not change
/// while the engine runs, the register file holds (`ReadWriteStopped`).
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Settings {
    /// Take descriptors and frames.
    pub enable: bool,
    /// Prescaler of every timer.
    pub cycles_per_microsecond: Bits<16>,
    /// Own MAC, first octet in `[47:40]`.
    pub mac: Bits<48>,
    /// Own IPv4 address.
    pub ip_address: Bits<32>,
    /// Netmask.
    pub netmask: Bits<32>,
    /// Gateway, 0 for none.
    pub gateway: Bits<32>,
    /// Secret of the hash.
    pub hash_key: Bits<32>,
    /// Input table address.
    pub input_base: Bits<64>,
    /// log2 of input entries.
    pub input_size: Bits<5>,
    /// Output table address.
    pub output_base: Bits<64>,
    /// log2 of output entries.
    pub output_size: Bits<5>,
    /// Status line address.
    pub status_line: Bits<64>,
    /// TCP and notification settings.
    pub tcp: TcpSettings,
}

/// Settings the connection pipeline reads; times in microseconds.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct TcpSettings {
    /// RTO before the first sample.
    pub initial_rto: Bits<32>,
    /// Lower bound of the RTO.
    pub minimum_rto: Bits<32>,
    /// Upper bound of the RTO.
    pub maximum_rto: Bits<32>,
    /// Longest delay of an acknowledgement.
    pub delayed_ack: Bits<32>,
    /// Length of TIME-WAIT.
    pub time_wait: Bits<32>,
    /// Retransmissions before giving up.
    pub retry_limit: Bits<8>,
    /// MSS announced and upper bound of the MSS used.
    pub mss: Bits<16>,
    /// Longest time received bytes wait for their response.
    pub notify_delay: Bits<32>,
    /// PSH on less than a whole segment is reported at once.
    pub notify_on_push: bool,
}

/// One-cycle pulses of the connection pipeline, each counted by the register file.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct TcpPulses {
    /// A valid segment was taken.
    pub segment_in: bool,
    /// A segment was granted.
    pub segment_out: bool,
    /// A segment was granted again.
    pub retransmission: bool,
    /// A segment carried payload that could not be placed.
    pub drop_out_of_order: bool,
    /// A fast retransmission began.
    pub fast_retransmit: bool,
    /// A retransmission time-out fired while data or a FIN was in flight.
    pub time_out: bool,
}
