//! `cargo xtask demo`: the engine exchanges files with a peer, and proves it.

use anyhow::{ensure, Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::demo::{kernel, serve, smoltcp, Attached, DemoOptions};
use stevedore_testbenches::simulator::{Impairment, SimulatorOptions};
use stevedore_testbenches::{dissector, rtl};
use stevedore_verilated::tools::workspace_root;
use stevedore_verilated::Window;

/// Frames of the peer that may wait for the wire while the link's share it: those wait behind.
const LINK_BACKLOG: usize = 2;

/// Three transfers between an HTTP application on the simulated engine and a peer.
#[derive(Parser)]
#[command(bin_name = "cargo xtask demo", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    demo: DemoArguments,
}

#[derive(Subcommand)]
enum Command {
    /// The kernel's side of the last transfer; the demo starts it itself.
    #[command(hide = true)]
    Serve {
        /// Bytes of the file.
        size: u64,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum PeerKind {
    /// In process, no privileges.
    Smoltcp,
    /// This machine's TCP, over a TAP device in a network namespace of its own; needs root.
    Kernel,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum AttachKind {
    /// The engine's own ports, with a model of a bus behind them.
    Ports,
    /// The engine is a PCIe card: adapter, packets, a root complex.
    Pcie,
    /// The host link: memory and registers in frames of their own on the one wire.
    Link,
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

#[derive(Args)]
struct DemoArguments {
    /// Who is at the other end of the wire.
    #[arg(long, value_enum, default_value = "smoltcp")]
    peer: PeerKind,
    /// The way between driver and engine.
    #[arg(long, value_enum, default_value = "ports")]
    attach: AttachKind,
    /// Frames of the host link lost, percent, each way, besides those lost by `--loss`.
    #[arg(long, default_value_t = 0.0)]
    link_loss: f64,
    /// Writes every signal to this FST file; slow.
    #[arg(long)]
    wave: Option<PathBuf>,
    /// Cycles the FST file shows; some hundred bytes each.
    #[arg(long, value_name = "FROM..TO", default_value_t, requires = "wave")]
    wave_cycles: Window,
    /// Capture file [default: target/demo/PEER.pcap].
    #[arg(long)]
    pcap: Option<PathBuf>,
    /// Frames lost, percent, each way.
    #[arg(long, default_value_t = 0.0)]
    loss: f64,
    /// Frames overtaken, percent, each way.
    #[arg(long, default_value_t = 0.0)]
    reorder: f64,
    /// Frames doubled, percent, each way.
    #[arg(long, default_value_t = 0.0)]
    duplicate: f64,
    /// Bytes of each file.
    #[arg(long, default_value_t = 16 << 20, value_parser = clap::value_parser!(u64).range(1..))]
    size: u64,
    /// The engine's geometry.
    #[arg(long, value_enum, default_value = "default")]
    geometry: GeometryName,
    /// Seed of the mishaps on the wire.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl DemoArguments {
    /// Geometry, and bytes per cycle of its wire: 10 GbE at 156.25 MHz, 100 GbE at 322 MHz.
    fn geometry(&self) -> (Geometry, f64) {
        match self.geometry {
            GeometryName::Small => (Geometry::SMALL, 8.0),
            GeometryName::Default => (Geometry::DEFAULT, 8.0),
            GeometryName::Wide => (Geometry::WIDE, 12.5e9 / 322e6),
        }
    }

    fn run(&self) -> Result<()> {
        let scratch = workspace_root().join("target").join("demo");
        std::fs::create_dir_all(&scratch).with_context(|| format!("cannot create {}", scratch.display()))?;
        let name = match self.peer {
            PeerKind::Smoltcp => "smoltcp",
            PeerKind::Kernel => "kernel",
        };
        let capture = self.pcap.clone().unwrap_or_else(|| scratch.join(format!("{name}.pcap")));
        let (geometry, rate) = self.geometry();
        let chance = |percent: f64, what: &str| -> Result<f64> {
            ensure!((0.0..=50.0).contains(&percent), "--{what}: {percent} % is not between 0 and 50");
            Ok(percent / 100.0)
        };
        let options = DemoOptions {
            size: self.size,
            impairment: Impairment {
                loss: chance(self.loss, "loss")?,
                reorder: chance(self.reorder, "reorder")?,
                duplicate: chance(self.duplicate, "duplicate")?,
                ..Impairment::default()
            },
            link_loss: chance(self.link_loss, "link-loss")?,
            seed: self.seed,
            rate,
            backlog: if self.attach == AttachKind::Link { LINK_BACKLOG } else { SimulatorOptions::default().backlog },
            capture: Some(capture.clone()),
            scratch: scratch.clone(),
        };
        // A file that cannot be written is known of before the model is built.
        for path in self.wave.iter().chain([&capture]) {
            let file = File::options().create(true).append(true).open(path);
            file.with_context(|| format!("cannot write {}: is its folder there?", path.display()))?;
        }
        let begun = Instant::now();
        eprintln!("building the model (kept for the next time)");
        let wave = self.wave.as_deref().map(|path| (path, self.wave_cycles));
        let engine = match self.attach {
            AttachKind::Ports => Attached::Ports(rtl::engine(&geometry, wave)?),
            AttachKind::Pcie => Attached::Ports(rtl::card(&geometry, wave)?),
            AttachKind::Link => Attached::Link(rtl::linked(&geometry, wave)?),
        };
        eprintln!("the model is ready after {:.1} s", begun.elapsed().as_secs_f64());
        let report = match self.peer {
            PeerKind::Smoltcp => smoltcp(engine, &options)?,
            PeerKind::Kernel => {
                let program = std::env::current_exe().context("which program is this?")?;
                let server = [program.display().to_string(), "serve".to_string(), self.size.to_string()];
                kernel(engine, &options, &server)?
            }
        };
        std::fs::write(scratch.join(format!("{name}.txt")), format!("{report}\n"))
            .context("cannot write the report")?;
        let complaints = dissector::complaints(&capture)?;
        ensure!(complaints.is_empty(), "{} frames are bad, the first: {}", complaints.len(), complaints[0]);
        if let Some(path) = &self.wave {
            println!("cycles {} are in {} (--wave-cycles chooses)", self.wave_cycles, path.display());
        }
        println!("no bad frame in {}", capture.strip_prefix(workspace_root()).unwrap_or(&capture).display());
        Ok(())
    }
}

fn main() -> ExitCode {
    sigpipe::reset();
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Serve { size }) => serve(DemoOptions::fetched_of(size)),
        None => cli.demo.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
