//! The book: the README, the documents and the blocks, put together for mdBook.

use crate::blocks::Module;
use crate::pages;
use anyhow::{bail, Context, Result};
use regex::Regex;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where it is built.
const FOLDER: &str = "target/book";
const CONFIGURATION: &str = "[book]\ntitle = \"Stevedore\"\nsrc = \"src\"\n\n[build]\nbuild-dir = \"html\"\n\n\
                             [output.html.print]\nenable = false\n";
/// The chapters in front of the decisions and the blocks: title and file in `docs`.
const CHAPTERS: &[(&str, &str)] = &[
    ("Design", "design.md"),
    ("Life of a connect request", "connect-request.md"),
    ("Cycles", "cycles.md"),
    ("Bits per connection", "bits.md"),
    ("Handshake and queues", "queues.md"),
    ("Host interface", "reference.md"),
    ("Requirements", "requirements.md"),
    ("Performance", "performance.md"),
    ("FPGA", "fpga.md"),
    ("The card in a guest", "guest.md"),
    ("When something is wrong", "fault-tree.md"),
    ("Add a TCP option", "add-an-option.md"),
    ("Add a register", "add-a-register.md"),
    ("Add an event", "add-an-event.md"),
    ("Add a board", "add-a-board.md"),
    ("ECPIX-5", "boards/ecpix5.md"),
    ("PCIe card", "boards/pcie-card.md"),
    ("Contributing", "CONTRIBUTING.md"),
    ("Glossary", "glossary.md"),
];

/// Builds the book; its first page.
pub fn build(root: &Path, modules: &[Module]) -> Result<PathBuf> {
    let folder = root.join(FOLDER);
    let source = folder.join("src");
    if source.exists() {
        std::fs::remove_dir_all(&source).with_context(|| format!("cannot empty {}", source.display()))?;
    }
    copy(&root.join("docs"), &source)?;
    for page in ["README.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root.join(page)).with_context(|| format!("no {page}"))?;
        std::fs::write(source.join(page), text.replace("](docs/", "]("))?;
    }
    std::fs::write(source.join("SUMMARY.md"), summary(root, modules)?)?;
    std::fs::write(folder.join("book.toml"), CONFIGURATION)?;
    let program = root.join(".tools/bin/mdbook");
    let output = Command::new(&program).args(["build".as_ref(), folder.as_os_str()]).output();
    let output = output.with_context(|| format!("no {}: run `cargo xtask setup`", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || said.contains("WARN") || said.contains("ERROR") {
        bail!("mdbook:\n{said}");
    }
    Ok(folder.join("html/index.html"))
}

/// Copies a folder; a link that leaves the documents becomes its text, since the book holds no sources.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let outside = Regex::new(r"\[([^\]]*)\]\((\.\./)+(rtl|hdl|testbenches|host-driver|xtask|fpga|verilated)[^)]*\)");
    let outside = outside.expect("a valid pattern");
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().context("a name")?);
        if path.is_dir() {
            copy(&path, &target)?;
        } else if path.extension().is_some_and(|ending| ending == "md") {
            let text = std::fs::read_to_string(&path)?;
            std::fs::write(target, outside.replace_all(&text, "$1").as_bytes())?;
        } else {
            std::fs::copy(&path, target)?;
        }
    }
    Ok(())
}

/// The table of contents.
fn summary(root: &Path, modules: &[Module]) -> Result<String> {
    let mut text = String::from("# Summary\n\n[Stevedore](README.md)\n\n");
    for (title, file) in CHAPTERS {
        writeln!(text, "- [{title}]({file})")?;
    }
    text += "- [Decisions](decisions/README.md)\n";
    for (name, title) in pages::decisions_of(root)? {
        writeln!(text, "  - [{title}](decisions/{name})")?;
    }
    text += "- [Blocks](blocks/README.md)\n";
    let mut folders: BTreeMap<&str, Vec<&Module>> = BTreeMap::new();
    modules.iter().for_each(|module| folders.entry(&module.folder).or_default().push(module));
    for (folder, modules) in folders {
        writeln!(text, "  - [{folder}]()")?;
        for module in modules {
            let page = pages::path_of(module);
            writeln!(text, "    - [{}]({})", module.name, page.strip_prefix("docs")?.display())?;
        }
    }
    Ok(text)
}
