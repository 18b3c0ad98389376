//! Places of the Verilog that can be changed, and into what: conditions, constants, multiplexers, operators.

/// A place in a module's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Line in the module, from 0.
    pub line: usize,
    /// The line as it is, and as it is to be.
    pub from: String,
    pub to: String,
    /// What was done to it.
    pub what: &'static str,
}

/// Operators and what each becomes. Spaces tell a comparison from an assignment that looks the same.
const OPERATORS: [(&str, &str, &str); 14] = [
    (" && ", " || ", "and becomes or"),
    (" || ", " && ", "or becomes and"),
    (" & ", " | ", "and becomes or"),
    (" | ", " & ", "or becomes and"),
    (" ^ ", " & ", "exclusive or becomes and"),
    (" == ", " != ", "equal becomes unequal"),
    (" != ", " == ", "unequal becomes equal"),
    (" < ", " <= ", "less becomes at most"),
    (" > ", " >= ", "more becomes at least"),
    (" <= ", " < ", "at most becomes less"),
    (" >= ", " > ", "at least becomes more"),
    (" + ", " - ", "plus becomes minus"),
    (" - ", " + ", "minus becomes plus"),
    ("!", "", "a negation is gone"),
];

/// Every change that can be made to a module's lines. What a register wakes up with is left alone, and so are
/// declarations and the order of bits in a bundle.
pub fn sites(module: &str) -> Vec<Site> {
    let mut sites = Vec::new();
    let mut in_initial = false;
    for (line, text) in module.lines().enumerate() {
        let trimmed = text.trim_start();
        in_initial = (in_initial || trimmed.starts_with("initial")) && trimmed != "end";
        let statement = trimmed.starts_with("assign ")
            || trimmed.starts_with("if (")
            || trimmed.starts_with("end else if (")
            || trimmed.starts_with("case (")
            || (trimmed.ends_with(';') && trimmed.contains(" = "));
        if !in_initial && statement {
            of_line(line, text, &mut sites);
        }
    }
    sites
}

fn of_line(line: usize, text: &str, sites: &mut Vec<Site>) {
    // Left of the first equals sign stands what is assigned.
    let start = if text.trim_start().starts_with("if (") || text.trim_start().starts_with("end else") {
        text.find('(').unwrap_or(0)
    } else {
        text.find(" = ").map_or(0, |at| at + 2)
    };
    let mut add = |range: std::ops::Range<usize>, by: &str, what| {
        let to = format!("{}{by}{}", &text[..range.start], &text[range.end..]);
        sites.push(Site { line, from: text.to_string(), to, what });
    };
    for (from, to, what) in OPERATORS {
        for at in places(text, from, start) {
            if from != "!" || !text[at + 1..].starts_with('=') {
                add(at..at + from.len(), to, what);
            }
        }
    }
    for at in places(text, " ? ", start) {
        let condition = operand_before(text, at);
        let negated = format!("!({})", &text[condition..at]);
        add(condition..at, &negated, "a multiplexer is turned round");
    }
    for at in places(text, "'d", start) {
        constant(text, at).into_iter().for_each(|(range, by)| add(range, &by, "a constant differs by one"));
    }
}

fn places<'a>(text: &'a str, part: &'a str, start: usize) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(part).map(|(at, _)| at).filter(move |at| *at >= start)
}

/// Where the operand that ends at `end` begins: a name, or what stands in parentheses, with the operators before it.
fn operand_before(text: &str, end: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (end, 0);
    while at > 0 {
        let byte = bytes[at - 1];
        match byte {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth == 0 => break,
            b'(' | b'[' | b'{' => depth -= 1,
            b' ' if depth == 0 => break,
            _ => {}
        }
        at -= 1;
    }
    at
}

/// The decimal digits of the constant whose `'d` is at `at`, and what stands there when the value differs by one.
fn constant(text: &str, at: usize) -> Option<(std::ops::Range<usize>, String)> {
    let before: String = text[..at].chars().rev().take_while(char::is_ascii_digit).collect();
    let width: u32 = before.chars().rev().collect::<String>().parse().ok()?;
    let digits: String = text[at + 2..].chars().take_while(char::is_ascii_digit).collect();
    let value: u64 = digits.parse().ok()?;
    let largest = if width >= 64 { u64::MAX } else { (1 << width) - 1 };
    let other = if value < largest { value + 1 } else { value.checked_sub(1)? };
    Some((at + 2..at + 2 + digits.len(), other.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(line: &str) -> Vec<String> {
        let text = format!("module m;\n{line}\nendmodule\n");
        sites(&text).into_iter().map(|site| site.to.trim().to_string()).collect()
    }

    #[test]
    fn every_operator_of_a_condition_is_a_place() {
        let found = changed("    assign y = (a && !b) || (c <= 4'd9);");
        let wanted = [
            "assign y = (a || !b) || (c <= 4'd9);",
            "assign y = (a && !b) && (c <= 4'd9);",
            "assign y = (a && !b) || (c < 4'd9);",
            "assign y = (a && b) || (c <= 4'd9);",
            "assign y = (a && !b) || (c <= 4'd10);",
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn multiplexers_turn_round_with_their_whole_condition() {
        assert_eq!(changed("        x = (a == b[3:0]) ? c : d;")[1], "x = !((a == b[3:0])) ? c : d;");
        assert_eq!(changed("        x = y ? c : d;"), ["x = !(y) ? c : d;"]);
    }

    #[test]
    fn largest_constants_become_smaller() {
        assert_eq!(changed("        x = 2'd3;"), ["x = 2'd2;"]);
    }

    #[test]
    fn assignments_and_reset_values_are_no_places() {
        assert!(changed("            q <= next_q;").is_empty());
        assert!(changed("    initial begin\n        q = 1'd0;\n    end").is_empty());
    }
}
