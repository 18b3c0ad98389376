//! The receive side of the MAC: frames become beats at the pace of the wire, which does not wait.

use super::egress::{OVERHEAD, SHORTEST, TICKS};
use super::link::Frame;
use super::ports::{keep_of, word_of, Changed, Inputs, Outputs};

/// The model.
pub struct Ingress {
    bytes: usize,
    byte_ticks: u64,
    /// The frame on the wire, and how much of it was shown.
    frame: Option<Frame>,
    shown: usize,
    /// When the wire is free for the next frame, or for the next beat of this one, ticks.
    free_at: u64,
    /// Wire bytes, all overhead counted.
    pub wire_bytes: u64,
    /// Cycles in which the engine did not take a beat: a real MAC would have lost it.
    pub overruns: u64,
}

impl Ingress {
    /// For an engine with words of `bytes` bytes and a wire of `rate` bytes per cycle.
    pub fn new(bytes: usize, rate: f64) -> Self {
        let byte_ticks = (TICKS as f64 / rate).round() as u64;
        Ingress { bytes, byte_ticks, frame: None, shown: 0, free_at: 0, wire_bytes: 0, overruns: 0 }
    }

    /// The wire can take a frame that is there at cycle `now`.
    #[inline]
    pub fn is_free(&self, now: u64) -> bool {
        self.frame.is_none() && self.free_at < (now + 1) * TICKS
    }

    /// The first cycle at which `is_free` may be true.
    pub fn free_from(&self, now: u64) -> u64 {
        match &self.frame {
            Some(frame) => now + ((frame.bytes.len() - self.shown) / self.bytes) as u64,
            None => self.free_at / TICKS,
        }
    }

    /// Puts a frame on the wire; `is_free` was true. Returns it as it looks to the engine.
    pub fn start(&mut self, mut frame: Frame, now: u64) -> &Frame {
        frame.bytes.resize(frame.bytes.len().max(SHORTEST), 0);
        self.wire_bytes += frame.bytes.len() as u64 + OVERHEAD;
        self.free_at = self.free_at.max(now * TICKS);
        self.shown = 0;
        self.frame.insert(frame)
    }

    /// Sets this cycle's inputs.
    #[inline]
    pub fn drive(&mut self, inputs: &mut Inputs, now: u64) {
        if inputs.rx_valid {
            return;
        }
        let Some(frame) = &self.frame else { return };
        if self.free_at >= (now + 1) * TICKS {
            return;
        }
        let rest = &frame.bytes[self.shown..];
        let count = rest.len().min(self.bytes);
        inputs.rx_data = word_of(&rest[..count]);
        inputs.rx_keep = keep_of(count);
        inputs.rx_last = count == rest.len();
        inputs.rx_error = inputs.rx_last && frame.damaged;
        inputs.rx_valid = true;
        inputs.changed.add(Changed::RX);
        self.shown += count;
        self.free_at += count as u64 * self.byte_ticks;
    }

    /// Takes what happened in this cycle.
    #[inline]
    pub fn commit(&mut self, inputs: &mut Inputs, outputs: &Outputs) {
        if !inputs.rx_valid {
            return;
        }
        if !outputs.rx_ready {
            self.overruns += 1;
            return;
        }
        inputs.rx_valid = false;
        inputs.changed.add(Changed::RX);
        if inputs.rx_last {
            self.frame = None;
            self.free_at += OVERHEAD * self.byte_ticks;
        }
    }
}
