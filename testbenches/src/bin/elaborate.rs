//! What becomes of the RTL: its Verilog, its lint, its size. `cargo xtask verilog | reference | lint | synth` call it.

use anyhow::{bail, ensure, Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use stevedore_rtl::geometry::Geometry;
use stevedore_testbenches::rtl::{verilog, TOP};
use stevedore_testbenches::{ports, reference};
use stevedore_verilated::lint;
use stevedore_verilated::tools::workspace_root;
use stevedore_verilated::yosys::{self, Stage, Synthesis};

/// The synthesis figures CI compares with.
const REPORT: &str = "fpga/reports/ecp5-64.json";
/// What place and route made of it.
const TIMING_REPORT: &str = "fpga/reports/ecp5-64-timing.json";
/// The clock the board runs the engine at, MHz.
const TARGET_MHZ: u32 = 125;
/// What nextpnr is told to aim at.
const AIM_MHZ: u32 = TARGET_MHZ;
/// The most the engine may take of the device. LUT4 as yosys counts them.
const LIMITS: [(&str, u64); 2] = [("LUT4", 30_000), ("DP16KD", 100)];

/// Elaborates the engine.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum GeometryName {
    /// 64 connections, 64 bits: the ECP5 board.
    Small,
    /// 1024 connections, 64 bits.
    Default,
    /// 1024 connections, 512 bits.
    Wide,
}

impl GeometryName {
    fn geometry(self) -> Geometry {
        match self {
            GeometryName::Small => Geometry::SMALL,
            GeometryName::Default => Geometry::DEFAULT,
            GeometryName::Wide => Geometry::WIDE,
        }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Write stevedore.v and its port table
    Verilog {
        /// Where to; made if missing.
        dir: PathBuf,
        /// Which engine.
        #[arg(long, value_enum, default_value = "default")]
        geometry: GeometryName,
    },
    /// Write the reference of the host interface
    Reference,
    /// Verilator -Wall and yosys's structural check, all geometries
    Lint,
    /// Synthesize the 64-connection geometry for ECP5 and compare with the kept report
    Synth {
        /// Keep the new figures.
        #[arg(long, conflicts_with = "place")]
        bless: bool,
        /// Place and route instead: write the timing report, and fail if the engine is too slow or too large. Takes
        /// many minutes.
        #[arg(long)]
        place: bool,
    },
}

fn main() -> ExitCode {
    sigpipe::reset();
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
        Command::Verilog { dir, geometry } => write_verilog(&dir, &geometry.geometry()),
        Command::Lint => {
            [GeometryName::Small, GeometryName::Default, GeometryName::Wide].into_iter().try_for_each(check)
        }
        Command::Reference => {
            std::fs::write(workspace_root().join(reference::PATH), reference::markdown())?;
            println!("{}", reference::PATH);
            Ok(())
        }
        Command::Synth { place: true, .. } => place(),
        Command::Synth { bless, .. } => synthesize(bless),
    }
}

fn write_verilog(dir: &Path, geometry: &Geometry) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let text = verilog(geometry)?;
    let table = ports::table(&text)?;
    for (name, contents) in [("stevedore.v", &text), ("ports.md", &table)] {
        let path = dir.join(name);
        std::fs::write(&path, contents).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}: {} lines", path.display(), contents.lines().count());
    }
    Ok(())
}

fn check(name: GeometryName) -> Result<()> {
    let text = verilog(&name.geometry())?;
    lint(&text, TOP, &[])?;
    let report = yosys::check(&text, TOP)?;
    if !report.is_clean() {
        bail!("yosys on {:?}:\n{report}", name.geometry());
    }
    println!("{} connections, W = {}: lint and yosys find nothing", name.geometry().connections, name.geometry().width);
    Ok(())
}

fn synthesize(bless: bool) -> Result<()> {
    let synthesis = yosys::synth_ecp5(&verilog(&Geometry::SMALL)?, TOP)?;
    print_table(&synthesis);
    let path = workspace_root().join(REPORT);
    if bless {
        std::fs::create_dir_all(path.parent().context("a folder for the report")?)?;
        std::fs::write(&path, synthesis.to_json())?;
        println!("kept in {REPORT}");
        return Ok(());
    }
    let kept = std::fs::read_to_string(&path)
        .with_context(|| format!("no {REPORT}: run `cargo xtask synth --bless` and commit it"))?;
    let differences = synthesis.differences(&Synthesis::from_json(&kept)?);
    if !differences.is_empty() {
        bail!(
            "synthesis differs from {REPORT}; if that is meant, run `cargo xtask synth --bless` and commit it:\n{}",
            differences.join("\n")
        );
    }
    println!("as in {REPORT}");
    Ok(())
}

fn place() -> Result<()> {
    let start = Instant::now();
    let placement = yosys::place_ecp5(&verilog(&Geometry::SMALL)?, TOP, AIM_MHZ, |stage| {
        let next = match stage {
            Stage::Synthesize => "synthesizing (about 4 minutes)",
            Stage::Place | Stage::Pack => "placing and routing (15 minutes to an hour, on one core)",
        };
        println!("{:3} min: {next}", start.elapsed().as_secs() / 60);
    })?;
    let (logic, routing) = placement.delays();
    println!("{:3} min: done", start.elapsed().as_secs() / 60);
    println!("critical path, {:.2} ns: {logic:.2} in logic, {routing:.2} on wires", logic + routing);
    for hop in &placement.critical {
        println!("{:8.2} {:6.2}  {}", hop.logic, hop.routing, hop.through);
    }
    println!("where paths end that leave less than a tenth of the period: registers, slowest, signal");
    for ends in &placement.tight {
        println!("{:8} {:6.2}  {}", ends.count, ends.slowest, ends.signal);
    }
    let path = workspace_root().join(TIMING_REPORT);
    std::fs::create_dir_all(path.parent().context("a folder for the report")?)?;
    std::fs::write(&path, placement.to_json(TARGET_MHZ))?;
    println!("kept in {TIMING_REPORT}");

    println!("{:.1} MHz, {TARGET_MHZ} needed", placement.achieved);
    let mut enough = placement.achieved >= f64::from(TARGET_MHZ);
    for (kind, limit) in LIMITS {
        let count = placement.synthesized.get(kind).copied().unwrap_or(0);
        println!("{count} {kind}, {limit} allowed");
        enough &= count <= limit;
    }
    ensure!(enough, "the engine is too slow or too large for the board");
    Ok(())
}

fn print_table(synthesis: &Synthesis) {
    const KINDS: [&str; 4] = ["LUT4", "CCU2C", "TRELLIS_FF", "DP16KD"];
    println!("{:24} {:>8} {:>8} {:>10} {:>8}", "block", KINDS[0], KINDS[1], KINDS[2], KINDS[3]);
    let blocks = synthesis.blocks.iter().map(|(name, resources)| (name.as_str(), resources));
    for (name, resources) in blocks.chain([("total, flattened", &synthesis.total)]) {
        let count = |kind: &str| resources.get(kind).copied().unwrap_or(0);
        let label = if name.is_empty() { "wiring" } else { name };
        println!(
            "{label:24} {:>8} {:>8} {:>10} {:>8}",
            count(KINDS[0]),
            count(KINDS[1]),
            count(KINDS[2]),
            count(KINDS[3])
        );
    }
}
