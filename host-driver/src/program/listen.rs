//! Serves a file.

use super::opened::{device, farewell};
use super::options::{DeviceOptions, NetworkOptions};
use super::pump::pump;
use crate::application::{BufferPlan, HostApplication};
use crate::http::{Server, Site, Source, Upload};
use anyhow::{ensure, Context, Result};
use clap::Args;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

/// Bytes of a buffer, and buffers each way of a connection.
pub const BUFFERS: (usize, usize) = (16_384, 4);

/// How to serve.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    network: NetworkOptions,
    /// The port
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// The file; it is the answer for every path
    #[arg(long)]
    file: PathBuf,
    /// End after so many clients [default: serve until the program is ended]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    clients: Option<u64>,
    /// With --clients: give up when nothing happens for so many seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    timeout: u64,
}

/// One file under every path.
struct OneFile(File);

impl Site for OneFile {
    fn get(&mut self, _path: &str) -> Option<Box<dyn Source>> {
        Some(Box::new(self.0.try_clone().ok()?))
    }

    fn put(&mut self, _path: &str) -> Option<Box<dyn Upload>> {
        None
    }
}

/// Serves.
pub fn run(options: &Options) -> Result<()> {
    let name = options.file.display();
    let file = File::open(&options.file).with_context(|| format!("cannot read {name}"))?;
    let data = file.metadata().with_context(|| format!("cannot read {name}"))?;
    ensure!(data.is_file(), "{name} is no file");
    let mut device = device(&options.device, &options.network.configuration()?)?;
    let (bytes, depth) = BUFFERS;
    let mut host = HostApplication::new(BufferPlan::whole(bytes, depth));
    // A clone shares the place in the file; it is read by position only.
    host.serve(&mut device, options.port, move || Server::new(OneFile(file.try_clone().expect("a file descriptor"))))?;
    let patience = options.clients.map(|_| Duration::from_secs(options.timeout));
    pump(&mut device, &mut host, patience, |host| Ok(host.listening > 0))?;
    let (ip, port, length) = (options.network.ip, options.port, data.len());
    println!("serving {name}, {length} bytes, at http://{ip}:{port}/");
    let mut clients = 0;
    pump(&mut device, &mut host, patience, |host| {
        for finished in host.finished.drain(..) {
            clients += 1;
            match finished.result {
                Ok(()) => println!("client {clients}: {} bytes sent", finished.statistics.sent),
                Err(what) => println!("client {clients}: {} bytes sent, then: {what}", finished.statistics.sent),
            }
        }
        Ok(options.clients.is_some_and(|limit| clients >= limit && host.active() == 0))
    })?;
    farewell(&mut device, &options.network)
}
