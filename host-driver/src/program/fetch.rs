//! Fetches a file.

use super::listen::BUFFERS;
use super::opened::{device, farewell, Way};
use super::options::{DeviceOptions, NetworkOptions};
use super::progress::Progress;
use super::pump::pump;
use crate::application::{BufferPlan, HostApplication};
use crate::http::{Download, Get};
use crate::Device;
use anyhow::{anyhow, bail, Context, Result};
use clap::Args;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

/// What to fetch.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    network: NetworkOptions,
    /// Where it is: http://10.9.0.2:8080/path, with a number for the host, since there is no name service here
    url: String,
    /// File to be written
    #[arg(short, long)]
    output: PathBuf,
    /// Give up when nothing happens for so many seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    timeout: u64,
}

/// Where a file is.
pub struct Url {
    host: Ipv4Addr,
    port: u16,
    path: String,
}

impl Url {
    /// Takes a URL apart.
    pub fn parse(url: &str) -> Result<Url> {
        let rest = url.strip_prefix("http://").with_context(|| format!("{url}: only http:// URLs can be fetched"))?;
        let (place, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        let (host, port) = place.split_once(':').unwrap_or((place, "80"));
        let host = host.parse().with_context(|| format!("{url}: {host:?} is no IPv4 address"))?;
        let port = port.parse().ok().filter(|port| *port > 0);
        let port = port.with_context(|| format!("{url}: the port is no number from 1 to 65535"))?;
        let good = path.bytes().all(|byte| byte.is_ascii_graphic());
        match good {
            true => Ok(Url { host, port, path: path.to_string() }),
            false => bail!("{url}: write what is no ASCII letter as %XX"),
        }
    }
}

impl Url {
    /// Whom to ask.
    pub fn place(&self) -> (Ipv4Addr, u16) {
        (self.host, self.port)
    }
}

/// Gets a URL, and gives the bytes to `output`; the text tells how fast.
pub fn get(device: &mut Device<Way>, url: &Url, output: impl Write + 'static, timeout: u64) -> Result<String> {
    let (bytes, depth) = BUFFERS;
    let mut host = HostApplication::new(BufferPlan::whole(bytes, depth));
    let place = format!("{}:{}", url.host, url.port);
    let progress = std::rc::Rc::new(std::cell::RefCell::new(Progress::new("fetch")));
    let session = Get::new(&place, &url.path, Written { output, progress: progress.clone() });
    // The ports that are nobody's, from a random one on: the peer may still remember the one of the last run.
    let port = 49_152 + (RandomState::new().hash_one(0) % 16_384) as u16;
    host.open(device, (url.host, url.port), port, session)?;
    pump(device, &mut host, Some(Duration::from_secs(timeout)), |host| Ok(!host.finished.is_empty()))?;
    let finished = host.finished.remove(0);
    finished.result.map_err(|what| anyhow!("http://{place}{}: {what}", url.path))?;
    let text = progress.borrow().finish();
    Ok(text)
}

/// Fetches.
pub fn run(options: &Options) -> Result<()> {
    let url = Url::parse(&options.url)?;
    let name = options.output.display();
    let file = File::create(&options.output).with_context(|| format!("cannot write {name}"))?;
    let mut device = device(&options.device, &options.network.configuration()?)?;
    let text = get(&mut device, &url, file, options.timeout)?;
    println!("{name}: {text}");
    farewell(&mut device, &options.network)
}

/// What arrives is written.
struct Written<W: Write> {
    output: W,
    progress: std::rc::Rc<std::cell::RefCell<Progress>>,
}

impl<W: Write> Download for Written<W> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.progress.borrow_mut().advance(bytes.len() as u64);
        self.output.write_all(bytes).map_err(|error| format!("the file cannot be written: {error}"))
    }

    fn check(&self, _length: u64) -> Result<(), String> {
        Ok(())
    }

    fn announce(&mut self, length: u64) {
        self.progress.borrow_mut().announce(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_and_bad_ones_refused() {
        let url = Url::parse("http://10.9.0.2:8080/a/b").expect("a good one");
        assert_eq!((url.host, url.port, url.path.as_str()), (Ipv4Addr::new(10, 9, 0, 2), 8080, "/a/b"));
        let url = Url::parse("http://10.9.0.2").expect("a good one");
        assert_eq!((url.port, url.path.as_str()), (80, "/"));
        let bad =
            ["https://10.9.0.2/", "http://name/", "http://10.9.0.2:0/", "http://10.9.0.2/a b", "http://10.9.0.2/\r\n"];
        assert!(bad.iter().all(|url| Url::parse(url).is_err()));
    }
}
