//! Which card, and who it is on the network.

use crate::{Configuration, TcpTuning};
use anyhow::{ensure, Context, Result};
use clap::Args;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::Ipv4Addr;

/// The card.
#[derive(Args, Clone)]
pub struct DeviceOptions {
    /// The card: `vfio:0000:03:00.0`, a card of this machine by its PCI address, or `vfio-user:PATH`, a simulated card
    /// by its socket
    #[arg(long, value_name = "WAY:NAME")]
    pub device: String,
}

/// The card's place on the network.
#[derive(Args, Clone)]
pub struct NetworkOptions {
    /// The card's IPv4 address
    #[arg(long, default_value = "10.9.0.1")]
    pub ip: Ipv4Addr,
    /// The network's mask
    #[arg(long, default_value = "255.255.255.0")]
    pub netmask: Ipv4Addr,
    /// The router's IPv4 address, if there is one
    #[arg(long)]
    pub gateway: Option<Ipv4Addr>,
    /// The card's MAC address, like 02:53:54:56:44:01 [default: a random one of the local kind]
    #[arg(long)]
    pub mac: Option<String>,
    /// The card is simulated: its clock makes a million cycles per second or less, and its timers are set for that
    #[arg(long)]
    pub simulated: bool,
    /// Tell at the end what the card has counted
    #[arg(long)]
    pub counters: bool,
}

impl NetworkOptions {
    /// What the driver tells the card.
    pub fn configuration(&self) -> Result<Configuration> {
        let mask = self.netmask.to_bits();
        let prefix = mask.leading_ones();
        ensure!(
            mask == u32::MAX.checked_shl(32 - prefix).unwrap_or(0),
            "--netmask {}: its ones must come first, as in 255.255.255.0",
            self.netmask
        );
        let mac = match &self.mac {
            Some(text) => mac(text)?,
            None => random_mac(),
        };
        let configuration = Configuration { gateway: self.gateway, ..Configuration::new(mac, self.ip, prefix as u8) };
        if !self.simulated {
            return Ok(configuration);
        }
        // The peer's clock is real and faster. An acknowledgement must leave before the peer sends again, and a lost
        // segment must not cost minutes.
        let tcp = TcpTuning {
            initial_rto: 200_000,
            minimum_rto: 60_000,
            maximum_rto: 2_000_000,
            delayed_ack: 2_000,
            time_wait: 100_000,
            retry_limit: 12,
            notify_delay: 15_000,
            ..configuration.tcp
        };
        Ok(Configuration { cycles_per_microsecond: Some(1), tcp, ..configuration })
    }
}

fn mac(text: &str) -> Result<[u8; 6]> {
    let octets: Option<Vec<u8>> = text.split([':', '-']).map(|octet| u8::from_str_radix(octet, 16).ok()).collect();
    let octets = octets.and_then(|octets| <[u8; 6]>::try_from(octets).ok());
    let octets = octets.with_context(|| format!("--mac {text}: write it like 02:53:54:56:44:01"))?;
    ensure!(octets[0] & 1 == 0, "--mac {text} is the address of a group: its first octet must be even");
    Ok(octets)
}

/// Not a group's, and given by nobody: bits 0 and 1 of the first octet.
fn random_mac() -> [u8; 6] {
    let [mut first, second, third, fourth, fifth, sixth, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    first = first & !1 | 2;
    [first, second, third, fourth, fifth, sixth]
}
