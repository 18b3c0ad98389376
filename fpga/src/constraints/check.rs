//! A table of pins against the ports of a top.
use super::Board;
use anyhow::{ensure, Context, Result};
use std::collections::BTreeSet;

/// Every bit of every port of module `top` in `verilog` has one pin, every pin has a bit, and no pin has two; clocks
/// are ports.
pub fn check(board: &Board, verilog: &str, top: &str) -> Result<()> {
    let bits = bits(verilog, top)?;
    let mut sites = BTreeSet::new();
    let mut named = BTreeSet::new();
    for pin in board.pins() {
        ensure!(sites.insert(pin.site), "{}: pin {} is used twice", board.name, pin.site);
        ensure!(bits.contains(&pin.name()), "{}: the top has no {} for pin {}", board.name, pin.name(), pin.site);
        named.insert(pin.name());
    }
    for bit in &bits {
        ensure!(named.contains(bit), "{}: {bit} has no pin", board.name);
    }
    for clock in board.clocks {
        ensure!(bits.contains(clock.port), "{}: the top has no clock {}", board.name, clock.port);
    }
    Ok(())
}

/// The names of all bits of the ports in the header of `top`.
fn bits(verilog: &str, top: &str) -> Result<BTreeSet<String>> {
    let (_, rest) = verilog.split_once(&format!("module {top} (")).with_context(|| format!("no module {top}"))?;
    let (header, _) = rest.split_once(");").context("a header without an end")?;
    let mut bits = BTreeSet::new();
    for line in header.lines().map(|line| line.trim().trim_end_matches(',')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (Some(name), true) = (words.last(), words.len() >= 3 && ["input", "output", "inout"].contains(&words[0]))
        else {
            continue;
        };
        match words[2].strip_prefix('[').and_then(|range| range.split_once(':')) {
            Some((high, _)) => {
                let high: usize = high.parse().with_context(|| format!("not a range: {line}"))?;
                bits.extend((0..=high).map(|bit| format!("{name}[{bit}]")));
            }
            None => {
                bits.insert(name.to_string());
            }
        }
    }
    Ok(bits)
}
