//! The page of every block, and the list of them.

use crate::blocks::{Module, Port, Way};
use crate::lines::COLUMNS;
use crate::symbol;
use anyhow::{bail, Context, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the pages lie.
pub const FOLDER: &str = "docs/blocks";

/// Where the decisions are listed.
const DECISIONS: &str = "docs/decisions";

/// The module of registers, which every block has: a page does not list them among its parts.
const REGISTERS: &str = "register";

/// All pages, by their paths from the root.
pub fn all(root: &Path, modules: &[Module]) -> Result<BTreeMap<PathBuf, String>> {
    let pages = modules.iter().map(|module| (path_of(module), page(module, modules)));
    let lists = [
        (Path::new(FOLDER).join("README.md"), list(modules)),
        (Path::new(DECISIONS).join("README.md"), decisions(root)?),
    ];
    Ok(pages.chain(lists).collect())
}

/// The file and the title of every decision, by number.
pub fn decisions_of(root: &Path) -> Result<Vec<(String, String)>> {
    let mut decisions = Vec::new();
    for entry in std::fs::read_dir(root.join(DECISIONS)).with_context(|| format!("no {DECISIONS}"))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).context("a name")?.to_string();
        if name != "README.md" {
            let text = std::fs::read_to_string(&path)?;
            let title = text.lines().next().and_then(|line| line.strip_prefix("# "));
            decisions.push((name.clone(), title.with_context(|| format!("{name} has no title"))?.to_string()));
        }
    }
    decisions.sort();
    Ok(decisions)
}

fn decisions(root: &Path) -> Result<String> {
    let mut text = String::from(
        "# Decisions\n\nWhat was decided once, why, and what was rejected. The list is written by `cargo xtask docs`.\n\n",
    );
    for (name, title) in decisions_of(root)? {
        text += &format!("- [{title}]({name})\n");
    }
    Ok(text)
}

