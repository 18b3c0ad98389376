//! `cargo xtask`: everything a contributor or the automated run does with this workspace, under one command.
//!
//! It depends on none of the workspace's crates, so that it builds in seconds on a machine that has nothing yet. What
//! needs the engine is a binary of another crate, which a subcommand here starts through cargo.

mod lanes;
mod mutate;
mod pace;
mod process;
mod progress;
mod setup;
mod test;
mod wave;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};
use setup::Need;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    about = "Set-up, tests, demo, bench, Verilog and synthesis of this workspace"
)]
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
        /// Only the checks with this in their names; may be given several times
        #[arg(long)]
        only: Vec<String>,
    },
    /// Change the Verilog, one place at a time, and see whether tests notice
    Mutate(mutate::Mutate),
    /// Compare the speed of simulation with that of another commit
    Pace(pace::Pace),
    /// Run tests with waveforms on and list the FST files
    Wave(wave::Wave),
    /// Exchange files between the simulated engine and a peer
    #[command(disable_help_flag = true)]
    Demo(Passed),
    /// Measure the engine against the wire and the bus
    #[command(disable_help_flag = true)]
    Bench(Passed),
    /// Write the engine's Verilog and its port table into a folder
    #[command(disable_help_flag = true)]
    Verilog(Passed),
    /// Write docs/reference.md from the ABI crate
    #[command(disable_help_flag = true)]
    Reference(Passed),
    /// Write the pages of the blocks, check every document, build the book
    #[command(disable_help_flag = true)]
    Docs(Passed),
    /// Verilator -Wall and yosys's structural check of the engine
    #[command(disable_help_flag = true)]
    Lint(Passed),
    /// Synthesize for ECP5 and compare with the kept report, or place and route
    #[command(disable_help_flag = true)]
    Synth(Passed),
    /// Write every board's constraints from its table of pins
    #[command(disable_help_flag = true)]
    Constraints(Passed),
    /// Make a board's bitstream with open tools
    #[command(disable_help_flag = true)]
    Bitstream(Passed),
}

/// Words handed on to the program that does the work, `--help` among them.
#[derive(clap::Args)]
struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

fn main() -> ExitCode {
    sigpipe::reset();
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
        Command::Test { quick, only } => test::all(quick, &only),
        Command::Mutate(mutate) => mutate::run(&mutate),
        Command::Pace(pace) => pace::run(&pace),
        Command::Wave(wave) => wave::run(&wave),
        Command::Demo(passed) => start("demo", &[], &passed.words, Some(Need::Models)),
        Command::Bench(passed) => start("bench", &[], &passed.words, Some(Need::Models)),
        Command::Verilog(passed) => start("elaborate", &["verilog"], &passed.words, None),
        Command::Reference(passed) => start("elaborate", &["reference"], &passed.words, None),
        Command::Docs(passed) => start("book", &[], &passed.words, Some(Need::Everything)),
        Command::Lint(passed) => start("elaborate", &["lint"], &passed.words, Some(Need::Everything)),
        Command::Constraints(passed) => start("board", &["constraints"], &passed.words, None),
        Command::Bitstream(passed) => start("board", &["bitstream"], &passed.words, Some(Need::Everything)),
        Command::Synth(passed) => start("elaborate", &["synth"], &passed.words, Some(Need::Everything)),
    }
}

/// Runs a program of another crate, after set-up if something is missing that it needs.
fn start(program: &str, first: &[&str], words: &[String], need: Option<Need>) -> Result<()> {
    // A program that only tells its options needs no tools.
    let tells_options = words.iter().any(|word| word == "--help" || word == "-h");
    if let (Some(need), false) = (need, tells_options) {
        setup::ensure(need)?;
    }
    let fixed = workspace::program(program);
    let words = fixed.into_iter().chain(first.iter().copied()).chain(words.iter().map(String::as_str));
    let status = workspace::cargo(words).status()?;
    anyhow::ensure!(status.success(), "{program} failed, see above");
    Ok(())
}
