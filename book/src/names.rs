//! What the documents write as code exists: files, identifiers of the sources, commands and their options.

use crate::Document;
use anyhow::{Context, Result};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Folders that a path in a document may start from.
const BASES: [&str; 8] = ["", "rtl/src", "hdl/src", "testbenches", "testbenches/src", "docs", "verilated/src", "rtl"];
/// Files in whose words a name may occur.
const SOURCES: [&str; 6] = ["*.rs", "*.toml", "*.json", "*.cpp", "*.txt", ".ci/run"];
/// Names of other projects, and those the emitter makes of an array's.
const FOREIGN: [&str; 4] = ["hdl_gen", "notices_2", "notices_3", "table_i"];

/// What is named and does not exist.
pub fn check(root: &Path, documents: &[Document]) -> Result<Vec<String>> {
    let words = words(root)?;
    let mut commands = Commands::default();
    let mut problems = Vec::new();
    for document in documents {
        for code in codes(&document.text) {
            let mut complain = |what: String| problems.push(format!("{}: {what}", document.path.display()));
            for call in code.match_indices("cargo xtask").map(|(at, call)| &code[at + call.len()..]) {
                if let Some(problem) = commands.problem(root, call.lines().next().unwrap_or_default())? {
                    complain(problem);
                }
            }
            if code.contains('\n') || code.starts_with("cargo ") {
                continue;
            }
            if is_path(&code) {
                let exists = BASES.iter().any(|base| root.join(base).join(&code).exists());
                if !exists {
                    complain(format!("there is no {code}"));
                }
                continue;
            }
            for name in identifiers(&code).into_iter().filter(|name| !words.contains(*name) && !FOREIGN.contains(name))
            {
                complain(format!("no source knows {name}, in {code}"));
            }
        }
    }
    Ok(problems)
}

/// Inline code, and blocks of code with their line ends.
fn codes(text: &str) -> Vec<String> {
    let mut codes = Vec::new();
    let mut block: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => block = Some("\n".into()),
            Event::End(TagEnd::CodeBlock) => codes.extend(block.take()),
            Event::Text(words) => {
                if let Some(block) = &mut block {
                    block.push_str(&words);
                }
            }
            Event::Code(words) => codes.push(words.to_string()),
            _ => {}
        }
    }
    codes
}

/// A path in this repository: it has a folder, and ends like a file or a folder.
fn is_path(code: &str) -> bool {
    let path = Regex::new(r"^[A-Za-z][\w.-]*(/[\w.-]+)*(/|\.(rs|md|json|toml|svg|txt|v))$").expect("a valid pattern");
    path.is_match(code) && !code.starts_with("target/") && (code.contains('/') || code.ends_with(".md"))
}

/// The names in a piece of code that only a source can define: with an underscore or a capital inside.
fn identifiers(code: &str) -> Vec<&str> {
    let name = Regex::new(r"[A-Za-z_][A-Za-z0-9_]*").expect("a valid pattern");
    let defined = |name: &&str| {
        let inner = &name[1..];
        name.trim_matches('_').contains('_')
            || (inner.contains(|letter: char| letter.is_ascii_uppercase())
                && inner.contains(|letter: char| letter.is_ascii_lowercase()))
    };
    name.find_iter(code).map(|found| found.as_str()).filter(defined).collect()
}

/// Every word of the sources.
fn words(root: &Path) -> Result<BTreeSet<String>> {
    let listed =
        crate::git(root, &[&["ls-files", "--cached", "--others", "--exclude-standard"][..], &SOURCES].concat())?;
    let name = Regex::new(r"[A-Za-z_][A-Za-z0-9_]*").expect("a valid pattern");
    let mut words = BTreeSet::new();
    for path in listed.lines().map(|line| root.join(line)).filter(|path| path.exists()) {
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        words.extend(name.find_iter(&text).map(|found| found.as_str().to_string()));
    }
    Ok(words)
}

/// The options of every command a document has named so far.
#[derive(Default)]
struct Commands {
    options: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl Commands {
    /// What is wrong with the words behind `cargo xtask`.
    fn problem(&mut self, root: &Path, call: &str) -> Result<Option<String>> {
        let pattern = Regex::new(r"^ ([a-z]+)").expect("a valid pattern");
        let Some(name) = pattern.captures(call).map(|found| found[1].to_string()) else { return Ok(None) };
        if !self.options.contains_key(&name) {
            self.options.insert(name.clone(), help(root, &name)?);
        }
        let Some(known) = &self.options[&name] else {
            return Ok(Some(format!("there is no command `cargo xtask {name}`")));
        };
        let option = Regex::new(r"--[a-z][a-z-]*").expect("a valid pattern");
        let wrong: Vec<&str> =
            option.find_iter(call).map(|found| found.as_str()).filter(|option| !known.contains(*option)).collect();
        Ok((!wrong.is_empty()).then(|| format!("`cargo xtask {name}` has no {}", wrong.join(", "))))
    }
}

/// The options a command tells of; none if there is no such command.
fn help(root: &Path, name: &str) -> Result<Option<BTreeSet<String>>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output =
        Command::new(cargo).current_dir(root).args(["xtask", name, "--help"]).output().context("cannot start cargo")?;
    if !output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let option = Regex::new(r"--[a-z][a-z-]*").expect("a valid pattern");
    Ok(Some(option.find_iter(&text).map(|found| found.as_str().to_string()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_names_are_told_apart() {
        assert!(is_path("rtl/src/engine.rs") && is_path("host-driver/") && !is_path("a/b") && !is_path("x.y"));
        assert!(!is_path("target/demo/kernel.pcap"));
        assert_eq!(identifiers("Sink<SendCommand> at s_in, RCV.NXT, W1C, crate::m"), ["SendCommand", "s_in"]);
        assert_eq!(codes("a `b` c\n\n    d e\n"), ["b", "\nd e\n"]);
    }
}
