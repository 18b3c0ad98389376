//! The transmit side of the MAC: takes beats at the pace of the wire, gives whole frames.

use super::bus_memory::BusMemory;
use super::ports::{bytes_of, keep_of, Changed, Inputs, Outputs};

/// Fractions of a cycle in which wire time is counted.
pub const TICKS: u64 = 1 << 16;
/// Bytes on the wire around a frame: preamble, frame check sequence, gap.
pub const OVERHEAD: u64 = 8 + 4 + 12;
/// Shortest frame without its frame check sequence.
pub const SHORTEST: usize = 60;
/// Longest frame without its frame check sequence.
pub const LONGEST: usize = 1514;

/// The model.
pub struct Egress {
    bytes: usize,
    /// Ticks that a byte takes.
    byte_ticks: u64,
    /// When the wire can take the next beat, ticks.
    free_at: u64,
    frame: Vec<u8>,
    /// Wire bytes, all overhead counted.
    pub wire_bytes: u64,
    /// Frames marked as not to be sent.
    pub discarded: u64,
}

impl Egress {
    /// For an engine with words of `bytes` bytes and a wire of `rate` bytes per cycle.
    pub fn new(bytes: usize, rate: f64) -> Self {
        let byte_ticks = (TICKS as f64 / rate).round() as u64;
        Egress { bytes, byte_ticks, free_at: 0, frame: Vec::new(), wire_bytes: 0, discarded: 0 }
    }

    /// Sets this cycle's inputs.
    #[inline]
    pub fn drive(&mut self, inputs: &mut Inputs, now: u64) {
        let ready = self.free_at < (now + 1) * TICKS;
        if ready != inputs.tx_ready {
            inputs.tx_ready = ready;
            inputs.changed.add(Changed::READY);
        }
    }

    /// When the wire is free again after what was sent so far, cycles.
    pub fn free_at(&self) -> f64 {
        self.free_at as f64 / TICKS as f64
    }

    /// The frame on its way, as far as it is out.
    #[inline]
    pub fn partial(&self) -> &[u8] {
        &self.frame
    }

    /// A frame is on its way.
    #[inline]
    pub fn is_inside(&self) -> bool {
        !self.frame.is_empty()
    }

    /// Takes what happened in this cycle; a frame, if one ended.
    #[inline]
    pub fn commit(
        &mut self,
        inputs: &Inputs,
        outputs: &Outputs,
        memory: &mut impl BusMemory,
        now: u64,
    ) -> Option<Vec<u8>> {
        if !inputs.tx_ready {
            return None;
        }
        if !outputs.tx_valid {
            if self.is_inside() {
                memory.violate(now, "a gap inside a frame: a real MAC would have sent a broken one".to_string());
            }
            return None;
        }
        let count = outputs.tx_keep.trailing_ones() as usize;
        let full = keep_of(self.bytes);
        if outputs.tx_keep != keep_of(count) || count == 0 || (outputs.tx_keep != full && !outputs.tx_last) {
            memory.violate(now, format!("transmit beat with keep {:#x}, last {}", outputs.tx_keep, outputs.tx_last));
        }
        self.frame.extend_from_slice(&bytes_of(&outputs.tx_data)[..count]);
        self.free_at = self.free_at.max(now * TICKS) + count as u64 * self.byte_ticks;
        if !outputs.tx_last {
            return None;
        }
        let mut frame = std::mem::take(&mut self.frame);
        if outputs.tx_error {
            self.discarded += 1;
            return None;
        }
        if frame.len() > LONGEST || frame.len() < 14 {
            memory.violate(now, format!("frame of {} bytes sent", frame.len()));
        }
        let padding = SHORTEST.saturating_sub(frame.len());
        frame.resize(frame.len() + padding, 0);
        self.free_at += (OVERHEAD + padding as u64) * self.byte_ticks;
        self.wire_bytes += frame.len() as u64 + OVERHEAD;
        Some(frame)
    }
}
