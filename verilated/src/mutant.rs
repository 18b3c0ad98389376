//! Faults put into the Verilog on purpose, to see whether a test notices.
//!
//! `cargo xtask mutate` names a file of faults in the environment. Every text that is built or checked then has all of
//! them that have a place in the text, each as a choice: without one or with one, as a number in the environment says
//! when the model starts. So the models are built once, however many faults there are. Without the variables nothing
//! happens.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Names the file: a JSON list of faults.
pub const FAULTS: &str = "STEVEDORE_FAULTS";
/// The number of the fault that shows in this run, counted from 0; any other number, and none does.
pub const CHOSEN: &str = "STEVEDORE_FAULT";
/// Names a folder: in it is a file for each fault that has a place in a text of this run, called by the fault's number.
pub const FOUND: &str = "STEVEDORE_FAULTS_FOUND";
/// Folder beside the file: models of texts with faults.
const MODELS: &str = "models";

/// A fault.
struct Fault {
    /// A part of a text. What the fault changes lies in one line, in one expression.
    from: String,
    /// What stands there instead.
    to: String,
    /// Every place that looks so is meant.
    every: bool,
}

impl Fault {
    fn of(description: &Value) -> Self {
        let part = |name: &str| description[name].as_str().unwrap_or_else(|| panic!("a fault without \"{name}\""));
        Fault { from: part("from").into(), to: part("to").into(), every: description["every"] == true }
    }
}

/// The text, with the faults if there are any for it; and where models of such a text are kept, which nobody will ask
/// for again: beside the description, for whoever wrote that to remove.
pub fn put_into(text: String) -> (String, Option<PathBuf>) {
    let Some(path) = std::env::var_os(FAULTS) else { return (text, None) };
    let chosen = std::env::var(CHOSEN).ok().and_then(|number| number.parse().ok());
    let chosen = chosen.unwrap_or_else(|| panic!("{CHOSEN} is no number"));
    let path = Path::new(&path);
    let description = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let faults: Vec<Value> =
        serde_json::from_str(&description).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let faults: Vec<Fault> = faults.iter().map(Fault::of).collect();
    let (changed, found) = put(&text, &faults, chosen);
    let marks = std::env::var_os(FOUND).map(PathBuf::from).unwrap_or_else(|| panic!("{FOUND} names no folder"));
    for number in found {
        let mark = marks.join(number.to_string());
        std::fs::write(&mark, "").unwrap_or_else(|error| panic!("{}: {error}", mark.display()));
    }
    let is_new = changed != text;
    (changed, is_new.then(|| path.with_file_name(MODELS)))
}

/// The text with all `faults` that have a place in it, and the numbers of these.
///
/// # Panics
/// If fault number `chosen` occurs more than once: nobody would know which place is meant. If a fault changes more than
/// a line.
fn put(text: &str, faults: &[Fault], chosen: usize) -> (String, BTreeSet<usize>) {
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> = lines.iter().map(|line| line.as_ptr() as usize - text.as_ptr() as usize).collect();
    let line_of = |at: usize| starts.partition_point(|start| *start <= at) - 1;
    // Of each line, the expressions that may stand in it instead.
    let mut choices: BTreeMap<usize, Vec<(usize, String)>> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for (number, fault) in faults.iter().enumerate() {
        let places: Vec<usize> = text.match_indices(&fault.from).map(|(at, _)| at).collect();
        let ambiguous = places.len() > 1 && !fault.every;
        assert!(!ambiguous || number != chosen, "{} places look like this one: {}", places.len(), fault.from);
        if ambiguous {
            continue;
        }
        for at in places {
            let first = line_of(at);
            let end = at + fault.from.len();
            let last = line_of(end - 1);
            let rest = &text[end..starts[last] + lines[last].len()];
            let changed = format!("{}{}{rest}", &text[starts[first]..at], fault.to);
            let new: Vec<&str> = changed.lines().collect();
            assert!(new.len() == last + 1 - first, "lines are gone or new: {}", fault.to);
            let differing: Vec<usize> = (first..=last).filter(|line| new[line - first] != lines[*line]).collect();
            let [line] = differing[..] else { panic!("not one line differs: {}", fault.to) };
            choices.entry(line).or_default().push((number, new[line - first].to_string()));
            found.insert(number);
        }
    }
    (if choices.is_empty() { text.to_string() } else { with_choices(&lines, &choices) }, found)
}

