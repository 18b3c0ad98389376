//! The table of the engine's ports that goes with its Verilog.

use anyhow::{ensure, Context, Result};
use std::fmt::Write;

/// Port groups by the beginning of their names, longest first where one begins another.
const GROUPS: [(&str, &str); 17] = [
    ("clock", "rising edge"),
    ("reset", "synchronous, active high"),
    ("s_axil_", "registers: AXI4-Lite, 32 bits"),
    ("s_axis_rx_", "frames from the wire: AXI4-Stream, without FCS; `tuser` with `tlast` marks a damaged frame"),
    ("m_axis_tx_", "frames to the wire: AXI4-Stream, without FCS"),
    ("m_axis_rdreq_", "reads of host memory; at most 4096 bytes, within a 4 KB page"),
    (
        "s_axis_rdcpl_",
        "their completions: aligned words, in any order across tags, one tag's in order; `error` with `tlast`: failed",
    ),
    ("m_axis_wr_", "posted writes of host memory, in order: aligned words with byte lanes, within a 4 KB page"),
    ("maximum_", "limits of the bus: 128 bytes, doubled so often"),
    ("halt", "stopping the engine from the bus"),
    ("m_axis_rq_", "requester requests, to `s_axis_rq` of the block"),
    ("s_axis_rc_", "requester completions, from `m_axis_rc` of the block"),
    ("s_axis_cq_", "completer requests, from `m_axis_cq` of the block"),
    ("m_axis_cc_", "completer completions, to `s_axis_cc` of the block"),
    ("pcie_", "the port of the block with this name"),
    ("cfg_", "the port of the block with this name"),
    ("irq", "interrupt, level, active high"),
];

/// The table of the ports in the header of the first line `module TOP (` of `verilog`, in order. An error names a
/// port that is in no group.
pub fn table(verilog: &str, top: &str) -> Result<String> {
    let start = format!("module {top} (");
    let (_, rest) = verilog.split_once(&start).with_context(|| format!("no module {top}"))?;
    let (header, _) = rest.split_once(");").context("a header without an end")?;
    let mut table = String::from("| port | direction | bits | what |\n|---|---|---|---|\n");
    let declarations = header.lines().map(|line| line.trim().trim_end_matches(','));
    // Lint is told of inputs with bits that nobody needs.
    for declaration in declarations.filter(|line| !line.is_empty() && !line.starts_with("/*")) {
        let words: Vec<&str> = declaration.split_whitespace().collect();
        ensure!(words.len() >= 3, "not a port: {declaration}");
        let name = words[words.len() - 1];
        let high = words[2].strip_prefix('[').and_then(|range| range.split_once(':')).map(|(high, _)| high.parse());
        let bits: u32 =
            high.transpose().with_context(|| format!("not a range: {declaration}"))?.map_or(1, |high: u32| high + 1);
        let (_, what) = GROUPS
            .iter()
            .find(|(prefix, _)| name.starts_with(prefix))
            .with_context(|| format!("{name} is in no group"))?;
        writeln!(table, "| `{name}` | {} | {bits} | {what} |", words[0])?;
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_listed_in_order_with_their_widths() {
        let text = "module stevedore (\n  input wire clock,\n  output wire [11:0] s_axil_awaddr\n);\nendmodule\n";
        let table = table(text, "stevedore").expect("a table");
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(rows[0], "| `clock` | input | 1 | rising edge |");
        assert!(rows[1].starts_with("| `s_axil_awaddr` | output | 12 |"), "{table}");
        assert!(super::table("module stevedore (\n  input wire tick\n);", "stevedore").is_err());
    }
}
