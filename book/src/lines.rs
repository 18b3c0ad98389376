//! Comments and documents end at 120 columns; rustfmt keeps the code there and leaves comments as they are.

use anyhow::Result;
use std::path::Path;

/// Columns of a line.
pub const COLUMNS: usize = 120;

/// Lines that are wider: comments in all Rust sources git knows, and all lines of documents but those of tables.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for path in crate::git(root, &["ls-files", "--cached", "--others", "--exclude-standard", "*.rs", "*.md"])?.lines() {
        let Ok(text) = std::fs::read_to_string(root.join(path)) else { continue };
        let wide = if path.ends_with(".rs") { wide(&text, is_comment) } else { wide(&text, is_no_row) };
        problems.extend(wide.into_iter().map(|number| format!("{path}:{number}: a line beyond {COLUMNS} columns")));
    }
    Ok(problems)
}

/// Of Rust.
fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Of a Markdown table, whose rows cannot be broken.
fn is_no_row(line: &str) -> bool {
    !line.starts_with('|')
}

/// Numbers of the lines of a kind that are too wide.
fn wide(text: &str, is_of_kind: impl Fn(&str) -> bool) -> Vec<usize> {
    let wide = |line: &str| is_of_kind(line) && line.chars().count() > COLUMNS;
    (1..).zip(text.lines()).filter(|(_, line)| wide(line)).map(|(number, _)| number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_comments_are_found() {
        let text = format!("//{}\n    //{}\n{}\n", "é".repeat(118), "x".repeat(115), "y".repeat(200));
        assert_eq!(wide(&text, is_comment), [2]);
    }

    #[test]
    fn rows_of_tables_may_be_wide() {
        let text = format!("| {} |\n{}\n", "a".repeat(130), "b ".repeat(65));
        assert_eq!(wide(&text, is_no_row), [2]);
    }
}
