//! `cargo xtask`: everything a contributor or the automated run does with this workspace, under one command.
//!
//! It depends on none of the workspace's crates, so that it builds in seconds on a machine that has nothing yet. What
//! needs the engine is a binary of another crate, which a subcommand here starts through cargo.

mod process;
mod progress;
mod setup;
mod test;
mod wave;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set-up, tests and waveforms of this workspace")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install the tools: Verilator, yosys and nextpnr under .tools, the rest through apt
    Setup,
    /// Check everything the automated run checks
    Test {
        /// Only `cargo test`
        #[arg(long)]
        quick: bool,
    },
    /// Run tests with waveforms on and list the FST files
    Wave(wave::Wave),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Setup => setup::run(),
        Command::Test { quick } => test::run(quick),
        Command::Wave(wave) => wave::run(&wave),
    }
}