/// The text of `lines`, in some of which a number chooses between expressions. The number is read when a model starts.
fn with_choices(lines: &[&str], choices: &BTreeMap<usize, Vec<(usize, String)>>) -> String {
    let mut text = String::new();
    // Where the declarations of the present module begin, which is where the number is declared.
    let (mut head, mut declared) = (0, true);
    for (at, line) in lines.iter().enumerate() {
        let Some(alternatives) = choices.get(&at) else {
            text += line;
            text.push('\n');
            if *line == ");" {
                (head, declared) = (text.len(), false);
            }
            continue;
        };
        if !declared {
            text.insert_str(head, &declaration());
            declared = true;
        }
        let range = expression(line);
        let mut chosen = format!("({})", &line[range.clone()]);
        for (number, alternative) in alternatives {
            let other = &alternative[expression(alternative)];
            chosen = format!("((chosen_fault == 32'd{number}) ? ({other}) : {chosen})");
        }
        // A choice is no constant, so its name becomes that of a wire.
        let before = line[..range.start].replacen("localparam", "wire", 1);
        text += &format!("{before}{chosen}{}\n", &line[range.end..]);
    }
    text
}

/// Not a constant: the compiler must not know the number.
fn declaration() -> String {
    let number = format!(r#"$c32("std::atoi(std::getenv(\"{CHOSEN}\"))")"#);
    format!("    reg [31:0] chosen_fault;\n    initial chosen_fault = {number};\n")
}

/// Where the expression of a line lies: a condition, what is assigned, what a port is connected to, or an element.
fn expression(line: &str) -> Range<usize> {
    let trimmed = line.trim();
    let in_parentheses = ["if (", "end else if (", "case (", "."].iter().any(|start| trimmed.starts_with(start));
    let (start, end) = if in_parentheses {
        (line.find('(').map(|at| at + 1), line.rfind(')'))
    } else {
        let assigned = line.find(" = ").map_or(line.len() - line.trim_start().len(), |at| at + 3);
        (Some(assigned), Some(line.trim_end_matches([';', ',']).len()))
    };
    start.unwrap_or(0)..end.unwrap_or(line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(from: &str, to: &str) -> Fault {
        Fault { from: from.into(), to: to.into(), every: false }
    }

    const TEXT: &str = "module m(\n    input a\n);\n    assign c = a && b;\n    x x_i(\n        .y(c)\n    );\n";

    #[test]
    fn faults_are_chosen_where_their_places_are() {
        let faults =
            [fault("a && b", "a || b"), fault("nowhere", ""), fault("y(c)", "y(1'b0)"), fault("a &&", "!a &&")];
        let (text, found) = put(TEXT, &faults, 2);
        assert_eq!(found, BTreeSet::from([0, 2, 3]));
        let first = "((chosen_fault == 32'd0) ? (a || b) : (a && b))";
        let both = format!("    assign c = ((chosen_fault == 32'd3) ? (!a && b) : {first});\n");
        assert!(text.contains(&both), "{text}");
        assert!(text.contains("        .y(((chosen_fault == 32'd2) ? (1'b0) : (c)))\n"), "{text}");
        assert_eq!(text.matches("initial chosen_fault").count(), 1);
        assert!(text.starts_with("module m(\n    input a\n);\n    reg [31:0] chosen_fault;\n"));
    }

    #[test]
    fn a_text_without_a_place_stays() {
        assert_eq!(put(TEXT, &[fault("nowhere", "")], 0), (TEXT.to_string(), BTreeSet::new()));
    }

    #[test]
    fn constants_with_a_name_become_wires() {
        let text = "module m(\n);\n    localparam [1:0] Phase_Next = 2'd1;\n";
        let (text, _) = put(text, &[fault("2'd1", "2'd2")], 0);
        assert!(text.ends_with("    wire [1:0] Phase_Next = ((chosen_fault == 32'd0) ? (2'd2) : (2'd1));\n"), "{text}");
    }

    #[test]
    #[should_panic(expected = "2 places look like this one")]
    fn a_place_that_occurs_twice_is_none() {
        put(TEXT, &[fault("c", "d")], 0);
    }

    #[test]
    fn lines_around_tell_one_place_from_another() {
        let text = "module m(\n);\n    if (a) begin\n        x = 1'd0;\n    end else if (b) begin\n        x = 1'd0;\n";
        let around = fault("end else if (b) begin\n        x = 1'd0;", "end else if (b) begin\n        x = 1'd1;");
        let (text, _) = put(text, &[around], 0);
        assert!(text.ends_with("        x = ((chosen_fault == 32'd0) ? (1'd1) : (1'd0));\n"), "{text}");
        assert!(text.contains("        x = 1'd0;\n"));
    }
}
