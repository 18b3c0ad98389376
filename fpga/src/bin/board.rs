//! What boards need: their constraints, their bitstreams. `cargo xtask constraints | bitstream` call it.

use anyhow::{ensure, Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use stevedore_fpga::ecpix5::{self, pins::ECPIX5};
use stevedore_fpga::{constraints, ecp5};
use stevedore_verilated::tools::workspace_root;
use stevedore_verilated::yosys::{self, Implementation, Stage};

/// Boards.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Name {
    /// LambdaConcept ECPIX-5 with the 85F.
    Ecpix5,
}

#[derive(Subcommand)]
enum Command {
    /// Write the constraints of every board from its table of pins
    Constraints {
        /// Write nothing; fail if a file is not as it would be written.
        #[arg(long)]
        check: bool,
    },
    /// Make a board's bitstream with open tools, with a report of timing and area
    Bitstream {
        /// Which board.
        board: Name,
        /// With an engine behind its host link, in place of the echo.
        #[arg(long)]
        engine: bool,
        /// Only write the top's Verilog, with models of the primitives: what a simulator reads.
        #[arg(long)]
        verilog: bool,
        /// Keep the new figures.
        #[arg(long, conflicts_with = "verilog")]
        bless: bool,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Constraints { check } => {
            write_constraints(check).with_context(|| "run `cargo xtask constraints` and commit what it writes")
        }
        Command::Bitstream { board: Name::Ecpix5, engine, verilog: true, .. } => write_simulation(design(engine)),
        Command::Bitstream { board: Name::Ecpix5, engine, bless, .. } => bitstream(design(engine), bless),
    }
}

/// Every generated file: path from the root, contents.
fn files() -> Vec<(PathBuf, String)> {
    vec![(PathBuf::from("constraints/ecpix5/ecpix5.lpf"), constraints::lpf(&ECPIX5))]
}

fn write_constraints(check: bool) -> Result<()> {
    for (path, text) in files() {
        let file = workspace_root().join(&path);
        if check {
            let kept = std::fs::read_to_string(&file).with_context(|| format!("no {}", path.display()))?;
            ensure!(kept == text, "{} is not what the table of pins says", path.display());
        } else {
            std::fs::create_dir_all(file.parent().context("a folder")?)?;
            std::fs::write(&file, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        println!("{}", path.display());
    }
    constraints::check(&ECPIX5, &ecpix5::verilog(), ecpix5::TOP)
}

/// Where everything goes that is not kept.
fn directory() -> PathBuf {
    workspace_root().join("target/bitstream").join(ECPIX5.name)
}

/// Text and top of the design that is asked for.
fn design(engine: bool) -> (String, &'static str) {
    match engine {
        true => (ecpix5::engine_verilog(), ecpix5::ENGINE_TOP),
        false => (ecpix5::verilog(), ecpix5::TOP),
    }
}

fn write_simulation((text, top): (String, &str)) -> Result<()> {
    let path = directory().join(format!("{top}_simulation.v"));
    std::fs::create_dir_all(directory()).with_context(|| format!("cannot make {}", directory().display()))?;
    std::fs::write(&path, text + ecp5::MODELS).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}

fn bitstream((text, top): (String, &'static str), bless: bool) -> Result<()> {
    write_constraints(true)?;
    let start = Instant::now();
    stevedore_verilated::lint(&format!("{text}{}", ecp5::MODELS), top, &[])?;
    let directory = directory();
    let lpf = constraints::lpf(&ECPIX5);
    let done = yosys::bitstream(&text, top, &ecpix5::DEVICE, &lpf, &directory, |stage| {
        let next = match stage {
            Stage::Synthesize => "synthesizing",
            Stage::Place => "placing and routing",
            Stage::Pack => "packing",
        };
        println!("{:4} s: {next}", start.elapsed().as_secs());
    })?;
    println!("{:4} s: done", start.elapsed().as_secs());
    for (name, clock) in &done.clocks {
        println!("{:8.1} MHz, {:6.1} asked  {name}", clock.achieved, clock.constraint);
    }
    for (kind, (used, available)) in &done.sites {
        println!("{used:8} of {available:6}  {kind}");
    }
    println!("{}", directory.join(format!("{top}.bit")).display());
    compare(&done, top, bless)
}

/// Compares the figures with those kept, or keeps them.
fn compare(done: &Implementation, top: &str, bless: bool) -> Result<()> {
    let path = format!("fpga/reports/{top}.json");
    let report = workspace_root().join(&path);
    if bless {
        std::fs::write(&report, done.to_json()).with_context(|| format!("cannot write {path}"))?;
        println!("kept in {path}");
        return Ok(());
    }
    let advice = || format!("if that is meant, add `--bless` and commit {path}");
    let differences = done.differences(&std::fs::read_to_string(&report).with_context(advice)?)?;
    ensure!(differences.is_empty(), "the area differs by more than 3 %: {}; {}", differences.join("; "), advice());
    println!("area within 3 % of {path}");
    Ok(())
}
