//! The table, as text, as Markdown and as JSON, and the comparison with a kept one.

use super::figure::{Budget, Figure, Record};
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::path::Path;

/// How much a row may drop against the kept one, percent of it.
const TOLERANCE: f64 = 1.0;

fn number(value: f64) -> String {
    if value.abs() >= 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

fn budget(figure: &Figure) -> String {
    match figure.budget {
        Budget::Percent(percent) => format!(">= {percent} %"),
        Budget::AtMost(value) => format!("<= {value}"),
        Budget::AtLeast(value) => format!(">= {value:.1}"),
    }
}

fn verdict(figure: &Figure) -> &'static str {
    if figure.passes() {
        "pass"
    } else {
        "SHORT"
    }
}

/// The heading of `line`.
pub fn heading() -> String {
    format!(
        "{:32} {:>10} {:>10} {:10} {:>8}  {:10} {:5}  note",
        "row", "measured", "limit", "unit", "percent", "budget", ""
    )
}

/// A row of the table.
pub fn line(figure: &Figure) -> String {
    let Record { name, value, limit, percent, unit } = &figure.record;
    let (value, limit) = (number(*value), number(*limit));
    let (budget, verdict) = (budget(figure), verdict(figure));
    format!("{name:32} {value:>10} {limit:>10} {unit:10} {percent:>8.2}  {budget:10} {verdict:5}  {}", figure.note)
}

/// The table in Markdown.
pub fn markdown(figures: &[Figure]) -> String {
    let mut text = String::from(
        "| row | measured | limit | unit | percent | budget | | note |\n|---|---:|---:|---|---:|---|---|---|\n",
    );
    for figure in figures {
        let Record { name, value, limit, percent, unit } = &figure.record;
        let (value, limit) = (number(*value), number(*limit));
        let (budget, verdict, note) = (budget(figure), verdict(figure), &figure.note);
        let _ =
            writeln!(text, "| `{name}` | {value} | {limit} | {unit} | {percent:.2} | {budget} | {verdict} | {note} |");
    }
    text
}

/// The table as JSON.
pub fn json(figures: &[Figure]) -> Result<String> {
    let records: Vec<&Record> = figures.iter().map(|figure| &figure.record).collect();
    Ok(serde_json::to_string_pretty(&records)? + "\n")
}

/// Reads a table written by `json`.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no table of this bench", path.display()))
}

/// Rows that dropped against the kept ones, and rows that are not among them. Only rows measured are looked at.
pub fn drops(figures: &[Figure], kept: &[Record]) -> Vec<String> {
    let drop = |figure: &Figure| {
        let now = &figure.record;
        let Some(before) = kept.iter().find(|record| record.name == now.name) else {
            return Some(format!("{}: not in the kept table", now.name));
        };
        let fell = now.percent < before.percent * (1.0 - TOLERANCE / 100.0);
        fell.then(|| {
            let (old, new) = (number(before.value), number(now.value));
            format!("{}: from {:.2} % to {:.2} % ({old} to {new} {})", now.name, before.percent, now.percent, now.unit)
        })
    };
    figures.iter().filter_map(drop).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(percent: f64) -> Figure {
        Figure::rate("row", percent, 100.0, "Gb/s", Budget::Percent(99.0))
    }

    #[test]
    fn drop_of_more_than_one_percent_is_named() {
        let kept = [figure(99.9).record];
        assert_eq!(drops(&[figure(98.95)], &kept), [""; 0]);
        let found = drops(&[figure(98.8)], &kept);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("from 99.90 % to 98.80 %"), "{found:?}");
        assert_eq!(drops(&[figure(100.0)], &[]).len(), 1, "a row nobody kept is no pass");
    }

    #[test]
    fn json_has_the_five_fields_and_reads_back() {
        let text = json(&[figure(99.0)]).unwrap();
        let back: Vec<Record> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, [figure(99.0).record]);
        let fields: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        let names: Vec<&String> = fields[0].as_object().unwrap().keys().collect();
        assert_eq!(names, ["limit", "name", "percent", "unit", "value"]);
    }

    #[test]
    fn budgets_decide() {
        assert!(!figure(98.9).passes());
        assert!(figure(99.0).passes());
        let cost = Figure::cost("row", 31.0, 32.0, "cycles", Budget::AtMost(32.0));
        assert!(cost.passes() && cost.record.percent > 100.0);
    }
}
