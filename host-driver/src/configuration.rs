//! What the driver tells the engine before it starts.

use crate::error::Error;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::Ipv4Addr;
use stevedore_abi::register::{offset, REGISTERS};

/// Everything settable. `Configuration::new` gives the engine's own defaults.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Own MAC address.
    pub mac: [u8; 6],
    /// Own IPv4 address.
    pub ip: Ipv4Addr,
    /// Bits of the network prefix, 0 to 32.
    pub prefix: u8,
    /// Gateway, if there is one.
    pub gateway: Option<Ipv4Addr>,
    /// Secret of the hash; `None` draws a random one.
    pub hash_key: Option<u32>,
    /// log2 of the entries of the input table, 4 to 15.
    pub input_size: u8,
    /// log2 of the entries of the output table, 4 to 15.
    pub output_size: u8,
    /// Prescaler of every timer; `None` keeps what the engine woke up with.
    pub cycles_per_microsecond: Option<u16>,
    /// When the interrupt line rises.
    pub interrupts: Interrupts,
    /// TCP's constants.
    pub tcp: TcpTuning,
}

/// Interrupt moderation.
#[derive(Clone, Copy, Debug)]
pub struct Interrupts {
    /// Interrupt at all; a driver that only polls says no.
    pub enabled: bool,
    /// Longest time a response waits for its interrupt, microseconds.
    pub delay: u32,
    /// Responses that raise it at once.
    pub count: u32,
}

/// TCP and notification settings; times in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct TcpTuning {
    /// Retransmission time-out before the first round-trip sample.
    pub initial_rto: u32,
    /// Lower bound of the retransmission time-out.
    pub minimum_rto: u32,
    /// Upper bound of the retransmission time-out.
    pub maximum_rto: u32,
    /// Longest delay of an acknowledgement.
    pub delayed_ack: u32,
    /// Length of TIME-WAIT.
    pub time_wait: u32,
    /// Retransmissions of one segment before the connection times out.
    pub retry_limit: u8,
    /// MSS announced and upper bound of the MSS used.
    pub mss: u16,
    /// Longest time received bytes wait for their response.
    pub notify_delay: u32,
    /// A segment with PSH that is not a whole one is reported at once.
    pub notify_on_push: bool,
}

impl Default for TcpTuning {
    /// The registers' reset values.
    fn default() -> Self {
        let reset = |offset| REGISTERS.iter().find(|register| register.offset == offset).map_or(0, |row| row.reset);
        TcpTuning {
            initial_rto: reset(offset::TCP_INITIAL_RTO),
            minimum_rto: reset(offset::TCP_MINIMUM_RTO),
            maximum_rto: reset(offset::TCP_MAXIMUM_RTO),
            delayed_ack: reset(offset::TCP_DELAYED_ACK),
            time_wait: reset(offset::TCP_TIME_WAIT),
            retry_limit: reset(offset::TCP_RETRY_LIMIT) as u8,
            mss: reset(offset::TCP_MSS) as u16,
            notify_delay: reset(offset::NOTIFY_DELAY),
            notify_on_push: reset(offset::NOTIFY_FLAGS) & 1 == 1,
        }
    }
}

impl Configuration {
    /// An engine at `mac` and `ip`/`prefix`, tables of 1024 entries, everything else as after reset.
    pub fn new(mac: [u8; 6], ip: Ipv4Addr, prefix: u8) -> Self {
        Configuration {
            mac,
            ip,
            prefix,
            gateway: None,
            hash_key: None,
            input_size: 10,
            output_size: 10,
            cycles_per_microsecond: None,
            interrupts: Interrupts { enabled: true, delay: 0, count: 1 },
            tcp: TcpTuning::default(),
        }
    }

    /// Refuses what no engine could work with. Tables of 2^16 entries are refused too: with 16-bit indices a full one
    /// could not be told from an empty one.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let checks = [
            ("network prefix", self.prefix <= 32, u64::from(self.prefix)),
            ("multicast MAC address", self.mac[0] & 1 == 0, u64::from(self.mac[0])),
        ];
        if let Some((what, _, value)) = checks.into_iter().find(|(_, allowed, _)| !allowed) {
            return Err(Error::BadArgument { what, value });
        }
        // What a register would hold otherwise than it was meant.
        let sizes = [(offset::INPUT_SIZE, self.input_size), (offset::OUTPUT_SIZE, self.output_size)];
        let sizes = sizes.map(|(register, size)| (register, u32::from(size)));
        for (register, value) in self.registers().into_iter().chain(sizes) {
            match REGISTERS.iter().find(|row| row.offset == register) {
                Some(row) if row.limits.hold(value) != value => {
                    return Err(Error::BadArgument { what: row.name, value: value.into() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The register writes that make it so.
    pub(crate) fn registers(&self) -> Vec<(u32, u32)> {
        let mac = self.mac.map(u32::from);
        let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
        let tcp = &self.tcp;
        let mut writes = vec![
            (offset::MAC_LOW, mac[2] << 24 | mac[3] << 16 | mac[4] << 8 | mac[5]),
            (offset::MAC_HIGH, mac[0] << 8 | mac[1]),
            (offset::IP_ADDRESS, self.ip.to_bits()),
            (offset::NETMASK, mask),
            (offset::GATEWAY, self.gateway.map_or(0, Ipv4Addr::to_bits)),
            (offset::HASH_KEY, self.hash_key.unwrap_or_else(random_key)),
            (offset::INTERRUPT_DELAY, self.interrupts.delay),
            (offset::INTERRUPT_COUNT, self.interrupts.count),
            (offset::TCP_INITIAL_RTO, tcp.initial_rto),
            (offset::TCP_MINIMUM_RTO, tcp.minimum_rto),
            (offset::TCP_MAXIMUM_RTO, tcp.maximum_rto),
            (offset::TCP_DELAYED_ACK, tcp.delayed_ack),
            (offset::TCP_TIME_WAIT, tcp.time_wait),
            (offset::TCP_RETRY_LIMIT, u32::from(tcp.retry_limit)),
            (offset::TCP_MSS, u32::from(tcp.mss)),
            (offset::NOTIFY_DELAY, tcp.notify_delay),
            (offset::NOTIFY_FLAGS, u32::from(tcp.notify_on_push)),
        ];
        if let Some(cycles) = self.cycles_per_microsecond {
            writes.push((offset::CYCLES_PER_MICROSECOND, u32::from(cycles)));
        }
        writes
    }
}

/// Peers must not be able to guess it; the standard library's hash seeds come from the operating system.
fn random_key() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}
