//! The Linux kernel as the peer, through a TAP device.

use super::Peer;
use anyhow::{Context, Result};
use std::io::ErrorKind;
use tun_rs::{DeviceBuilder, Layer, SyncDevice};

/// Cycles between looks at the device.
const INTERVAL: u64 = 64;

/// A TAP device.
pub struct TapPeer {
    device: SyncDevice,
    buffer: Vec<u8>,
    /// First failure; the device is left alone from then on.
    failure: Option<std::io::Error>,
    /// Frames the kernel did not take.
    pub refused: u64,
}

impl TapPeer {
    /// Creates the device `name`, down, in the namespace of this process. It lasts as long as this value.
    pub fn create(name: &str) -> Result<Self> {
        let device = DeviceBuilder::new()
            .name(name)
            .layer(Layer::L2)
            .build_sync()
            .with_context(|| format!("cannot create the TAP device {name} (root is needed)"))?;
        device.set_nonblocking(true).context("cannot make the TAP device non-blocking")?;
        Ok(TapPeer { device, buffer: vec![0; 2048], failure: None, refused: 0 })
    }

    /// Why the device stopped working, if it did.
    pub fn failure(&self) -> Option<&std::io::Error> {
        self.failure.as_ref()
    }
}

impl Peer for TapPeer {
    fn deliver(&mut self, frame: Vec<u8>) {
        if self.device.send(&frame).is_err() {
            self.refused += 1;
        }
    }

    fn poll(&mut self, now: u64, room: usize, sent: &mut Vec<Vec<u8>>) -> u64 {
        for _ in 0..room {
            if self.failure.is_some() {
                break;
            }
            match self.device.recv(&mut self.buffer) {
                Ok(length) => sent.push(self.buffer[..length].to_vec()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => self.failure = Some(error),
            }
        }
        now + INTERVAL
    }
}