/// Writes the pages, and removes those of blocks that are gone.
pub fn write(root: &Path, pages: &BTreeMap<PathBuf, String>) -> Result<()> {
    for stale in present(root)?.iter().filter(|path| !pages.contains_key(*path)) {
        std::fs::remove_file(root.join(stale)).with_context(|| format!("cannot remove {}", stale.display()))?;
    }
    for (path, text) in pages {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().context("a page in a folder")?)?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Fails if a page is missing, different, or of a block that is gone.
pub fn compare(root: &Path, pages: &BTreeMap<PathBuf, String>) -> Result<()> {
    let differs = |(path, text): &(&PathBuf, &String)| {
        std::fs::read_to_string(root.join(path)).map_or(true, |kept| kept != **text)
    };
    let mut stale: Vec<PathBuf> = pages.iter().filter(differs).map(|(path, _)| path.clone()).collect();
    stale.extend(present(root)?.into_iter().filter(|path| !pages.contains_key(path)));
    if !stale.is_empty() {
        let list: Vec<String> = stale.iter().map(|path| path.display().to_string()).collect();
        bail!("run `cargo xtask docs` and commit what it writes; not as the sources say:\n{}", list.join("\n"));
    }
    Ok(())
}

/// The pages there are.
fn present(root: &Path) -> Result<Vec<PathBuf>> {
    let listed = crate::git(root, &["ls-files", "--cached", "--others", "--exclude-standard", FOLDER])?;
    Ok(listed.lines().map(PathBuf::from).filter(|path| root.join(path).exists()).collect())
}

/// The page of a module.
pub fn path_of(module: &Module) -> PathBuf {
    Path::new(FOLDER).join(&module.folder).join(format!("{}.md", module.name))
}

fn page(module: &Module, modules: &[Module]) -> String {
    let mut text = format!("# {}\n\n{}\n", module.name, module.summary);
    text += &format!("\nWritten by `cargo xtask docs` from `{}`; change that.\n", module.path.display());
    for block in &module.blocks {
        text += &format!("\n```text\n{}```\n", symbol::of(block));
        let users = modules.iter().filter(|other| {
            other.name != module.name
                && other.blocks.iter().any(|user| user.inside.iter().any(|(_, kind)| *kind == block.name))
        });
        text += &links("Used in", users.map(|user| (user.name.clone(), user)).collect());
        let parts = block.inside.iter().filter_map(|(name, kind)| {
            let owner = modules.iter().find(|other| other.blocks.iter().any(|part| part.name == *kind))?;
            (owner.path != module.path && owner.name != REGISTERS).then(|| (name.clone(), owner))
        });
        text += &links("Inside", parts.collect());
    }
    let mut ports = module.blocks.iter().map(|block| (block, table(&block.ports))).collect::<Vec<_>>();
    let single = ports.len() == 1;
    let mut with_ports = |text: &mut String| {
        for (block, table) in ports.drain(..) {
            *text += &if single {
                format!("\n## Ports\n\n{table}")
            } else {
                format!("\n## Ports of {}\n\n{table}", block.name)
            };
        }
    };
    let has_ports = module.sections.iter().any(|(heading, _)| heading == "Ports");
    for (index, (heading, body)) in module.sections.iter().enumerate() {
        if heading == "Ports" {
            with_ports(&mut text);
            // A text that only lists the ports says what the table says.
            if !body.starts_with("See the fields") && !body.starts_with("`clock`") {
                text += &format!("\n{body}\n");
            }
            continue;
        }
        text += &format!("\n## {heading}\n\n{body}\n");
        if index == 0 && !has_ports {
            with_ports(&mut text);
        }
    }
    with_ports(&mut text);
    text
}

fn links(what: &str, mut modules: Vec<(String, &Module)>) -> String {
    modules.sort_by(|one, other| one.0.cmp(&other.0));
    modules.dedup_by(|one, other| one.0 == other.0);
    if modules.is_empty() {
        return String::new();
    }
    let link = |(name, module): &(String, &Module)| format!("[{name}](../{}/{}.md)", module.folder, module.name);
    let list: Vec<String> = modules.iter().map(link).collect();
    format!("\n{}\n", wrapped(&format!("{what}: {}.", list.join(", ")), ""))
}

/// The text in lines of at most [`COLUMNS`], those behind the first with `indent` in front.
fn wrapped(text: &str, indent: &str) -> String {
    let options = textwrap::Options::new(COLUMNS).subsequent_indent(indent).break_words(false);
    textwrap::fill(text, options.word_splitter(textwrap::WordSplitter::NoHyphenation))
}

fn table(ports: &[Port]) -> String {
    let mut text = String::from("| port | way | carries | |\n|---|---|---|---|\n");
    for port in ports {
        let way = match port.way {
            Way::In => "in",
            Way::Out => "out",
            Way::Sink => "channel in",
            Way::Source => "channel out",
        };
        let words = port.text.replace('\n', " ").replace('|', "\\|");
        text += &format!("| `{}` | {way} | `{}` | {words} |\n", port.name, port.carries);
    }
    text
}

/// The list of all blocks, folder by folder.
fn list(modules: &[Module]) -> String {
    let mut text = String::from(
        "# Blocks\n\nA page for every block, written by `cargo xtask docs` from the text, the ports and the parts in its \
         source.\nDouble arrows are channels: a word moves in a cycle in which `valid` and `ready` are set.\n",
    );
    let mut folders: BTreeMap<&str, Vec<&Module>> = BTreeMap::new();
    modules.iter().for_each(|module| folders.entry(&module.folder).or_default().push(module));
    for (folder, modules) in folders {
        text += &format!("\n## {folder}\n\n");
        for module in modules {
            let summary = module.summary.split("\n\n").next().unwrap_or_default().replace('\n', " ");
            text += &wrapped(&format!("- [{0}]({folder}/{0}.md): {summary}", module.name), "  ");
            text.push('\n');
        }
    }
    text
}
