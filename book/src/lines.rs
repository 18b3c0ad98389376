//! Comments end at 120 columns; rustfmt keeps the code there and leaves comments as they are.

use anyhow::Result;
use std::path::Path;

/// Columns of a line.
const COLUMNS: usize = 120;

/// Comments that are wider, in all Rust sources git knows.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for path in crate::git(root, &["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])?.lines() {
        let Ok(text) = std::fs::read_to_string(root.join(path)) else { continue };
        problems.extend(
            wide(&text).into_iter().map(|number| format!("{path}:{number}: a comment beyond {COLUMNS} columns")),
        );
    }
    Ok(problems)
}

/// Numbers of the lines of comment that are too wide.
fn wide(text: &str) -> Vec<usize> {
    let wide = |line: &str| line.trim_start().starts_with("//") && line.chars().count() > COLUMNS;
    (1..).zip(text.lines()).filter(|(_, line)| wide(line)).map(|(number, _)| number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_comments_are_found() {
        let text = format!("//{}\n    //{}\n{}\n", "é".repeat(118), "x".repeat(115), "y".repeat(200));
        assert_eq!(wide(&text), [2]);
    }
}
