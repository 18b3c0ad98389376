//! The bus as packets: every request, burst and completion pays for its headers, and each direction carries so many
//! bytes a cycle.
//!
//! Engine to host: read requests and written bursts. Host to engine: completions. Without a rate nothing waits, but the
//! bytes are counted all the same.

use super::egress::TICKS;

/// What packets cost. The defaults are PCI Express from Gen3 on, 64-bit addresses, payloads of 256 bytes: framing and
/// sequence 4, header 16 (completion 12), link check 4 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PacketOptions {
    /// Bytes per cycle, each way, headers counted; 0 is no limit.
    pub rate: f64,
    /// Longest payload of a packet; completions are cut at multiples of it.
    pub payload: u64,
    /// Bytes around the payload of a completion.
    pub completion_overhead: u64,
    /// Bytes around the payload of a write.
    pub write_overhead: u64,
    /// Bytes of a read request.
    pub request: u64,
}

impl Default for PacketOptions {
    fn default() -> Self {
        PacketOptions { rate: 0.0, payload: 256, completion_overhead: 20, write_overhead: 24, request: 24 }
    }
}

impl PacketOptions {
    /// PCI Express with `lanes` lanes of `giga` 10^9 transfers a second, seen from a clock of `clock` Hz; 128 of 130
    /// bits are data.
    pub fn pcie(giga: f64, lanes: u32, clock: f64) -> Self {
        let bytes_per_second = giga * 1e9 * f64::from(lanes) * 128.0 / 130.0 / 8.0;
        PacketOptions { rate: bytes_per_second / clock, ..PacketOptions::default() }
    }
}

/// One direction.
#[derive(Clone, Debug)]
pub struct Direction {
    byte_ticks: u64,
    free_at: u64,
    /// Bytes carried, headers counted.
    pub bytes: u64,
}

impl Direction {
    fn new(rate: f64) -> Self {
        let byte_ticks = if rate > 0.0 { (TICKS as f64 / rate).round() as u64 } else { 0 };
        Direction { byte_ticks, free_at: 0, bytes: 0 }
    }

    /// The next packet, or the next beat of one, may begin in cycle `now`.
    #[inline]
    pub fn is_free(&self, now: u64) -> bool {
        self.free_at < (now + 1) * TICKS
    }

    /// Carries `bytes` from cycle `now` on.
    #[inline]
    pub fn carry(&mut self, bytes: u64, now: u64) {
        self.bytes += bytes;
        if self.byte_ticks > 0 {
            self.free_at = self.free_at.max(now * TICKS) + bytes * self.byte_ticks;
        }
    }
}

/// Both directions.
#[derive(Clone, Debug)]
pub struct Packets {
    /// What packets cost.
    pub options: PacketOptions,
    /// Completions.
    pub to_engine: Direction,
    /// Read requests and writes.
    pub to_host: Direction,
}

impl Packets {
    /// A bus that carried nothing yet.
    pub fn new(options: PacketOptions) -> Self {
        let direction = Direction::new(options.rate);
        Packets { options, to_engine: direction.clone(), to_host: direction }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pcie_gen3_x8_carries_fifty_bytes_a_cycle_of_a_ten_gigabit_engine() {
        let options = PacketOptions::pcie(8.0, 8, 156.25e6);
        assert!((options.rate - 50.4123).abs() < 1e-3, "{}", options.rate);
    }

    #[test]
    fn direction_is_busy_as_long_as_its_bytes_take() {
        let mut packets = Packets::new(PacketOptions { rate: 4.0, ..PacketOptions::default() });
        packets.to_host.carry(16, 10);
        let free: Vec<bool> = (10..16).map(|now| packets.to_host.is_free(now)).collect();
        assert_eq!(free, [false, false, false, false, true, true]);
        assert!(packets.to_engine.is_free(10));
        assert_eq!(packets.to_host.bytes, 16);
    }
}
