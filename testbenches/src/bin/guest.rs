//! What `cargo xtask guest` runs when everything is in place.

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use stevedore_testbenches::demo::DemoOptions;
use stevedore_testbenches::guest::{run, serve, GuestOptions};
use stevedore_testbenches::peers::ensure_kernel;
use stevedore_verilated::tools::workspace_root;

/// Boots a Linux guest that drives the simulated card.
#[derive(Parser)]
#[command(bin_name = "cargo xtask guest", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    guest: Arguments,
}

#[derive(Subcommand)]
enum Command {
    /// The kernel's side; the run starts it itself.
    #[command(hide = true)]
    Serve {
        /// Bytes of the file.
        size: u64,
    },
}

#[derive(Args)]
struct Arguments {
    /// Where QEMU, the kernel and busybox were unpacked
    #[arg(long, hide = true)]
    tools: Option<PathBuf>,
    /// The driver program for the guest
    #[arg(long, hide = true)]
    program: Option<PathBuf>,
    /// Bytes of each file
    #[arg(long, default_value_t = 1 << 20, value_parser = clap::value_parser!(u64).range(1..))]
    size: u64,
    /// Capture of the wire
    #[arg(long)]
    pcap: Option<PathBuf>,
}

fn guest(arguments: Arguments) -> Result<()> {
    ensure_kernel("the guest's card on a TAP device", "`cargo xtask card`")?;
    let scratch = workspace_root().join("target").join("guest");
    let program = std::env::current_exe().context("which program is this?")?;
    let Arguments { tools, program: driver, size, pcap } = arguments;
    let (tools, driver) = tools.zip(driver).context("start this by `cargo xtask guest`")?;
    let server = [program.display().to_string(), "serve".to_string(), size.to_string()];
    run(&GuestOptions { tools, program: driver, scratch, size, capture: pcap }, &server)
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Serve { size }) => serve(DemoOptions::fetched_of(size)),
        None => guest(cli.guest),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("guest failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
