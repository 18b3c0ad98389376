//! Measures what a card costs its host.

use super::fetch::{get, Url};
use super::opened::{device, farewell};
use super::options::{DeviceOptions, NetworkOptions};
use anyhow::Result;
use clap::Args;
use std::time::{Duration, Instant};
use stevedore_abi::register::offset;

/// What to measure.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    network: NetworkOptions,
    /// Reads of a register
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    reads: u32,
    /// Also fetch this, like http://10.9.0.2:8080/path, and throw it away
    #[arg(long)]
    url: Option<String>,
    /// Give up when nothing happens for so many seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    timeout: u64,
}

/// Bytes of the memory that is mapped and unmapped.
const MAPPED: usize = 1 << 20;

/// Measures.
pub fn run(options: &Options) -> Result<()> {
    let url = options.url.as_deref().map(Url::parse).transpose()?;
    let mut device = device(&options.device, &options.network.configuration()?)?;
    let mut times = Vec::new();
    for _ in 0..options.reads {
        let began = Instant::now();
        device.register(offset::STATUS)?;
        times.push(began.elapsed());
    }
    times.sort();
    let at = |percent: usize| micro(times[(times.len() - 1) * percent / 100]);
    println!("register read     median {}, 99 % {}, of {} reads", at(50), at(99), times.len());
    let began = Instant::now();
    let buffer = device.allocate(MAPPED, 4096)?;
    let mapped = began.elapsed();
    let began = Instant::now();
    drop(buffer);
    println!("memory of 1 MiB   mapped in {}, unmapped in {}", micro(mapped), micro(began.elapsed()));
    if let Some(url) = url {
        println!("download          {}", get(&mut device, &url, std::io::sink(), options.timeout)?);
    }
    farewell(&mut device, &options.network)
}

fn micro(time: Duration) -> String {
    format!("{:.1} us", time.as_secs_f64() * 1e6)
}
