//! Every link between documents leads to a file, and to a heading if it names one.

use crate::Document;
use anyhow::Result;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::path::Path;

/// Where a link leads nowhere.
pub fn check(root: &Path, documents: &[Document]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for document in documents {
        let folder = root.join(&document.path);
        let folder = folder.parent().unwrap_or(root);
        for target in targets(&document.text) {
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() { root.join(&document.path) } else { folder.join(file) };
            let found = path.exists()
                && (anchor.is_empty() || anchors(&std::fs::read_to_string(&path)?).contains(&anchor.to_string()));
            if !found {
                problems.push(format!("{}: the link {target} leads nowhere", document.path.display()));
            }
        }
    }
    Ok(problems)
}

/// What a text links to or shows.
fn targets(text: &str) -> Vec<String> {
    let events = Parser::new_ext(text, Options::ENABLE_TABLES);
    let target = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.to_string()),
        _ => None,
    };
    events.filter_map(target).collect()
}

/// The anchors of a text's headings, as mdBook and GitHub make them.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors = Vec::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take()),
            Event::Text(words) | Event::Code(words) => {
                if let Some(heading) = &mut heading {
                    let kept = words.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
                    heading.extend(kept.map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() }));
                }
            }
            _ => {}
        }
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_headings_are_found() {
        assert_eq!(targets("see [a](b.md#c-d), ![](x.svg)\n\n| t |\n|---|\n| [k](l) |\n"), ["b.md#c-d", "x.svg", "l"]);
        assert_eq!(anchors("# A `b` C\n\ntext\n\n## D-e\n"), ["a-b-c", "d-e"]);
    }
}
