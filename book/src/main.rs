//! `cargo xtask docs`: writes a page for every block, checks what all documents name, and builds the book.

mod bits;
mod blocks;
mod book;
mod counters;
mod figures;
mod lines;
mod links;
mod names;
mod pages;
mod requirements;
mod symbol;

use anyhow::{bail, Context, Result};
use clap::Parser;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Writes docs/blocks from the sources, checks every link and name in the documents, builds the book in target/book.
#[derive(Parser)]
#[command(bin_name = "cargo xtask docs")]
struct Cli {
    /// Write nothing: fail if a page of a block is not what its source says
    #[arg(long)]
    check: bool,
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
    let root = root()?;
    let modules = blocks::read(&root)?;
    let mut pages = pages::all(&root, &modules)?;
    pages.insert(bits::PAGE.into(), bits::page(&root)?);
    pages.insert(requirements::PAGE.into(), requirements::page(&root)?);
    if cli.check {
        pages::compare(&root, &pages)?;
    } else {
        pages::write(&root, &pages)?;
    }
    println!("{} pages from the sources, most of them in {}", pages.len(), pages::FOLDER);

    let documents = documents(&root)?;
    let mut problems = links::check(&root, &documents)?;
    problems.extend(names::check(&root, &documents)?);
    problems.extend(counters::check(&root, &documents)?);
    problems.extend(figures::check(&documents));
    problems.extend(lines::check(&root)?);
    if !problems.is_empty() {
        bail!("{} places in the documents:\n{}", problems.len(), problems.join("\n"));
    }
    println!("{} documents: every link, file, name and command exists, every figure has its command", documents.len());
    let index = book::build(&root, &modules)?;
    println!("the book: {}", index.display());
    Ok(())
}

/// The checkout this program runs in.
fn root() -> Result<PathBuf> {
    let output = git(Path::new("."), &["rev-parse", "--show-toplevel"])?;
    Ok(PathBuf::from(output.trim()))
}

/// A document: its path from the root, and its text.
struct Document {
    path: PathBuf,
    text: String,
}

/// All Markdown files of the checkout, those of blocks just written among them.
fn documents(root: &Path) -> Result<Vec<Document>> {
    let listed = git(root, &["ls-files", "--cached", "--others", "--exclude-standard", "*.md"])?;
    let mut documents = Vec::new();
    for path in listed.lines().map(PathBuf::from).filter(|path| root.join(path).exists()) {
        let text =
            std::fs::read_to_string(root.join(&path)).with_context(|| format!("cannot read {}", path.display()))?;
        documents.push(Document { path, text });
    }
    Ok(documents)
}

/// What git says.
fn git(folder: &Path, words: &[&str]) -> Result<String> {
    let output = Command::new("git").current_dir(folder).args(words).output().context("cannot start git")?;
    if !output.status.success() {
        bail!("git {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}
