//! The requirements, and the tests that cite each.

use anyhow::{ensure, Context, Result};
use quote::ToTokens;
use regex::Regex;
use std::collections::BTreeMap;
use std::path::Path;
use syn::visit::{self, Visit};

/// Where the page lies.
pub const PAGE: &str = "docs/requirements.md";
/// Their texts.
const LIST: &str = include_str!("../requirements.txt");
/// Folders with tests.
const TESTS: [&str; 5] = ["testbenches/tests", "rtl", "host-driver", "hdl", "verilated"];

/// The page.
pub fn page(root: &Path) -> Result<String> {
    let requirements: Vec<(&str, &str)> = LIST.lines().skip(1).filter_map(|line| line.split_once(' ')).collect();
    let mut tests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for folder in TESTS {
        let mut files = Vec::new();
        crate::blocks::collect(&root.join(folder), &mut files)?;
        files.sort();
        for file in files {
            let path = file.strip_prefix(root)?.display().to_string();
            let parsed = syn::parse_file(&std::fs::read_to_string(&file)?).with_context(|| path.clone())?;
            let mut finder = Finder { found: Vec::new() };
            finder.visit_file(&parsed);
            for (id, name) in finder.found {
                ensure!(
                    requirements.iter().any(|(known, _)| *known == id),
                    "{path}: {name} cites {id}, which is unknown"
                );
                tests.entry(id).or_default().push(format!("`{name}` in `{path}`"));
            }
        }
    }
    let mut text = String::from(
        "# Requirements\n\nWhat the engine must do, and the tests that show it. Written by `cargo xtask docs` from \
         `book/requirements.txt` and from\nthe comments of the tests. A row without a test is still to be built, or to \
         be shown.\n\n| id | what | tests |\n|---|---|---|\n",
    );
    for (id, what) in requirements {
        let tests = tests.get(id).map(|tests| tests.join("; ")).unwrap_or_default();
        text += &format!("| {id} | {what} | {tests} |\n");
    }
    Ok(text)
}

/// Collects the identifiers in the comments of test functions.
struct Finder {
    found: Vec<(String, String)>,
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let is_test =
            item.attrs.iter().any(|attribute| attribute.path().to_token_stream().to_string().ends_with("test"));
        if is_test {
            let words = crate::blocks::documentation(&item.attrs).join(" ");
            let id = Regex::new(r"\b[HCTRF]\d{1,2}\b").expect("a valid pattern");
            let mut ids: Vec<String> = id.find_iter(&words).map(|found| found.as_str().to_string()).collect();
            ids.sort();
            ids.dedup();
            self.found.extend(ids.into_iter().map(|id| (id, item.sig.ident.to_string())));
        }
        visit::visit_item_fn(self, item);
    }
}
