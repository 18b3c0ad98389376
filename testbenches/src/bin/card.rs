//! `cargo xtask card`: a simulated card, for a driver or a virtual machine on this machine.

use anyhow::{bail, Result};
use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::bench::{smoltcp_peer, ENGINE, PEER, PREFIX};
use stevedore_testbenches::card::{Card, CardOptions, Pace};
use stevedore_testbenches::demo::{DemoOptions, PEER_PORT};
use stevedore_testbenches::peers::{self, Namespace, TapPeer};
use stevedore_testbenches::rtl;
use stevedore_testbenches::sessions::{http_server, Uploads};
use stevedore_testbenches::simulator::SimulatorOptions;

/// Simulates a card behind a socket until it is ended.
///
/// `stevedore probe --device vfio-user:SOCKET` looks at it; QEMU has it with `-device
/// '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"SOCKET"}}'`.
#[derive(Parser)]
#[command(bin_name = "cargo xtask card")]
struct Cli {
    /// The socket
    #[arg(long, default_value = "/tmp/stevedore.socket")]
    socket: PathBuf,
    /// Who is at the other end of the wire: `smoltcp`, which serves a file at port 8080 of 10.9.0.2, or `tap:NAME`,
    /// this machine's kernel with that address, in a network namespace of that name; needs root
    #[arg(long, default_value = "smoltcp")]
    wire: String,
    /// The engine's geometry
    #[arg(long, value_enum, default_value = "small")]
    geometry: GeometryName,
    /// Cycles per second at most
    #[arg(long, default_value_t = Pace::default().cycles_per_second)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pace: u64,
    /// Bytes of the file that smoltcp serves
    #[arg(long, default_value_t = 1 << 20)]
    size: u64,
    /// Capture file
    #[arg(long)]
    pcap: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum GeometryName {
    /// 64 connections, 64 bits.
    Small,
    /// 1024 connections, 64 bits.
    Default,
    /// 1024 connections, 512 bits.
    Wide,
}

fn run(cli: Cli) -> Result<()> {
    let geometry = match cli.geometry {
        GeometryName::Small => Geometry::SMALL,
        GeometryName::Default => Geometry::DEFAULT,
        GeometryName::Wide => Geometry::WIDE,
    };
    let simulator = SimulatorOptions { capture: cli.pcap, ..SimulatorOptions::default() };
    let pace = Pace { cycles_per_second: cli.pace };
    let options = CardOptions { socket: cli.socket.clone(), simulator, pace, verbose: true };
    eprintln!("building the model (kept for the next time)");
    let socket = cli.socket.display();
    match cli.wire.split_once(':') {
        None if cli.wire == "smoltcp" => {
            let size = cli.size;
            let card = Card::start(options, move || {
                let mut peer = smoltcp_peer();
                let file = DemoOptions::fetched_of(size);
                peer.serve(PEER_PORT, 8, move || http_server(file, Uploads::default()));
                Ok((rtl::card(&geometry, None)? as _, peer))
            })?;
            println!("the card is at {socket}; http://{PEER}:{PEER_PORT}/ serves {size} bytes");
            card.run()
        }
        Some(("tap", name)) => {
            peers::ensure_kernel("a card on a TAP device", "`--wire smoltcp`")?;
            let tap = TapPeer::create(name)?;
            let namespace = Namespace::create(name)?;
            namespace.adopt(name, PEER, PREFIX)?;
            let card = Card::start(options, move || Ok((rtl::card(&geometry, None)? as _, tap)))?;
            println!("the card is at {socket}; `ip netns exec {name} curl http://{ENGINE}/` goes to it");
            card.run()
        }
        _ => bail!("--wire {}: write smoltcp or tap:NAME", cli.wire),
    }
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("card failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
