//! Which buffers an application uses: all alike, or pieces of every length and alignment.

use crate::random::Random;
use stevedore_driver::{Buffer, Device, Error, Transport};

/// A way to use buffers. Depths are pieces per connection that the engine has at once.
#[derive(Clone, Debug)]
pub struct BufferPlan {
    /// Bytes of a send buffer, or most bytes of a piece.
    pub send_bytes: usize,
    /// Send pieces posted at once.
    pub send_depth: usize,
    /// Bytes of a receive buffer, or most bytes of a piece.
    pub receive_bytes: usize,
    /// Receive pieces posted at once.
    pub receive_depth: usize,
    /// Receive buffers a listener has for connections to come; with whole buffers only.
    pub listener_depth: usize,
    /// Random lengths and alignments, and up to this many pieces in a list; 0 for whole buffers at page boundaries.
    pub scatter: usize,
    /// Seed of those.
    pub seed: u64,
}

impl BufferPlan {
    /// Buffers of `bytes` bytes, `depth` each way.
    pub fn whole(bytes: usize, depth: usize) -> Self {
        BufferPlan {
            send_bytes: bytes,
            send_depth: depth,
            receive_bytes: bytes,
            receive_depth: depth,
            listener_depth: 0,
            scatter: 0,
            seed: 0,
        }
    }

    /// Lists of up to 8 pieces of 1 byte to `bytes` bytes, `depth` pieces each way.
    pub fn scattered(seed: u64, bytes: usize, depth: usize) -> Self {
        BufferPlan { scatter: 8, seed, ..BufferPlan::whole(bytes, depth) }
    }
}

/// The buffers of one application.
pub(super) struct Stock {
    plan: BufferPlan,
    random: Random,
    send: Vec<Buffer>,
    receive: Vec<Buffer>,
    /// Buffers in use anywhere.
    pub lent: usize,
}

impl Stock {
    pub fn new(plan: BufferPlan) -> Self {
        Stock { random: Random::new(plan.seed), plan, send: Vec::new(), receive: Vec::new(), lent: 0 }
    }

    pub fn plan(&self) -> &BufferPlan {
        &self.plan
    }

    /// Buffers for one message of at most `pieces` pieces.
    pub fn take_send<T: Transport>(&mut self, device: &mut Device<T>, pieces: usize) -> Result<Vec<Buffer>, Error> {
        self.take(device, pieces, true)
    }

    /// Buffers to be posted for receiving, at most `pieces`.
    pub fn take_receive<T: Transport>(&mut self, device: &mut Device<T>, pieces: usize) -> Result<Vec<Buffer>, Error> {
        self.take(device, pieces, false)
    }

    /// Takes back what was used for sending.
    pub fn give_send(&mut self, buffers: impl IntoIterator<Item = Buffer>) {
        for buffer in buffers {
            self.lent -= 1;
            if self.plan.scatter == 0 {
                self.send.push(buffer);
            }
        }
    }

    /// Takes back what was used for receiving.
    pub fn give_receive(&mut self, buffers: impl IntoIterator<Item = Buffer>) {
        for buffer in buffers {
            self.lent -= 1;
            if self.plan.scatter == 0 {
                self.receive.push(buffer);
            }
        }
    }

    fn take<T: Transport>(&mut self, device: &mut Device<T>, pieces: usize, send: bool) -> Result<Vec<Buffer>, Error> {
        let bytes = if send { self.plan.send_bytes } else { self.plan.receive_bytes };
        let stock = if send { &mut self.send } else { &mut self.receive };
        let mut buffers = Vec::new();
        if self.plan.scatter == 0 {
            let mut buffer = match stock.pop() {
                Some(buffer) => buffer,
                None => device.allocate(bytes, 4096)?,
            };
            buffer.set_len(buffer.capacity());
            buffers.push(buffer);
        } else {
            for _ in 0..self.random.within(1, self.plan.scatter.min(pieces) as u64) {
                // Every order of magnitude is as likely as any other: single bytes are where gathering goes wrong.
                let limit = 1 << self.random.below(u64::from(bytes.ilog2()) + 1);
                let length = self.random.within(1, (2 * limit - 1).min(bytes as u64)) as usize;
                let shift = self.random.below(128) as usize;
                let mut buffer = device.allocate(shift + length, 64)?;
                buffers.push(if shift == 0 { buffer } else { buffer.split_off(shift) });
            }
        }
        self.lent += buffers.len();
        Ok(buffers)
    }
}
