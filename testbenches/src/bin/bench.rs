//! `cargo xtask bench`: every budget of the engine, measured on the Verilated RTL.

use anyhow::{bail, ensure, Context as _, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use stevedore_testbenches::measure::{cycles, plot, report, stages, Case, Context, Figure, BOTH_WIDTHS, NARROW_ONLY};
use stevedore_testbenches::rtl;
use stevedore_verilated::tools::workspace_root;

/// What `--short` compares with.
const BASELINE: &str = "testbenches/bench-baseline.json";

/// How like a row's name a word must be to be taken for a slip of the pen, from 0 to 1.
const ALIKE: f64 = 0.8;

/// Measures the engine against the wire and the bus; fails if a row is short of its budget.
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench")]
struct Cli {
    /// Rows, or parts of their names [default: all]
    rows: Vec<String>,
    /// Write the figures as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write the table as Markdown, with the command that made it
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Draw goodput against segment size, connections and host latency, and with --stages the stages, as SVG
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Short windows; fails if a row dropped more than 1 % against the kept figures
    #[arg(long)]
    short: bool,
    /// Print what every channel inside the engine did during each row
    #[arg(long)]
    stages: bool,
    /// Write the cycle table, and measure no row
    #[arg(long, conflicts_with_all = ["rows", "json", "markdown", "plot", "short", "stages", "bless"])]
    cycles: Option<PathBuf>,
    /// With --cycles: compare with the file instead of writing it
    #[arg(long, requires = "cycles")]
    check: bool,
    /// Keep the figures of `--short`
    #[arg(long, requires = "short")]
    bless: bool,
}

fn main() -> ExitCode {
    sigpipe::reset();
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    if let Some(path) = &cli.cycles {
        return cycle_table(path, cli.check);
    }
    let begun = Instant::now();
    let figures = measure(cli)?;
    eprintln!("{} rows in {:.0} s", figures.len(), begun.elapsed().as_secs_f64());
    if let Some(path) = &cli.json {
        write(path, &report::json(&figures)?)?;
    }
    if let Some(path) = &cli.markdown {
        write(path, &page(cli, &figures))?;
    }
    if let Some(folder) = &cli.plot {
        draw(cli, &figures, folder)?;
    }
    let baseline = workspace_root().join(BASELINE);
    if cli.bless {
        return write(&baseline, &report::json(&figures)?);
    }
    if cli.short {
        let drops = report::drops(&figures, &report::read(&baseline)?);
        ensure!(drops.is_empty(), "against {BASELINE}:\n{}", drops.join("\n"));
        println!("no row dropped against {BASELINE}");
        return Ok(());
    }
    let short: Vec<&str> =
        figures.iter().filter(|figure| !figure.passes()).map(|figure| figure.record.name.as_str()).collect();
    ensure!(short.is_empty(), "short of the budget: {}", short.join(", "));
    Ok(())
}

/// The cycle table, written or compared.
fn cycle_table(path: &Path, check: bool) -> Result<()> {
    let command = format!("cargo xtask bench --cycles {}", path.display());
    let text = cycles::page(&Context::narrow(false, true), &command)?;
    if !check {
        return write(path, &text);
    }
    let kept = std::fs::read_to_string(path).with_context(|| format!("no {}", path.display()))?;
    ensure!(kept == text, "the engine's cycles are not those of {}: run `{command}`\n{text}", path.display());
    println!("{}: as measured", path.display());
    Ok(())
}

/// Every row asked for.
fn measure(cli: &Cli) -> Result<Vec<Figure>> {
    let (narrow, wide) = (Context::narrow(cli.short, cli.stages), Context::wide(cli.short, cli.stages));
    let all = BOTH_WIDTHS.iter().chain(NARROW_ONLY).map(|case| (narrow, case));
    let all = all.chain(BOTH_WIDTHS.iter().map(|case| (wide, case)));
    let all: Vec<(Context, &Case)> = all.collect();
    let names: Vec<String> =
        all.iter().flat_map(|(context, case)| case.rows.iter().map(|row| format!("{row}{}", context.suffix))).collect();
    if let Some(part) = cli.rows.iter().find(|part| !names.iter().any(|name| name.contains(part.as_str()))) {
        let near = |name: &String| strsim::jaro_winkler(part, name);
        let nearest = names.iter().max_by(|one, other| near(one).total_cmp(&near(other))).context("there are rows")?;
        let meant = if near(nearest) > ALIKE { format!("; did you mean {nearest}?") } else { String::new() };
        bail!("no row has {part} in its name{meant}\nThere are:\n{}", names.join("\n"));
    }
    let chosen: Vec<(Context, &Case)> =
        all.into_iter().filter(|(context, case)| wanted(cli, &names, context, case)).collect();
    let bar = progress(chosen.len())?;
    println!("{}", report::heading());
    let mut figures = Vec::new();
    for (context, case) in chosen {
        let names = case.rows.join(", ") + context.suffix;
        bar.set_message(format!("building the {}-bit model", context.geometry.width));
        rtl::verilog(&context.geometry)?;
        bar.set_message(names.clone());
        for figure in (case.run)(&context).context(names)? {
            bar.suspend(|| println!("{}", report::line(&figure)));
            if !figure.stages.is_empty() {
                let name = &figure.record.name;
                let show = if name.contains("latency") { stages::trail } else { stages::table };
                bar.suspend(|| print!("{}", show(name, &figure.stages)));
            }
            figures.push(figure);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(figures)
}

/// Whether a case has a row that is asked for. A whole name means this row only, though others may begin so.
fn wanted(cli: &Cli, names: &[String], context: &Context, case: &Case) -> bool {
    let asks = |name: &String, part: &String| name == part || (!names.contains(part) && name.contains(part.as_str()));
    let named = |row: &&str| cli.rows.iter().any(|part| asks(&format!("{row}{}", context.suffix), part));
    cli.rows.is_empty() || case.rows.iter().any(named)
}

/// The drawings: sweeps of the 64-bit engine, and the stages of the rows measured.
fn draw(cli: &Cli, figures: &[Figure], folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let bar = progress(plot::GOODPUT.len())?;
    for drawing in plot::GOODPUT {
        bar.set_message(drawing.file);
        drawing.make(&Context::narrow(cli.short, false), folder)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    for figure in figures.iter().filter(|figure| !figure.stages.is_empty()) {
        plot::stages(&figure.record.name, &figure.stages, folder)?;
    }
    println!("drawings in {}", folder.display());
    Ok(())
}

fn progress(steps: usize) -> Result<ProgressBar> {
    let bar = ProgressBar::new(steps as u64);
    bar.set_style(ProgressStyle::with_template("[{bar:40}] {pos}/{len} {msg} {elapsed}")?.progress_chars("=> "));
    bar.enable_steady_tick(Duration::from_millis(200));
    Ok(bar)
}

/// The page with the table.
fn page(cli: &Cli, figures: &[Figure]) -> String {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let beside = |folder: &PathBuf| {
        let parent = cli.markdown.as_ref()?.parent()?;
        Some(folder.strip_prefix(parent).ok()?.display().to_string())
    };
    let drawings = cli.plot.as_ref().and_then(beside).map_or(String::new(), |folder| {
        plot::GOODPUT.iter().map(|drawing| format!("\n![{0}]({folder}/{0}.svg)\n", drawing.file)).collect()
    });
    format!(
        "# Performance\n\nMade by `cargo xtask bench {}`; do not edit.\n\n{}\n{}{drawings}",
        words.join(" "),
        include_str!("bench.md"),
        report::markdown(figures)
    )
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{} written", path.display());
    Ok(())
}
