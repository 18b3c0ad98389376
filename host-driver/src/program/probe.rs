//! What the card is, can do, and has counted.

use super::opened::{explained, way};
use super::options::DeviceOptions;
use crate::{Capabilities, FreeResources};
use anyhow::Result;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use stevedore_abi::register::{Access, FIRST_COUNTER, REGISTERS};

/// Looks, and starts nothing.
pub fn run(options: &DeviceOptions) -> Result<()> {
    let mut way = way(options)?;
    let capabilities = Capabilities::probe(&mut way).map_err(|error| explained(error, &options.device))?;
    let mut text = String::new();
    writeln!(text, "a Stevedore engine at {}", options.device)?;
    writeln!(text, "  interface       {}.{}", capabilities.major_version(), capabilities.minor_version)?;
    writeln!(text, "  stream width    {} bits", capabilities.width)?;
    writeln!(text, "  connections     {}", capabilities.connections)?;
    writeln!(text, "  send entries    {}", capabilities.send_entries)?;
    writeln!(text, "  receive entries {}", capabilities.receive_entries)?;
    writeln!(text, "  read tags       {}", capabilities.read_tags)?;
    let free = FreeResources::read(&mut way)?;
    writeln!(
        text,
        "  free now        {} connections, {} send entries, {} receive entries, {} read tags",
        free.slots, free.send_entries, free.receive_entries, free.read_tags
    )?;
    text += &counters(|offset| Ok(way.read(offset)?))?;
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// What the card has counted since its reset, by line.
pub fn counters(mut read: impl FnMut(u32) -> Result<u32>) -> Result<String> {
    let mut text = "counters since its reset\n".to_string();
    let counters = REGISTERS.iter().filter(|row| row.offset >= FIRST_COUNTER && row.access == Access::ReadOnly);
    for row in counters {
        let value = read(row.offset)?;
        let meaning = row.text.trim_start_matches("Statistics: ").trim_end_matches('.');
        writeln!(text, "  {:24} {value:>10}  {meaning}", row.name.trim_start_matches("STAT_").to_lowercase())?;
    }
    Ok(text)
}
