//! The program `stevedore`: looks at a card, serves a file through it, fetches one, measures.

mod bench;
mod fetch;
mod listen;
mod opened;
mod options;
mod probe;
mod progress;
mod pump;
mod trespass;

use anyhow::Result;
use clap::{Parser, Subcommand};
use options::DeviceOptions;
use std::ffi::OsString;

/// Drives a Stevedore TCP offload engine: looks at it, serves a file through it, fetches one, measures.
#[derive(Parser)]
#[command(name = "stevedore", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tell what the card is, and what it can do
    ///
    /// Opening a card resets it, and its counters with it; `--counters` of the other commands tells what they counted.
    Probe(DeviceOptions),
    /// Serve a file over HTTP: `curl http://IP:PORT/` gets it
    Listen(listen::Options),
    /// Fetch a file over HTTP
    Fetch(fetch::Options),
    /// Measure registers, memory maps, and a download
    Bench(bench::Options),
    /// Take memory away from a card that is about to read it, and see that it gets none
    #[command(hide = true)]
    Trespass(trespass::Options),
}

/// Runs the program with these words, the program's name first.
pub fn run(words: impl IntoIterator<Item = OsString>) -> Result<()> {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        // Help is an error to clap; it goes to the right stream, and ends the program well.
        Err(error) => error.exit(),
    };
    match cli.command {
        Command::Probe(options) => probe::run(&options),
        Command::Listen(options) => listen::run(&options),
        Command::Fetch(options) => fetch::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Trespass(options) => trespass::run(&options),
    }
}
