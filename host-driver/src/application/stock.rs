//! Which buffers an application uses: all alike, or cut to pieces as somebody else likes.

use crate::{Buffer, Device, Error, Transport};

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
    /// How buffers are cut to pieces; none for whole ones at page boundaries.
    pub cut: Option<Cut>,
}

/// A piece of a buffer.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Bytes left out before it.
    pub shift: usize,
    /// Its bytes.
    pub length: usize,
}

/// A way to cut buffers.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// What `pieces` begins with; it may change it.
    pub state: u64,
    /// The pieces of the next message, of 1 byte to so many bytes each, at most so many.
    pub pieces: fn(state: &mut u64, bytes: usize, most: usize) -> Vec<Piece>,
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
            cut: None,
        }
    }
}

/// The buffers of one application.
pub(super) struct Stock {
    plan: BufferPlan,
    send: Vec<Buffer>,
    receive: Vec<Buffer>,
    /// Buffers in use anywhere.
    pub lent: usize,
}

impl Stock {
    pub fn new(plan: BufferPlan) -> Self {
        Stock { plan, send: Vec::new(), receive: Vec::new(), lent: 0 }
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
            if self.plan.cut.is_none() {
                self.send.push(buffer);
            }
        }
    }

    /// Takes back what was used for receiving.
    pub fn give_receive(&mut self, buffers: impl IntoIterator<Item = Buffer>) {
        for buffer in buffers {
            self.lent -= 1;
            if self.plan.cut.is_none() {
                self.receive.push(buffer);
            }
        }
    }

    fn take<T: Transport>(&mut self, device: &mut Device<T>, pieces: usize, send: bool) -> Result<Vec<Buffer>, Error> {
        let bytes = if send { self.plan.send_bytes } else { self.plan.receive_bytes };
        let stock = if send { &mut self.send } else { &mut self.receive };
        let buffers = match &mut self.plan.cut {
            None => {
                let mut buffer = match stock.pop() {
                    Some(buffer) => buffer,
                    None => device.allocate(bytes, 4096)?,
                };
                buffer.set_len(buffer.capacity());
                vec![buffer]
            }
            Some(cut) => {
                let pieces = (cut.pieces)(&mut cut.state, bytes, pieces);
                let allocated = pieces.into_iter().map(|Piece { shift, length }| {
                    let mut buffer = device.allocate(shift + length, 64)?;
                    Ok(if shift == 0 { buffer } else { buffer.split_off(shift) })
                });
                allocated.collect::<Result<Vec<_>, Error>>()?
            }
        };
        self.lent += buffers.len();
        Ok(buffers)
    }
}
