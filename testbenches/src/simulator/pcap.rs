//! Frames at the engine's pins, recorded for an independent dissector.

use super::bus_memory::BusMemory;
use anyhow::{Context, Result};
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, Endianness, TsResolution};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;

/// A capture file being written.
pub struct Capture {
    writer: PcapWriter<BufWriter<File>>,
    nanoseconds_per_cycle: f64,
}

impl Capture {
    /// Creates the file.
    pub fn create(path: &Path, nanoseconds_per_cycle: f64) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        let header = PcapHeader {
            ts_resolution: TsResolution::NanoSecond,
            datalink: DataLink::ETHERNET,
            endianness: Endianness::Little,
            ..PcapHeader::default()
        };
        let writer = PcapWriter::with_header(BufWriter::new(file), header).context("cannot write the capture")?;
        Ok(Capture { writer, nanoseconds_per_cycle })
    }

    /// Appends a frame that passed at cycle `now`.
    pub fn record(&mut self, frame: &[u8], now: u64) -> Result<()> {
        let time = Duration::from_nanos((now as f64 * self.nanoseconds_per_cycle) as u64);
        let packet = PcapPacket::new(time, frame.len() as u32, frame);
        self.writer.write_packet(&packet).context("cannot write the capture")?;
        Ok(())
    }
}

/// Appends a frame to a capture that is wanted; one that cannot be written is given up, and the run is told.
pub fn record(capture: &mut Option<Capture>, memory: &mut impl BusMemory, frame: &[u8], now: u64) {
    if let Some(Err(error)) = capture.as_mut().map(|capture| capture.record(frame, now)) {
        *capture = None;
        memory.violate(now, format!("the capture cannot be written: {error:#}"));
    }
}
