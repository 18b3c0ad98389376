//! Every figure says where it comes from: a section with a picture or a measured number names a command of this
//! repository, unless its page names one above its first section.

use crate::Document;
use regex::Regex;
use std::sync::LazyLock;

/// A picture, or a number with a unit in which this project measures.
static FIGURE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"!\[|\d\s?(%|MHz|LUT4|ns\b|Gb/s|flip-flops|block RAMs?\b|million\b|cycles?\b)"));
/// What a figure may come from.
static COMMAND: LazyLock<Regex> = LazyLock::new(|| pattern(r"cargo (xtask|test)\b"));
/// Pages from the blocks' own texts: latencies there are promises, which `docs/cycles.md` compares with measurements.
const PROMISES: &str = "docs/blocks";

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of this file")
}

/// The sections whose figures come from nowhere.
pub fn check(documents: &[Document]) -> Vec<String> {
    let mut problems = Vec::new();
    for document in documents.iter().filter(|document| !document.path.starts_with(PROMISES)) {
        for heading in unexplained(&document.text) {
            let path = document.path.display();
            problems.push(format!("{path}: no command is named for the figures in {heading}"));
        }
    }
    problems
}

/// The headings of a text's sections that have a figure and no command.
fn unexplained(text: &str) -> Vec<&str> {
    let (figure, command) = (&*FIGURE, &*COMMAND);
    let mut sections = Vec::new();
    let mut begins = 0;
    for (at, _) in text.match_indices("\n## ") {
        sections.push(&text[begins..at]);
        begins = at + 1;
    }
    sections.push(&text[begins..]);
    if command.is_match(sections[0]) {
        return Vec::new();
    }
    let lacking = sections.into_iter().filter(|section| figure.is_match(section) && !command.is_match(section));
    lacking.map(|section| section.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_need_a_command() {
        let page = "# Page\n\nIt is fast.\n\n## One\n\n5 cycles, says `cargo xtask bench`.\n\n## Two\n\n125 MHz.\n";
        assert_eq!(unexplained(page), ["Two"]);
        assert!(unexplained(&page.replace("fast.", "fast: `cargo xtask synth`.")).is_empty());
        assert_eq!(unexplained("# Plot\n\n![a](b.svg)\n"), ["Plot"]);
        assert!(unexplained("# Ports\n\n64 bits, 16 entries.\n").is_empty());
    }
}
