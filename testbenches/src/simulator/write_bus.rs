//! The writing half of the bus: posted bursts, in order.

use super::memory::HostMemory;
use super::packets::Packets;
use super::ports::{bytes_of, Changed, Inputs, Outputs};
use super::read_bus::BusOptions;
use super::watch::Watch;
use crate::random::Random;
use stevedore_driver::Purpose;

/// The model. It gathers the bytes of a burst and hands runs without gaps to the memory.
pub struct WriteBus {
    random: Random,
    bytes: usize,
    stall: f64,
    maximum: u64,
    /// Bytes gathered, and the address of the first.
    run: Vec<u8>,
    run_address: u64,
    /// Inside a burst: its first word and the next one.
    burst: Option<(u64, u64)>,
    /// Bursts taken.
    pub bursts: u64,
}

impl WriteBus {
    /// For an engine with words of `bytes` bytes.
    pub fn new(options: &BusOptions, bytes: usize) -> Self {
        WriteBus {
            random: Random::new(options.seed ^ 0x77),
            bytes,
            stall: options.write_stall,
            maximum: u64::from(options.maximum_write),
            run: Vec::new(),
            run_address: 0,
            burst: None,
            bursts: 0,
        }
    }

    /// Sets this cycle's inputs.
    #[inline]
    pub fn drive(&mut self, inputs: &mut Inputs, packets: &Packets, now: u64) {
        let ready = !self.random.chance(self.stall) && packets.to_host.is_free(now);
        if ready != inputs.write_ready {
            inputs.write_ready = ready;
            inputs.changed.add(Changed::READY);
        }
    }

    /// Takes what happened in this cycle.
    #[inline]
    pub fn commit(
        &mut self,
        inputs: &Inputs,
        outputs: &Outputs,
        memory: &mut HostMemory,
        packets: &mut Packets,
        watch: &mut Watch,
        now: u64,
    ) {
        if !(inputs.write_ready && outputs.write_valid) {
            return;
        }
        let overhead = if self.burst.is_none() { packets.options.write_overhead } else { 0 };
        packets.to_host.carry(u64::from(outputs.write_strobe.count_ones()) + overhead, now);
        if watch.running && memory.purpose_of(outputs.write_address) == Some(Purpose::Receive) {
            Watch::first(&mut watch.payload_written, now);
        }
        let (address, strobe, width) = (outputs.write_address, outputs.write_strobe, self.bytes as u64);
        let first = strobe.trailing_zeros() as usize;
        let run = strobe.checked_shr(first as u32).unwrap_or(0);
        let (start, next) = self.burst.unwrap_or((address, address));
        let legal = address % width == 0 && run != 0 && run & run.wrapping_add(1) == 0 && first < self.bytes;
        if !legal || address != next || address / self.maximum != start / self.maximum {
            memory.violate(now, format!("write beat at {address:#x}, strobe {strobe:#x}, in a burst from {start:#x}"));
        }
        // The host finds out about payload by a response, which must not come first.
        if outputs.write_may_pass && memory.purpose_of(address + first as u64) != Some(Purpose::Receive) {
            memory.violate(now, format!("write beat at {address:#x} may pass others, and is no payload"));
        }
        if legal {
            let count = run.count_ones() as usize;
            let bytes = &bytes_of(&outputs.write_data)[first..first + count];
            let from = address + first as u64;
            if self.run_address + self.run.len() as u64 != from {
                self.flush(memory, now);
            }
            if self.run.is_empty() {
                self.run_address = from;
            }
            self.run.extend_from_slice(bytes);
        }
        self.burst = (!outputs.write_last).then_some((start, address + width));
        if outputs.write_last {
            self.bursts += 1;
            self.flush(memory, now);
        }
    }

    fn flush(&mut self, memory: &mut HostMemory, now: u64) {
        if !self.run.is_empty() {
            memory.write(self.run_address, &self.run, now);
            self.run.clear();
        }
    }
}
