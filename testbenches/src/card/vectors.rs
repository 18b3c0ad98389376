//! Interrupt messages: an eventfd for each vector, and a pending bit for what could not be sent.
//!
//! The table of the vectors, and their masks, are the client's: QEMU keeps both, holds what is masked, and connects a
//! vector when it is unmasked.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use stevedore_abi::pci::VECTORS;
use vfio_bindings::bindings::vfio::{VFIO_IRQ_SET_DATA_EVENTFD, VFIO_IRQ_SET_DATA_NONE};

/// One vector.
#[derive(Default)]
struct Vector {
    event: Option<File>,
    pending: bool,
}

/// All vectors.
#[derive(Default)]
pub struct Vectors {
    vectors: [Vector; VECTORS as usize],
    /// Messages sent.
    pub sent: u64,
}

impl Vectors {
    /// Connects vectors to eventfds, or takes them away, as the client's message says.
    pub fn set(&mut self, flags: u32, start: u32, count: u32, events: Vec<File>) -> io::Result<()> {
        let (start, count) = (start as usize, count as usize);
        if start.checked_add(count).is_none_or(|end| end > self.vectors.len()) {
            return Err(ErrorKind::InvalidInput.into());
        }
        if count == 0 {
            self.disable();
        } else if flags & VFIO_IRQ_SET_DATA_NONE != 0 {
            (start..start + count).for_each(|vector| self.send(vector));
        } else if flags & VFIO_IRQ_SET_DATA_EVENTFD != 0 {
            let mut events = events.into_iter();
            for vector in &mut self.vectors[start..start + count] {
                vector.event = events.next();
            }
            self.retry();
        }
        Ok(())
    }

    /// Forgets every eventfd and everything pending.
    pub fn disable(&mut self) {
        self.vectors = Default::default();
    }

    /// Sends a message, or keeps it for later.
    pub fn raise(&mut self, vector: usize, bus_master: bool) {
        if let Some(raised) = self.vectors.get_mut(vector) {
            raised.pending = true;
        }
        if bus_master {
            self.retry();
        }
    }

    /// Sends what is pending, where that is possible now.
    pub fn retry(&mut self) {
        for vector in 0..self.vectors.len() {
            if self.vectors[vector].pending && self.vectors[vector].event.is_some() {
                self.send(vector);
            }
        }
    }

    /// The pending bits.
    pub fn pending(&self) -> u64 {
        let bits = self.vectors.iter().enumerate().map(|(bit, vector)| u64::from(vector.pending) << bit);
        bits.fold(0, |all, bit| all | bit)
    }

    fn send(&mut self, vector: usize) {
        let vector = &mut self.vectors[vector];
        // A full counter has an interrupt in it already.
        vector.pending = match &vector.event {
            Some(event) => {
                let _ = (&mut &*event).write_all(&1u64.to_ne_bytes());
                self.sent += 1;
                false
            }
            None => true,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// An interrupt is said once, when it can be: to an eventfd, by a card that may write to memory.
    #[test]
    fn what_cannot_be_said_is_pending_and_said_later() {
        let (mut ear, mouth) = std::os::unix::net::UnixStream::pair().expect("a pair of sockets");
        ear.set_nonblocking(true).expect("a socket");
        let mouth = File::from(std::os::fd::OwnedFd::from(mouth));
        let mut heard = || ear.read(&mut [0; 64]).unwrap_or(0) / 8;
        let mut vectors = Vectors::default();
        vectors.raise(0, true);
        vectors.raise(0, true);
        assert_eq!(vectors.pending(), 1, "there is nobody to hear it");
        vectors.set(VFIO_IRQ_SET_DATA_EVENTFD, 0, 1, vec![mouth]).expect("connected");
        assert_eq!((heard(), vectors.pending()), (1, 0));
        vectors.raise(0, false);
        assert_eq!((heard(), vectors.pending()), (0, 1), "the card may not write");
        vectors.retry();
        assert_eq!((heard(), vectors.pending(), vectors.sent), (1, 0, 2));
        assert!(vectors.set(VFIO_IRQ_SET_DATA_EVENTFD, 0, u32::from(VECTORS) + 1, Vec::new()).is_err());
        vectors.set(VFIO_IRQ_SET_DATA_NONE, 0, 0, Vec::new()).expect("disabled");
        vectors.raise(0, true);
        assert_eq!((heard(), vectors.pending()), (0, 1));
    }
}
